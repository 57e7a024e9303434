"""Rows to the bytes of a delimited text file, in the locale of the clinic that leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Cell = str | int | float | None


def text_file(
    rows: Iterable[Sequence[Cell]],
    preamble: Sequence[str] = (),
    delimiter: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
    line_end: str = "\n",
) -> bytes:
    """Bytes of a text file: preamble lines as they are, then the rows.

    None is an empty cell; a float is written as Python shows it, so round it before.
    """
    lines = [*preamble, *(delimiter.join(_written(cell, delimiter, decimal) for cell in row) for row in rows)]
    return (line_end.join(lines) + line_end).encode(encoding)


def _written(cell: Cell, delimiter: str, decimal: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        quoted = delimiter in cell or '"' in cell or "\n" in cell
        return '"' + cell.replace('"', '""') + '"' if quoted else cell
    text = str(cell)
    return text.replace(".", decimal) if isinstance(cell, float) else text
