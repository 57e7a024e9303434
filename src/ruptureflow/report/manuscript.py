"""The manuscript's text: fragments written out for every wave and result, tables put in, numbers filled in.

A *fragment* is a Markdown file whose first line says for what it is written out:

    <!-- for: wave; with: run, control; without: code; joined: inline -->

`for` names a kind of node (or once); inside a fragment that was itself written out for a node only the nodes below
that one count. `with` and `without` name kinds that must or must not occur below the node; `where` names a word the
node must have; `distinct` a word by which copies are told apart. Copies are paragraphs, unless `joined` says inline
(one paragraph), items (lines) or list (a, b and c). In a fragment `{{< var wave.title >}}` names a word or number of
the node it is written out for (or of a node above); `[[wave]]` becomes the node's id in labels and file names,
`[[figure_change.file]]` a word as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ruptureflow.report.collected import Collected
from ruptureflow.report.errors import ReportError
from ruptureflow.report.parts import Node

INCLUDE = re.compile(r"\{\{<\s*include\s+(\S+?)\s*>\}\}")
VARIABLE = re.compile(r"\{\{<\s*var\s+(\S+?)\s*>\}\}")
HEADER = re.compile(r"\A<!--\s*for:\s*(?P<rules>.*?)-->\s*\n?", flags=re.DOTALL)
PLACE = re.compile(r"\[\[([a-z_]+)(?:\.([a-z0-9_]+))?\]\]")
COMMENT = re.compile(r"<!--.*?-->\n?", flags=re.DOTALL)
SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~^$@\"'])")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", flags=re.DOTALL)
KEYS = ("for", "with", "without", "where", "distinct", "joined")
JOINERS: dict[str, Callable[[list[str]], str]] = {
    "paragraphs": "\n\n".join,
    "inline": " ".join,
    "items": "\n".join,
    "list": lambda copies: listed(copies),
}
DEEPEST = 6
UNBROKEN = "\u00a0"
"""A space at which no line ends."""


@dataclass(frozen=True)
class Fragment:
    """A fragment's text and for what it is written out; `kind` "" is once."""

    kind: str
    needs: tuple[str, ...]
    refuses: tuple[str, ...]
    where: str
    distinct: str
    joined: str
    text: str


def read_fragment(text: str, name: str) -> Fragment:
    """Split a fragment's first line off.

    Raises
    ------
    ReportError
        for an unknown key in it.
    """
    found = HEADER.match(text)
    if not found:
        return Fragment("", (), (), "", "", "paragraphs", text)
    rules: dict[str, str] = {}
    for part in f"for: {found['rules']}".split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key not in KEYS:
            raise ReportError(f"{name}: unknown key {key!r} in its first line; known: {', '.join(KEYS)}")
        rules[key] = value
    joined = rules.get("joined", "paragraphs")
    if joined not in JOINERS:
        raise ReportError(f"{name}: joined: {joined!r} is unknown; known: {', '.join(JOINERS)}")
    kind = "" if rules["for"] == "once" else rules["for"]
    return Fragment(
        kind,
        _names_in(rules.get("with", "")),
        _names_in(rules.get("without", "")),
        rules.get("where", ""),
        rules.get("distinct", ""),
        joined,
        text[found.end() :],
    )


