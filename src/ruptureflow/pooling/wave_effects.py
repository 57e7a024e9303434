"""Coefficients of waves as effects of a pool, and which of them must not be pooled together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.distributions import t_quantile
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.identity import check_reported
from ruptureflow.pooling.metric import MeasureIdentity, check_raw_metric

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.plan import WavePool
    from ruptureflow.config.waves import WaveRow

NOT_CONVERGED = "not converged"


def wave_effects(
    wanted: WavePool,
    estimates: pd.DataFrame,
    waves: list[WaveRow],
    identify: Callable[[str], MeasureIdentity],
    level: float,
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

    Notes
    -----
    Raw slopes of waves that measured differently, or of which that is not known, are listed and not pooled; the note
    names the difference.
    """
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
                "shown_as": "as is",
                "shown": row["estimate"],
                "shown_low": row["estimate"] - half,
                "shown_high": row["estimate"] + half,
                "note": "; ".join(notes),
            }
        )
    if wanted.metric == "raw":
        reason = _difference(found, identify)
        for effect in found if reason else ():
            effect["usable"] = False
            effect["note"] += f"; not pooled: {reason}"
    return found, missing


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


def wave_note(found: list[dict[str, Any]], missing: list[str]) -> str:
    """What a reader of the pool must know of its waves."""
    notes = ["SIMULATED waves" if any(effect["origin"] == "simulated" for effect in found) else "waves"]
    if missing:
        notes.append(f"without this coefficient: {', '.join(missing)}")
    left_out = [effect["label"] for effect in found if not effect["usable"]]
    if left_out:
        notes.append(f"not pooled: {', '.join(left_out)}")
    return "; ".join(notes)
