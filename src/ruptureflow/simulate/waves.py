"""The waves that can be simulated, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ruptureflow.simulate.describing import Instruments, SimulationError, project_instruments
from ruptureflow.simulate.dyads import dyads_wave
from ruptureflow.simulate.newcomer import newcomer_wave
from ruptureflow.simulate.plasma import plasma_wave
from ruptureflow.simulate.saliva import saliva_wave
from ruptureflow.simulate.truth.saliva import TINY

WAVES: dict[str, Callable[[Instruments], dict[str, bytes]]] = {
    "demo_saliva": saliva_wave,
    "demo_dyads": dyads_wave,
    "demo_plasma": plasma_wave,
    "newcomer": newcomer_wave,
    "tiny": lambda instruments: saliva_wave(instruments, TINY),
}
DEMONSTRATIONS = ("demo_saliva", "demo_dyads", "demo_plasma")


def write_wave(name: str, folder: str | Path, instruments: str | Path | None = None) -> Path:
    """Write a simulated wave's raw files, its `wave.yaml` and README into a folder.

    Parameters
    ----------
    name : one of WAVES.
    folder : made if it is not there; files of other names in it are left alone.
    instruments : folder of the instrument files; the project's own where none is given.

    Returns
    -------
    Path of the folder.

    Raises
    ------
    SimulationError
        if there is no wave of that name, or an instrument it needs is missing.
    """
    if name not in WAVES:
        raise SimulationError(f"no simulated wave {name!r}; there are {', '.join(WAVES)}")
    files = WAVES[name](project_instruments(None if instruments is None else Path(instruments)))
    folder = Path(folder)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder
