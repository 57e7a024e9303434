"""The forest plot of a pool of the plan, from the hand-over tables of pooling."""

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plots.canvas import COLUMN
from ruptureflow.pooling.plots.forest import forest
from ruptureflow.pooling.random_effects import pool

LABELS = {
    "fisher_z": "Correlation r",
    "standardised_within": "Standardised within-patient slope",
    "raw": "Slope",
}


def primary_result(effects, pooled, pool_id, level=0.95):
    """The primary model of a pool of the plan, made again from the effects that entered it.

    Parameters
    ----------
    effects, pooled : DataFrame
        `tables.pooling.EFFECTS` and `POOLED`.
    pool_id : str
        One of the pools in them.

    Returns
    -------
    PooledResult

    Raises
    ------
    PoolingError
        If nothing was pooled under that id.
    """
    rows = pooled[(pooled["pool"] == pool_id) & pooled["primary"].fillna(False).astype(bool)]
    used = effects[(effects["pool"] == pool_id) & effects["weight"].notna()]
    if not len(rows):
        raise PoolingError(f"no pool {pool_id!r}: pooled are {', '.join(dict.fromkeys(pooled['pool']))}.")
    return pool(
        used["estimate"].to_numpy(dtype=float),
        used["variance"].to_numpy(dtype=float),
        method=rows["method"].iloc[0],
        test=rows["test"].iloc[0],
        level=level,
        labels=list(used["label"]),
    )


def plan_forest(effects, pooled, pool_id, level=0.95, width=COLUMN):
    """Forest plot of a pool of the plan on the scale it is shown on; pools of simulated waves are marked as such."""
    used = effects[effects["pool"] == pool_id]
    metric = str(used["metric"].iloc[0])
    result = primary_result(effects, pooled, pool_id, level)
    back = np.tanh if metric == "fisher_z" else None
    figure = forest(result, back=back, xlabel=LABELS.get(metric, metric), width=width)
    if (used["origin"] == "simulated").any():
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=20, ha="center", va="center", fontsize=22, color="#222222", alpha=0.12
        )
    return figure
