"""Rows of text to a raw sheet, the same for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def sheet_from_grid(
    grid: pd.DataFrame, file: str, sheet: str | None, heading_row: int, findings: Findings, typed: bool = False
) -> RawSheet | None:
    """A grid of text whose first row is `heading_row` of the file; None where there is no heading.

    Parameters
    ----------
    grid : text cells, columns 0 …, first row the headings.
    heading_row : the first row's number as a spreadsheet shows it.
    """
    if len(grid) == 0 or (grid.iloc[0] == "").all():
        findings.about_file(
            "error",
            file,
            f"row {heading_row} holds no headings",
            "say under header_row in wave.yaml where the headings stand",
            sheet,
            heading_row,
        )
        return None
    named = [str(heading) for heading in grid.iloc[0]]
    headings = [heading.strip() for heading in named]
    for before, after in zip(named, headings, strict=True):
        if before != after and after:
            findings.about_file(
                "note", file, "blanks at the ends of a heading; removed", "nothing to do", sheet, heading_row, before
            )
    cells = grid.iloc[1:].reset_index(drop=True)
    cells.columns = range(cells.shape[1])
    if len(headings) == 1 and _tell_wrong_delimiter(headings[0], file, sheet, heading_row, findings):
        return None
    _tell_cells_without_heading(cells, headings, file, sheet, heading_row, findings)
    rows = np.arange(heading_row + 1, heading_row + 1 + len(cells))
    return RawSheet(file, sheet, headings, cells, rows, heading_row, typed)


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
                findings.about_file(
                    "error",
                    file,
                    f"{len(filled)} cells stand in column {place + 1}, which has no heading",
                    "give the column a heading, or remove the cells",
                    sheet,
                    heading_row + 1 + int(filled[0]),
                    None,
                    str(cells[place].iloc[filled[0]]),
                )
