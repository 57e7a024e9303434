"""Coefficients of waves as effects of a pool, and which of them must not be pooled together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.distributions import t_quantile
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.identity import check_reported
from ruptureflow.pooling.metric import MeasureIdentity, check_raw_metric, partial_r

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.pools import WavePool
    from ruptureflow.config.waves import WaveRow

NOT_CONVERGED = "not converged"
PARTIAL_R = "partial_r"


def wave_effects(
    wanted: WavePool,
    estimates: pd.DataFrame,
    waves: list[WaveRow],
    identify: Callable[[str], MeasureIdentity],
    level: float,
    df_method: str = "",
) -> tuple[list[dict[str, Any]], list[str]]:
    """Effects of the waves that have the coefficient, and the waves that do not.

    Parameters
    ----------
    wanted : the coefficient and its metric.
    estimates : `tables.models.ESTIMATES`.
    waves : the waves to look for.
    identify : what outcome and predictor of a wave measure (`PoolingError` where that is not known); asked where the
        metric is raw.
    level : level of intervals.
    df_method : the plan's primary one, "" for the first row of a wave.

    Notes
    -----
    A wave in which the primary df method could not be computed is listed and not pooled: no other takes its place.
    Raw slopes of waves that measured differently, or of which that is not known, are listed and not pooled; the note
    names the difference.
    """
    keep = np.ones(len(estimates), dtype=bool)
    for column in ("analysis", "model", "outcome", "term"):
        keep &= (estimates[column] == getattr(wanted, column)).to_numpy(dtype=bool)
    # A partial r is made of the test of the raw slope.
    keep &= (estimates["metric"] == ("raw" if wanted.metric == PARTIAL_R else wanted.metric)).to_numpy(dtype=bool)
    # The plan's first df method stands first within a model, so the first row of a wave is the primary one.
    rows = estimates[keep].drop_duplicates("wave", keep="first").set_index("wave")
    found, missing = [], []
    for wave in waves:
        if wave.wave not in rows.index:
            missing.append(wave.wave)
            continue
        row = rows.loc[wave.wave]
        notes = [f"{row['df_method']}, {row['status']}", *(["SIMULATED"] if wave.origin == "simulated" else [])]
        reason = "the fit did not converge" if row["status"] == NOT_CONVERGED else ""
        if df_method and row["df_method"] != df_method:
            reason = reason or f"the plan's primary df method, {df_method}, could not be computed"
        if wanted.metric == PARTIAL_R and not 1 < row["df"] < np.inf:
            reason = reason or f"a partial r needs df of the slope above 1, and they are {row['df']:g}"
        found.append(
            {
                "pool": wanted.pool,
                "label": wave.wave,
                "origin": wave.origin,
                "year": None,
                "metric": wanted.pooled_as,
                "unit": row["unit"],
                "usable": not reason,
                "n": int(row["n_groups"]),
                **(_partial_r(row, level) if wanted.metric == PARTIAL_R else _slope(row, level)),
                "note": "; ".join([*notes, *([f"not pooled: {reason}"] if reason else [])]),
            }
        )
    if wanted.metric == "raw":
        reason = _difference(found, identify)
        for effect in found if reason else ():
            effect["usable"] = False
            effect["note"] += f"; not pooled: {reason}"
    return found, missing


def _slope(row: pd.Series, level: float) -> dict[str, Any]:
    half = t_quantile(level, np.inf) * row["std_error"]
    ends = {"shown": row["estimate"], "shown_low": row["estimate"] - half, "shown_high": row["estimate"] + half}
    error = {"std_error": row["std_error"], "variance": row["std_error"] ** 2}
    return {"estimate": row["estimate"], **error, "shown_as": "as is", **ends}


def _partial_r(row: pd.Series, level: float) -> dict[str, Any]:
    """Partial r of the slope's t and df on Fisher's z."""
    if not 1 < row["df"] < np.inf:
        return {"shown_as": "r"}
    effect = partial_r(row["statistic"], row["df"], on_z=True)
    return on_r(float(effect.estimate), float(effect.variance), level)


def on_r(z: float, variance: float, level: float) -> dict[str, Any]:
    """An effect on Fisher's z, shown as r."""
    error = float(np.sqrt(variance))
    half = t_quantile(level, np.inf) * error
    ends = {"shown": np.tanh(z), "shown_low": np.tanh(z - half), "shown_high": np.tanh(z + half)}
    return {"estimate": z, "std_error": error, "variance": variance, "shown_as": "r", **ends}


def _difference(found: list[dict[str, Any]], identify: Callable[[str], MeasureIdentity]) -> str:
    """Why raw slopes cannot be pooled, or ""; one slope alone has nothing to differ from."""
    pooled = [effect for effect in found if effect["usable"]]
    if len(pooled) < 2:
        return ""
    identities = {}
    for effect in pooled:
        try:
            identities[effect["label"]] = identify(effect["label"])
        except PoolingError as error:
            return f"{effect['label']}: {error}"
    try:
        check_raw_metric(identities)
        for identity in identities.values():
            check_reported(identity)
    except PoolingError as error:
        return str(error)
    units = {effect["unit"]: effect["label"] for effect in pooled}
    if len(units) > 1:
        (one, first), (other, second) = list(units.items())[:2]
        return f"raw slopes can't be pooled: the unit is {one!r} in {first} but {other!r} in {second}"
    return ""


def wave_notes(found: list[dict[str, Any]], missing: list[str]) -> list[str]:
    """What a reader of the pool must know of its waves."""
    notes = ["SIMULATED waves" if any(effect["origin"] == "simulated" for effect in found) else "waves"]
    if missing:
        notes.append(f"without this effect: {', '.join(missing)}")
    left_out = [effect["label"] for effect in found if not effect["usable"]]
    if left_out:
        notes.append(f"not pooled: {', '.join(left_out)}")
    return notes
