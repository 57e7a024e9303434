"""The finishing touches of the DOCX: manuscript styles, watermark and page number, the same bytes every time."""

from __future__ import annotations

import re
import zipfile
from html import escape
from pathlib import Path

FIRST = "[Content_Types].xml"
# The earliest date a zip entry can carry.
DATE = (1980, 1, 1, 0, 0, 0)
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
SERIF = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman" w:eastAsia="Times New Roman"/>'
THIN = 'w:val="single" w:sz="6" w:space="0" w:color="000000"'


def finish_word(path: Path, mark: str) -> None:
    """Rewrite a DOCX made by pandoc in place."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    text = {name: parts[name].decode("utf-8") for name in parts if name.endswith((".xml", ".rels"))}
    text["word/styles.xml"] = _styles(text["word/styles.xml"])
    text["word/document.xml"] = _document(text["word/document.xml"])
    text["word/header_mark.xml"] = _header(mark)
    text["word/footer_page.xml"] = _footer()
    text[FIRST] = text[FIRST].replace(
        "</Types>",
        f'<Override PartName="/word/header_mark.xml" ContentType="{CONTENT}.header+xml"/>'
        f'<Override PartName="/word/footer_page.xml" ContentType="{CONTENT}.footer+xml"/></Types>',
    )
    text["word/_rels/document.xml.rels"] = text["word/_rels/document.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="rIdHeaderMark" Type="{RELATION}/header" Target="header_mark.xml"/>'
        f'<Relationship Id="rIdFooterPage" Type="{RELATION}/footer" Target="footer_page.xml"/></Relationships>',
    )
    parts |= {name: content.encode("utf-8") for name, content in text.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda name: (name != FIRST, name)):
            archive.writestr(zipfile.ZipInfo(name, DATE), parts[name], zipfile.ZIP_DEFLATED, 9)


def _styles(xml: str) -> str:
    """Black serif text, double nothing: headings in weight and slope instead of blue, tables with three rules."""
    xml = re.sub(
        r"<w:rPrDefault>.*?</w:rPrDefault>",
        f'<w:rPrDefault><w:rPr>{SERIF}<w:sz w:val="22"/><w:szCs w:val="22"/><w:lang w:val="en-US"/></w:rPr></w:rPrDefault>',
        xml,
        flags=re.DOTALL,
    )
    sizes = {"Title": 32, "Subtitle": 24, "Heading1": 28, "Heading2": 24, "Heading3": 22, "Heading4": 22}
    for style, size in sizes.items():
        slope = "<w:i/>" if style in ("Heading3", "Subtitle") else ""
        weight = "" if style == "Subtitle" else "<w:b/>"
        look = f'{SERIF}{weight}{slope}<w:color w:val="000000"/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/>'
        xml = _run_properties(xml, style, look)
    for style in ("Caption", "TableCaption", "ImageCaption"):
        xml = _run_properties(xml, style, '<w:i w:val="0"/><w:sz w:val="20"/><w:szCs w:val="20"/>')
    xml = _run_properties(xml, "Compact", '<w:sz w:val="17"/><w:szCs w:val="17"/>')
    xml = re.sub(r'(w:styleId="Hyperlink">.*?)<w:color [^>]*/>', r'\1<w:color w:val="000000"/>', xml, flags=re.DOTALL)
    rules = (
        f"<w:tblBorders><w:top {THIN}/><w:bottom {THIN}/></w:tblBorders>"
        '<w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="60" w:type="dxa"/>'
        '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
    )
    return re.sub(
        r'(w:styleId="Table">.*?)<w:tblCellMar>.*?</w:tblCellMar>',
        lambda found: found[1] + rules,
        xml,
        count=1,
        flags=re.DOTALL,
    )


def _run_properties(xml: str, style: str, look: str) -> str:
    """The style with its run properties replaced."""

    def replace(found: re.Match[str]) -> str:
        bare = re.sub(r"<w:rPr>.*?</w:rPr>|<w:rPr ?/>", "", found[0], flags=re.DOTALL)
        return bare.replace("</w:style>", f"<w:rPr>{look}</w:rPr></w:style>")

    return re.sub(rf'<w:style [^>]*w:styleId="{style}">.*?</w:style>', replace, xml, count=1, flags=re.DOTALL)


def _document(xml: str) -> str:
    """Header and footer for the section, rows that do not break over pages, headings of tables repeated."""
    section = '<w:headerReference w:type="default" r:id="rIdHeaderMark"/><w:footerReference w:type="default" r:id="rIdFooterPage"/>'
    margins = '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1021" w:bottom="1134" w:left="1021" w:header="567" w:footer="567" w:gutter="0"/>'
    if "<w:sectPr" not in xml:
        return xml.replace("</w:body>", f"<w:sectPr>{section}{margins}</w:sectPr></w:body>")
    xml = re.sub(r"<w:sectPr ?/>", "<w:sectPr></w:sectPr>", xml)
    head, found, tail = xml.rpartition("<w:sectPr")
    opening, _, rest = tail.partition(">")
    rest = re.sub(r"<w:pg(Sz|Mar)\b[^>]*/>", "", rest)
    return f"{head}{found}{opening}>{section}{rest}".replace("</w:sectPr>", f"{margins}</w:sectPr>")


def _header(mark: str) -> str:
    run = f'<w:r><w:rPr><w:b/><w:color w:val="B0322B"/></w:rPr><w:t>{escape(mark)}</w:t></w:r>' if mark else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><w:hdr {NAMESPACES}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>{run}</w:p></w:hdr>'


def _footer() -> str:
    field = '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    return f'<?xml version="1.0" encoding="UTF-8"?><w:ftr {NAMESPACES}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>{field}</w:p></w:ftr>'
