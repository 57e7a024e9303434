"""A small document through the embedded chain: cross-references, tables, the same bytes, and Quarto where it is."""

import os
import re
import stat
import zipfile
from pathlib import Path

import pytest

from ruptureflow.report.errors import ReportError
from ruptureflow.report.render import Document, render
from ruptureflow.report.render.page import lineage_of, span
from ruptureflow.report.render.quarto import find
from ruptureflow.report.render.word_tables import PAGE, column_widths

FOLDER = Path(__file__).resolve().parents[2] / "workflow" / "report"
RESOURCES = {
    path.relative_to(FOLDER).as_posix(): path
    for path in sorted(FOLDER.rglob("*"))
    if path.is_file() and path.suffix not in (".qmd", ".md")
}
NUMBER = '<span class="value" data-id="demo.bond.b">−0.25</span>'
TEXT = f"""---
title: "A small one"
author: "A. Author"
lang: en
bibliography: references.bib
csl: apa.csl
number-sections: true
---

# First {{#sec-first}}

The slope was {NUMBER} (@tbl-one, @fig-two, @sec-second), as @zilchamano2018 found [@safran2011].[^note]

[^note]: A footnote.

| Term | *b* |
|:-----|----:|
| within \\| x | {NUMBER} |
| between | = 0.13 |

: Slopes {{#tbl-one}}

# Second {{#sec-second}}

![A picture]({{figure}}){{#fig-two fig-alt="A red square"}}

$$ y = x $$

# References {{.unnumbered}}

::: {{#refs}}
:::
"""
VALUE = {
    "id": "demo.bond.b", "value": -0.25, "formatted": "−0.25", "unit": "points", "file": "results/x.csv", "row": 3,
    "column": "estimate", "rule": "fit_models", "script": "s.py", "input_hashes": {"data/raw.csv": "ab" * 32},
    "code_hash": "cd" * 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def figure(tmp_path_factory) -> Path:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    path = tmp_path_factory.mktemp("figure") / "square.png"
    plt.imsave(path, [[[1.0, 0.0, 0.0]] * 40] * 40)
    return path


def _render(folder: Path, figure: Path, format: str, text: str = TEXT, mark: str = "SIMULATED DATA") -> Path:
    document = Document(
        text.replace("{figure}", "figures/square.png"),
        {"demo": {"bond": {"b": "−0.25"}}},
        lineage_of([VALUE], ["demo.bond.b"]),
        mark,
    )
    target = folder / f"manuscript.{format}"
    render(document, format, {**RESOURCES, "figures/square.png": figure}, folder / ".render" / format, target)
    return target


@pytest.fixture
def without_quarto(monkeypatch):
    """The embedded chain renders, also where Quarto is installed."""
    monkeypatch.setattr("ruptureflow.report.render.quarto.find", lambda: None)


@pytest.mark.parametrize("format", ["html", "docx", "pdf"])
def test_the_same_document_would_have_other_bytes(tmp_path, figure, format, without_quarto):
    first = _render(tmp_path, figure, format).read_bytes()
    assert _render(tmp_path, figure, format).read_bytes() == first


def test_word_tables_would_be_pictures_or_lack_their_captions(tmp_path, figure, without_quarto):
    import docx

    path = _render(tmp_path, figure, "docx")
    document = docx.Document(str(path))
    (table,) = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Term", "b"], ["within | x", "−0.25"], ["between", "= 0.13"],
    ]  # fmt: skip
    captions = [p.text for p in document.paragraphs if p.style.name == "Table Caption"]
    assert captions == ["Table\u00a01\nSlopes"]
    assert any(p.text.startswith("Figure\u00a01") for p in document.paragraphs)
    text = "\n".join(p.text for p in document.paragraphs)
    assert (
        "The slope was −0.25 (Table\u00a01, Figure\u00a01, Section\u00a02), as Zilcha-Mano et al. (2018) found" in text
    )
    assert "@" not in text
    assert document.sections[0].header.paragraphs[0].text == "SIMULATED DATA"


