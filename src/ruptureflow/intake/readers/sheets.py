"""Rows of text to a raw sheet, the same for every format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.intake.findings import Findings
from ruptureflow.intake.invisible import cleaned
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LOOKED_AT = 30


def sheet_from_grid(
    grid: pd.DataFrame, file: str, sheet: str | None, heading_row: int, findings: Findings, typed: bool = False
) -> RawSheet | None:
    """A grid of text whose first row is `heading_row` of the file; None where there is no heading.

    Parameters
    ----------
    grid : text cells, columns 0 …, first row the headings.
    heading_row : the first row's number as a spreadsheet shows it.
    """
    if len(grid) == 0 or (grid.iloc[0].str.strip() == "").all():
        _tell_no_headings(grid, file, sheet, heading_row, findings)
        return None
    named = [str(heading) for heading in grid.iloc[0]]
    headings = clean_headings(named, file, sheet, heading_row, findings)
    cells = grid.iloc[1:].reset_index(drop=True)
    cells.columns = range(cells.shape[1])
    filled = [heading for heading in headings if heading]
    if len(filled) == 1:
        if cells.shape[1] > 1 and _tell_title(grid, filled[0], file, sheet, heading_row, findings):
            return None
        if _tell_wrong_delimiter(filled[0], file, sheet, heading_row, findings):
            return None
    _tell_cells_without_heading(cells, headings, file, sheet, heading_row, findings)
    rows = np.arange(heading_row + 1, heading_row + 1 + len(cells))
    return RawSheet(file, sheet, headings, cells, rows, heading_row, typed)


def clean_headings(
    named: list[str], file: str, sheet: str | None, heading_row: int | None, findings: Findings
) -> list[str]:
    """Headings without blanks at their ends, line breaks and characters that nobody sees; each change is told."""
    headings = [" ".join(cleaned(heading).split()) for heading in named]
    for before, after in zip(named, headings, strict=True):
        if before != after and after:
            what = (
                "blanks at the ends of a heading" if before.strip() == after else "blanks or line breaks in a heading"
            )
            findings.about_file("note", file, f"{what}; removed", "nothing to do", sheet, heading_row, before)
    return headings


def _heading_place(grid: pd.DataFrame) -> int | None:
    """Position of the first row below that looks like headings: as wide as most rows, words in it."""
    rows = [[str(cell).strip() for cell in row if str(cell).strip()] for row in grid.iloc[:LOOKED_AT].to_numpy()]
    usual = max((len(row) for row in rows), default=0)
    for place, row in enumerate(rows):
        words = [cell for cell in row if not re.fullmatch(r"[<>\d.,:;\s-]+", cell)]
        if place and len(row) >= max(2, 0.8 * usual) and len(words) >= 0.8 * len(row) and len(set(row)) == len(row):
            return place
    return None


def _tell_no_headings(grid: pd.DataFrame, file: str, sheet: str | None, heading_row: int, findings: Findings) -> None:
    place = _heading_place(grid) if len(grid) else None
    findings.about_file(
        "error",
        file,
        f"row {heading_row} holds no headings" if heading_row > 1 or len(grid) else "the sheet is empty",
        f"they seem to stand in row {heading_row + place}: write header_row: {heading_row + place} in wave.yaml"
        if place is not None
        else "say under header_row in wave.yaml where the headings stand",
        sheet,
        heading_row,
    )


def _tell_title(
    grid: pd.DataFrame, title: str, file: str, sheet: str | None, heading_row: int, findings: Findings
) -> bool:
    """Whether the one filled cell of the row is a title above the headings."""
    place = _heading_place(grid)
    if place is None:
        return False
    findings.about_file(
        "error",
        file,
        f"row {heading_row} holds a title and no headings; they seem to stand in row {heading_row + place}",
        f"write header_row: {heading_row + place} for this file in wave.yaml",
        sheet,
        heading_row,
        None,
        title,
    )
    return True


def _tell_wrong_delimiter(heading: str, file: str, sheet: str | None, row: int, findings: Findings) -> bool:
    """Whether the one heading looks like several."""
    for mark, name in DELIMITERS.items():
        if mark in heading:
            findings.about_file(
                "error",
                file,
                f"the sheet has one column, which looks separated by {name}",
                f"declare delimiter: {'tab' if mark == chr(9) else repr(mark)} for this file in wave.yaml",
                sheet,
                row,
                None,
                heading,
            )
            return True
    return False


def _tell_cells_without_heading(
    cells: pd.DataFrame, headings: list[str], file: str, sheet: str | None, heading_row: int, findings: Findings
) -> None:
    for place, heading in enumerate(headings):
        if not heading:
            filled = np.flatnonzero((cells[place].str.strip() != "").to_numpy())
            if len(filled):
                stand = "1 cell stands" if len(filled) == 1 else f"{len(filled)} cells stand"
                findings.about_file(
                    "error",
                    file,
                    f"{stand} in column {place + 1}, which has no heading",
                    "give the column a heading, or remove the cells",
                    sheet,
                    heading_row + 1 + int(filled[0]),
                    None,
                    str(cells[place].iloc[filled[0]]),
                )
