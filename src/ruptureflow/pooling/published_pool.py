"""A published pool of the plan: its table read, its effects, and the pool that its paper prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.conversions import z_from_printed_r
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plan_pool import NESTED, PlanPool
from ruptureflow.pooling.reproductions import QUANTITIES, PrintedTable
from ruptureflow.pooling.scales import BACK
from ruptureflow.pooling.study_effects import StudyEffects, study_effects

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.pools import PoolingSettings
    from ruptureflow.config.studies import PublishedPool

SAID = 5
"""Doubtful studies that a pool's note names; the rest it counts."""


@dataclass(frozen=True)
class Published:
    """A published pool, and its rows as printed with the pool printed under them (None where there is none)."""

    pool: PlanPool
    printed: PrintedTable | None


def read_published(asked: PublishedPool, published: Mapping[str, pd.DataFrame], settings: PoolingSettings) -> Published:
    """Read a pool's table and make effects of it.

    Raises
    ------
    PoolingError
        with every problem of the table, one a line.
    """
    found = study_effects(asked, published[asked.file], settings.level)
    printed = _printed_table(asked, found, published.get(asked.printed), settings.level)
    notes = ["published studies", *([f"without an effect: {', '.join(found.left_out)}"] if found.left_out else [])]
    doubts = [f"{label}: {doubt}" for label, doubt in zip(found.label, found.doubts, strict=True) if doubt]
    notes += doubts[:SAID] + ([f"{len(doubts) - SAID} more such studies, see effects.csv"] if doubts[SAID:] else [])
    effects = _effects(asked, found, printed, settings.level)
    unknown = [effect["label"] for effect in effects if not effect["usable"]]
    if unknown:
        notes.append(f"not pooled, as df are not reported: {', '.join(unknown)}")
    return Published(
        PlanPool(asked, effects, notes, found.moderators, found.cluster, found.levels, found.assumed), printed
    )


def reproduced_figures(
    settings: PoolingSettings, published: Mapping[str, pd.DataFrame]
) -> dict[str, list[dict[str, Any]]]:
    """The printed pooled figures of the 2011 paper beside ours, and what its inferred and illegible digits do to them.

    Returns
    -------
    dict of list of dict
        Rows of `tables.pooling.REPRODUCTIONS`, `INFERRED_DIGITS` and `ILLEGIBLE_CELL` by the table's name.
    """
    from ruptureflow.pooling.inferred_digits import digit_rows, illegible_rows
    from ruptureflow.pooling.published import figure_rows, reproduce_figures

    files = settings.figures
    checks, training = published[files.printed], published[files.training]
    found = reproduce_figures(published[files.repair], training, checks, settings.level)
    rows = {"reproductions": figure_rows(found, checks, files.pools)}
    if "between" in files.pools:
        rows["illegible_cell"] = illegible_rows(training, checks, files.pools["between"], settings.level)
    if files.digits and {"prepost", "between"} <= set(files.pools):
        rows["inferred_digits"] = digit_rows(training, published[files.digits], files.pools, settings.level)
    return rows


def _printed_table(
    asked: PublishedPool, found: StudyEffects, printed: pd.DataFrame | None, level: float
) -> PrintedTable | None:
    """The rows as printed with the pool printed under them; None where the paper prints no pool."""
    if printed is None:
        return None
    lacking = [name for name in ("analysis", "quantity", "published") if name not in printed]
    if lacking:
        raise PoolingError(f"pool {asked.pool}: {asked.printed}: column {lacking[0]!r} is missing; add it")
    if found.readings is None:
        raise PoolingError(
            f"pool {asked.pool}: printed numbers are compared only where every study is one row with a legible z; "
            "leave out printed"
        )
    rows = printed[(printed["analysis"] == asked.printed_analysis) & printed["quantity"].isin(QUANTITIES)]
    if not len(rows):
        known = ", ".join(dict.fromkeys(printed["analysis"]))
        raise PoolingError(
            f"pool {asked.pool}: {asked.printed}: no analysis {asked.printed_analysis!r}; it has {known}"
        )
    return PrintedTable(
        found.readings, *found.printed, dict(zip(rows["quantity"], rows["published"], strict=True)), level
    )


def _effects(
    asked: PublishedPool, found: StudyEffects, printed: PrintedTable | None, level: float
) -> list[dict[str, Any]]:
    effect, notes = found.effect, found.note
    if printed and printed.joint:
        effect = z_from_printed_r(*printed.joint)
        notes = [
            "r and z within the rounding of the row and of the printed pool, standard error from z"
            if reading.consistent
            else note
            for reading, note in zip(printed.readings, found.note, strict=True)
        ]
    elif printed:
        notes = [f"{note}; no reading gives the printed pool, so each row is read alone" for note in found.note]
    low, high = effect.interval(level)
    back = BACK[found.shown]
    nested = [NESTED.join(path) for path in zip(*found.levels.values(), strict=True)] if found.levels else None
    return [
        {
            "pool": asked.pool,
            "label": label,
            "origin": "published",
            "year": found.year[i],
            "subgroup": found.subgroup[i] if found.subgroup else None,
            "nested_in": nested[i] if nested else None,
            "metric": asked.metric,
            "usable": bool(np.isfinite(effect.variance[i])),
            "estimate": effect.estimate[i],
            "std_error": effect.std_error[i],
            "variance": effect.variance[i],
            "n": int(found.n[i]) if np.isfinite(found.n[i]) else None,
            "shown_as": found.shown,
            "shown": float(back(effect.estimate[i])),
            "shown_low": float(back(low[i])),
            "shown_high": float(back(high[i])),
            "note": notes[i],
        }
        for i, label in enumerate(found.label)
    ]
