"""Waves' own effects beside the published ones."""

from dataclasses import replace

import numpy as np

from ruptureflow.pooling.effect_sizes import EffectSize
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plan_pool import PlanPool

NEEDED = ("label", "estimate", "variance", "construct", "metric", "origin")
ORIGINS = ("published", "real", "simulated")


def join_evidence(published, waves):
    """Published effects and waves' effects in one table for one forest plot and one pool.

    Parameters
    ----------
    published, waves : DataFrames
        label, estimate, variance, construct (what is related to what), metric, origin (published, real,
        simulated); other columns travel along.

    Returns
    -------
    DataFrame
        Published rows first.

    Raises
    ------
    PoolingError
        If constructs or metrics differ, or simulated waves would meet real ones or published studies.
    """
    import pandas as pd

    tables = [table for table in (published, waves) if len(table)]
    if not tables:
        raise PoolingError("there is no effect to join: give published effects, waves' effects, or both.")
    for table in tables:
        missing = [name for name in NEEDED if name not in table]
        if missing:
            raise PoolingError(f"the evidence lacks the column {missing[0]!r}: it needs {', '.join(NEEDED)}.")
    joined = pd.concat(tables, ignore_index=True)
    for name in ("construct", "metric"):
        kinds = list(dict.fromkeys(joined[name]))
        if len(kinds) > 1:
            first = joined.loc[joined[name] == kinds[1], "label"].iloc[0]
            raise PoolingError(
                f"{name} is {kinds[1]!r} in {first!r} but {kinds[0]!r} before it: different things are never pooled; "
                "keep them in pools of their own."
            )
    unknown = set(joined["origin"]) - set(ORIGINS)
    if unknown:
        raise PoolingError(f"origin {sorted(unknown)[0]!r} is unknown: use one of {', '.join(ORIGINS)}.")
    simulated = joined["origin"] == "simulated"
    if simulated.any() and not simulated.all():
        name = joined.loc[simulated, "label"].iloc[0]
        raise PoolingError(f"{name!r} is simulated: it never enters a pool or a plot with real evidence; leave it out.")
    return joined


def beside_waves(published: PlanPool, waves: PlanPool) -> PlanPool:
    """Published studies and real waves in one pool under the waves' id; simulated waves stay by themselves.

    Raises
    ------
    PoolingError
        If construct or metric differ.
    """
    if not waves.effects:
        return waves
    if any(effect["origin"] == "simulated" for effect in waves.effects):
        note = f"not beside {published.id}: simulated waves never meet published studies"
        return replace(waves, notes=[*waves.notes, note])
    for name, ours, theirs in (
        ("construct", waves.asked.construct, published.asked.construct),
        ("metric", waves.asked.pooled_as, published.asked.metric),
    ):
        if ours != theirs:
            raise PoolingError(
                f"pool {waves.id}: {name} is {ours!r} but {theirs!r} in {published.id}: they are never pooled"
            )
    taken = [{**effect, "pool": waves.id, "subgroup": None} for effect in published.effects]
    doubled = sorted({effect["label"] for effect in taken} & {effect["label"] for effect in waves.effects})
    if doubled:
        raise PoolingError(f"pool {waves.id}: {doubled[0]!r} is a wave and a published study; rename the study")
    assumed = {key: _with_waves(effect, waves) for key, effect in published.assumed.items()}
    return replace(waves, effects=[*taken, *waves.effects], notes=[*published.notes, *waves.notes], assumed=assumed)


def _with_waves(effect: EffectSize, waves: PlanPool) -> EffectSize:
    """Published effects under an assumption, with the waves' own behind them."""
    own = [(one["estimate"], one["variance"]) if one["usable"] else (np.nan, np.nan) for one in waves.effects]
    estimate, variance = np.array(own, dtype=float).reshape(-1, 2).T
    return replace(
        effect,
        estimate=np.concatenate([effect.estimate, estimate]),
        variance=np.concatenate([effect.variance, variance]),
    )
