"""Units of concentration: mass and amount per volume, joined by the analyte's molar mass."""

from __future__ import annotations

import re

from ruptureflow.assay.errors import AssayError

PREFIXES = {"": 0, "d": -1, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12, "f": -15}
UNIT = re.compile(r"([dmuµμnpf]?)(g|mol)/([dmuµμ]?)[lL]")


def conversion(unit: str, target: str, molar_mass: float | None) -> float:
    """Factor from one unit of concentration to another.

    Parameters
    ----------
    unit, target : such as pg/mL, ng/L, pmol/L, nM is not read.
    molar_mass : g/mol; needed between mass and amount (oxytocin 1007.19: 1 pg/mL = 0.9929 pmol/L).

    Raises
    ------
    AssayError
        if a unit is not read, or the molar mass is needed and not known.
    """
    if unit == target:
        return 1.0
    power, kind = _parts(unit)
    target_power, target_kind = _parts(target)
    factor = 10.0 ** (power - target_power)
    if kind == target_kind:
        return factor
    if molar_mass is None:
        raise AssayError(f"{unit} to {target} needs the analyte's molar_mass; add it to the analyte in wave.yaml")
    return factor / molar_mass if kind == "g" else factor * molar_mass


def _parts(unit: str) -> tuple[int, str]:
    match = UNIT.fullmatch(unit.replace(" ", ""))
    if match is None:
        raise AssayError(f"unit {unit!r} is not a mass or an amount per volume such as pg/mL or pmol/L")
    amount, kind, volume = match.groups()
    return PREFIXES[amount] - PREFIXES[volume], kind