def test_a_word_table_would_lie_in_another_one_or_a_link_lead_nowhere(tmp_path, figure, without_quarto):
    with zipfile.ZipFile(_render(tmp_path, figure, "docx")) as archive:
        assert archive.testzip() is None
        xml = archive.read("word/document.xml").decode("utf-8")
    from xml.etree import ElementTree

    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    root = ElementTree.fromstring(xml)
    assert not [inner for table in root.iter(f"{w}tbl") for inner in table.iter(f"{w}tbl") if inner is not table]
    names = [each.get(f"{w}name") for each in root.iter(f"{w}bookmarkStart")]
    assert len(names) == len(set(names))
    anchors = {link.get(f"{w}anchor") for link in root.iter(f"{w}hyperlink") if link.get(f"{w}anchor")}
    assert {"tbl-one", "fig-two", "sec-second"} <= anchors <= set(names)


def test_the_page_would_lose_a_numbers_id_or_its_citations(tmp_path, figure, without_quarto):
    page = _render(tmp_path, figure, "html").read_text(encoding="utf-8")
    assert 'class="value" data-id="demo.bond.b">−0.25</span>' in page
    assert "Safran et al." in page
    assert "<math" in page
    assert 'alt="A red square"' in page
    assert 'src="data:image/png;base64' in page
    assert not re.search(r"(src|href)=\"(?!#|data:|https://doi\.org/)", page)


def test_the_pdf_would_lose_text(tmp_path, figure, without_quarto):
    from pypdf import PdfReader

    text = " ".join(page.extract_text() for page in PdfReader(_render(tmp_path, figure, "pdf")).pages)
    text = " ".join(text.split())
    # An equals sign at the start of a cell is a heading to typst.
    for part in (
        "= 0.13",
        "−0.25",
        "Table 1",
        "Figure 1",
        "Section 2",
        "A footnote.",
        "SIMULATED DATA",
        "Zilcha-Mano et al.",
    ):
        assert part in text, part


def test_real_data_would_be_marked_as_simulated(tmp_path, figure, without_quarto):
    import docx

    assert docx.Document(str(_render(tmp_path, figure, "docx", mark=""))).sections[0].header.paragraphs[0].text == ""
    assert 'page-mark"' not in _render(tmp_path, figure, "html", mark="").read_text(encoding="utf-8")


PAGES = """---
title: "Pages"
---

Waves.

```{=typst}
#pagebreak()
#metadata("begins") <published>
```

Studies begin.

```{=typst}
#pagebreak()
```

Studies.

```{=typst}
#pagebreak()
#metadata("ends") <published>
```

Waves again.
"""


def test_a_page_of_published_evidence_would_be_marked_as_simulated_or_one_with_a_wave_not(
    tmp_path, figure, without_quarto
):
    from pypdf import PdfReader

    pages = [page.extract_text() for page in PdfReader(_render(tmp_path, figure, "pdf", PAGES)).pages]
    assert ["Published evidence on this page" in page for page in pages] == [False, False, True, False]
    # Header and background of a marked page; the header alone says of the other that the waves are simulated.
    assert [page.count("SIMULATED DATA") for page in pages] == [2, 2, 1, 2]


@pytest.mark.parametrize("text", ["See @tbl-none.", "See [@nobody1999]."])
def test_a_reference_to_nothing_would_be_rendered(tmp_path, figure, text, without_quarto):
    with pytest.raises(ReportError, match=r"manuscript\.html"):
        _render(tmp_path, figure, "html", TEXT + text)


def test_a_number_shown_would_not_be_explained():
    lineage = lineage_of([VALUE, {**VALUE, "id": "other"}], ["demo.bond.b"])
    assert lineage["cells"] == {"demo.bond.b": [0, 3, "estimate", -0.25, "points"]}
    ((file, rule, script, code, behind),) = lineage["sources"]
    assert (file, rule, script, code) == tuple(VALUE[key] for key in ("file", "rule", "script", "code_hash"))
    assert [lineage["raw"][place] for place in behind] == [("data/raw.csv", "ab" * 32)]


