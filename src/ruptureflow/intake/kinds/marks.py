"""Cells of a coder sheet to numbers: marks, tallies and blanks by their declared meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ruptureflow.config.instruments import CodingSystem
from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import CodesFile
from ruptureflow.intake.cells import looked_up, missing, read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import NamedSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# x, ✓, ✓−, ✓+, and tallies: III, ||||, //.
MARK = "[xX×✗✓✔√☑☒✕][-−–+]?|[Il|/1]*[I|/l][Il|/1 ]*"


def coded_values(
    sheet: NamedSheet,
    heading: str | np.ndarray,
    measures: pd.Series,
    declared: CodesFile,
    system: CodingSystem,
    context: Context,
) -> pd.Series:
    """The column value as numbers: marks by the declared map, blanks by the declared meaning, range checked.

    Parameters
    ----------
    heading : the column's heading, or each cell's.
    measures : what each cell holds: count, impact, rating …
    """
    import numpy as np
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    text = sheet.text("value")
    limits = np.array(
        [(each.minimum, np.nan if each.maximum is None else each.maximum) for each in system.measures.values()]
    )
    low, high = limits[pd.Index(list(system.measures)).get_indexer(measures)].T
    read = _marks_as_numbers(sheet, text, heading, declared, locale, findings)
    # A blank count can mean zero; a blank rating never can.
    blank = (text == "").to_numpy() & (low == 0)
    zero, unclear = np.zeros((2, len(sheet)), dtype=bool)
    if sheet.has("coded"):
        zero = blank & sheet.text("coded").str.casefold().isin([word.casefold() for word in declared.yes]).to_numpy()
    elif declared.blank == "zero":
        zero = blank
    elif declared.blank == "refuse":
        unclear = blank
    read = read.where(~zero, "0")
    findings.ledger("changed", sheet, zero, heading, text, "a blank declared to mean zero", read)
    findings.about_cells(
        "error",
        sheet,
        unclear,
        heading,
        text,
        "a blank, which may mean zero or not coded",
        "fill it, or declare blank: zero or blank: not coded in wave.yaml",
    )
    values = read_numbers(read.astype("str"), sheet, heading, locale, findings)
    outside = ((values < low) | (values > high)).to_numpy()
    problems = [
        f"outside the range of a {name}, {least:g}" + (" or more" if np.isnan(most) else f"–{most:g}")
        for name, least, most in zip(measures[outside], low[outside], high[outside], strict=True)
    ]
    findings.about_cells("error", sheet, outside, heading, text, problems, "correct the cell")
    steps = np.array([each.step for each in system.measures.values()])
    step = steps[pd.Index(list(system.measures)).get_indexer(measures)]
    taken = ((values - low) / step).to_numpy()
    # A declared mark may stand for half a count (check-minus).
    written = ~text.isin(list(declared.marks)).to_numpy()
    between = values.notna().to_numpy() & written & ~outside & (np.abs(taken - np.round(taken)) > 1e-9)
    problems = [
        f"between two values of a {name}, which go in steps of {each:g}"
        for name, each in zip(measures[between], step[between], strict=True)
    ]
    findings.about_cells("error", sheet, between, heading, text, problems, "correct the cell")
    return values


def _marks_as_numbers(
    sheet: NamedSheet,
    text: pd.Series,
    heading: str | np.ndarray,
    declared: CodesFile,
    locale: Locale,
    findings: Findings,
) -> pd.Series:
    """Declared marks and tallies as the numbers they stand for; other marks are errors and become missing."""
    marks = {mark: f"{value:g}".replace(".", locale.decimal) for mark, value in declared.marks.items()}
    marked = text.isin(list(marks))
    read = text.where(~marked, looked_up(text, marks)).astype("str")
    if declared.tallies:
        strokes = text.str.fullmatch(f"[{re.escape(declared.tallies)} ]+").fillna(False).astype(bool) & ~marked
        count = text.str.count(f"[{re.escape(declared.tallies)}]")
        read = read.where(~strokes, count.astype("str"))
        marked |= strokes
    findings.ledger("changed", sheet, marked.to_numpy(), heading, text, "a mark with a declared value", read)
    unknown = ~marked & text.str.fullmatch(MARK).fillna(False).astype(bool) & ~missing(text, locale)
    hints = [
        f"declare tallies: {each[0]} in wave.yaml if each stroke counts one"
        if each.strip(f"{each[0]} ") == "" and each[0] in "Il|/"
        else f"declare marks: {{{each}: 1}} in wave.yaml, with the number it stands for"
        for each in text[unknown]
    ]
    problem = "a mark without a declared number"
    findings.about_cells("error", sheet, unknown.to_numpy(), heading, text, problem, hints)
    return read.where(~unknown, "")
