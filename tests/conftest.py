"""A project folder of its own for tests that run the whole workflow, built once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "config", "src", "profiles", "notebooks", "data/evidence", "requirements.lock")
HEADER = "wave\tfolder\torigin\tnote\n"


@dataclass(frozen=True)
class ProjectFolder:
    """A copy of the project with waves of its own, in which Snakemake runs against the copy's library."""

    path: Path

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here; stdout and stderr come back together, as a person sees them."""
        environment = {**os.environ, "PYTHONPATH": str(self.path / "src"), "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def list_waves(self, *rows: tuple[str, str]) -> None:
        """Write `waves.tsv` with the given waves and origins."""
        lines = [f"{wave}\tdata/{wave}\t{origin}\t\n" for wave, origin in rows]
        (self.path / "config" / "waves.tsv").write_text(HEADER + "".join(lines), encoding="utf-8")

    def planned(self, *arguments: str) -> dict[str, int]:
        """Jobs by rule that a run would make now."""
        answer = self.snakemake("--dry-run", "--quiet", "rules", *arguments)
        assert answer.returncode == 0, answer.stdout
        counts = [line.split() for line in answer.stdout.splitlines()]
        return {words[0]: int(words[1]) for words in counts if len(words) == 2 and words[1].isdigit()}


def copy_project(folder: Path) -> ProjectFolder:
    """A copy of what the workflow needs, without waves."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, target)
    return ProjectFolder(folder)


@pytest.fixture(scope="session")
def built_project(tmp_path_factory) -> ProjectFolder:
    """A project with one tiny simulated wave, built to its manuscript."""
    from ruptureflow.simulate import write_wave

    project = copy_project(tmp_path_factory.mktemp("built"))
    write_wave("tiny", project.path / "data" / "tiny")
    project.list_waves(("tiny", "simulated"))
    answer = project.snakemake()
    assert answer.returncode == 0, answer.stdout
    return project


@pytest.fixture
def empty_project(tmp_path) -> ProjectFolder:
    """A project without waves and results."""
    return copy_project(tmp_path)
