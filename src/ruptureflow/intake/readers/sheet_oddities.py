"""What a sheet's XML says and its cells do not: merged cells, formulas without a value, hidden rows and columns."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from ruptureflow.intake.findings import Findings

CELL = re.compile(rb'<c\b([^>]*?\br="([A-Z]+)(\d+)"[^>]*?)(?<!/)>(.*?)</c>', re.DOTALL)
MERGE = re.compile(rb'<mergeCell\b[^>]*?\bref="([^"]+)"')
VALUE = re.compile(rb"<v(?:>|\s[^>]*>)[^<]")
ROW = re.compile(rb"<row\b([^>]*)>(?!</row>)")
COLUMN = re.compile(rb"<col\b([^>]*)>")
HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')


def tell_oddities(path: Path, part: str, file: str, sheet: str, first_row: int, findings: Findings) -> None:
    """Add them to the findings; merged cells above `first_row` do not matter.

    Parameters
    ----------
    part : the sheet's path within the workbook.
    """
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(part.lstrip("/"))
    for match in MERGE.finditer(xml):
        tell_merged(match.group(1).decode(), file, sheet, first_row, findings)
    if b"<f" in xml:
        for attributes, column, row, body in CELL.findall(xml):
            # t="str" is a formula whose computed text is empty.
            if b"<f" in body and not VALUE.search(body) and b't="str"' not in attributes:
                findings.about_file(
                    "error",
                    file,
                    f"the formula in cell {column.decode()}{row.decode()} has no computed value",
                    "open the workbook in a spreadsheet and save it, or replace the formula by its value",
                    sheet,
                    int(row),
                )
    if b"hidden=" in xml:
        rows = [int(re.search(rb'\br="(\d+)"', each).group(1)) for each in ROW.findall(xml) if _counts(each)]
        tell_hidden_rows([row for row in rows if row > first_row], file, sheet, findings)
        columns = []
        for each in COLUMN.findall(xml):
            if HIDDEN.search(each):
                first, last = (int(re.search(rb'\b%s="(\d+)"' % end, each).group(1)) for end in (b"min", b"max"))
                # A range up to the last column of all hides the empty rest of the sheet.
                columns += range(first, last + 1) if last < 16384 else []
        tell_hidden_columns([letters(column) for column in columns], file, sheet, findings)


def _counts(attributes: bytes) -> bool:
    return bool(HIDDEN.search(attributes)) and re.search(rb'\br="\d+"', attributes) is not None


def letters(column: int) -> str:
    """A column's letters: 1 is A, 27 is AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def tell_merged(area: str, file: str, sheet: str, first_row: int, findings: Findings) -> None:
    """Merged cells such as A2:B3 are an error unless they lie above the headings."""
    corners = [int(re.sub(r"\D", "", corner)) for corner in area.split(":")]
    if corners[-1] >= first_row:
        findings.about_file(
            "error",
            file,
            f"merged cells {area}; only the first of them holds the value",
            "unmerge them and fill every cell",
            sheet,
            corners[0],
        )


def tell_hidden_rows(rows: list[int], file: str, sheet: str, findings: Findings) -> None:
    """Rows that a filter or a person hid are read like the others: who hid them may think they are left out."""
    if rows:
        shown = ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")
        findings.about_file(
            "warning",
            file,
            f"{len(rows)} hidden row{'s' if len(rows) > 1 else ''} ({shown}); read like the others",
            "show them (clear the filter), and remove those that are not to count",
            sheet,
            rows[0],
        )


def tell_hidden_columns(columns: list[str], file: str, sheet: str, findings: Findings) -> None:
    """Hidden columns are read like the others."""
    if columns:
        shown = ", ".join(columns[:10]) + (" …" if len(columns) > 10 else "")
        findings.about_file(
            "note",
            file,
            f"{len(columns)} hidden column{'s' if len(columns) > 1 else ''} ({shown}); read like the others",
            "show them, and see that they hold what their headings say",
            sheet,
        )
