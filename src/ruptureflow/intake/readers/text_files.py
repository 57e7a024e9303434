"""Delimited text: every field text, records counted as a spreadsheet shows them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ruptureflow.config.wave import Locale, RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.sheets import sheet_from_grid


def read_text_file(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The one sheet of a csv or tsv file; tsv is separated by tabs whatever the locale says."""
    import pandas as pd

    text = _decoded(path, file, locale, findings)
    if text is None:
        return []
    delimiter = "\t" if path.suffix.lower() == ".tsv" or locale.delimiter == "tab" else locale.delimiter
    body = _from_row(text, declared.header_row)
    try:
        grid = pd.read_csv(
            io.StringIO(body),
            sep=delimiter,
            header=None,
            dtype="str",
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
        ).fillna("")
    except pd.errors.EmptyDataError:
        grid = pd.DataFrame()
    except pd.errors.ParserError:
        grid = _ragged(body, file, delimiter, declared.header_row, findings)
    sheet = sheet_from_grid(grid, file, None, declared.header_row, findings)
    return [] if sheet is None else [sheet]


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
            value=repr(data[max(0, error.start - 10) : error.start + 10]),
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


def _ragged(body: str, file: str, delimiter: str, heading_row: int, findings: Findings):
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
