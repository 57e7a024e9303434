"""One declared file, opened by its ending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.text_files import read_text_file, read_text_grid
from ruptureflow.intake.readers.typed_files import read_parquet_file, read_spss_file
from ruptureflow.intake.readers.workbooks import open_grids, read_workbook

if TYPE_CHECKING:
    import pandas as pd

TEXT = {".csv", ".tsv", ".txt"}
WORKBOOK = {".xlsx", ".xlsm", ".xls"}
TYPED = {".sav", ".zsav", ".parquet"}


def read_sheets(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The sheets of one file that its declaration asks for.

    Parameters
    ----------
    path : where the file lies; `file` is its path relative to the wave folder, for messages.
    locale : delimiter, decimal, encoding of this file.
    """
    ending = path.suffix.lower()
    if ending in TEXT:
        return read_text_file(path, file, declared, locale, findings)
    if ending in WORKBOOK:
        return read_workbook(path, file, declared, locale, findings)
    if ending in (".sav", ".zsav"):
        return read_spss_file(path, file, declared, locale, findings)
    if ending == ".parquet":
        return read_parquet_file(path, file, locale, findings)
    findings.about_file(
        "error",
        file,
        f"files ending in {ending or 'nothing'} are not read",
        f"save it as one of {', '.join(sorted(TEXT | WORKBOOK | TYPED))}",
    )
    return []


def read_grid(
    path: Path, file: str, sheet: str | None, locale: Locale, findings: Findings, first_row: int
) -> tuple[str | None, pd.DataFrame] | None:
    """Name and cells of one sheet from A1 on, of a workbook or a text file; None where it cannot be read."""
    if path.suffix.lower() in TEXT:
        grid = read_text_grid(path, file, locale, findings)
        return None if grid is None else (None, grid)
    found = open_grids(path, file, sheet, locale, findings, first_row)
    return next(iter(found.items()), None)