def _names_in(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def write_out(text: str, files: Mapping[str, str], collected: Collected) -> str:
    """The document with every include in place, each fragment once for every node it is for.

    Parameters
    ----------
    text : the document.
    files : text of fragments and tables by the path an include names.
    collected : nodes, words and numbers.

    Raises
    ------
    ReportError
        for an include of a file that is not there, or fragments that include each other in a circle.
    """
    return _write_out(text, files, collected, {}, "", 0)


def _write_out(
    text: str, files: Mapping[str, str], collected: Collected, scope: dict[str, str], current: str, depth: int
) -> str:
    if depth > DEEPEST:
        raise ReportError("fragments include each other more than six deep; is there a circle?")

    def replace(found: re.Match[str]) -> str:
        path = found[1]
        if path not in files:
            raise ReportError(f"include of {path}: no such fragment or table")
        fragment = read_fragment(files[path], path)
        copies, seen = [], set()
        for node in collected.below(fragment.kind, current) if fragment.kind else [None]:
            id = node.id if node else current
            told_apart = collected.words.get(f"{id}.{fragment.distinct}", id)
            if _is_wanted(fragment, id, collected) and (told_apart not in seen or not fragment.distinct):
                seen.add(told_apart)
                inner = {**scope, **names(node, collected)} if node else scope
                placed = _place(fragment.text, inner, collected)
                copies.append(_write_out(placed, files, collected, inner, id, depth + 1).strip())
        return JOINERS[fragment.joined]([copy for copy in copies if copy])

    return INCLUDE.sub(replace, COMMENT.sub("", text))


def _is_wanted(fragment: Fragment, id: str, collected: Collected) -> bool:
    has_all = all(collected.below(kind, id) for kind in fragment.needs)
    has_word = not fragment.where or f"{id}.{fragment.where}" in collected.words
    return has_all and has_word and not any(collected.below(kind, id) for kind in fragment.refuses)


def names(node: Node, collected: Collected) -> dict[str, str]:
    """Ids by kind of a node and those above it: what placeholders and slots stand for; the nearest wins."""
    above = (node.parent, *collected.ancestors.get(node.parent, ())) if node.parent else ()
    found = {kind: id for id in (*reversed(above), node.id) for kind in collected.kinds.get(id, ())}
    return {**found, node.kind: node.id}


def listed(copies: list[str]) -> str:
    """Texts as a list in a sentence: a, b and c."""
    return " and ".join([", ".join(copies[:-1]), copies[-1]] if len(copies) > 1 else copies)


def _place(text: str, scope: dict[str, str], collected: Collected) -> str:
    """Names of kinds become ids: in variables, labels and file names."""

    def variable(found: re.Match[str]) -> str:
        head, _, tail = found[1].partition(".")
        return f"{{{{< var {scope[head]}.{tail} >}}}}" if head in scope else found[0]

    def label(found: re.Match[str]) -> str:
        kind, word = found[1], found[2]
        if kind not in scope or (word and f"{scope[kind]}.{word}" not in collected.words):
            return found[0]
        return collected.words[f"{scope[kind]}.{word}"] if word else label_of(scope[kind])

    return PLACE.sub(label, VARIABLE.sub(variable, text))


def label_of(id: str) -> str:
    """A node's id in labels and file names, where dots mean something else."""
    return id.replace(".", "-")


def fill_in(
    text: str, collected: Collected, number: Callable[[str, str], str] | None = None
) -> tuple[str, dict[str, int]]:
    """The text with every variable replaced, and how often each number is used.

    Parameters
    ----------
    text : the written-out document.
    collected : numbers and words by id.
    number : (id, formatted) → Markdown; by default the number alone.

    Raises
    ------
    ReportError
        naming every id that does not exist.
    """
    unknown: list[str] = []
    used: dict[str, int] = {}

    def replace(found: re.Match[str]) -> str:
        id = found[1]
        if id in collected.numbers:
            used[id] = used.get(id, 0) + 1
            plain = escape(collected.numbers[id]).replace(" ", UNBROKEN)
            return number(id, plain) if number else plain
        if id in collected.words:
            return escape(collected.words[id])
        unknown.append(id)
        return found[0]

    front = FRONT_MATTER.match(text)
    head, body = (text[: front.end()], text[front.end() :]) if front else ("", text)
    head = VARIABLE.sub(lambda found: _in_yaml(found[1], collected, unknown), head)
    filled = head + VARIABLE.sub(replace, body)
    if unknown:
        names = [f"number or word {id!r} does not exist{_nearest(id, collected)}" for id in dict.fromkeys(unknown)]
        raise ReportError("\n".join(names))
    left = PLACE.search(filled)
    if left:
        raise ReportError(f"{left[0]}: names no kind of node that its fragment is written out for")
    return filled, used


def _in_yaml(id: str, collected: Collected, unknown: list[str]) -> str:
    if id not in collected.words:
        unknown.append(id)
        return id
    return collected.words[id].replace("\\", "\\\\").replace('"', '\\"')


def _nearest(id: str, collected: Collected) -> str:
    import difflib

    near = difflib.get_close_matches(id, [*collected.numbers, *collected.words], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def escape(text: str) -> str:
    """A text as Markdown that prints it as it is."""
    return SPECIAL.sub(r"\\\1", re.sub(r"[ \t\r\n]+", " ", text))


def variables(collected: Collected) -> dict:
    """All numbers and words nested at the dots, as Quarto's `_variables.yml` wants them."""
    nested: dict = {}
    for id, text in {**collected.words, **collected.numbers}.items():
        *path, leaf = id.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[leaf] = escape(text)
    return nested
