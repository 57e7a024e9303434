"""Subgroup analysis with a separate or a common between-study variance."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.result import PooledResult


@dataclass(frozen=True)
class SubgroupResult:
    """Pools by subgroup and the test of their difference.

    Attributes
    ----------
    table : DataFrame
        subgroup, k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, prediction_low,
        prediction_high, tau2, i2, q, q_p.
    q_between, q_between_df, q_between_p
        Chi-squared test of equal subgroup effects.
    pools : dict
        The `PooledResult` of each subgroup (of the whole regression under "common", by the name "all").
    """

    table: object
    q_between: float
    q_between_df: int
    q_between_p: float
    pools: dict
    tau2: str
    notes: tuple = ()


def pool_subgroups(
    estimate, variance, by, method="reml", test="knapp-hartung", tau2="separate", level=0.95, labels=None
) -> SubgroupResult:
    """Pool each subgroup and test their difference.

    Parameters
    ----------
    by : sequence
        Subgroup of each effect.
    tau2 : str
        ``separate``: each subgroup estimates its own (a subgroup of one effect enters with its own
        variance); Q-between = Σ (μ_g − μ̄)²/se_g², with the Wald se_g whatever the test: a Knapp–Hartung
        one of a few effects is known with few df itself, which a chi-squared takes no notice of (two effects
        that happen to agree would decide the test). ``common``: one tau² from the meta-regression on the
        subgroup factor; Q-between is its Wald test, or its F test where the chosen test has df.

    Raises
    ------
    PoolingError
        If there are fewer than two subgroups, or `by` has a missing value.
    """
    import pandas as pd

    effects = check_effects(estimate, variance, labels)
    by = list(by)
    if len(by) != effects.y.size:
        raise PoolingError(f"{len(by)} subgroup names for {effects.y.size} effects: give one per effect.")
    if any(name is None or name != name for name in by):
        raise PoolingError("a subgroup name is missing: name it, or leave that effect out.")
    names = list(dict.fromkeys(by))
    if len(names) < 2:
        raise PoolingError(f"all effects are in subgroup {names[0]!r}: subgroups need at least two.")
    masks = [np.array([one == name for one in by]) for name in names]
    if tau2 == "separate":

        def own(mask, by_test):
            labels = [effects.labels[row] for row in np.flatnonzero(mask)]
            return pool(effects.y[mask], effects.v[mask], method, by_test, level=level, labels=labels)

        pools = {name: own(mask, test) for name, mask in zip(names, masks, strict=True)}
        rows = [_row(name, one) for name, one in pools.items()]
        mean = np.array([one.estimate for one in pools.values()])
        weight = np.array([1 / own(mask, "z").std_error ** 2 for mask in masks])
        q = float((weight * (mean - (weight * mean).sum() / weight.sum()) ** 2).sum())
    elif tau2 == "common":
        dummies = {f"group {name}": mask.astype(float) for name, mask in zip(names, masks, strict=True)}
        whole = pool(effects.y, effects.v, method, test, dummies, level, intercept=False, labels=list(effects.labels))
        pools = {"all": whole}
        rows = _common_rows(whole, effects, names, masks)
        contrast = np.eye(len(names))[1:] - np.eye(len(names))[0]
        spread = contrast @ whole.covariance @ contrast.T
        gap = contrast @ whole.beta
        q = float(gap @ np.linalg.solve(spread, gap))
    else:
        raise PoolingError(f"tau2={tau2!r} is unknown: use 'separate' or 'common'.")
    df = len(names) - 1
    p_value = dist.chi2_p_value(q, df)
    if tau2 == "common" and np.isfinite(pools["all"].df):
        p_value = dist.f_p_value(q / df, df, pools["all"].df)
    small = [str(name) for name, mask in zip(names, masks, strict=True) if mask.sum() < 5]
    notes = (f"fewer than 5 effects, so a poorly known tau²: {', '.join(small)}",) if small else ()
    return SubgroupResult(pd.DataFrame(rows), q, df, p_value, pools, tau2, notes)


def _row(name, one: PooledResult):
    low, high = one.prediction_interval or (np.nan, np.nan)
    row = one.table.iloc[0].to_dict()
    row.pop("term")
    extra = {"prediction_low": low, "prediction_high": high, "tau2": one.tau2, "i2": one.i2, "q": one.q, "q_p": one.q_p}
    return {"subgroup": name, "k": one.k, **row, **extra}


def _common_rows(whole, effects, names, masks):
    table = whole.table
    predicted = whole.predict({f"group {name}": np.eye(len(names))[i] for i, name in enumerate(names)})
    for index, (name, mask) in enumerate(zip(names, masks, strict=True)):
        w = 1 / effects.v[mask]
        q = float((w * (effects.y[mask] - (w * effects.y[mask]).sum() / w.sum()) ** 2).sum())
        k = int(mask.sum())
        row = table.iloc[index].to_dict()
        row.pop("term")
        yield {
            "subgroup": name,
            "k": k,
            **row,
            "prediction_low": predicted["prediction_low"][index],
            "prediction_high": predicted["prediction_high"][index],
            "tau2": whole.tau2,
            "i2": whole.i2,
            "q": q,
            "q_p": dist.chi2_p_value(q, k - 1) if k > 1 else 1.0,
        }
