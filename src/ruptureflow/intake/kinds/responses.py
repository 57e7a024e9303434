"""Questionnaires: answers by item, wide or long, and scale scores without items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.config.instruments import Questionnaire
from ruptureflow.config.wave import Locale, ResponsesFile, ScoresFile
from ruptureflow.intake.cells import missing, read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.targets import read_target
from ruptureflow.intake.raw import NamedSheet, RawSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WHEN = ("session", "timepoint")
TIMEPOINTS = ("intake", "session", "end")


def read_responses(raw: RawSheet, declared: ResponsesFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table responses."""
    form = context.instruments[declared.instrument]
    if not isinstance(form, Questionnaire) or not _version_fits(raw, declared, form, context):
        return {}
    read = _read_wide if declared.layout == "wide" else _read_long
    frame = read(raw, declared, form, context)
    return {} if frame is None else {"responses": frame}


def _version_fits(raw: RawSheet, declared: ResponsesFile, form: Questionnaire, context: Context) -> bool:
    if not declared.version or declared.version in form.version:
        return True
    context.findings.about_file(
        "error",
        raw.file,
        f"declared as version {declared.version}, but {form.id} is {form.version or 'without version'}",
        "name the instrument of that version in wave.yaml, or correct version",
        raw.sheet,
        value=declared.version,
    )
    return False


def _read_wide(raw: RawSheet, declared: ResponsesFile, form: Questionnaire, context: Context) -> pd.DataFrame | None:
    import pandas as pd

    words = {"instrument": [form.id], "item": form.items, "role": context.wave.design.roles}
    sheet = name_columns(
        raw, declared, Expected(("patient",), (*WHEN, "role"), declared.pattern, words), context.findings
    )
    if sheet is None:
        return None
    if not sheet.matched:
        context.findings.about_file(
            "error",
            raw.file,
            f"no heading has the form {declared.pattern} with an item of {form.id}",
            f"correct pattern in wave.yaml; items: {_in_order(form.items)}",
            raw.sheet,
            raw.heading_row,
        )
        return None
    absent = [item for item in form.items if item not in {match["item"] for match in sheet.matched.values()}]
    if absent:
        context.findings.about_file(
            "warning",
            raw.file,
            f"no column for {len(absent)} of {len(form.items)} items of {form.id}: {', '.join(absent)}",
            "add them, or leave them: they count as not answered",
            raw.sheet,
            raw.heading_row,
        )
    session_in_heading = any("session" in match for match in sheet.matched.values())
    who, complete = _who(sheet, form.id, declared, context, session_in_heading)
    part = sheet.keep(complete)
    base = who[complete].reset_index(drop=True)
    frames = []
    for name, match in sheet.matched.items():
        frame = base.assign(item=match["item"])
        if "session" in match:
            frame["timepoint"] = "session"
            frame["session"] = pd.array([int(match["session"])] * len(part), dtype="Int64")
        if "role" in match:
            frame["role"] = match["role"]
        frame["value"] = _answers(part.text(name), part, part.heading(name), form, match["item"], declared, context)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _in_order(items: list[str]) -> str:
    return ", ".join(sorted(items, key=lambda item: (int(item) if item.isdigit() else 0, item)))


def _read_long(raw: RawSheet, declared: ResponsesFile, form: Questionnaire, context: Context) -> pd.DataFrame | None:
    import numpy as np

    sheet = name_columns(raw, declared, Expected(("patient", "item", "value"), (*WHEN, "role")), context.findings)
    if sheet is None:
        return None
    who, complete = _who(sheet, form.id, declared, context, False)
    item = sheet.text("item")
    zeroed = item.str.lstrip("0")
    item = item.where(item.isin(form.items), zeroed)
    stray = ~item.isin(form.items).to_numpy()
    problem = f"not an item of {form.id}"
    fix = f"correct the cell; items: {_in_order(form.items)}"
    context.findings.about_cells("error", sheet, stray, sheet.heading("item"), sheet.text("item"), problem, fix)
    context.findings.ledger("refused", sheet, stray & complete, None, None, problem)
    keep = complete & ~stray
    frame = who.assign(item=item, value=np.nan)
    for name in form.items:
        chosen = keep & (item == name).to_numpy()
        if chosen.any():
            part = sheet.keep(chosen)
            answers = _answers(part.text("value"), part, part.heading("value"), form, name, declared, context)
            frame.loc[chosen, "value"] = answers.to_numpy()
    return frame[keep].reset_index(drop=True)


