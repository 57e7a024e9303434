"""Column widths of Word tables from what stands in their cells: pandoc leaves all columns equally wide."""

from __future__ import annotations

import re
from html import unescape

TABLE = re.compile(r"<w:tbl>.*?</w:tbl>", re.DOTALL)
ROW = re.compile(r"<w:tr\b.*?</w:tr>", re.DOTALL)
CELL = re.compile(r"<w:tc>.*?</w:tc>", re.DOTALL)
TEXT = re.compile(r"<w:t\b[^>]*>(.*?)</w:t>", re.DOTALL)
PAGE = 9864
"""Text width of the page in twentieths of a point."""
CHARACTER, PADDING = 106, 190
"""Average width of a character at the tables' size, and a cell's margins, in twentieths of a point."""
LONGEST = 46
"""A column asks for no more characters than this; longer texts are broken."""


def set_widths(xml: str) -> str:
    """Every table of the document with fixed column widths that add up to at most the text width."""
    return TABLE.sub(lambda found: _table(found[0]), xml)


def _table(xml: str) -> str:
    rows = [[_text(cell) for cell in CELL.findall(row)] for row in ROW.findall(xml)]
    widths = column_widths(rows)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    xml = re.sub(r"<w:tblGrid>.*?</w:tblGrid>", f"<w:tblGrid>{grid}</w:tblGrid>", xml, count=1, flags=re.DOTALL)
    layout = f'<w:tblW w:type="dxa" w:w="{sum(widths)}"/><w:tblLayout w:type="fixed"/>'
    xml = re.sub(r"<w:tblW\b[^>]*/>(<w:tblLayout\b[^>]*/>)?", layout, xml, count=1)
    return ROW.sub(lambda row: _row(row[0], widths), xml)


def _row(xml: str, widths: list[int]) -> str:
    """The row with its cells' widths; it does not break over pages."""
    places = iter(widths)

    def cell(found: re.Match[str]) -> str:
        width = f'<w:tcW w:w="{next(places, widths[-1])}" w:type="dxa"/>'
        bare = re.sub(r"<w:tcW\b[^>]*/>", "", found[0])
        if re.search(r"<w:tcPr ?/>", bare):
            return re.sub(r"<w:tcPr ?/>", f"<w:tcPr>{width}</w:tcPr>", bare, count=1)
        return bare.replace("<w:tcPr>", f"<w:tcPr>{width}", 1)

    xml = CELL.sub(cell, xml)
    if "<w:trPr>" in xml:
        return xml.replace("<w:trPr>", "<w:trPr><w:cantSplit/>", 1)
    return re.sub(r"(<w:tr\b[^>]*>)", r"\1<w:trPr><w:cantSplit/></w:trPr>", xml, count=1)


def column_widths(rows: list[list[str]]) -> list[int]:
    """Width of each column, in twentieths of a point.

    A column gets what its longest text asks for (46 characters at most). Where this is more than the page has,
    columns keep at least their longest word and share the rest in proportion to what they ask for beyond it.
    """
    columns = list(zip(*(row for row in rows if len(row) == len(rows[0])), strict=True))
    asked = [_width(min(LONGEST, max(len(text) for text in column))) for column in columns]
    if sum(asked) <= PAGE:
        return asked
    least = [_width(max(len(word) for text in column for word in _words(text))) for column in columns]
    least = [min(low, wish) for low, wish in zip(least, asked, strict=True)]
    spare = PAGE - sum(least)
    if spare <= 0:
        return [width * PAGE // sum(least) for width in least]
    beyond = sum(asked) - sum(least)
    return [low + (wish - low) * spare // beyond for low, wish in zip(least, asked, strict=True)]


def _words(text: str) -> list[str]:
    """What a line does not break: a dash may end a line, a no-break space may not."""
    return re.split(r"[ \n]+|(?<=[-–])", text)


def _width(characters: int) -> int:
    return max(2, characters) * CHARACTER + PADDING


def _text(cell: str) -> str:
    return unescape("".join(TEXT.findall(cell)))
