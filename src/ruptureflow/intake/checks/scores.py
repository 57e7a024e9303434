"""Scores that a clinic reports beside the items they were made of: do both agree?"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.config.instruments import Questionnaire, Scale
from ruptureflow.config.raw_files import ParticipantsFile, ScoresFile
from ruptureflow.intake.context import Context
from ruptureflow.intake.kinds.targets import read_target

if TYPE_CHECKING:
    import pandas as pd

OCCASION = ["role", "patient", "timepoint", "session"]
# Half a unit of the second decimal, to which clinics round: 5.67 for 17/3 is the same score.
TOLERANCE = 0.00501


def tell_differing_scores(responses: pd.DataFrame, reported: pd.DataFrame, context: Context) -> None:
    """Warn where a reported score is not the one that its complete items give."""
    for name, scores in reported.groupby("instrument"):
        form = context.instruments.get(str(name))
        rows = responses[responses["instrument"] == name]
        if not isinstance(form, Questionnaire) or not len(rows):
            continue
        for scale in form.scales:
            _compare(rows, scores[scores["scale"] == scale.name], form, scale, context)


def _compare(rows: pd.DataFrame, scores: pd.DataFrame, form: Questionnaire, scale: Scale, context: Context) -> None:
    own = rows[rows["item"].isin(scale.items) & rows["value"].notna()].drop_duplicates([*OCCASION, "item"])
    if not len(own) or not len(scores):
        return
    low = own["item"].map({item: form.range_of(item).minimum for item in scale.items})
    high = own["item"].map({item: form.range_of(item).maximum for item in scale.items})
    value = own["value"].where(~own["item"].isin(scale.reversed), low + high - own["value"])
    by_form = own.assign(keyed=value).groupby(OCCASION, dropna=False)["keyed"]
    computed = by_form.sum() if form.score == "sum" else by_form.mean()
    # Where items are missing the clinic may have prorated by another rule: only complete forms are compared.
    complete = by_form.size() == len(scale.items)
    both = scores.merge(computed[complete].rename("computed").reset_index(), on=OCCASION)
    differing = both[(both["score"] - both["computed"]).abs() > np.maximum(TOLERANCE, 1e-9)]
    for (file, timepoint), rows in differing.groupby(["source_file", "timepoint"], sort=False):
        headings, decimal = _written(str(file), form.id, scale.name, str(timepoint), context)
        shown = rows["score"].map("{:g}".format)
        context.findings.about_rows(
            "warning",
            rows,
            # A workbook's cells are numbers; only text has a decimal sign of its own.
            shown.where(rows["source_sheet"].notna(), shown.str.replace(".", decimal, regex=False)).to_numpy(
                dtype=object
            ),
            [f"the reported {scale.name} is not what its items give, {each:.6g}" for each in rows["computed"]],
            "check key and answers; the score made of the items is used",
            headings,
        )


def _written(file: str, form: str, scale: str, timepoint: str, context: Context) -> tuple[list[str], str]:
    """Headings under which a file reports a scale, and its decimal sign."""
    headings, decimal = [], context.wave.locale.decimal
    for declared in context.wave.files:
        if not isinstance(declared, ParticipantsFile | ScoresFile) or not PurePosixPath(file).match(declared.path):
            continue
        for heading, text in declared.scores.items():
            target = read_target(text)
            of_form = target.instrument or getattr(declared, "instrument", "")
            if (of_form, target.scale) == (form, scale) and target.timepoint in ("", timepoint):
                headings.append(heading)
                decimal = context.locale(declared).decimal
    return headings, decimal
