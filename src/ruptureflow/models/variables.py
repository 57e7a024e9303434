"""What other stages handed over, as variables of a session: name, unit, one value a patient and session.

Names: a patient's and an observer's variables stand alone (`bond`, `oxytocin_change`, `confrontation`), anybody
else's carry the role as prefix (`therapist_bond`). Scores taken at intake or at the end belong to the patient and
carry the timepoint (`depression_intake`). Where two instruments give one name, every one of them carries its
instrument's id instead (`wai_s_bond`, `psq_bond`): nothing is chosen or averaged in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.tables.assay import CONDITIONAL_EXPECTATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ruptureflow.config.wave import Wave

KEY = ["patient", "session"]
UNPREFIXED = ("patient", "observer", "session")
EXPECTED = "{} values are expectations given a limit, which scatter less than values do: standard errors are too small."


@dataclass(frozen=True)
class Variable:
    """One variable of the joined sessions.

    Parameters
    ----------
    name : column of `sessions.csv`.
    unit : unit of measurement, with what makes two variables comparable (instrument, matrix, assay).
    values : columns patient, session, value; patient, value where it does not change from session to session.
    remark : what a model that takes the values as data must say of them, or "".
    """

    name: str
    unit: str
    values: pd.DataFrame
    remark: str = ""


def prefixed(name: str, role: str) -> str:
    """A variable's name with its role before it, unless it is the patient's or an observer's."""
    return name if role in UNPREFIXED else f"{role}_{name}"


def analyte_variables(changes: pd.DataFrame, wave: Wave) -> list[Variable]:
    """`<analyte>_pre`, `_post`, `_change` and `_log_ratio` of every role, from the changes that are used."""
    used = changes[changes["used"].fillna(False).astype(bool)]
    assays = {analyte.name: f" in {analyte.matrix} by {analyte.method_in_words}" for analyte in wave.analytes}
    found = []
    for (analyte, role), rows in used.groupby(["analyte", "role"], sort=True):
        units = "/".join(sorted(rows["unit"].dropna().unique()))
        expected = int(rows["treatment"].str.contains(CONDITIONAL_EXPECTATION, regex=False).fillna(False).sum())
        remark = EXPECTED.format(expected) if expected else ""
        for part in ("pre", "post", "change", "log_ratio"):
            unit = "ln(post/pre)" if part == "log_ratio" else f"{units}{assays.get(str(analyte), '')}"
            name = prefixed(f"{analyte}_{part}", str(role))
            found.append(Variable(name, unit, rows[[*KEY, part]].rename(columns={part: "value"}), remark))
    return found


def measured_variables(scores: pd.DataFrame, coded: pd.DataFrame) -> list[Variable]:
    """Scale scores (of sessions, at intake, at the end) and coded values, by name."""
    found: list[tuple[str, str, Variable]] = []
    for (timepoint, role, instrument, scale), rows in scores.groupby(
        ["timepoint", "role", "instrument", "scale"], sort=True
    ):
        suffix = "" if timepoint == "session" else f"_{timepoint}"
        columns = [*KEY, "score"] if timepoint == "session" else ["patient", "score"]
        values = rows[columns].rename(columns={"score": "value"})
        short = prefixed(f"{scale}{suffix}", str(role))
        long = prefixed(f"{instrument}_{scale}{suffix}", str(role))
        found.append((short, long, Variable(short, f"{instrument} points", values)))
    for (instrument, code), rows in coded.groupby(["instrument", "code"], sort=True):
        found.append(
            (str(code), f"{instrument}_{code}", Variable(str(code), f"{instrument} units", rows[[*KEY, "value"]]))
        )
    shorts = [short for short, _, _ in found]
    return [
        variable if shorts.count(short) == 1 else Variable(long, variable.unit, variable.values)
        for short, long, variable in found
    ]


def rupture_variables(ruptures: pd.DataFrame) -> list[Variable]:
    """`rupture_<criterion>_<variable>`: 1 in a session with a rupture, 0 without, missing where not judged."""
    judged = ruptures[ruptures["rupture"].notna()]
    found = []
    for (perspective, criterion, variable), rows in judged.groupby(["perspective", "criterion", "variable"], sort=True):
        name = prefixed(f"rupture_{str(criterion).replace('-', '_')}_{variable}", str(perspective))
        values = rows[KEY].assign(value=rows["rupture"].astype("float64"))
        found.append(Variable(name, "rupture in the session", values))
    return found


def covariate_units(participants: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Units of the participants' own columns: years for age, yes = 1 for flags, none for the rest."""
    return {
        name: "years" if name == "age" else "yes = 1" if str(participants[name].dtype) == "boolean" else "as recorded"
        for name in names
    }
