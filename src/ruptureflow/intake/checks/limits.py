"""Values that no row of a hand-over table may have, whatever the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.context import Context
from ruptureflow.tables import Table

if TYPE_CHECKING:
    import pandas as pd


def tell_impossible_values(frame: pd.DataFrame, table: Table, context: Context) -> None:
    """Numbers outside a column's limits: an age of 300, a negative session."""
    for column in table.columns:
        if column.name not in frame or (column.minimum is None and column.maximum is None):
            continue
        values = frame[column.name].astype("Float64")
        outside = values.notna()
        low = values < column.minimum if column.minimum is not None else False
        high = values > column.maximum if column.maximum is not None else False
        outside &= (low | high).fillna(False)
        wrong = frame[outside.astype(bool)].drop_duplicates(["source_file", "source_sheet", "source_row"])
        least = "" if column.minimum is None else f"{column.minimum:g}"
        shown = f"{least} or more" if column.maximum is None else f"{least}–{column.maximum:g}"
        context.findings.about_rows(
            "error",
            wrong,
            [f"{value:g}" for value in wrong[column.name]],
            f"{column.name} outside {shown}",
            "correct the cell, or list it under missing in wave.yaml if it means: no value",
            (column.name,),
        )
