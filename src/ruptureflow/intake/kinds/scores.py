"""Scale scores as the clinic reports them, without items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.instruments import Questionnaire
from ruptureflow.config.raw_files import ScoresFile
from ruptureflow.intake.cells import read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.answering import WHEN, who_answered
from ruptureflow.intake.kinds.targets import read_target
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd


def read_scores(raw: RawSheet, declared: ScoresFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table reported_scores."""
    import pandas as pd

    form = context.instruments[declared.instrument]
    if not isinstance(form, Questionnaire):
        return {}
    findings, locale = context.findings, context.locale(declared)
    sheet = name_columns(raw, declared, Expected(("patient", *declared.scores), (*WHEN, "role")), findings)
    if sheet is None:
        return {}
    targets = {heading: read_target(target) for heading, target in declared.scores.items()}
    timed = all(target.timepoint for target in targets.values())
    who, complete = who_answered(sheet, form.id, declared, context, timed)
    part = sheet.keep(complete)
    base = who[complete].reset_index(drop=True)
    frames = []
    for heading, target in targets.items():
        frame = base.assign(scale=target.scale)
        if target.timepoint:
            frame["timepoint"] = target.timepoint
            if target.timepoint != "session":
                fixed = pd.NA if target.timepoint == "end" else 0
                frame["session"] = pd.array([fixed] * len(part), dtype="Int64")
        frame["score"] = read_numbers(part.text(heading), part, part.heading(heading), locale, findings)
        tell_scores_out_of_range(frame["score"], part, heading, form, target.scale, context)
        frames.append(frame)
    return {"reported_scores": pd.concat(frames, ignore_index=True)}


def tell_scores_out_of_range(scores, sheet, heading, form: Questionnaire, name: str, context: Context) -> None:
    """A score that no answers of the form could give."""
    scale = next((scale for scale in form.scales if scale.name == name), None)
    if scale is None:
        return
    low, high = form.range_of_score(scale)
    outside = ((scores < low) | (scores > high)).to_numpy()
    context.findings.about_cells(
        "error",
        sheet,
        outside,
        sheet.heading(heading),
        sheet.text(heading),
        f"outside the range of {form.id if name == form.id else f'{form.id} {name}'}, {low:g}–{high:g}",
        "correct the cell, or declare the right instrument or scale in wave.yaml",
    )
