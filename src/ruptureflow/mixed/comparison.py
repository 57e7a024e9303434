"""Likelihood-ratio tests between nested models."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate

_SAME_SPACE = 1e-8


@dataclass(frozen=True)
class LikelihoodRatio:
    """Statistic, df and p value; ``mixture`` says whether the 50:50 mixture for a variance at its boundary was used."""

    statistic: float
    df: int
    p_value: float
    mixture: bool


def _same_columns(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two matrices span the same space."""
    if a.shape != b.shape:
        return False
    q, _ = np.linalg.qr(a)
    rest = b - q @ (q.T @ b)
    return bool((np.abs(rest).max(axis=0) <= _SAME_SPACE * np.abs(b).max(axis=0)).all())


def _contained(small: np.ndarray, large: np.ndarray) -> bool:
    q, _ = np.linalg.qr(large)
    rest = small - q @ (q.T @ small)
    return bool((np.abs(rest).max(axis=0) <= _SAME_SPACE * np.abs(small).max(axis=0)).all())


def random_effect_count(estimate: Estimate) -> int:
    """Number of random effects over all levels."""
    return sum(level.layout.size for level in estimate.design.levels)


def likelihood_ratio(small: Estimate, large: Estimate) -> LikelihoodRatio:
    """Test the smaller model within the larger one.

    Where the larger model has exactly one more random effect, its variance is zero under the hypothesis, at the edge
    of what is possible: the statistic then follows a 50:50 mixture of chi-squared distributions with k - 1 and k df
    (Self & Liang 1987), k the number of added parameters.
    """
    if small.design.rows != large.design.rows or not np.array_equal(small.design.outcome, large.design.outcome):
        raise ModelError(
            f"The two models were fitted to different rows ({small.design.rows} and {large.design.rows}) or outcomes: "
            f"fit both to the same complete rows."
        )
    if small.criterion.reml != large.criterion.reml:
        raise ModelError("One model was fitted by REML and the other by ML: fit both by the same method.")
    same = _same_columns(small.design.fixed.values, large.design.fixed.values)
    if small.criterion.reml and not same:
        raise ModelError(
            "REML likelihoods of models with different fixed effects cannot be compared: refit both with method='ml'."
        )
    if not _contained(small.design.fixed.values, large.design.fixed.values):
        raise ModelError("The fixed effects of the first model are not all in the second: give the smaller first.")
    covariance = len(large.theta) - len(small.theta)
    fixed = large.design.columns - small.design.columns
    k = covariance + fixed
    if k <= 0 or covariance < 0:
        raise ModelError("The second model has no more parameters than the first: give the smaller model first.")
    from scipy.special import chdtrc

    statistic = max(small.deviance - large.deviance, 0.0)
    added = random_effect_count(large) - random_effect_count(small)
    mixture = added == 1 and large.boundary != "unconstrained"
    upper = float(chdtrc(k, statistic))
    if mixture:
        lower = float(chdtrc(k - 1, statistic)) if k > 1 else float(statistic == 0.0)
        return LikelihoodRatio(statistic, k, 0.5 * lower + 0.5 * upper, True)
    return LikelihoodRatio(statistic, k, upper, False)
