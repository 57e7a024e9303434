"""Sheets to the bytes of an xlsx workbook, written member by member so that they never depend on a library's version.

Members are stored, not deflated, since compressed bytes differ between releases of zlib; they carry one fixed date.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ruptureflow.simulate.text_files import Cell

DATE = (2020, 1, 1, 0, 0, 0)
"""Date of every member and of the workbook's properties."""
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name and its cells, row by row from A1; None is an empty cell."""

    name: str
    rows: Sequence[Sequence[Cell]]


def workbook(sheets: Sequence[Sheet], title: str) -> bytes:
    """Bytes of a workbook; `title` stands in its properties."""
    numbers = range(1, len(sheets) + 1)
    members = {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": _relations(
            (f"{DOCUMENT}/relationships/officeDocument", "xl/workbook.xml"),
            (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": _properties(title),
        "xl/workbook.xml": _book([sheet.name for sheet in sheets]),
        "xl/_rels/workbook.xml.rels": _relations(
            *((f"{DOCUMENT}/relationships/worksheet", f"worksheets/sheet{number}.xml") for number in numbers),
            (f"{DOCUMENT}/relationships/styles", "styles.xml"),
        ),
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{n}.xml": _cells(sheet.rows) for n, sheet in zip(numbers, sheets, strict=True)},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            entry = zipfile.ZipInfo(name, DATE)
            # The system on which the archive is written would otherwise stand in it.
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, (HEAD + text).encode("utf-8"))
    return buffer.getvalue()


def cell_name(row: int, column: int) -> str:
    """Name of a cell such as B7; row and column count from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def _cells(rows: Sequence[Sequence[Cell]]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            _cell(cell_name(number, place), value) for place, value in enumerate(row, start=1) if value is not None
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(name: str, value: str | int | float) -> str:
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{name}"><v>{value}</v></c>'


def _book(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}/relationships"><sheets>{sheets}</sheets></workbook>'


def _relations(*relations: tuple[str, str]) -> str:
    body = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(relations, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{body}</Relationships>'


def _content_types(numbers: range) -> str:
    parts = {
        "/xl/workbook.xml": f"{SPREADSHEET}.sheet.main+xml",
        "/xl/styles.xml": f"{SPREADSHEET}.styles+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
        **{f"/xl/worksheets/sheet{number}.xml": f"{SPREADSHEET}.worksheet+xml" for number in numbers},
    }
    body = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in parts.items())
    return (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{body}</Types>'
    )


def _properties(title: str) -> str:
    stamp = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*DATE)
    return (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>ruptureflow.simulate</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{stamp}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{stamp}</dcterms:modified></cp:coreProperties>'
    )


STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
