"""Rows about one-stage pooling: sessions of all waves in one model, beside the pool of the waves' own slopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.one_stage import pool_sessions
from ruptureflow.pooling.plan_pool import PlanPool

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.pools import PoolingSettings, WavePool

COEFFICIENT = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def one_stage_rows(
    given: PlanPool, estimates: pd.DataFrame, sessions: Mapping[str, pd.DataFrame], settings: PoolingSettings
) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.ONE_STAGE` for each way the plan lets waves enter; one that cannot be fitted says why.

    Parameters
    ----------
    given : a pool of waves; those that are not pooled in two stages are left out here too.
    estimates : `tables.models.ESTIMATES`: the model's other terms are its covariates.
    sessions : `tables.models.SESSIONS` by wave.
    """
    rows = []
    for wave_effect in given.asked.one_stage:
        row: dict[str, Any] = {"pool": given.id, "wave_effect": wave_effect}
        try:
            row |= _pooled(given, wave_effect, estimates, sessions, settings)
        except PoolingError as error:
            row |= {"note": f"not pooled: {error}"}
        rows.append(row)
    return rows


def _pooled(
    given: PlanPool,
    wave_effect: str,
    estimates: pd.DataFrame,
    sessions: Mapping[str, pd.DataFrame],
    settings: PoolingSettings,
) -> dict[str, Any]:
    import pandas as pd

    asked: WavePool = given.asked
    waves = [effect["label"] for effect in given.used if effect["origin"] != "published"]
    keep = estimates["wave"].isin(waves) & (estimates["metric"] == "raw")
    for column in ("analysis", "model", "outcome"):
        keep &= estimates[column] == getattr(asked, column)
    terms = [str(term) for term in dict.fromkeys(estimates.loc[keep, "term"]) if term not in ("Intercept", asked.term)]
    columns = [asked.outcome, asked.term, *terms]
    for wave in waves:
        lacking = [name for name in columns if name not in sessions.get(wave, pd.DataFrame())]
        if lacking:
            raise PoolingError(f"term {lacking[0]!r} is no column of the sessions of {wave}")
    parts = [sessions[wave][["wave", "patient", *columns]].dropna() for wave in waves]
    if asked.metric == "standardised_within":
        parts = [_standardised(part, asked.outcome, asked.term) for part in parts]
    method = str(estimates.loc[keep, "df_method"].iloc[0]) if keep.any() else "satterthwaite"
    data = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["wave", "patient", *columns])
    found = pool_sessions(
        data, asked.outcome, asked.term, terms, wave_effect=wave_effect, df=method, level=settings.level
    )
    effect, two = found.effect, found.two_stage
    return {
        **{name: effect[name] for name in COEFFICIENT},
        "df_method": method,
        "k": len(waves),
        "n_sessions": int(found.by_wave["n_sessions"].sum()),
        "n_patients": int(found.by_wave["n_patients"].sum()),
        "two_stage": two.estimate,
        "two_stage_std_error": two.std_error,
        "difference": found.difference,
        "note": "; ".join(found.explanation),
    }


def _standardised(part: pd.DataFrame, outcome: str, term: str) -> pd.DataFrame:
    """A wave's outcome and predictor in within-patient standard deviations of that wave."""
    part = part.copy()
    for name in (outcome, term):
        deviation = part[name] - part.groupby("patient")[name].transform("mean")
        df = len(part) - part["patient"].nunique()
        spread = float(np.sqrt((deviation**2).sum() / df)) if df > 0 else 0.0
        if not spread > 0:
            raise PoolingError(f"{name} does not vary within patients of {part['wave'].iloc[0]}")
        part[name] = part[name] / spread
    return part