def _answers(
    text: pd.Series,
    sheet: NamedSheet,
    heading: str,
    form: Questionnaire,
    item: str,
    declared: ResponsesFile,
    context: Context,
) -> pd.Series:
    """Answers to one item as numbers, its range and step checked."""
    values = read_numbers(text, sheet, heading, context.locale(declared), context.findings)
    limits = form.range_of(item)
    outside = (values < limits.minimum) | (values > limits.maximum)
    steps = (values - limits.minimum) / limits.step
    between = values.notna() & ~outside & ((steps - steps.round()).abs() > 1e-9)
    context.findings.about_cells(
        "error",
        sheet,
        outside.to_numpy(),
        heading,
        text,
        f"outside the range of item {item} of {form.id}, {limits.minimum:g}–{limits.maximum:g}",
        "correct the cell, or list it under missing in wave.yaml if it means: no answer",
    )
    context.findings.about_cells(
        "error",
        sheet,
        between.to_numpy(),
        heading,
        text,
        f"between two answers of item {item} of {form.id}, which go in steps of {limits.step:g}",
        "correct the cell",
    )
    return values


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
    who, complete = _who(sheet, form.id, declared, context, timed)
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
        _tell_scores_out_of_range(frame["score"], part, heading, form, target.scale, context)
        frames.append(frame)
    return {"reported_scores": pd.concat(frames, ignore_index=True)}


def _tell_scores_out_of_range(scores, sheet, heading, form: Questionnaire, name: str, context: Context) -> None:
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


def _who(
    sheet: NamedSheet,
    instrument: str,
    declared: ResponsesFile | ScoresFile,
    context: Context,
    session_elsewhere: bool,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Who answered when, and a mask of the rows where both are known."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    patient = sheet.text("patient")
    empty = missing(patient, locale).to_numpy()
    findings.about_cells(
        "error", sheet, empty, sheet.heading("patient"), patient, "empty where a value is needed", "fill the cell"
    )
    role = sheet.text("role", declared.role)
    role = role.where(~missing(role, locale), declared.role)
    if session_elsewhere:
        timepoint = pd.Series(["session"] * len(sheet), dtype="string")
        session = pd.Series([pd.NA] * len(sheet), dtype="Int64")
        known = pd.Series([True] * len(sheet))
    else:
        timepoint, session, known = _when(sheet, declared.timepoints, locale, context)
    findings.ledger("refused", sheet, empty | ~known.to_numpy(), None, None, "patient or session not known")
    frame = pd.DataFrame(
        {
            "instrument": [instrument] * len(sheet),
            "role": role,
            "patient": patient,
            "timepoint": timepoint,
            "session": session,
            **sheet.source(),
        }
    )
    return frame, ~empty & known.to_numpy()


def _when(
    sheet: NamedSheet, words: Mapping[str, str], locale: Locale, context: Context
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Timepoint and session of each row, and where they are known.

    A number is a session, unless it is 0 and the design has no session 0: then it is the intake. A word is a
    timepoint, as declared or by its own name. Without a column of either the file is not dated: an error.
    """
    import pandas as pd

    findings = context.findings
    name = "session" if sheet.has("session") else "timepoint"
    if not sheet.has(name):
        findings.about_file(
            "error",
            sheet.file,
            "the sheet does not say when: it has neither a column session nor timepoint",
            "name the column under columns in wave.yaml, or give constants: {timepoint: intake} for the whole file",
            sheet.sheet,
        )
    known_words = {**{each: each for each in TIMEPOINTS}, **words}
    text = sheet.text(name)
    if sheet.has("session") and sheet.has("timepoint"):
        stated = sheet.text("timepoint").map(known_words).astype("string")
        text = text.where(~stated.isin(["intake", "end"]), stated).astype("str")
    word = text.map(known_words).astype("string")
    word = word.where(word != "session", pd.NA)
    number = read_numbers(text.where(word.isna(), "").astype("str"), sheet, sheet.heading(name), locale, findings)
    fraction = number.notna() & (number % 1 != 0)
    findings.about_cells(
        "error", sheet, fraction.to_numpy(), sheet.heading(name), text, "not a whole number", "correct the cell"
    )
    number = number.where(~fraction).astype("Int64")
    at_intake = (number == 0).fillna(False) & (0 not in context.wave.design.sessions)
    timepoint = word.where(word.notna(), "session")
    timepoint = timepoint.where(~at_intake, "intake")
    session = number.where(timepoint == "session", pd.NA)
    session = session.where(timepoint != "intake", 0)
    known = (timepoint != "session") | session.notna()
    if sheet.has(name):
        lacking = missing(text, locale).to_numpy()
        findings.about_cells(
            "error", sheet, lacking, sheet.heading(name), text, "empty where a value is needed", "fill the cell"
        )
    return timepoint, session.astype("Int64"), known.fillna(False).astype(bool)
