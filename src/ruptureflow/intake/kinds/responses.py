"""Questionnaires by item, wide or long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.instruments import Questionnaire
from ruptureflow.config.raw_files import ResponsesFile
from ruptureflow.intake.cells import read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.answering import WHEN, who_answered
from ruptureflow.intake.raw import NamedSheet, RawSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


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
    import numpy as np
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
            f"no column for {len(absent)} of {len(form.items)} items of {form.id}: {_in_order(absent)}",
            "add them, or leave them: they count as not answered",
            raw.sheet,
            raw.heading_row,
        )
    session_in_heading = any("session" in match for match in sheet.matched.values())
    who, complete = who_answered(sheet, form.id, declared, context, session_in_heading)
    part = sheet.keep(complete)
    names = list(sheet.matched)
    frame = pd.concat([who[complete]] * len(names), ignore_index=True)
    for placeholder in ("item", "role", "session"):
        named = [sheet.matched[name].get(placeholder) for name in names]
        if None not in named:
            frame[placeholder] = np.repeat(np.array(named, dtype=object), len(part))
    frame["session"] = frame["session"].astype("Int64")
    frame["value"] = _answers(
        part.stacked(names), part.repeated_headings(names), frame["item"], form, declared, context
    )
    return frame


def _in_order(items: list[str]) -> str:
    return ", ".join(sorted(items, key=lambda item: (int(item) if item.isdigit() else 0, item)))


def _read_long(raw: RawSheet, declared: ResponsesFile, form: Questionnaire, context: Context) -> pd.DataFrame | None:
    sheet = name_columns(raw, declared, Expected(("patient", "item", "value"), (*WHEN, "role")), context.findings)
    if sheet is None:
        return None
    who, complete = who_answered(sheet, form.id, declared, context, False)
    item = sheet.text("item")
    zeroed = item.str.lstrip("0")
    item = item.where(item.isin(form.items), zeroed)
    stray = ~item.isin(form.items).to_numpy()
    problem = f"not an item of {form.id}"
    fix = f"correct the cell; items: {_in_order(form.items)}"
    context.findings.about_cells("error", sheet, stray, sheet.heading("item"), sheet.text("item"), problem, fix)
    context.findings.ledger("refused", sheet, stray & complete, None, None, problem)
    keep = complete & ~stray
    frame = who[keep].assign(item=item[keep]).reset_index(drop=True)
    frame["value"] = _answers(sheet.keep(keep), sheet.heading("value"), frame["item"], form, declared, context)
    return frame


def _answers(
    sheet: NamedSheet,
    heading: str | np.ndarray,
    items: pd.Series,
    form: Questionnaire,
    declared: ResponsesFile,
    context: Context,
) -> pd.Series:
    """The column value as numbers, the range and step of each cell's item checked."""
    import numpy as np
    import pandas as pd

    text = sheet.text("value")
    values = read_numbers(text, sheet, heading, context.locale(declared), context.findings)
    ranges = {item: form.range_of(item) for item in form.items}
    place = pd.Index(form.items).get_indexer(items)
    limits = np.array([(each.minimum, each.maximum, each.step) for each in ranges.values()])
    low, high, step = limits[place].T
    steps = (values - low) / step
    outside = ((values < low) | (values > high)).to_numpy()
    between = values.notna().to_numpy() & ~outside & ((steps - steps.round()).abs() > 1e-9).to_numpy()
    context.findings.about_cells(
        "error",
        sheet,
        outside,
        heading,
        text,
        [
            f"outside the range of item {each} of {form.id}, {ranges[each].minimum:g}–{ranges[each].maximum:g}"
            for each in items[outside]
        ],
        "correct the cell, or list it under missing in wave.yaml if it means: no answer",
    )
    context.findings.about_cells(
        "error",
        sheet,
        between,
        heading,
        text,
        [
            f"between two answers of item {each} of {form.id}, which go in steps of {ranges[each].step:g}"
            for each in items[between]
        ],
        "correct the cell",
    )
    return values
