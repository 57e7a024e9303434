"""The plan's pools: published tables and waves' coefficients to effects, and effects to pooled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.config.waves import shown_waves
from ruptureflow.pooling.conversions import z_from_printed_r
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.identity import measure_identity
from ruptureflow.pooling.pooled_rows import moderator_rows, pooled_rows, subgroup_rows
from ruptureflow.pooling.reproductions import JOINT, QUANTITIES, PrintedTable, reproduce
from ruptureflow.pooling.scales import BACK
from ruptureflow.pooling.study_effects import StudyEffects, study_effects
from ruptureflow.pooling.wave_effects import wave_effects, wave_note
from ruptureflow.tables import pooling as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.plan import PoolingSettings, PublishedPool
    from ruptureflow.config.wave import Wave
    from ruptureflow.config.waves import WaveRow
    from ruptureflow.pooling.metric import MeasureIdentity
    from ruptureflow.tables import Table


@dataclass(frozen=True)
class PooledEvidence:
    """The hand-over tables of pooling (`tables.pooling`).

    Parameters
    ----------
    effects : one row an effect; those that could not be pooled have no weight and say why.
    pooled : one row a pool × method × test.
    subgroups : one row a subgroup × method × test.
    moderators : one row a coefficient of a meta-regression.
    reproductions : one row a printed pooled number beside ours.
    """

    effects: pd.DataFrame
    pooled: pd.DataFrame
    subgroups: pd.DataFrame
    moderators: pd.DataFrame
    reproductions: pd.DataFrame


def pool_evidence(
    estimates: pd.DataFrame,
    waves: list[WaveRow],
    published: Mapping[str, pd.DataFrame],
    settings: PoolingSettings,
    declared: Mapping[str, Wave] | None = None,
    instruments: Mapping[str, Questionnaire | CodingSystem] | None = None,
) -> PooledEvidence:
    """Pool what the plan asks for.

    Parameters
    ----------
    estimates : coefficients of all waves (`tables.models.ESTIMATES`), primary df method first within a model.
    waves : rows of `waves.tsv`; simulated waves are left out as soon as one real wave is among them, so that a
        pool never mixes the two. Published studies are pooled with neither.
    published : the files that the plan names (`PoolingSettings.files`), cells as text.
    settings : pools, methods and tests; the first of each is primary.
    declared, instruments : what the waves' `wave.yaml` say, by wave, and the instruments by id; needed where raw
        slopes are to be pooled.

    Returns
    -------
    PooledEvidence

    Raises
    ------
    PoolingError
        if a published file lacks a column or holds values that cannot be read; every problem of a file at once.

    Notes
    -----
    A published correlation with its z (`printed_r`) enters on Fisher's z with SE = atanh(r)/z, r and z being read
    within the rounding of the row and, where the paper prints the pool too (`printed`), so that all its printed
    numbers come out. A wave's effect enters with the standard error of its primary df method. Raw slopes are pooled
    only where instrument, range, analyte, matrix, unit and assay of all waves agree.
    """
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in tables.TABLES}
    for asked in settings.published:
        _add_published(rows, asked, published, settings)
    if settings.figures:
        _add_figures(rows, published, settings)
    declared, instruments = declared or {}, instruments or {}
    for wanted in settings.waves:

        def identify(wave: str, outcome: str = wanted.outcome, term: str = wanted.term) -> MeasureIdentity:
            if wave not in declared:
                raise PoolingError("what it measured is not declared")
            return measure_identity(declared[wave], instruments, outcome, term)

        found, missing = wave_effects(wanted, estimates, shown_waves(waves), identify, settings.level)
        rows["pooled"] += pooled_rows(found, wanted.pool, settings, note=wave_note(found, missing))
        rows["effects"] += found
    return PooledEvidence(**{table.name: _table(rows[table.name], table) for table in tables.TABLES})


def _table(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    import pandas as pd

    return table.conform(pd.DataFrame(rows, columns=table.names) if rows else table.empty())


def _add_published(
    rows: dict[str, list[dict[str, Any]]],
    asked: PublishedPool,
    published: Mapping[str, pd.DataFrame],
    settings: PoolingSettings,
) -> None:
    found = study_effects(asked, published[asked.file], settings.level)
    table = _printed_table(asked, found, published.get(asked.printed), settings.level)
    effects = _published_effects(asked, found, table, settings.level)
    notes = ["published studies", *([f"without an effect: {', '.join(found.left_out)}"] if found.left_out else [])]
    rows["pooled"] += pooled_rows(effects, asked.pool, settings, note="; ".join(notes))
    rows["effects"] += effects
    if asked.subgroups:
        rows["subgroups"] += subgroup_rows(effects, asked.pool, asked.subgroups, asked.subgroup_variance, settings)
    rows["moderators"] += moderator_rows(effects, asked.pool, found.moderators, settings)
    if table:
        rows["reproductions"] += reproduce(asked.pool, table)


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


def _published_effects(
    asked: PublishedPool, found: StudyEffects, table: PrintedTable | None, level: float
) -> list[dict[str, Any]]:
    effect, notes = found.effect, found.note
    if table and table.joint:
        effect = z_from_printed_r(*table.joint)
        notes = [
            "r and z within the rounding of the row and of the printed pool, standard error from z"
            if reading.consistent
            else note
            for reading, note in zip(table.readings, found.note, strict=True)
        ]
    elif table:
        notes = [f"{note}; no reading gives the printed pool, so each row is read alone" for note in found.note]
    low, high = effect.interval(level)
    back = BACK[found.shown]
    return [
        {
            "pool": asked.pool,
            "label": label,
            "origin": "published",
            "year": found.year[i],
            "subgroup": found.subgroup[i] if found.subgroup else None,
            "metric": effect.measure,
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


def _add_figures(
    rows: dict[str, list[dict[str, Any]]], published: Mapping[str, pd.DataFrame], settings: PoolingSettings
) -> None:
    """The pooled figures of the 2011 paper, each beside the pool it belongs to.

    Of the conventions that `reproduce` tries on a pool of its own, only the joint reading stays: the others are among
    the figures.
    """
    from ruptureflow.pooling.published import figure_rows, reproduce_figures

    files = settings.figures
    checks = published[files.printed]
    found = reproduce_figures(published[files.repair], published[files.training], checks, settings.level)
    listed = set(files.pools.values())
    rows["reproductions"] = [
        row for row in rows["reproductions"] if row["pool"] not in listed or row["convention"] == JOINT
    ]
    rows["reproductions"] += figure_rows(found, checks, files.pools)
