"""The same cells under two names: a sheet copied for another coder, a run read twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.checks.keys import SOURCE
from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 20
"""Values from which on it is no chance that all of them agree, if they differ among each other."""


def tell_copies(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Two coders whose every value agrees, two runs with the same signals."""
    codes = clean["codes"]
    for _, rows in codes[codes["value"].notna()].groupby("instrument"):
        target = (
            rows[["patient", "session", "segment", "code", "measure"]].astype("string").fillna("").agg("|".join, axis=1)
        )
        _tell_alike(rows, "coder", target, "warning", context)
    signals = clean["signals"]
    for _, rows in signals[signals["signal"].notna()].groupby("analyte"):
        _tell_alike(rows.rename(columns={"signal": "value"}), "run", rows["position"].astype(str), "error", context)


def _tell_alike(rows: pd.DataFrame, name: str, target: pd.Series, severity: str, context: Context) -> None:
    values = {
        str(each): dict(zip(target[part.index], part["value"], strict=True))
        for each, part in rows.groupby(name, sort=False)
    }
    names = list(values)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            one, other = values[first], values[second]
            if len(other) >= ENOUGH and one == other and len(set(other.values())) > 1:
                copy = rows[rows[name] == second].drop_duplicates(SOURCE[:2]).iloc[:1]
                context.findings.about_rows(
                    severity,
                    copy,
                    second,
                    f"all {len(other)} values of the {name} {second} are those of the {name} {first}",
                    "see whether one file was copied under another name; keep one of them",
                    (name,),
                )
