"""A project folder with a newcomer's wave, in which the command runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WAVE = """\
title: A small wave
design: {sessions: [4, 8]}
files:
  - {kind: participants, path: participants.csv}
  - {kind: responses, path: wai.csv, instrument: wai_s, layout: wide}
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Settings, instruments, and one wave of two files, as the working folder."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "waves.tsv").write_text(
        "wave\tfolder\torigin\nmywave\tdata/mywave\treal\n", encoding="utf-8"
    )
    folder = tmp_path / "data" / "mywave"
    folder.mkdir(parents=True)
    (folder / "wave.yaml").write_text(WAVE, encoding="utf-8")
    (folder / "participants.csv").write_text("patient,age\nP01,31\nP02,44\n", encoding="utf-8")
    (folder / "wai.csv").write_text(
        "patient,session,wai_s_1,wai_s_2,wai_s_3\nP01,4,5,6,7\nP02,8,1,2,3\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path
