"""From the document's folder, the tables and figures to one text that a renderer can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruptureflow.config.strict import parse, read_yaml
from ruptureflow.report.collected import Collected
from ruptureflow.report.lint import AllowedNumbers, check_references, check_sources
from ruptureflow.report.manuscript import fill_in, label_of, variables, write_out
from ruptureflow.report.parts import Node, slug
from ruptureflow.report.render.document import Document
from ruptureflow.report.render.page import lineage_of, span
from ruptureflow.report.tables import TableSpecifications, headings_of

DOCUMENT = "manuscript.qmd"
ALLOWED = "allowed_numbers.yml"
SPECIFICATIONS = "tables.yml"
PROSE = (".qmd", ".md")


@dataclass(frozen=True)
class Sources:
    """Everything a manuscript is made from, read once.

    Parameters
    ----------
    document : the document's text.
    fragments, tables : text by the path an include names.
    headings : headings of the tables' columns by the specification's file name; prose too.
    allowed : texts with digits that may stand in the prose.
    resources : files a renderer needs, by their path in the private copy; figures lie at figures/<scope>/<name>.png.
    """

    document: str
    fragments: Mapping[str, str]
    tables: Mapping[str, str]
    headings: Mapping[str, str]
    allowed: AllowedNumbers
    resources: Mapping[str, Path]

    @classmethod
    def read(cls, folder: str | Path, tables: str | Path, figures: Mapping[str, str | Path]) -> Sources:
        """Read the document's folder, the folder of tables, and a folder of figures for every scope."""
        folder = Path(folder)
        files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        fragments = {name: _text(path) for name, path in files.items() if path.suffix in PROSE and name != DOCUMENT}
        resources = {name: path for name, path in files.items() if path.suffix not in PROSE}
        for scope, place in figures.items():
            resources |= {f"figures/{scope}/{path.name}": path for path in sorted(Path(place).glob("*.png"))}
        written = {f"tables/{path.name}": _text(path) for path in sorted(Path(tables).glob("*.md"))}
        allowed = parse(AllowedNumbers, read_yaml(folder / ALLOWED), (folder / ALLOWED).as_posix())
        specifications = parse(TableSpecifications, read_yaml(folder / SPECIFICATIONS), SPECIFICATIONS).tables
        headings = {f"{SPECIFICATIONS}: {name}": headings_of(table) for name, table in specifications.items()}
        return cls(_text(folder / DOCUMENT), fragments, written, headings, allowed, resources)


def assemble(sources: Sources, values: Sequence[Mapping[str, Any]], collected: Collected, format: str) -> Document:
    """The document with everything in place, checked.

    Raises
    ------
    ReportError
        for hand-typed numbers, unknown ids, labels that are missing or doubled.
    """
    check_sources({DOCUMENT: sources.document, **sources.fragments, **sources.headings}, sources.allowed)
    text, collected = _written_out(sources, collected)
    check_references(text)
    filled, used = fill_in(text, collected, span if format == "html" else None)
    mark = collected.words.get("report.mark", "").strip()
    return Document(filled, variables(collected), lineage_of(values, used), mark)


def numbers_shown(sources: Sources, collected: Collected) -> set[str]:
    """Ids of the numbers that the text and its tables name: those that `values.json` lists."""
    return set(fill_in(*_written_out(sources, collected))[1])


def _written_out(sources: Sources, collected: Collected) -> tuple[str, Collected]:
    """The document with every fragment and table in place, and what it can name, its figures among them."""
    collected = replace(collected, nodes=(*collected.nodes, *_figure_nodes(sources.resources)))
    return write_out(sources.document, {**sources.fragments, **sources.tables}, collected), collected


def _figure_nodes(resources: Mapping[str, Path]) -> list[Node]:
    """A node of kind `figure_<what>` for every figure that was drawn, under what it shows.

    A figure is named `<what>-<first>-<second>.png`: change-<analyte>-<role>, slopes-<analysis>-<model>, forest-<pool> …
    """
    nodes = []
    for name in resources:
        place, _, file = name.removeprefix("figures/").partition("/")
        if not name.startswith("figures/") or not file.endswith(".png"):
            continue
        what, *parts = file.removesuffix(".png").split("-")
        below = {"change": "assay.", "slopes": "models."}.get(what)
        if what == "forest":
            parent = f"pooled.{slug(parts[0])}"
        else:
            parent = f"{place}.{below}{slug(parts[0])}" if below else place
        words = {
            "file": name,
            "label": label_of(f"{place}-{file.removesuffix('.png')}"),
            **{f"part{number}": part for number, part in enumerate(parts, start=1)},
        }
        nodes.append(
            Node(f"figure_{what}", ".".join([parent, "figure", slug("_".join([what, *parts]))]), parent, words)
        )
    return nodes


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
