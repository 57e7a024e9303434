"""One block of a text that holds several, as plate readers and counters write them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ruptureflow.intake.findings import Findings

if TYPE_CHECKING:
    import pandas as pd


def block_of(
    text: str, file: str, delimiter: str, first_cells: list[str], end: str, findings: Findings
) -> tuple[str, int]:
    """The lines of a block, its headings first, and the row of the headings in the file.

    The block starts below the row whose first cells are `first_cells` and ends before a row without any filled cell,
    or one whose first cell is `end`.
    """
    lines = text.split("\n")
    start = None
    for number, line in enumerate(lines):
        cells = _cells(line, delimiter)
        if start is None:
            if cells[: len(first_cells)] == first_cells:
                start = number + 1
        elif not any(cells) or (end and cells[0] == end):
            return "\n".join(lines[start:number]), start + 1
    if start is None:
        _tell_no_block(file, None, first_cells, findings)
        return "", 1
    return "\n".join(lines[start:]), start + 1


def block_in_grid(
    grid: pd.DataFrame, file: str, sheet: str, first_cells: list[str], end: str, findings: Findings
) -> tuple[pd.DataFrame, int] | None:
    """The rows of a block of a sheet, its headings first, and the row of the headings; None where there is none."""
    rows = [[cell.strip() for cell in row] for row in grid.to_numpy(dtype=object)]
    start = next((place for place, row in enumerate(rows) if row[: len(first_cells)] == first_cells), None)
    if start is None:
        _tell_no_block(file, sheet, first_cells, findings)
        return None
    below = range(start + 1, len(rows))
    stop = next((place for place in below if not any(rows[place]) or (end and rows[place][0] == end)), len(rows))
    return grid.iloc[start + 1 : stop], start + 2


def _tell_no_block(file: str, sheet: str | None, first_cells: list[str], findings: Findings) -> None:
    findings.about_file(
        "error",
        file,
        f"no row starts with {', '.join(first_cells)}",
        "correct block in wave.yaml: the first cells of the row above the headings",
        sheet,
    )


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])] or [""]
