"""Rows of a table that stand twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.context import Context
from ruptureflow.tables import Table

if TYPE_CHECKING:
    import pandas as pd

SOURCE = ["source_file", "source_sheet", "source_row"]


def tell_doubled(frame: pd.DataFrame, table: Table, context: Context) -> None:
    """Rows with the same key: both are named. Of a wide row's many cells the first is told."""
    key = list(table.key)
    if not len(frame) or not frame.duplicated(key).any():
        return
    doubled = frame[frame.duplicated(key, keep=False)]
    place = row_names(doubled)
    by_key = place.groupby([doubled[name] for name in key], dropna=False, sort=False)
    places = by_key.transform(lambda rows: " and ".join(dict.fromkeys(rows)))
    twice = by_key.transform("nunique") == 1
    places = places.where(~twice, "twice in " + places)
    first = (~doubled[SOURCE].assign(places=places).duplicated()).to_numpy()
    shown = doubled[key].astype("string").fillna("–").agg(", ".join, axis=1)
    context.findings.about_rows(
        "error",
        doubled[first],
        shown[first].to_numpy(dtype=object),
        [f"the same {', '.join(key)}: {each}" for each in places[first]],
        "keep one of the rows, or correct the key of the other",
    )


def row_names(frame: pd.DataFrame) -> pd.Series:
    """`file sheet s row n` of each row."""
    sheet = frame["source_sheet"].astype("string")
    rows = frame["source_row"].astype("Int64").astype("string")
    return frame["source_file"].astype("string") + (" sheet " + sheet).fillna("") + " row " + rows
