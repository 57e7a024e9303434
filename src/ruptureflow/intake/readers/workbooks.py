"""Workbooks: cells as their sheet shows them, text; merged cells and formulas without a value are told."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

from ruptureflow.config.locale import Locale
from ruptureflow.config.wave import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.sheets import sheet_from_grid


def read_workbook(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The declared sheet of a workbook; its only one where none is declared; every one where `*` is."""
    found = open_grids(path, file, declared.sheet, locale, findings, declared.header_row)
    sheets = [
        sheet_from_grid(grid.iloc[declared.header_row - 1 :], file, name, declared.header_row, findings, typed=True)
        for name, grid in found.items()
    ]
    return [sheet for sheet in sheets if sheet is not None]


def open_grids(
    path: Path, file: str, sheet: str | None, locale: Locale, findings: Findings, first_row: int = 1
) -> dict[str, Any]:
    """Grid of text cells by sheet name, from cell A1 on; oddities above `first_row` do not matter."""
    import openpyxl
    import pandas as pd

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError):
        findings.about_file(
            "error", file, "not a workbook Excel could open", "save it again as xlsx, or as csv with the ending .csv"
        )
        return {}
    try:
        shown = [each.title for each in book.worksheets if each.sheet_state == "visible"]
        wanted = _wanted(sheet, shown, file, findings)
        grids = {}
        for name in wanted:
            rows = [[shown_cell(value, locale) for value in row] for row in book[name].iter_rows(values_only=True)]
            width = max(map(len, rows), default=0)
            grids[name] = pd.DataFrame([row + [""] * (width - len(row)) for row in rows], dtype="str").fillna("")
            _tell_oddities(path, book[name]._worksheet_path, file, name, first_row, findings)
        return grids
    finally:
        book.close()


def _wanted(sheet: str | None, shown: list[str], file: str, findings: Findings) -> list[str]:
    if sheet == "*":
        return shown
    if sheet is None and len(shown) == 1:
        return shown
    if sheet in shown:
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


CELL = re.compile(rb'<c\b([^>]*?\br="([A-Z]+)(\d+)"[^>]*?)(?<!/)>(.*?)</c>', re.DOTALL)
MERGE = re.compile(rb'<mergeCell\b[^>]*?\bref="([^"]+)"')
VALUE = re.compile(rb"<v(?:>|\s[^>]*>)[^<]")


def _tell_oddities(path: Path, part: str, file: str, sheet: str, first_row: int, findings: Findings) -> None:
    """Merged cells and formulas that no program has computed yet, straight from the sheet's XML."""
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(part.lstrip("/"))
    for match in MERGE.finditer(xml):
        area = match.group(1).decode()
        row, last = (int(re.sub(r"\D", "", corner)) for corner in area.split(":"))
        if last < first_row:
            continue
        findings.about_file(
            "error",
            file,
            f"merged cells {area}; only the first of them holds the value",
            "unmerge them and fill every cell",
            sheet,
            row,
        )
    if b"<f" in xml:
        for attributes, column, row, body in CELL.findall(xml):
            # t="str" is a formula whose computed text is empty.
            if b"<f" in body and not VALUE.search(body) and b't="str"' not in attributes:
                findings.about_file(
                    "error",
                    file,
                    f"the formula in cell {column.decode()}{row.decode()} has no computed value",
                    "open the workbook in a spreadsheet and save it, or replace the formula by its value",
                    sheet,
                    int(row),
                )
