"""Figures of a pool of the plan, from the hand-over tables of pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.influence import baujat, cumulative, leave_one_out
from ruptureflow.pooling.multilevel import pool_multilevel
from ruptureflow.pooling.plan_pool import ADHOC, NESTED
from ruptureflow.pooling.plots.canvas import COLUMN
from ruptureflow.pooling.plots.forest import cumulative_forest, forest, leave_one_out_forest
from ruptureflow.pooling.plots.scatter import baujat_plot, funnel
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.scales import BACK, ONTO
from ruptureflow.pooling.subgroups import pool_subgroups

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ruptureflow.pooling.level_models import MultilevelResult
    from ruptureflow.pooling.result import PooledResult

LABELS = {
    "fisher_z": "r (Fisher's z back-transformed)",
    "g": "Hedges' g",
    "smcr": "Change over the SD before",
    "dppc2": "Difference of changes over the SD before",
    "log_odds_ratio": "Odds ratio",
    "log_risk_ratio": "Risk ratio",
    "standardised_within": "Standardised within-patient slope",
    "raw": "Slope",
}
LEAST = 3  # effects that a plot of influence or order needs
FEW = 10  # effects below which a funnel says little


def primary_result(
    effects: pd.DataFrame, pooled: pd.DataFrame, pool_id: str, level: float = 0.95
) -> PooledResult | MultilevelResult:
    """The primary model of a pool of the plan, made again from the effects that entered it.

    Parameters
    ----------
    effects, pooled : DataFrame
        `tables.pooling.EFFECTS` and `POOLED`.
    pool_id : str
        One of the pools in them.

    Returns
    -------
    PooledResult, or MultilevelResult where effects are nested

    Raises
    ------
    PoolingError
        If nothing was pooled under that id.
    """
    rows = pooled[(pooled["pool"] == pool_id) & pooled["primary"].fillna(False).astype(bool)]
    used = _used(effects, pool_id)
    if not len(rows):
        raise PoolingError(f"no pool {pool_id!r}: pooled are {', '.join(dict.fromkeys(pooled['pool']))}.")
    row = rows.iloc[0]
    estimate, variance = (used[name].to_numpy(dtype=float) for name in ("estimate", "variance"))
    labels = list(used["label"])
    if used["nested_in"].notna().all():
        paths = [str(path).split(NESTED) for path in used["nested_in"]]
        groups = {f"level {depth}": list(units) for depth, units in enumerate(zip(*paths, strict=True), start=1)}
        return pool_multilevel(estimate, variance, groups, None, row["test"], row["method"], level, labels=labels)
    is_adhoc = row["test"] == ADHOC
    return pool(
        estimate,
        variance,
        method=row["method"],
        test="knapp-hartung" if is_adhoc else row["test"],
        level=level,
        adhoc=is_adhoc,
        prediction_df="k-2" if row["prediction_df"] == row["k"] - 2 != row["df"] else None,
        labels=labels,
    )


def plan_forest(
    effects: pd.DataFrame,
    pooled: pd.DataFrame,
    pool_id: str,
    level: float = 0.95,
    width: float = COLUMN,
    references: pd.DataFrame | None = None,
    subgroups: pd.DataFrame | None = None,
) -> Figure:
    """Forest plot of a pool on the scale it is shown on, by subgroups where the plan declares them.

    Parameters
    ----------
    references : DataFrame, optional
        `tables.pooling.REFERENCES`: pooled effects of elsewhere on the same construct, as hollow diamonds.
    subgroups : DataFrame, optional
        `tables.pooling.SUBGROUPS`, which says whether subgroups have one variance between studies or each its own.

    Notes
    -----
    Pools of simulated waves are marked as such, and have no references: simulated waves meet nothing published.
    """
    result = primary_result(effects, pooled, pool_id, level)
    used = _used(effects, pool_id)
    groups = None
    if used["subgroup"].nunique() > 1:
        own = subgroups[subgroups["pool"] == pool_id] if subgroups is not None else ()
        tau2_of = own["tau2_of"].iloc[0] if len(own) else "separate"
        groups = pool_subgroups(
            result.estimates, result.variances, list(used["subgroup"]), result.method, result.test, tau2_of, level,
            result.labels,
        )  # fmt: skip
    back, label = _scale(used)
    drawn = []
    if references is not None and not (used["origin"] == "simulated").any():
        own = references[references["pool"] == pool_id]
        onto = ONTO[used["shown_as"].iloc[0]]
        drawn = [
            (one.source, *(float(onto(value)) for value in (one.shown, one.shown_low, one.shown_high)))
            for one in own.itertuples()
        ]
    return _marked(forest(result, groups, back=back, xlabel=label, width=width, references=drawn), used)


def plan_funnel(
    effects: pd.DataFrame, pooled: pd.DataFrame, pool_id: str, level: float = 0.95, width: float = COLUMN
) -> Figure:
    """Funnel plot of a pool, with a note where it has too few effects to speak of asymmetry."""
    result = primary_result(effects, pooled, pool_id, level)
    used = _used(effects, pool_id)
    _enough(result, "a funnel")
    back, label = _scale(used)
    figure = funnel(result, back=back, xlabel=label, width=width)
    if result.k < FEW:
        axes = figure.axes[0]
        said = f"k = {result.k}: too few to tell asymmetry from chance"
        axes.text(1, 0.99, said, transform=axes.transAxes, ha="right", va="top", fontsize=6, backgroundcolor="white")
    return _marked(figure, used)


def plan_leave_one_out(
    effects: pd.DataFrame, pooled: pd.DataFrame, pool_id: str, level: float = 0.95, width: float = COLUMN
) -> Figure:
    """The pool without each effect in turn."""
    result = primary_result(effects, pooled, pool_id, level)
    used = _used(effects, pool_id)
    _enough(result, "leave-one-out")
    back, label = _scale(used)
    return _marked(leave_one_out_forest(leave_one_out(result), back=back, xlabel=label, width=width), used)


def plan_cumulative(
    effects: pd.DataFrame, pooled: pd.DataFrame, pool_id: str, level: float = 0.95, width: float = COLUMN
) -> Figure:
    """The pool as effects come in: by year, then those without one (waves) in their order."""
    result = primary_result(effects, pooled, pool_id, level)
    used = _used(effects, pool_id)
    _enough(result, "a cumulative pool")
    order = used["year"].astype("float64").fillna(np.inf).to_numpy()
    back, label = _scale(used)
    return _marked(cumulative_forest(cumulative(result, order), back=back, xlabel=label, width=width), used)


def plan_baujat(
    effects: pd.DataFrame, pooled: pd.DataFrame, pool_id: str, level: float = 0.95, width: float = COLUMN
) -> Figure:
    """What each effect contributes to heterogeneity, and what it does to the result."""
    result = primary_result(effects, pooled, pool_id, level)
    _enough(result, "a Baujat plot")
    return _marked(baujat_plot(baujat(result), width=width), _used(effects, pool_id))


def _used(effects: pd.DataFrame, pool_id: str) -> pd.DataFrame:
    used = effects[(effects["pool"] == pool_id) & effects["weight"].notna()]
    if "simulated" in set(used["origin"]) and used["origin"].nunique() > 1:
        raise PoolingError(f"pool {pool_id!r} mixes {' and '.join(sorted(set(used['origin'])))}: never in one plot.")
    return used


def _scale(used: pd.DataFrame):
    metric, shown_as = str(used["metric"].iloc[0]), used["shown_as"].iloc[0]
    return BACK[shown_as], LABELS.get(metric, metric.replace("_", " ").capitalize())


def _enough(result: PooledResult | MultilevelResult, what: str) -> None:
    if not hasattr(result, "problem"):
        raise PoolingError(f"{what} is for one effect a study; this pool has effects nested in studies.")
    if result.k < LEAST:
        raise PoolingError(f"{what} needs at least {LEAST} effects; there are {result.k}.")


def _marked(figure: Figure, used: pd.DataFrame) -> Figure:
    if (used["origin"] == "simulated").any():
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=20, ha="center", va="center", fontsize=22, color="#222222", alpha=0.12
        )
    return figure
