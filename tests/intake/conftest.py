"""Waves to damage: each test writes one, spoils one thing, and reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from labwave import write_lab_wave
from newcomer import write_newcomers_wave

from ruptureflow.config import read_instruments, read_wave
from ruptureflow.config.plan import IntakeSettings
from ruptureflow.intake import WaveTables, read_wave_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def instruments():
    return read_instruments(ROOT / "config" / "instruments")


@pytest.fixture
def read(instruments) -> Callable[[Path], WaveTables]:
    """Read a wave folder as the workflow does."""
    return lambda folder: read_wave_folder(folder, read_wave(folder), instruments, IntakeSettings())


@pytest.fixture
def newcomer(tmp_path) -> Path:
    """Concentrations without signals, a coder's workbook each, wide questionnaires."""
    return write_newcomers_wave(tmp_path / "newcomer")


@pytest.fixture
def lab(tmp_path) -> Path:
    """A manifest, a counter's list, long coder sheets, long answers, scores."""
    return write_lab_wave(tmp_path / "lab")
