"""`wave.yaml` and README of a simulated wave: the texts that lie in `descriptions/`, one folder a wave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ruptureflow.config.instruments import CodingSystem, Questionnaire, read_instruments

Instruments = Mapping[str, Questionnaire | CodingSystem]
DESCRIPTIONS = Path(__file__).parent / "descriptions"
PROJECT_INSTRUMENTS = Path(__file__).parents[3] / "config" / "instruments"


class SimulationError(ValueError):
    """A wave cannot be simulated; the message says what is missing and what to do."""


def described(wave: str) -> dict[str, bytes]:
    """The files that describe a wave."""
    return {
        "wave.yaml": (DESCRIPTIONS / f"{wave}.yaml").read_bytes(),
        "README.md": (DESCRIPTIONS / f"{wave}.md").read_bytes(),
    }


def project_instruments(folder: Path | None) -> Instruments:
    """The instruments whose items and markers the simulated people answer and coders mark.

    Raises
    ------
    SimulationError
        if the folder is not there, as in a package installed without its project.
    """
    folder = folder or PROJECT_INSTRUMENTS
    if not folder.is_dir():
        raise SimulationError(f"{folder.as_posix()}: no such folder; give the folder of the instrument files")
    return read_instruments(folder)


def form(instruments: Instruments, name: str) -> Questionnaire:
    """A questionnaire by its id."""
    found = instruments.get(name)
    if not isinstance(found, Questionnaire):
        raise SimulationError(f"{name}: no questionnaire among the instruments; add {name}.yaml")
    return found


def coding_system(instruments: Instruments, name: str) -> CodingSystem:
    """A coding system by its id."""
    found = instruments.get(name)
    if not isinstance(found, CodingSystem):
        raise SimulationError(f"{name}: no coding system among the instruments; add {name}.yaml")
    return found
