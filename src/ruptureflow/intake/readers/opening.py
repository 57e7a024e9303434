"""One declared file, opened by its ending."""

from __future__ import annotations

from pathlib import Path

from ruptureflow.config.wave import Locale, RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.text_files import read_text_file
from ruptureflow.intake.readers.workbooks import read_workbook

TEXT = {".csv", ".tsv", ".txt"}
WORKBOOK = {".xlsx", ".xlsm"}


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
    findings.about_file(
        "error",
        file,
        f"files ending in {ending or 'nothing'} are not read",
        f"save it as one of {', '.join(sorted(TEXT | WORKBOOK))}",
    )
    return []
