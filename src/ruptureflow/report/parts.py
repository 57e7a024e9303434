"""What the manuscript is made of: numbers with the cell each stands in, words, and the things they describe.

A *node* is a thing the manuscript speaks of (a wave, an assay run, a fitted model, a study). Nodes form a tree;
their ids are dotted, and the numbers and words of a node hang below its id: node `demo.fit.bond` holds the number
`demo.fit.bond.n_obs`. Fragments and tables of the manuscript are written once a kind of node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruptureflow.report.errors import ReportError
from ruptureflow.report.numbers import MISSING, is_missing

if TYPE_CHECKING:
    import pandas as pd

ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
HEADER_ROWS = 1
"""Row numbers are those a spreadsheet shows: the header is row 1."""


@dataclass(frozen=True)
class Value:
    """One number of the manuscript and the cell of a result table it stands in.

    Parameters
    ----------
    id : dotted id.
    value : the number in full precision; None where the cell is empty.
    formatted : as the manuscript prints it.
    unit : unit of measurement, or "".
    file, row, column : the cell: path from the repository's root, row as a spreadsheet shows it, column name.
    part : part of the file that has raw files of its own, or "".
    """

    id: str
    value: float | int | None
    formatted: str
    unit: str
    file: str
    row: int
    column: str
    part: str = ""


@dataclass(frozen=True)
class Node:
    """A thing the manuscript speaks of; `words` are its labels and verdicts by leaf name."""

    kind: str
    id: str
    parent: str = ""
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """A result table, the file it was read from, and the column that names its parts, or ""."""

    file: str
    frame: pd.DataFrame
    part: str = ""


@dataclass
class Chapter:
    """Nodes and values as they are gathered."""

    nodes: list[Node] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def node(self, kind: str, id: str, parent: str = "", /, **words: Any) -> str:
        """Add a node and give its id; a word that is missing (None, NA) prints as an em dash."""
        self.nodes.append(Node(kind, id, parent, {name: _word(word) for name, word in words.items()}))
        return id

    def cell(self, id: str, sheet: Sheet, index: Any, column: str, style: Callable[[Any], str], unit: str = "") -> None:
        """Add the number in one cell of a sheet."""
        raw = sheet.frame.at[index, column]
        row = int(sheet.frame.index.get_loc(index)) + 1 + HEADER_ROWS
        part = str(sheet.frame.at[index, sheet.part]) if sheet.part else ""
        self.values.append(Value(id, _plain(raw), style(_plain(raw)), unit, sheet.file, row, column, part))

    def cells(
        self, id: str, sheet: Sheet, index: Any, styles: dict[str, tuple[str, Callable[[Any], str]]], unit: str = ""
    ) -> None:
        """Add several numbers of one row: leaf name → (column, style)."""
        for leaf, (column, style) in styles.items():
            self.cell(f"{id}.{leaf}", sheet, index, column, style, unit)

    def extend(self, other: Chapter) -> None:
        """Take over another chapter's nodes and values."""
        self.nodes += other.nodes
        self.values += other.values


def slug(text: object) -> str:
    """A text as one segment of an id: lower-case letters, digits and underscores, a letter first."""
    segment = re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_") or "none"
    return segment if segment[0].isalpha() else f"n{segment}"


def dotted(*parts: object) -> str:
    """Segments joined to an id."""
    return ".".join(slug(part) for part in parts)


def check_ids(ids: Iterable[str]) -> None:
    """Whether ids are well-formed, unique, and none the beginning of another at a dot.

    Raises
    ------
    ReportError
        listing every offending id.
    """
    ids = list(ids)
    known = set(ids)
    problems = [f"id {id!r} is not of the form word.word_2.word" for id in ids if not ID.fullmatch(id)]
    if len(known) < len(ids):
        problems += [f"id {id!r} stands {ids.count(id)} times" for id in sorted(known) if ids.count(id) > 1]
    for id in sorted(known):
        parts = id.split(".")
        above = [".".join(parts[:depth]) for depth in range(1, len(parts)) if ".".join(parts[:depth]) in known]
        problems += [f"id {short!r} is the beginning of id {id!r}" for short in above]
    if problems:
        raise ReportError("\n".join(problems))


def _plain(raw: Any) -> float | int | None:
    if is_missing(raw):
        return None
    number: Any = raw.item() if hasattr(raw, "item") else raw
    if isinstance(number, bool):
        return int(number)
    if isinstance(number, str):
        return _number_in(number)
    return number if isinstance(number, int | float) else float(number)


def _number_in(text: str) -> float | None:
    """The number that a text column holds as it was printed; None for words."""
    try:
        return float(text)
    except ValueError:
        return None


def _word(word: Any) -> str:
    if is_missing(word):
        return MISSING
    return str(word)