def test_rows_of_one_file_would_show_each_others_raw_files():
    values = [{**VALUE, "id": f"a.{path}", "input_hashes": {path: path * 8}} for path in ("x", "y")]
    lineage = lineage_of(values, ["a.x", "a.y"])
    places = [lineage["cells"][f"a.{path}"][0] for path in ("x", "y")]
    behind = [[lineage["raw"][number][0] for number in lineage["sources"][place][4]] for place in places]
    assert behind == [["x"], ["y"]]
    assert span("a.b", "1") == '<span class="value" data-id="a.b">1</span>'


def _fake_quarto(folder: Path, version: str) -> None:
    """A program named quarto that says its version, and writes what it was asked for."""
    program = folder / "quarto"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo {version}; exit; fi\n'
        'case "$4" in html) out=manuscript.html;; typst) out=manuscript.pdf;; esac\n'
        'echo "$@ $SOURCE_DATE_EPOCH" > "$out"\n',
        encoding="utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(("version", "is_used"), [("1.10.2", True), ("1.5.57", True), ("1.4.550", False), ("?", False)])
def test_an_old_quarto_would_be_used(tmp_path, monkeypatch, version, is_used):
    _fake_quarto(tmp_path, version)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert (find() == str(tmp_path / "quarto")) is is_used


def test_quarto_would_not_be_given_the_filled_in_document(tmp_path, figure, monkeypatch):
    _fake_quarto(tmp_path, "1.10.2")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert "render manuscript.qmd --to html" in _render(tmp_path, figure, "html").read_text(encoding="utf-8")
    assert "render manuscript.qmd --to typst" in _render(tmp_path, figure, "pdf").read_text(encoding="utf-8")
    private = tmp_path / ".render" / "html"
    assert NUMBER in (private / "manuscript.qmd").read_text(encoding="utf-8")
    assert (private / "_quarto.yml").is_file()
    assert '"b": "−0.25"' in (private / "_variables.yml").read_text(encoding="utf-8")
    # Word files come from the embedded chain wherever Quarto is.
    assert zipfile.is_zipfile(_render(tmp_path, figure, "docx"))


def test_a_table_would_be_wider_than_the_page_or_break_words():
    short = column_widths([["a", "b"], ["x", "y"]])
    assert sum(short) < PAGE / 5
    long = column_widths([["Word", "Text"], ["12", "many words " * 40], ["x", "y"]])
    assert sum(long) <= PAGE
    crowded = column_widths([[f"heading{n}" for n in range(30)]])
    assert sum(crowded) <= PAGE


@pytest.mark.browser
def test_the_page_would_ask_the_network_or_hide_where_a_number_comes_from(tmp_path, figure, without_quarto):
    from browser import visit

    seen = visit(_render(tmp_path, figure, "html"), tmp_path)
    assert seen.console == []
    assert seen.requests == []
    assert seen.seen["images"] == [40]
    assert seen.seen["values"] == 2
    for part in ("demo.bond.b", "results/x.csv, row 3, column estimate", "fit_models", "data/raw.csv", "cd" * 32):
        assert part in seen.seen["panel"], part
    assert seen.seen["by_keyboard"] == {"opened": True, "focus": "Close", "closed": True, "back": True}


@pytest.mark.browser
def test_the_browser_test_would_not_notice_a_request_or_an_error(tmp_path):
    from browser import visit

    page = tmp_path / "bad.html"
    page.write_text(
        '<html><body><img src="https://example.org/x.png"><script>nothing()</script></body></html>', encoding="utf-8"
    )
    seen = visit(page, tmp_path)
    assert seen.requests == ["https://example.org/x.png"]
    assert any("nothing is not defined" in line for line in seen.console)
    assert seen.seen["images"] == [0]
