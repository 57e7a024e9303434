"""What workbooks of every age have in common: which sheets count, and what their cells show."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ruptureflow.config.locale import Locale
from ruptureflow.intake.findings import Findings

if TYPE_CHECKING:
    import pandas as pd


def grid_of(rows: list[list[str]]) -> pd.DataFrame:
    """Rows of text as a grid, as wide as the widest, without blank rows below the last filled one."""
    import pandas as pd

    while rows and not any(rows[-1]):
        rows.pop()
    width = max(map(len, rows), default=0)
    return pd.DataFrame([row + [""] * (width - len(row)) for row in rows], dtype="str").fillna("")


def wanted_sheets(sheet: str | None, states: dict[str, bool], file: str, findings: Findings) -> list[str]:
    """Names of the sheets to read, of all and whether each is visible; hidden ones only if named."""
    shown = [name for name, visible in states.items() if visible]
    for name in states:
        if name not in shown and name != sheet:
            findings.about_file(
                "note", file, "a hidden sheet; not read", "name it under sheet in wave.yaml if it counts", name
            )
    if sheet == "*" or (sheet is None and len(shown) == 1):
        return shown
    if sheet in states:
        return [sheet]
    matching = [name for name in shown if sheet is not None and "*" in sheet and fnmatchcase(name, sheet)]
    if matching:
        return matching
    if sheet is None:
        fix = f"name one of them under sheet in wave.yaml, or {'*'!r} for all"
        findings.about_file("error", file, f"the workbook has {len(shown)} sheets: {', '.join(shown)}", fix)
    else:
        import difflib

        near = difflib.get_close_matches(sheet, shown, n=1, cutoff=0.6)
        fix = f"did you mean {near[0]!r}?" if near else f"the workbook has: {', '.join(shown)}"
        findings.about_file("error", file, f"the workbook has no sheet {sheet!r}", fix, sheet)
    return []


def shown_cell(value: Any, locale: Locale) -> str:
    """A cell's value as its sheet shows it under the file's locale."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return text.replace(".", locale.decimal)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    return str(value)
