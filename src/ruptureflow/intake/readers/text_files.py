"""Delimited text: every field text, records counted as a spreadsheet shows them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.wave import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.blocks import block_of
from ruptureflow.intake.readers.sheets import sheet_from_grid

if TYPE_CHECKING:
    import pandas as pd


def read_text_file(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The one sheet of a csv or tsv file; tsv is separated by tabs whatever the locale says."""
    text = _decoded(path, file, locale, findings)
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
    sheet = sheet_from_grid(grid, file, None, heading_row, findings)
    return [] if sheet is None else [sheet]


def delimiter_of(path: Path, locale: Locale) -> str:
    """What separates the fields of a text file; tabs in a tsv file whatever the locale says."""
    return "\t" if path.suffix.lower() == ".tsv" or locale.delimiter == "tab" else locale.delimiter


def read_text_grid(path: Path, file: str, locale: Locale, findings: Findings) -> pd.DataFrame | None:
    """Every field of a text file from its first row on, rows as long as the longest."""
    import pandas as pd

    text = _decoded(path, file, locale, findings)
    if text is None:
        return None
    records = list(csv.reader(io.StringIO(text), delimiter=delimiter_of(path, locale)))
    width = max(map(len, records), default=0)
    return pd.DataFrame([record + [""] * (width - len(record)) for record in records], dtype="str")


def text_grid(body: str, file: str, delimiter: str, heading_row: int, findings: Findings) -> pd.DataFrame:
    """The fields of a text whose first row, row `heading_row` of the file, holds the headings."""
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(body),
            sep=delimiter,
            header=None,
            dtype="str",
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
        ).fillna("")
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except pd.errors.ParserError:
        return _ragged(body, file, delimiter, heading_row, findings)


def _decoded(path: Path, file: str, locale: Locale, findings: Findings) -> str | None:
    encoding = "utf-8-sig" if locale.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else locale.encoding
    data = path.read_bytes()
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        findings.about_file(
            "error",
            file,
            f"not {locale.encoding} text",
            "declare encoding: cp1252 (Excel's csv in Western Europe) or the right one in wave.yaml, or save as UTF-8",
            row=row,
            value=data[max(0, error.start - 10) : error.start + 10].decode("ascii", errors="backslashreplace"),
        )
    except LookupError:
        findings.about_file("error", file, f"unknown encoding {locale.encoding!r}", "declare utf-8 or cp1252")
    return None


def _from_row(text: str, heading_row: int) -> str:
    """The text from the row of the headings on."""
    place = 0
    for _ in range(heading_row - 1):
        place = text.find("\n", place) + 1
        if place == 0:
            return ""
    return text[place:]


def _ragged(body: str, file: str, delimiter: str, heading_row: int, findings: Findings) -> pd.DataFrame:
    """Rows with more fields than the headings: each is an error, the surplus fields are not read."""
    import pandas as pd

    records = list(csv.reader(io.StringIO(body), delimiter=delimiter))
    width = len(records[0]) if records else 0
    for number, record in enumerate(records, start=heading_row):
        if len(record) > width:
            findings.about_file(
                "error",
                file,
                f"{len(record)} fields under {width} headings",
                "quote a field that holds the delimiter, or remove the surplus field",
                row=number,
                value=delimiter.join(record)[:80],
            )
    padded = [(record + [""] * width)[:width] for record in records]
    return pd.DataFrame(padded, dtype="str")
