"""Problems of a wave as tables for the terminal, one a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.intake import WaveTables

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def problem_tables(problems: pd.DataFrame, shown_alike: int | None) -> Iterator[Table]:
    """A table for each sheet with problems; of many alike in one column the first few and their number."""
    for (file, sheet), of_sheet in problems.groupby(["file", "sheet"], dropna=False, sort=False):
        title = f"{_cell(file)}, sheet {_cell(sheet)}" if _cell(sheet) else _cell(file)
        table = Table(title=f"[bold]{title}[/]", title_justify="left", pad_edge=False, box=None, padding=(0, 2, 0, 0))
        for heading, share in (("", 1), ("row", 1), ("column", 2), ("value", 2), ("problem and fix", 9)):
            table.add_column(heading, overflow="fold", ratio=share, justify="right" if heading == "row" else "left")
        for (severity, column, problem), group in of_sheet.groupby(
            ["severity", "column", "problem"], dropna=False, sort=False
        ):
            shown = group if shown_alike is None else group.head(shown_alike)
            for row in shown.itertuples(index=False):
                table.add_row(
                    f"[{COLOURS[severity]}]{severity}[/]",
                    _cell(row.row),
                    _cell(column),
                    _cell(row.value),
                    f"{_cell(problem)}\n[dim]→ {_cell(row.fix)}[/]",
                )
            if len(group) > len(shown):
                table.add_row("", "…", "", "", f"and {len(group) - len(shown)} more like it (--all shows them)")
        yield table


def _cell(value: object) -> str:
    import pandas as pd

    return "" if pd.isna(value) else escape(str(value))


def summary(tables: WaveTables) -> str:
    """How many problems of each severity, and how many rows were read, handed over and set aside."""
    counts = tables.problems["severity"].value_counts()
    told = ", ".join(
        f"[{COLOURS[name]}]{counts[name]} {name}{'s' if counts[name] > 1 else ''}[/]"
        for name in COLOURS
        if name in counts
    )
    rows = tables.manifest[["rows_in", "rows_out", "rows_set_aside"]].sum()
    return (
        f"{told or '[green]no problem[/]'}; {rows['rows_in']} rows read, {rows['rows_out']} handed over, "
        f"{rows['rows_set_aside']} set aside"
    )
