"""The finishing touches of the DOCX: styles, table widths, watermark, page number, the same bytes every time."""

from __future__ import annotations

import re
import zipfile
from html import escape
from pathlib import Path

from ruptureflow.report.render.word_tables import PAGE, set_widths

FIRST = "[Content_Types].xml"
DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip entry can carry."""
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
NAMESPACES = f'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="{RELATION}"'
FONT = "Times New Roman"
SERIF = f'<w:rFonts w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}" w:eastAsia="{FONT}"/>'
RULE = 'w:val="single" w:sz="6" w:space="0" w:color="000000"'
# Half points; headings differ by weight and slope as APA has them, not by colour.
SIZES = {"Title": 32, "Subtitle": 24, "Heading1": 28, "Heading2": 24, "Heading3": 22, "Heading4": 22}
TABLE_SIZE = 16
ITALIC = ("Subtitle", "Heading3")
LIGHT = ("Subtitle",)
MARGIN = (11906 - PAGE) // 2


def finish_word(path: Path, mark: str) -> None:
    """Rewrite a DOCX made by pandoc in place; `mark` is the watermark of simulated data, or ""."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    text = {name: content.decode("utf-8") for name, content in parts.items() if name.endswith((".xml", ".rels"))}
    text["word/styles.xml"] = _styles(text["word/styles.xml"])
    text["word/document.xml"] = _section(set_widths(text["word/document.xml"]))
    text["word/header_mark.xml"] = _centred("hdr", _mark(mark))
    text["word/footer_page.xml"] = _centred(
        "ftr", '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    )
    for name, kind in (("header_mark", "header"), ("footer_page", "footer")):
        override = f'<Override PartName="/word/{name}.xml" ContentType="{CONTENT}.{kind}+xml"/>'
        text[FIRST] = text[FIRST].replace("</Types>", f"{override}</Types>")
        relation = f'<Relationship Id="{name}" Type="{RELATION}/{kind}" Target="{name}.xml"/>'
        relations = "word/_rels/document.xml.rels"
        text[relations] = text[relations].replace("</Relationships>", f"{relation}</Relationships>")
    parts |= {name: content.encode("utf-8") for name, content in text.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda name: (name != FIRST, name)):
            archive.writestr(zipfile.ZipInfo(name, DATE), parts[name], zipfile.ZIP_DEFLATED, 9)


def _styles(xml: str) -> str:
    """Black serif text, captions upright with their own italics, tables with three rules in small print."""
    default = f'{SERIF}<w:sz w:val="22"/><w:szCs w:val="22"/><w:lang w:val="en-US"/>'
    xml = re.sub(
        r"<w:rPrDefault>.*?</w:rPrDefault>",
        f"<w:rPrDefault><w:rPr>{default}</w:rPr></w:rPrDefault>",
        xml,
        flags=re.DOTALL,
    )
    for style, size in SIZES.items():
        weight = "" if style in LIGHT else "<w:b/>"
        slope = "<w:i/>" if style in ITALIC else ""
        xml = _run_look(xml, style, f'{SERIF}{weight}{slope}<w:color w:val="000000"/>{_size(size)}')
    for style in ("Caption", "TableCaption", "ImageCaption"):
        xml = _run_look(xml, style, f'<w:i w:val="0"/>{_size(20)}')
    xml = _run_look(xml, "Hyperlink", '<w:color w:val="1B4B7A"/>')
    margins = "".join(
        f'<w:{side} w:w="{width}" w:type="dxa"/>'
        for side, width in (("top", 0), ("left", 60), ("bottom", 0), ("right", 60))
    )
    rules = f"<w:tblBorders><w:top {RULE}/><w:bottom {RULE}/></w:tblBorders><w:tblCellMar>{margins}</w:tblCellMar>"
    cell_margins = re.compile(r"<w:tblCellMar>.*?</w:tblCellMar>", re.DOTALL)
    small = f"<w:rPr>{_size(TABLE_SIZE)}</w:rPr><w:tblPr>"
    return _style(xml, "Table", lambda style: cell_margins.sub(rules, style, count=1).replace("<w:tblPr>", small, 1))


def _style(xml: str, name: str, change) -> str:
    """The styles with one of them changed."""
    pattern = rf'<w:style\b[^>]*w:styleId="{name}"[^>]*>.*?</w:style>'
    return re.sub(pattern, lambda found: change(found[0]), xml, count=1, flags=re.DOTALL)


def _run_look(xml: str, name: str, look: str) -> str:
    """The styles with the run properties of one of them replaced."""

    def change(style: str) -> str:
        bare = re.sub(r"<w:rPr>.*?</w:rPr>|<w:rPr ?/>", "", style, flags=re.DOTALL)
        return bare.replace("</w:style>", f"<w:rPr>{look}</w:rPr></w:style>")

    return _style(xml, name, change)


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


def _section(xml: str) -> str:
    """The document's section with header, footer, A4 paper and margins."""
    references = (
        '<w:headerReference w:type="default" r:id="header_mark"/>'
        '<w:footerReference w:type="default" r:id="footer_page"/>'
    )
    sides = f'w:right="{MARGIN}" w:left="{MARGIN}" w:top="1134" w:bottom="1134"'
    paper = f'<w:pgSz w:w="11906" w:h="16838"/><w:pgMar {sides} w:header="567" w:footer="567" w:gutter="0"/>'
    start = xml.rfind("<w:sectPr")
    if start < 0:
        return xml.replace("</w:body>", f"<w:sectPr>{references}{paper}</w:sectPr></w:body>")
    section = re.sub(r"<w:sectPr([^>]*?) ?/>", r"<w:sectPr\1></w:sectPr>", xml[start:], count=1)
    section = re.sub(r"<w:pg(Sz|Mar)\b[^>]*/>", "", section)
    section = re.sub(r"(<w:sectPr\b[^>]*>)", rf"\1{references}", section, count=1)
    return xml[:start] + section.replace("</w:sectPr>", f"{paper}</w:sectPr>", 1)


def _mark(mark: str) -> str:
    look = '<w:rPr><w:b/><w:color w:val="B0322B"/></w:rPr>'
    return f"<w:r>{look}<w:t>{escape(mark)}</w:t></w:r>" if mark else ""


def _centred(element: str, content: str) -> str:
    """A header or footer part of one centred line."""
    line = f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr>{content}</w:p>'
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{element} {NAMESPACES}>{line}</w:{element}>'
