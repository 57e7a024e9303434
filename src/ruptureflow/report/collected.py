"""All numbers and nodes of the manuscript together, and the record that follows each number to its raw files."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ruptureflow.lineage import Lineage
from ruptureflow.report.errors import ReportError
from ruptureflow.report.parts import Chapter, Node, check_ids


@dataclass(frozen=True)
class Collected:
    """What fragments, tables and prose can name.

    Parameters
    ----------
    nodes : in the order in which they are shown.
    numbers : formatted number by id.
    """

    nodes: tuple[Node, ...]
    numbers: dict[str, str]

    @cached_property
    def words(self) -> dict[str, str]:
        """Words by id: those of every node."""
        return {f"{node.id}.{name}": word for node in self.nodes for name, word in node.words.items()}

    @cached_property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Kinds of the nodes that share an id."""
        found: dict[str, list[str]] = {}
        for node in self.nodes:
            found.setdefault(node.id, []).append(node.kind)
        return {id: tuple(kinds) for id, kinds in found.items()}

    @cached_property
    def ancestors(self) -> dict[str, tuple[str, ...]]:
        """Ids of the nodes above a node's id, nearest first."""
        parents = {node.id: node.parent for node in self.nodes if node.id != node.parent}
        above: dict[str, tuple[str, ...]] = {}
        for id in parents:
            chain, parent = [], parents[id]
            while parent and parent not in chain:
                chain.append(parent)
                parent = parents.get(parent, "")
            above[id] = tuple(chain)
        return above

    def below(self, kind: str, id: str = "") -> list[Node]:
        """Nodes of a kind under a node, itself included (or anywhere, for id ""), in their order."""
        return self._below.get((kind, id), [])

    @cached_property
    def _below(self) -> dict[tuple[str, str], list[Node]]:
        found: dict[tuple[str, str], list[Node]] = {}
        for node in self.nodes:
            for id in {"", node.id, node.parent, *self.ancestors.get(node.parent, ())}:
                found.setdefault((node.kind, id), []).append(node)
        return found


def collect(chapter: Chapter) -> Collected:
    """Check the ids of numbers and words together and hand them over.

    Raises
    ------
    ReportError
        for ids that are ill-formed, doubled, or the beginning of another.
    """
    collected = Collected(tuple(chapter.nodes), {value.id: value.formatted for value in chapter.values})
    ids = [value.id for value in chapter.values]
    words = [f"{node.id}.{name}" for node in chapter.nodes for name in node.words]
    check_ids([*ids, *words])
    return collected


def records(chapter: Chapter, lineage: Lineage, shown: Container[str]) -> list[dict[str, Any]]:
    """`values.json`: every shown number with its cell, the job that made the cell's file, the raw files behind it.

    Returns
    -------
    list of dict
        id, value, formatted, unit, file, row (as a spreadsheet shows it: the header is row 1), column, rule, script,
        input_hashes (SHA-256 by path of every raw file behind the cell's file, or its part of it), code_hash.

    Raises
    ------
    ReportError
        for a file that no recorded job made.
    """
    makers: dict[tuple[str, str], dict[str, Any]] = {}
    values = [value for value in chapter.values if value.id in shown]
    for file, part in dict.fromkeys((value.file, value.part) for value in values):
        try:
            job = lineage.maker(file)
        except KeyError:
            raise ReportError(f"{file}: no job's record says who made it; add its lineage.json to the inputs") from None
        makers[file, part] = {
            "rule": job.rule,
            "script": job.script,
            "input_hashes": lineage.raw_inputs(file, part),
            "code_hash": job.code_hash,
        }
    return [
        {
            "id": value.id,
            "value": value.value if value.value is None or abs(value.value) != float("inf") else str(value.value),
            "formatted": value.formatted,
            "unit": value.unit,
            "file": value.file,
            "row": value.row,
            "column": value.column,
            **makers[value.file, value.part],
        }
        for value in values
    ]


def outline(collected: Collected) -> list[dict[str, Any]]:
    """The nodes as plain data, for `outline.json`."""
    return [{"kind": node.kind, "id": node.id, "parent": node.parent, "words": node.words} for node in collected.nodes]


def restore(values: Iterable[dict[str, Any]], nodes: Iterable[dict[str, Any]]) -> Collected:
    """What `values.json` and `outline.json` hold, as it was collected."""
    return Collected(tuple(Node(**node) for node in nodes), {value["id"]: value["formatted"] for value in values})
