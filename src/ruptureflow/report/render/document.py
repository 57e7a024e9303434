"""Rendering in a private copy of the document's folder, deleted and remade, at a fixed place."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from ruptureflow.report.render import pandoc, quarto
from ruptureflow.report.render.page import page_script
from ruptureflow.report.render.word import finish_word

Format = Literal["html", "docx", "pdf"]
SOURCE = "manuscript.qmd"


@dataclass(frozen=True)
class Document:
    """What is rendered.

    Parameters
    ----------
    text : the written-out Markdown with every number filled in; for HTML each number a span with its id.
    variables : numbers and words nested at the dots, written beside the document as `_variables.yml`.
    lineage : what a reader sees of a number, by id (HTML only).
    mark : text of the watermark, or "".
    """

    text: str
    variables: Mapping
    lineage: Mapping
    mark: str


def render(document: Document, format: Format, resources: Mapping[str, Path], folder: Path, target: Path) -> str:
    """Render one format.

    Parameters
    ----------
    document : the written-out manuscript.
    format : html, docx or pdf.
    resources : files the document needs (style, bibliography, figures) by their path in the private copy.
    folder : the private copy; deleted and remade. Fixed, because a random path would leak into the files.
    target : where the result goes.

    Returns
    -------
    str
        the renderer that was used: quarto, or pandoc.

    Raises
    ------
    RenderError
        with the renderer's own words where it fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name, source in resources.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    (folder / SOURCE).write_text(document.text, encoding="utf-8")
    nested = yaml.safe_dump(dict(document.variables), allow_unicode=True, default_style='"', width=1000)
    (folder / "_variables.yml").write_text(nested, encoding="utf-8")
    script = (folder / "origins.js").read_text(encoding="utf-8")
    (folder / "after-body.html").write_text(page_script(document.lineage, script, document.mark), encoding="utf-8")
    (folder / "page-mark.typ").write_text(_typst_mark(document.mark), encoding="utf-8")
    program = quarto.find() if format != "docx" else None
    if program:
        made = quarto.render(program, folder, SOURCE, format)
    else:
        made = pandoc.render(folder, SOURCE, format, document.mark)
    if format == "docx":
        finish_word(made, document.mark)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, target)
    return "quarto" if program else "pandoc"


TYPST_MARK = """\
// A page between the marks <published> that the document sets shows published evidence only: real, so not marked over.
#let published-only() = {
  let marks = query(<published>)
  let page = here().page()
  let before = marks.filter(it => it.location().page() < page)
  before.len() > 0 and before.last().value == "begins" and not marks.any(it => it.location().page() == page)
}
#set page(
  background: context if not published-only() {
    rotate(-45deg, text(size: 54pt, weight: "bold", fill: rgb("#b0322b18"))[MARK])
  },
  header: context align(center, text(size: 8pt, fill: rgb("#b0322b"))[
    #if published-only() [Published evidence on this page; the waves of this document are MARK] else [MARK]
  ]),
)
"""


def _typst_mark(mark: str) -> str:
    """Typst code that puts the watermark behind every page with waves, and a header on every page."""
    return TYPST_MARK.replace("MARK", mark) if mark else "\n"
