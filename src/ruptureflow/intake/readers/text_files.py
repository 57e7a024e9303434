"""Delimited text: every field text, records counted as a spreadsheet shows them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.blocks import block_of
from ruptureflow.intake.readers.decoding import decoded
from ruptureflow.intake.readers.sheets import sheet_from_grid

if TYPE_CHECKING:
    import pandas as pd

# A stray quotation mark may make one field of a whole file.
csv.field_size_limit(2**31 - 1)


def read_text_file(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The one sheet of a csv or tsv file; tsv is separated by tabs whatever the locale says."""
    text = decoded(path, file, locale, findings)
    if text is None:
        return []
    delimiter = delimiter_of(path, locale)
    if declared.block:
        body, heading_row = block_of(text, file, delimiter, declared.block, declared.block_end, findings)
        if not body:
            return []
    else:
        body, heading_row = _from_row(text, declared.header_row), declared.header_row
    grid = text_grid(body, file, delimiter, heading_row, findings)
    sheet = None if grid is None else sheet_from_grid(grid, file, None, heading_row, findings)
    return [] if sheet is None else [sheet]


def delimiter_of(path: Path, locale: Locale) -> str:
    """What separates the fields of a text file; tabs in a tsv file whatever the locale says."""
    return "\t" if path.suffix.lower() == ".tsv" or locale.delimiter == "tab" else locale.delimiter


def read_text_grid(path: Path, file: str, locale: Locale, findings: Findings) -> pd.DataFrame | None:
    """Every field of a text file from its first row on, rows as long as the longest."""
    text = decoded(path, file, locale, findings)
    return None if text is None else _padded(list(csv.reader(io.StringIO(text), delimiter=delimiter_of(path, locale))))


def text_grid(body: str, file: str, delimiter: str, heading_row: int, findings: Findings) -> pd.DataFrame | None:
    """The fields of a text whose first row, row `heading_row` of the file, holds the headings.

    None where a quotation mark is never closed: what follows it cannot be told apart.
    """
    import pandas as pd

    if not body.strip("\n"):
        return pd.DataFrame()
    if body.count('"') % 2 and _tell_unclosed(body, file, delimiter, heading_row, findings):
        return None
    widths = _widths(body, delimiter)
    if len(set(widths) - {0}) == 1:
        # The rows are alike: the quick reader splits them as the careful one would.
        return pd.read_csv(
            io.StringIO(body), sep=delimiter, header=None, dtype="str", keep_default_na=False, na_filter=False,
            skip_blank_lines=False,
        ).fillna("")  # fmt: skip
    records = list(csv.reader(io.StringIO(body), delimiter=delimiter))
    if sum(bool(cell.strip()) for cell in records[0]) <= 1:
        return _padded(records)
    _tell_ragged(records, file, delimiter, heading_row, findings)
    width = len(records[0])
    return _padded([record[:width] for record in records])


def _widths(body: str, delimiter: str) -> list[int]:
    """Number of fields of each record; 0 for a blank row."""
    if '"' in body:
        return [len(record) for record in csv.reader(io.StringIO(body), delimiter=delimiter)]
    lines = body.split("\n")
    return [line.count(delimiter) + 1 if line else 0 for line in lines]


def _padded(records: Sequence[list[str]]) -> pd.DataFrame:
    import pandas as pd

    width = max(map(len, records), default=0)
    return pd.DataFrame([record + [""] * (width - len(record)) for record in records], dtype="str")


def _from_row(text: str, heading_row: int) -> str:
    """The text from the row of the headings on."""
    place = 0
    for _ in range(heading_row - 1):
        place = text.find("\n", place) + 1
        if place == 0:
            return ""
    return text[place:]


def _tell_ragged(records: Sequence[list[str]], file: str, delimiter: str, heading_row: int, findings: Findings) -> None:
    """Rows with more or fewer fields than there are headings.

    More: an error, the surplus is not read; nothing where every row ends with the same surplus delimiters. Fewer: a
    warning, since some programs cut blank cells off the end, and others lose a delimiter within the row.
    """
    width = len(records[0])
    rows = [(number, record) for number, record in enumerate(records[1:], start=heading_row + 1) if any(record)]
    surplus = [record[width:] for _, record in rows]
    ends_alike = len({len(each) for each in surplus}) == 1 and not any(any(each) for each in surplus)
    for number, record in rows:
        if len(record) > width and not ends_alike:
            findings.about_file(
                "error",
                file,
                f"{len(record)} fields under {width} headings",
                "quote a field that holds the delimiter, or remove the surplus field",
                row=number,
                value=delimiter.join(record)[:80],
            )
        elif len(record) < width:
            findings.about_file(
                "warning",
                file,
                f"{len(record)} field{'s' if len(record) > 1 else ''} under {width} headings; the last "
                f"{width - len(record)} read as empty",
                "add the missing delimiters; if one is missing within the row, all cells behind it are shifted",
                row=number,
                value=delimiter.join(record)[:80],
            )


def _tell_unclosed(body: str, file: str, delimiter: str, heading_row: int, findings: Findings) -> bool:
    """Whether a quotation mark opens a field that never ends."""
    whole = 0
    try:
        for _ in csv.reader(io.StringIO(body), delimiter=delimiter, strict=True):
            whole += 1
    except csv.Error as error:
        if "end of data" not in str(error):
            return False
        findings.about_file(
            "error",
            file,
            "a quotation mark opens a field and none closes it; everything below belongs to that field",
            "close the quotation, or double a mark that belongs to the text",
            row=heading_row + whole,
            value=body.split("\n")[whole][:80],
        )
        return True
    return False
