"""One table writer for all formats: rows are nodes, cells name numbers and words, the result is Markdown.

What stands in which column is said in `workflow/report/tables.yml`; Markdown tables survive HTML, Word and PDF alike.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from ruptureflow.config.strict import Strict, parse, read_yaml
from ruptureflow.report.collected import Collected
from ruptureflow.report.errors import ReportError
from ruptureflow.report.manuscript import VARIABLE, label_of, names
from ruptureflow.report.parts import Node

SLOT = re.compile(r"\{([a-z_]+)\.([a-z0-9_.]+)\}")
EMPTY = "—"


class ColumnSpecification(Strict):
    """One column, or one for every child (`across`), or one cell that lists children (`each`)."""

    heading: str = Field(description="may name words of the child, for across: {test.method}")
    cell: str = Field(description="text with slots such as {term.b} or [{term.ci_low}, {term.ci_high}]")
    align: Literal["left", "right"] = "right"
    across: str | None = Field(default=None, description="kind of child: a column for each, side by side")
    each: str | None = Field(default=None, description="kind of child: all of them in one cell, after each other")
    width: int | None = Field(default=None, description="share of the page's width, for columns of text")
    once: bool = Field(default=False, description="a cell that repeats the one above is left empty")


class TableSpecification(Strict):
    """One table: `rows` is a kind of node; written once, or once for every node of the kind `per`."""

    rows: str
    per: str | None = None
    columns: list[ColumnSpecification] = Field(min_length=1)
    where: dict[str, list[str]] = Field(default={}, description="word of the row's node: the values it must have")
    unless: dict[str, list[str]] = Field(default={}, description="word of the row's node: values it must not have")


class TableSpecifications(Strict):
    """`workflow/report/tables.yml`."""

    tables: dict[str, TableSpecification]


def read_specifications(path: str) -> TableSpecifications:
    """Read `tables.yml`."""
    return parse(TableSpecifications, read_yaml(path), path)


def write_tables(specifications: TableSpecifications, collected: Collected) -> dict[str, str]:
    """Markdown by file name (`name.md`, or `name-<node>.md` for a table written per node), variables not filled in.

    A table without rows is not written. Columns whose every cell is empty are left out
    (but for the first).
    """
    written: dict[str, str] = {}
    for name, table in specifications.tables.items():
        for owner in collected.below(table.per) if table.per else [None]:
            rows = [node for node in collected.below(table.rows, owner.id if owner else "") if _is_wanted(node, table)]
            if rows:
                file = f"{name}-{label_of(owner.id)}.md" if owner else f"{name}.md"
                written[file] = _markdown(name, table, rows, collected)
    return written


def headings_of(table: TableSpecification) -> str:
    """The headings of a table's columns, one a line."""
    return "\n".join(column.heading for column in table.columns)


def _is_wanted(node: Node, table: TableSpecification) -> bool:
    has_all = all(node.words.get(word) in allowed for word, allowed in table.where.items())
    return has_all and not any(node.words.get(word) in refused for word, refused in table.unless.items())


def _markdown(name: str, table: TableSpecification, rows: list[Node], collected: Collected) -> str:
    scopes = [names(row, collected) for row in rows]
    columns: list[tuple[str, ColumnSpecification, list[str]]] = []
    for column in table.columns:
        if column.across:
            columns += _side_by_side(name, column, rows, scopes, collected)
        elif column.each:
            cells = []
            for row, scope in zip(rows, scopes, strict=True):
                children = collected.below(column.each, row.id)
                texts = [_cell(name, column.cell, {**scope, column.each: child.id}, collected) for child in children]
                cells.append(", ".join(texts) or EMPTY)
            columns.append((column.heading, column, cells))
        else:
            columns.append((column.heading, column, [_cell(name, column.cell, scope, collected) for scope in scopes]))
    columns = [
        each for each in columns if each is columns[0] or any(cell.strip() not in ("", EMPTY) for cell in each[2])
    ]
    columns = [
        (heading, column, _once(cells, collected) if column.once else cells) for heading, column, cells in columns
    ]
    lines = ["| " + " | ".join(heading for heading, _, _ in columns) + " |", _rule(columns)]
    for cells in zip(*(cells for _, _, cells in columns), strict=True):
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _rule(columns: list[tuple[str, ColumnSpecification, list[str]]]) -> str:
    marks = []
    for _, column, _ in columns:
        dashes = "-" * (column.width or 8)
        marks.append(f":{dashes}" if column.align == "left" else f"{dashes}:")
    return "|" + "|".join(marks) + "|"


def _side_by_side(
    name: str, column: ColumnSpecification, rows: list[Node], scopes: list[dict[str, str]], collected: Collected
) -> list[tuple[str, ColumnSpecification, list[str]]]:
    """A column for every last segment that the rows' children have, in order of appearance."""
    kind = str(column.across)
    children = [{node.id.rsplit(".", 1)[1]: node for node in collected.below(kind, row.id)} for row in rows]
    found = []
    for segment in dict.fromkeys(segment for each in children for segment in each):
        first = next(each[segment] for each in children if segment in each)
        cells = [
            _cell(name, column.cell, {**scope, kind: each[segment].id}, collected) if segment in each else EMPTY
            for scope, each in zip(scopes, children, strict=True)
        ]
        found.append((_cell(name, column.heading, {kind: first.id}, collected), column, cells))
    return found


def _cell(name: str, template: str, scope: dict[str, str], collected: Collected) -> str:
    """A cell's template with its slots as variables; a cell whose every number is missing is an em dash."""
    slots = SLOT.findall(template)
    texts = []
    for kind, leaf in slots:
        if kind not in scope:
            raise ReportError(f"table {name}: {{{kind}.{leaf}}} names no kind of node that its rows are or lie under")
        id = f"{scope[kind]}.{leaf}"
        texts.append(collected.numbers.get(id, collected.words.get(id, EMPTY)))
    if slots and all(text == EMPTY for text in texts):
        return EMPTY

    def variable(found: re.Match[str]) -> str:
        id = f"{scope[found[1]]}.{found[2]}"
        return f"{{{{< var {id} >}}}}" if id in collected.numbers or id in collected.words else EMPTY

    return SLOT.sub(variable, template)


def _once(cells: list[str], collected: Collected) -> list[str]:
    """Cells that read as the one above left empty."""
    kept, last = [], None
    for cell in cells:
        read = VARIABLE.sub(lambda found: collected.words.get(found[1], found[1]), cell)
        kept.append("" if read == last else cell)
        last = read
    return kept
