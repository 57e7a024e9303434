"""A pool of the plan with its effects, and the models it is fitted by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.multilevel import pool_multilevel
from ruptureflow.pooling.random_effects import pool

if TYPE_CHECKING:
    from ruptureflow.config.pools import PoolingSettings
    from ruptureflow.config.studies import Pool
    from ruptureflow.pooling.effect_sizes import EffectSize
    from ruptureflow.pooling.level_models import MultilevelResult
    from ruptureflow.pooling.result import PooledResult

ADHOC = "adhoc"
NESTED = " > "
"""Between the units that an effect of several levels lies in, outermost first."""
LIKELIHOODS = ("reml", "ml")


@dataclass(frozen=True)
class PlanPool:
    """What is pooled under one id of the plan.

    Parameters
    ----------
    asked : its section of the plan.
    effects : rows of `tables.pooling.EFFECTS` with `usable`, whether the effect enters; never simulated beside others.
    notes : what a reader must know of them.
    moderators : values by heading, of the effects in their order.
    cluster : independent unit of each effect, or None.
    levels : labels by level, outermost first, of effects nested in studies; None for one effect a study.
    assumed : the effects under other assumptions, by assumption and its value.
    """

    asked: Pool
    effects: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    moderators: dict[str, list] = field(default_factory=dict)
    cluster: list[str] | None = None
    levels: dict[str, list[str]] | None = None
    assumed: dict[tuple[str, float], EffectSize] = field(default_factory=dict)

    def __post_init__(self) -> None:
        origins = {effect["origin"] for effect in self.effects}
        if "simulated" in origins and len(origins) > 1:
            name = next(effect["label"] for effect in self.effects if effect["origin"] == "simulated")
            raise PoolingError(
                f"pool {self.id}: {name!r} is simulated: it never enters a pool or a plot with real waves or published "
                "studies; leave it out"
            )

    @property
    def id(self) -> str:
        """Its id in the plan."""
        return self.asked.pool

    @property
    def places(self) -> list[int]:
        """Places of the effects that enter."""
        return [place for place, effect in enumerate(self.effects) if effect.get("usable", True)]

    @property
    def used(self) -> list[dict[str, Any]]:
        """The effects that enter."""
        return [self.effects[place] for place in self.places]


def models_of(given: PlanPool, settings: PoolingSettings) -> Iterator[tuple[str, str, bool]]:
    """Method, test and whether it is primary: every method with every test, as far as the pool's model has them.

    A model of several levels has ML and REML only, and t in place of Knapp–Hartung.
    """
    methods, tests = list(settings.methods), list(settings.tests)
    if given.levels:
        methods = [method for method in methods if method in LIKELIHOODS] or ["reml"]
        tests = list(dict.fromkeys("z" if test == "z" else "t" for test in tests))
    for method in methods:
        for test in tests:
            yield method, test, (method, test) == (methods[0], tests[0])


def fit(
    given: PlanPool,
    settings: PoolingSettings,
    method: str,
    test: str,
    moderators: Mapping[str, list] | None = None,
    effect: EffectSize | None = None,
) -> PooledResult | MultilevelResult:
    """One model of a pool.

    Parameters
    ----------
    moderators : values by heading, of the effects that enter.
    effect : effects under another assumption, of all effects in their order; those without one are left out.

    Raises
    ------
    PoolingError
        where the model cannot be fitted.
    """
    if effect is None:
        places = given.places
        estimate = np.array([given.effects[place]["estimate"] for place in places], dtype=float)
        variance = np.array([given.effects[place]["variance"] for place in places], dtype=float)
    else:
        places = [place for place, known in enumerate(np.isfinite(effect.variance)) if known]
        estimate, variance = effect.estimate[places], effect.variance[places]
    labels = [given.effects[place]["label"] for place in places]
    if given.levels:
        groups = {name: [values[place] for place in places] for name, values in given.levels.items()}
        return pool_multilevel(estimate, variance, groups, moderators, test, method, settings.level, labels=labels)
    return pool(
        estimate,
        variance,
        method,
        "knapp-hartung" if test == ADHOC else test,
        moderators,
        settings.level,
        adhoc=test == ADHOC,
        prediction_df="k-2" if settings.prediction_df == "k-2" else None,
        labels=labels,
    )


def weights_of(result: PooledResult | MultilevelResult) -> np.ndarray:
    """Per cent of the pooled effect's weight that each effect has.

    With several levels it is the effect's coefficient in the generalised least-squares mean, which units with many
    effects share: row sums of the inverse covariance, block by block of the outermost level.
    """
    groups = getattr(result, "groups", None)
    if groups is None:
        return result.weights
    outer = groups.iloc[:, 0].to_numpy()
    names = [groups[name].to_numpy() for name in groups]
    weights = np.zeros(result.k)
    for unit in dict.fromkeys(outer.tolist()):
        rows = np.flatnonzero(outer == unit)
        block = np.diag(result.variances[rows])
        same = np.ones((rows.size, rows.size), dtype=bool)
        for labels, variance in zip(names, result.sigma2, strict=True):
            same = same & (labels[rows][:, None] == labels[rows][None, :])
            block = block + variance * same
        weights[rows] = np.linalg.solve(block, np.ones(rows.size))
    return 100 * weights / weights.sum()
