"""Workbooks of Excel 97–2003 (.xls), and those under a password."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruptureflow.config.locale import Locale
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.readers.sheet_oddities import letters, tell_hidden_columns, tell_hidden_rows, tell_merged
from ruptureflow.intake.readers.workbook_cells import grid_of, shown_cell, wanted_sheets

if TYPE_CHECKING:
    import pandas as pd


def open_old(
    path: Path, file: str, sheet: str | None, locale: Locale, findings: Findings, first_row: int
) -> dict[str, pd.DataFrame]:
    """Grid of text cells by sheet name, as `open_grids` gives them."""
    import xlrd

    try:
        # What xlrd prints of odd but readable files is nothing a person could mend.
        book = xlrd.open_workbook(str(path), formatting_info=True, logfile=io.StringIO())
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, AssertionError, IndexError, OSError, ValueError) as error:
        # A new workbook under a password lies encrypted in a container of the old kind.
        locked = path.suffix.lower() != ".xls" or re.search("encrypted|can't find workbook", str(error), re.IGNORECASE)
        findings.about_file(
            "error",
            file,
            "the workbook is protected by a password" if locked else f"not a workbook that can be read: {error}",
            "save it without a password" if locked else "open it in a spreadsheet and save it as .xlsx",
        )
        return {}
    states = {each.name: each.visibility == 0 for each in book.sheets()}
    grids = {}
    for name in wanted_sheets(sheet, states, file, findings):
        found = book.sheet_by_name(name)
        rows = [
            [shown_cell(_value(cell, book.datemode), locale) for cell in found.row(number)]
            for number in range(found.nrows)
        ]
        grids[name] = grid_of(rows)
        for top, bottom, left, right in found.merged_cells:
            tell_merged(f"{letters(left + 1)}{top + 1}:{letters(right)}{bottom}", file, name, first_row, findings)
        hidden = [row + 1 for row, info in found.rowinfo_map.items() if info.hidden and row < found.nrows]
        tell_hidden_rows(sorted(row for row in hidden if row > first_row), file, name, findings)
        columns = sorted(column for column, info in found.colinfo_map.items() if info.hidden and column < found.ncols)
        tell_hidden_columns([letters(column + 1) for column in columns], file, name, findings)
    return grids


def _value(cell: Any, datemode: int) -> Any:
    """A cell's value as openpyxl would give it: dates as dates, errors as their words, whole numbers as such."""
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#ERROR!")
    return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value
