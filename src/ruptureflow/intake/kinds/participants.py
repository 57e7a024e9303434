"""The participants table: one row a patient, with totals that stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.instruments import Questionnaire
from ruptureflow.config.raw_files import ParticipantsFile
from ruptureflow.intake.cells import flags, missing, numbers, present
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.scores import tell_scores_out_of_range
from ruptureflow.intake.kinds.targets import read_target
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("therapist", "gender", "arm")
FLAGS = ("personality_disorder", "dropout")


def read_participants(raw: RawSheet, declared: ParticipantsFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the tables participants and, where totals stand in the file, reported_scores."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    optional = (*TEXT, "age", *FLAGS, *declared.covariates, *declared.scores)
    sheet = name_columns(raw, declared, Expected(("patient",), optional), findings)
    if sheet is None:
        return {}
    kept = present(sheet, "patient", locale, findings)
    findings.ledger("refused", sheet, ~kept, None, None, "no patient id")
    sheet = sheet.keep(kept)
    columns: dict[str, object] = {"patient": sheet.text("patient")}
    for name in TEXT:
        text = sheet.text(name)
        columns[name] = text.where(~missing(text, locale), None)
    columns["age"] = numbers(sheet, "age", locale, findings)
    for name in FLAGS:
        columns[name] = flags(sheet, name, declared.yes, declared.no, locale, findings)
    columns |= sheet.source()
    for name in declared.covariates:
        columns[name] = _covariate(sheet.text(name), locale)
    _tell_unknown_arms(sheet, context)
    scores = []
    for heading, target in declared.scores.items():
        if sheet.has(heading):
            scores.append(_scores(sheet, heading, target, context, locale))
    frames = {"participants": pd.DataFrame(columns)}
    if scores:
        frames["reported_scores"] = pd.concat(scores, ignore_index=True)
    return frames


def _covariate(text, locale):
    """A column the wave declares beside ours: numbers where every value is one, else text."""
    import pandas as pd

    empty = missing(text, locale)
    plain = text.str.replace(",", ".", regex=False) if locale.decimal == "," else text
    values = pd.to_numeric(plain.where(~empty, None), errors="coerce")
    if (values.notna() | empty).all():
        return values.astype("float64")
    return text.where(~empty, None)


def _scores(sheet, heading, target, context, locale):
    import pandas as pd

    place = read_target(target)
    count = len(sheet)
    score = numbers(sheet, heading, locale, context.findings)
    form = context.instruments.get(place.instrument)
    if isinstance(form, Questionnaire):
        tell_scores_out_of_range(score, sheet, heading, form, place.scale, context)
    return pd.DataFrame(
        {
            "instrument": place.instrument,
            "role": "patient",
            "patient": sheet.text("patient"),
            "timepoint": place.timepoint or "intake",
            "session": pd.array([pd.NA if place.timepoint == "end" else 0] * count, dtype="Int64"),
            "scale": place.scale,
            "score": score,
            **sheet.source(),
        }
    )


def _tell_unknown_arms(sheet, context: Context) -> None:
    arms = context.wave.design.arms
    if arms and sheet.has("arm"):
        text = sheet.text("arm")
        bad = ~text.isin([*arms, "", *context.wave.locale.missing])
        context.findings.about_cells(
            "error",
            sheet,
            bad.to_numpy(),
            sheet.heading("arm"),
            text,
            f"not an arm of the design ({', '.join(arms)})",
            "correct the cell, or add the arm under design in wave.yaml",
        )
