"""The plan's pools: published tables and waves' coefficients to effects, and effects to pooled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.config.waves import shown_waves
from ruptureflow.pooling.conversions import z_from_printed_r
from ruptureflow.pooling.distributions import t_quantile
from ruptureflow.pooling.effect_sizes import fisher_z
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.printed_rows import read_row
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.reproductions import QUANTITIES, PrintedTable, reproduce
from ruptureflow.tables import pooling as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.plan import PoolingSettings, PublishedPool, WavePool
    from ruptureflow.config.waves import WaveRow
    from ruptureflow.pooling.result import PooledResult
    from ruptureflow.tables import Table

NOT_CONVERGED = "not converged"


@dataclass(frozen=True)
class PooledEvidence:
    """The hand-over tables of pooling (`tables.pooling`).

    Parameters
    ----------
    effects : one row an effect; those that could not be pooled have no weight and say why.
    pooled : one row a pool × method × test.
    reproductions : one row a printed pooled number beside ours.
    """

    effects: pd.DataFrame
    pooled: pd.DataFrame
    reproductions: pd.DataFrame


def pool_evidence(
    estimates: pd.DataFrame,
    waves: list[WaveRow],
    published: Mapping[str, pd.DataFrame],
    settings: PoolingSettings,
) -> PooledEvidence:
    """Pool what the plan asks for.

    Parameters
    ----------
    estimates : coefficients of all waves (`tables.models.ESTIMATES`), primary df method first within a model.
    waves : rows of `waves.tsv`; simulated waves are left out as soon as one real wave is among them, so that a
        pool never mixes the two. Published studies are pooled with neither.
    published : the evidence files that the plan names, as text, by file name.
    settings : pools, methods and tests; the first of each is primary.

    Returns
    -------
    PooledEvidence

    Raises
    ------
    PoolingError
        if a published file lacks a column or holds a value that cannot be read.

    Notes
    -----
    A published correlation enters on Fisher's z with SE = atanh(r)/z, r and z being read within the rounding of the
    row and, where the paper prints the pool too, so that all its printed numbers come out (`reproductions` shows the
    other readings beside it); `variance_from: n` takes the printed r and 1/(n − 3). A wave's effect enters with the
    standard error of its primary df method. Raw slopes are pooled only where their units agree word for word: the
    unit names instrument, analyte's unit, matrix and assay.
    """
    effects: list[dict[str, Any]] = []
    pooled: list[dict[str, Any]] = []
    reproductions: list[dict[str, Any]] = []
    for asked in settings.published:
        studies = published[asked.file]
        table = _printed_table(asked, studies, published.get(asked.printed), settings.level)
        found = _published_effects(asked, studies, table)
        pooled += _pool_rows(found, asked.pool, settings, note="published studies")
        effects += found
        reproductions += reproduce(asked.pool, table)
    for wanted in settings.waves:
        found, missing = _wave_effects(wanted, estimates, shown_waves(waves), settings.level)
        pooled += _pool_rows(found, wanted.pool, settings, note=_wave_note(found, missing))
        effects += found
    return PooledEvidence(
        effects=_table(effects, tables.EFFECTS),
        pooled=_table(pooled, tables.POOLED),
        reproductions=_table(reproductions, tables.REPRODUCTIONS),
    )


def _table(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    import pandas as pd

    return table.conform(pd.DataFrame(rows, columns=table.names) if rows else table.empty())


def _printed_table(
    asked: PublishedPool, studies: pd.DataFrame, printed: pd.DataFrame | None, level: float
) -> PrintedTable:
    r, z, n = (numbers(studies, name, asked.file) for name in ("r", "z", "n"))
    pooled = {}
    if printed is not None:
        rows = printed[(printed["analysis"] == asked.printed_analysis) & printed["quantity"].isin(QUANTITIES)]
        pooled = dict(zip(rows["quantity"], rows["published"], strict=True))
    readings = [
        read_row(row["r"], row["z"], row.get("ci_low", ""), row.get("ci_high", ""), level)
        for row in studies.to_dict("records")
    ]
    return PrintedTable(readings, r, z, n, pooled, level)


def _published_effects(asked: PublishedPool, studies: pd.DataFrame, table: PrintedTable) -> list[dict[str, Any]]:
    if asked.variance_from == "n":
        r, effect = table.r, fisher_z(table.r, table.n)
        notes = ["r as printed, variance 1/(n − 3)"] * len(r)
    else:
        r, z = table.joint or table.middle
        effect = z_from_printed_r(r, z)
        read = "and of the printed pool" if table.joint else "alone"
        notes = [
            f"r and z within the rounding of the row {read}, standard error from z"
            if reading.consistent
            else "as printed: the row's r, interval and z do not agree"
            for reading in table.readings
        ]
    low, high = effect.interval(table.level)
    years = studies["year"] if "year" in studies else [None] * len(studies)
    return [
        {
            "pool": asked.pool,
            "label": str(study),
            "origin": "published",
            "year": int(year) if year else None,
            "metric": effect.measure,
            "estimate": effect.estimate[i],
            "std_error": effect.std_error[i],
            "variance": effect.variance[i],
            "n": int(table.n[i]),
            "shown": r[i],
            "shown_low": float(np.tanh(low[i])),
            "shown_high": float(np.tanh(high[i])),
            "note": notes[i],
        }
        for i, (study, year) in enumerate(zip(studies["study"], years, strict=True))
    ]


def numbers(frame: pd.DataFrame, column: str, place: str) -> np.ndarray:
    """A text column as numbers.

    Raises
    ------
    PoolingError
        naming the file, the row as a spreadsheet shows it, the column and the value.
    """
    if column not in frame:
        raise PoolingError(f"{place}: column {column!r} is missing; add it, or name another file in the plan")
    values = np.empty(len(frame))
    for i, text in enumerate(frame[column]):
        try:
            values[i] = float(text)
        except (TypeError, ValueError):
            raise PoolingError(f"{place}: row {i + 2}, column {column!r}: {text!r} is not a number") from None
    return values


def _wave_effects(
    wanted: WavePool, estimates: pd.DataFrame, waves: list[WaveRow], level: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """Effects of the waves that have the coefficient, and the waves that do not."""
    keep = np.ones(len(estimates), dtype=bool)
    for column in ("analysis", "model", "outcome", "term", "metric"):
        keep &= (estimates[column] == getattr(wanted, column)).to_numpy(dtype=bool)
    # The plan's first df method stands first within a model, so the first row of a wave is the primary one.
    rows = estimates[keep].drop_duplicates("wave", keep="first").set_index("wave")
    found, missing = [], []
    for wave in waves:
        if wave.wave not in rows.index:
            missing.append(wave.wave)
            continue
        row = rows.loc[wave.wave]
        half = t_quantile(level, np.inf) * row["std_error"]
        notes = [f"{row['df_method']}, {row['status']}", *(["SIMULATED"] if wave.origin == "simulated" else [])]
        if row["status"] == NOT_CONVERGED:
            notes.append("not pooled: the fit did not converge")
        found.append(
            {
                "pool": wanted.pool,
                "label": wave.wave,
                "origin": wave.origin,
                "year": None,
                "metric": wanted.metric,
                "unit": row["unit"],
                "usable": row["status"] != NOT_CONVERGED,
                "estimate": row["estimate"],
                "std_error": row["std_error"],
                "variance": row["std_error"] ** 2,
                "n": int(row["n_groups"]),
                "shown": row["estimate"],
                "shown_low": row["estimate"] - half,
                "shown_high": row["estimate"] + half,
                "note": "; ".join(notes),
            }
        )
    units = sorted({effect["unit"] for effect in found})
    if wanted.metric == "raw" and len(units) > 1:
        for effect in found:
            effect["usable"] = False
            effect["note"] += f"; not pooled: the units differ ({effect['unit']})"
    return found, missing


def _wave_note(found: list[dict[str, Any]], missing: list[str]) -> str:
    notes = ["SIMULATED waves" if any(effect["origin"] == "simulated" for effect in found) else "waves"]
    if missing:
        notes.append(f"without this coefficient: {', '.join(missing)}")
    left_out = [effect["label"] for effect in found if not effect["usable"]]
    if left_out:
        notes.append(f"not pooled: {', '.join(left_out)}")
    return "; ".join(notes)


def _pool_rows(
    effects: list[dict[str, Any]], pool_id: str, settings: PoolingSettings, note: str
) -> list[dict[str, Any]]:
    """One row a method and test; the primary model's weights are written into the effects."""
    used = [effect for effect in effects if effect.get("usable", True)]
    if not used:
        return []
    estimate = np.array([effect["estimate"] for effect in used])
    variance = np.array([effect["variance"] for effect in used])
    labels = [effect["label"] for effect in used]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    primary: PooledResult | None = None
    for method in settings.methods:
        for test in settings.tests:
            result = pool(estimate, variance, method=method, test=test, level=settings.level, labels=labels)
            first = primary is None
            primary = primary or result
            # One effect is tested by z whatever was asked for: the same row from every method.
            key = (result.method, result.test)
            rows.setdefault(key, _pooled_row(result, pool_id, used[0]["metric"], first, note))
    for effect, weight in zip(used, primary.weights, strict=True):
        effect["weight"] = weight
    return list(rows.values())


