"""Workbooks: cells as their sheet shows them, text; what a sheet hides from the eye is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.blocks import block_in_grid
from ruptureflow.intake.readers.old_workbooks import open_old
from ruptureflow.intake.readers.sheet_oddities import tell_oddities
from ruptureflow.intake.readers.sheets import sheet_from_grid
from ruptureflow.intake.readers.workbook_cells import grid_of, shown_cell, wanted_sheets

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
