"""Replicate tubes: means, CVs and the variance between replicates, pooled over a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.logistic import Array


@dataclass(frozen=True)
class Groups:
    """Replicates of one material each.

    Attributes
    ----------
    names : name of each group, in order of first appearance.
    index : (tubes,), the group of each tube.
    count, mean, sd : (groups,); the SD is NaN for a single tube.
    """

    names: np.ndarray
    index: np.ndarray
    count: Array
    mean: Array
    sd: Array

    @property
    def cv(self) -> Array:
        """Coefficient of variation in %; NaN for a single tube or a mean that is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.mean > 0, 100 * self.sd / self.mean, np.nan)


def group(names: np.ndarray, values: Array) -> Groups:
    """Group values by name."""
    places: dict[object, int] = {}
    index = np.fromiter((places.setdefault(name, len(places)) for name in names), dtype=np.intp, count=len(names))
    mean, sd, count = group_statistics(index, values, len(places))
    return Groups(np.array(list(places), dtype=object), index, count, mean, sd)


def group_statistics(index: np.ndarray, values: Array, groups: int) -> tuple[Array, Array, Array]:
    """Mean, SD and count by group index."""
    count = np.bincount(index, minlength=groups).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(index, weights=values, minlength=groups) / count
        squares = np.bincount(index, weights=(values - mean[index]) ** 2, minlength=groups)
        sd = np.where(count > 1, np.sqrt(squares / (count - 1)), np.nan)
    return mean, sd, count


def pooled_variance(groups: list[Groups], means: list[Array], power: float) -> tuple[float, float]:
    """σ² of Var(y) = σ² μ^(2θ) within replicates, pooled over groups, and its degrees of freedom.

    Parameters
    ----------
    groups : the run's standards, QC samples and unknowns.
    means : their mean signals, kept away from zero as the variance function takes them.
    power : θ.
    """
    squares = df = 0.0
    for material, mean in zip(groups, means, strict=True):
        repeated = material.count > 1
        freedom = material.count[repeated] - 1
        squares += float((freedom * material.sd[repeated] ** 2 / mean[repeated] ** (2 * power)).sum())
        df += float(freedom.sum())
    return (squares / df if df else float("nan")), df


def replicate_cv(dose: Array, groups: Groups) -> Array:
    """CV in % of the replicates' back-calculated doses; NaN where one of them has none.

    For duplicates this is |x₁ − x₂| / (√2 · mean).
    """
    mean, sd, _ = group_statistics(groups.index, dose, len(groups.names))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean > 0, 100 * sd / mean, np.nan)