def _pooled_row(result: PooledResult, pool_id: str, metric: str, primary: bool, note: str) -> dict[str, Any]:
    row = result.table.iloc[0]
    back = np.tanh if metric == "fisher_z" else float
    prediction = result.prediction_interval or (np.nan, np.nan)
    tau2_low, tau2_high = result.tau2_ci or (np.nan, np.nan)
    notes = [note, *result.notes, result.prediction_note]
    return {
        "pool": pool_id,
        "method": result.method,
        "test": result.test,
        "primary": primary,
        "term": row["term"],
        "metric": metric,
        "k": result.k,
        **{name: row[name] for name in row.index if name != "term"},
        "prediction_low": prediction[0],
        "prediction_high": prediction[1],
        "tau2": result.tau2,
        "tau2_low": tau2_low,
        "tau2_high": tau2_high,
        "i2": result.i2,
        "h2": result.h2,
        "q": result.q,
        "q_df": result.q_df,
        "q_p": result.q_p,
        "shown": float(back(row["estimate"])),
        "shown_low": float(back(row["ci_low"])),
        "shown_high": float(back(row["ci_high"])),
        "shown_prediction_low": float(back(prediction[0])),
        "shown_prediction_high": float(back(prediction[1])),
        "note": "; ".join(text for text in notes if text),
    }
