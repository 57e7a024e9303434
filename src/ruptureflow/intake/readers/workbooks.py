"""Workbooks: cells as their sheet shows them, text; what a sheet hides from the eye is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruptureflow.config.locale import Locale
from ruptureflow.config.wave import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.blocks import block_in_grid
from ruptureflow.intake.readers.sheet_oddities import tell_oddities
from ruptureflow.intake.readers.sheets import sheet_from_grid

if TYPE_CHECKING:
    import pandas as pd

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_workbook(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The declared sheet of a workbook; its only one where none is declared; every one where `*` is."""
    found = open_grids(path, file, declared.sheet, locale, findings, declared.header_row)
    sheets = []
    for name, grid in found.items():
        part, heading_row = grid.iloc[declared.header_row - 1 :], declared.header_row
        if declared.block:
            block = block_in_grid(grid, file, name, declared.block, declared.block_end, findings)
            if block is None:
                continue
            part, heading_row = block
        sheets.append(sheet_from_grid(part, file, name, heading_row, findings, typed=True))
    return [sheet for sheet in sheets if sheet is not None]


def open_grids(
    path: Path, file: str, sheet: str | None, locale: Locale, findings: Findings, first_row: int = 1
) -> dict[str, pd.DataFrame]:
    """Grid of text cells by sheet name, from cell A1 on; oddities above `first_row` do not matter."""
    start = path.open("rb").read(8)
    if start.startswith(ZIP):
        return _open_new(path, file, sheet, locale, findings, first_row)
    if start.startswith(OLE):
        from ruptureflow.intake.readers.old_workbooks import open_old

        return open_old(path, file, sheet, locale, findings, first_row)
    if not start:
        findings.about_file("error", file, "the file is empty", "copy it again, or take it out of wave.yaml")
    elif path.suffix.lower() == ".xls":
        # Counters and plate readers write text or HTML and call it xls.
        html = b"<" in start
        what, fix = ("HTML", "open it in a spreadsheet and save it as .xlsx") if html else ("text", "rename it to .txt")
        findings.about_file("error", file, f"no workbook but {what} in a file named xls", fix)
    else:
        findings.about_file(
            "error", file, "not a workbook Excel could open", "save it again as xlsx, or as csv with the ending .csv"
        )
    return {}


def _open_new(
    path: Path, file: str, sheet: str | None, locale: Locale, findings: Findings, first_row: int
) -> dict[str, pd.DataFrame]:
    import zipfile
    from xml.etree.ElementTree import ParseError

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, TypeError, AttributeError, ParseError):
        findings.about_file(
            "error", file, "not a workbook Excel could open", "save it again as xlsx, or as csv with the ending .csv"
        )
        return {}
    try:
        states = {each.title: each.sheet_state == "visible" for each in book.worksheets}
        grids = {}
        for name in wanted_sheets(sheet, states, file, findings):
            # Other programs than Excel may state a sheet's size wrongly; rows beyond it would be lost.
            book[name].reset_dimensions()
            try:
                rows = [[shown_cell(value, locale) for value in row] for row in book[name].iter_rows(values_only=True)]
            except (ValueError, KeyError, TypeError, ParseError, zipfile.BadZipFile, OverflowError) as error:
                fix = "open it in a spreadsheet and save it again"
                findings.about_file("error", file, f"the sheet cannot be read: {error}", fix, name)
                continue
            grids[name] = grid_of(rows)
            tell_oddities(path, book[name]._worksheet_path, file, name, first_row, findings)
        return grids
    finally:
        book.close()


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
    if sheet == "*":
        return shown
    if sheet is None and len(shown) == 1:
        return shown
    if sheet in states:
        return [sheet]
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
