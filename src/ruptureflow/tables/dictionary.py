"""The data dictionary: every hand-over table and column in words, made from the schemas."""

from __future__ import annotations

from collections.abc import Iterable

from ruptureflow.tables.schema import Column, Table


def data_dictionary(tables: Iterable[Table]) -> str:
    """Markdown with one section per table, in the order given."""
    head = "# Data dictionary\n\nMade from `src/ruptureflow/tables`; `make format` writes it anew.\n"
    return head + "".join(_section(table) for table in tables)


def _section(table: Table) -> str:
    lines = [
        f"\n## {table.stage}: `{table.file}`\n\nOne row: {table.row}."
        + (f" Key: {', '.join(table.key)}." if table.key else "")
        + (f" Further columns: {table.open_columns}." if table.open_columns else ""),
        "",
        "| column | kind | unit | holds |",
        "|---|---|---|---|",
        *(_line(column) for column in table.columns),
    ]
    return "\n".join(lines) + "\n"


def _line(column: Column) -> str:
    holds = column.description
    if column.allowed:
        holds += f" ({', '.join(column.allowed)})"
    if column.nullable:
        holds += "; may be empty"
    return f"| `{column.name}` | {column.kind} | {column.unit} | {holds.replace('|', chr(92) + '|')} |"
