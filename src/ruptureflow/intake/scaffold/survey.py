"""A look at the files of a folder: sheets, headings, some cells, the locale they seem to be written in."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ruptureflow.config.locale import Locale
from ruptureflow.config.project import is_of_a_program
from ruptureflow.config.raw_files import ParticipantsFile
from ruptureflow.config.wave import WAVE_FILE
from ruptureflow.intake.findings import Findings

TEXT = {".csv", ".tsv", ".txt"}
WORKBOOK = {".xlsx", ".xlsm", ".xls"}
TYPED = {".sav", ".zsav", ".parquet"}
LOOKED_AT = 400


@dataclass(frozen=True)
class Sheet:
    """What a sheet of a file looks like.

    Parameters
    ----------
    file, sheet : path relative to the folder; sheet of a workbook or None.
    headings, columns : headings, and the first cells below each.
    heading_row : row of the headings as a spreadsheet shows it.
    delimiter, decimal, encoding : of a text file; decimal is "" where no cell holds a fraction.
    sheets : how many sheets the file has.
    grid : the cells from A1 on, to recognise a plate.
    """

    file: str
    sheet: str | None
    headings: list[str]
    columns: list[list[str]]
    heading_row: int
    delimiter: str
    decimal: str
    encoding: str
    sheets: int
    grid: list[list[str]]

    def column(self, heading: str) -> list[str]:
        """Filled cells below a heading."""
        return [cell for cell in self.columns[self.headings.index(heading)] if cell]


def files_to_survey(folder: Path) -> list[Path]:
    """The files of a folder that a person may have put there."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not is_of_a_program(path, folder)
        and path.relative_to(folder).as_posix() != WAVE_FILE
        and path.stem.casefold() != "readme"
    ]


def survey_folder(folder: Path, progress: Callable[[str], None] = lambda file: None) -> tuple[list[Sheet], list[str]]:
    """Every sheet of every readable file, and the files that are of no known format or cannot be read.

    `progress` is told each file's name before it is looked at.
    """
    sheets: list[Sheet] = []
    unread: list[str] = []
    for path in files_to_survey(folder):
        file = path.relative_to(folder).as_posix()
        progress(file)
        ending = path.suffix.lower()
        if ending in TEXT:
            found = _text(path, file)
        elif ending in WORKBOOK:
            found = _workbook(path, file)
        elif ending in TYPED:
            found = _typed(path, file)
        else:
            found = []
        sheets += found
        if not found:
            unread.append(file)
    return sheets, unread


def _text(path: Path, file: str) -> list[Sheet]:
    data = path.read_bytes()
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text, encoding = data.decode("utf-16", errors="replace"), "utf-16"
        else:
            text, encoding = data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = data.decode("cp1252", errors="replace"), "cp1252"
    if not text.strip() or "\0" in text:
        return []
    lines = text.splitlines()[: LOOKED_AT + 50]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(lines)
    grid = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)]
    return [_sheet(file, None, grid, delimiter, encoding, 1)]


def _delimiter(lines: list[str]) -> str:
    """The mark that cuts most lines into the same number of fields, more than one."""
    best, score = ",", 0
    for mark in (",", ";", "\t", "|"):
        counts = Counter(line.count(mark) for line in lines[:50] if line.strip())
        fields, lines_alike = max(counts.items(), key=lambda item: (item[0] > 0, item[1])) if counts else (0, 0)
        if fields and lines_alike * min(fields, 3) > score:
            best, score = mark, lines_alike * min(fields, 3)
    return best


def _workbook(path: Path, file: str) -> list[Sheet]:
    from ruptureflow.intake.readers.workbooks import open_grids

    grids = open_grids(path, file, "*", Locale(), Findings())
    return [
        _sheet(
            file, name, [[cell.strip() for cell in row] for row in grid.head(LOOKED_AT).to_numpy()], "", "", len(grids)
        )
        for name, grid in grids.items()
    ]


def _typed(path: Path, file: str) -> list[Sheet]:
    """The variables of an SPSS or parquet file as a sheet; neither delimiter nor decimal sign is theirs."""
    from ruptureflow.intake.readers import read_sheets

    declared = ParticipantsFile(kind="participants", path=file)
    found = []
    for raw in read_sheets(path, file, declared, Locale(), Findings()):
        columns = [[cell.strip() for cell in raw.cells[place].head(LOOKED_AT)] for place in raw.cells.columns]
        found.append(Sheet(file, None, raw.headings, columns, 1, "", "", "", 1, []))
    return found


def _sheet(file: str, name: str | None, grid: list[list[str]], delimiter: str, encoding: str, sheets: int) -> Sheet:
    width = max((len(row) for row in grid), default=0)
    grid = [row + [""] * (width - len(row)) for row in grid]
    place = _heading_place(grid)
    headings = grid[place] if grid else []
    while headings and not headings[-1]:
        headings = headings[:-1]
    columns = [[row[number] for row in grid[place + 1 :]] for number in range(len(headings))]
    return Sheet(file, name, headings, columns, place + 1, delimiter, _decimal(columns), encoding, sheets, grid)


def _heading_place(grid: list[list[str]]) -> int:
    """The first row that is as wide as most rows are and holds words."""
    widths = Counter(sum(bool(cell) for cell in row) for row in grid[:100])
    usual = max(widths.items(), key=lambda item: item[1] * item[0], default=(0, 0))[0]
    for number, row in enumerate(grid[:30]):
        filled = [cell for cell in row if cell]
        words = [cell for cell in filled if not re.fullmatch(r"[\d.,\s]+", cell)]
        if len(filled) >= max(2, 0.8 * usual) and len(words) >= len(filled) / 2:
            return number
    return 0


def _decimal(columns: list[list[str]]) -> str:
    commas = points = 0
    for cells in columns:
        for cell in cells:
            commas += bool(re.fullmatch(r"[<>]?\s*-?\d+,\d+", cell))
            points += bool(re.fullmatch(r"[<>]?\s*-?\d+\.\d+", cell))
    return "" if not commas and not points else "," if commas > points else "."
