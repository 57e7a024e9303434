"""Pooled effects known from elsewhere, shown beside a pool and entering nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.config.strict import nearest
from ruptureflow.pooling.errors import PoolingError

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.studies import Pool

CONSTRUCT = "analysis"
NEEDED = ("id", CONSTRUCT)
SPAN = ("ci_low", "ci_high")


def reference_rows(asked: Pool, shown_as: str, files: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.REFERENCES`.

    Parameters
    ----------
    asked : the pool; its construct is what the references must be about.
    shown_as : the scale the pool is shown on; references are on it too: column r where that is r, else estimate.
    files : cells as text by the file's name in the plan.

    Raises
    ------
    PoolingError
        for a row that is not there, is about another construct, or has no effect on the pool's scale.
    """
    rows = []
    for wanted in asked.references:
        frame = files[wanted.file]
        place = f"pool {asked.pool}: references: {wanted.file}"
        effect = "r" if shown_as == "r" else "estimate"
        for name in (*NEEDED, effect):
            if name not in frame:
                raise PoolingError(f"{place}: no column {name!r}{nearest(name, [str(one) for one in frame.columns])}")
        known = [str(one) for one in frame["id"]]
        for ident in wanted.rows:
            if ident not in known:
                raise PoolingError(f"{place}: no row has the id {ident!r}{nearest(ident, known)}")
            rows.append(_row(asked, frame[frame["id"] == ident].iloc[0], effect, shown_as, f"{place}: {ident}"))
    return rows


def _row(asked: Pool, row: pd.Series, effect: str, shown_as: str, place: str) -> dict[str, Any]:
    if row[CONSTRUCT] != asked.construct:
        raise PoolingError(
            f"{place} is about {row[CONSTRUCT]!r} but the pool about {asked.construct!r}: different things are never "
            "drawn together; leave the reference out"
        )
    values = {name: _number(row, name, place) for name in (effect, *SPAN, "k", "n")}
    if np.isnan(values[effect]):
        raise PoolingError(f"{place} has no {effect}, on which this pool is shown; leave the reference out")
    if shown_as == "r" and any(abs(values[name]) >= 1 for name in (effect, *SPAN) if not np.isnan(values[name])):
        raise PoolingError(f"{place} has an r that is not between -1 and 1; correct it")
    unit = str(row.get("n_unit", ""))
    return {
        "pool": asked.pool,
        "reference": row["id"],
        "source": row.get("source") or row["id"],
        "construct": asked.construct,
        "k": None if np.isnan(values["k"]) else int(values["k"]),
        "n": None if np.isnan(values["n"]) else int(values["n"]),
        "n_unit": unit or None,
        "shown_as": shown_as,
        "shown": values[effect],
        "shown_low": values["ci_low"],
        "shown_high": values["ci_high"],
        "note": row.get("note") or None,
    }


def _number(row: pd.Series, name: str, place: str) -> float:
    text = str(row.get(name, "") or "")
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise PoolingError(f"{place}: {name} is {text!r}; write a number, or leave it empty") from None
