"""Krippendorff's alpha for nominal, ordinal, interval and ratio data, any number of coders, gaps allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.ratings import rating_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
_CHUNK = 2_000_000


def krippendorff_alpha(
    ratings: pd.DataFrame,
    target: str | Sequence[str] = "session",
    rater: str = "coder",
    value: str = "count",
    metric: Metric = "interval",
) -> float:
    """Krippendorff's alpha, 1 − observed over expected disagreement (Krippendorff, 2011).

    Parameters
    ----------
    ratings : one row a rating; missing ratings allowed; targets rated once do not count.
    target, rater, value : columns of what was rated, by whom, and the rating.
    metric : difference function: nominal, ordinal (from the marginal frequencies), interval (squared difference), or
        ratio (squared difference over squared sum; for values that are not negative).

    Returns
    -------
    float
        alpha; NaN where no target was rated twice or all such ratings are equal (nothing was expected to differ).

    Raises
    ------
    AgreementError
        for an unknown metric, negative values under "ratio", or ratings that `icc` refuses too.
    """
    values = rating_matrix(ratings, target, rater, value).values
    return float(alpha_of_draws(values, np.zeros(len(values), dtype=int), np.ones((1, 1)), metric)[0])


def alpha_of_draws(values: np.ndarray, clusters: np.ndarray, weights: np.ndarray, metric: Metric) -> np.ndarray:
    """Alpha in every draw of patients.

    Parameters
    ----------
    values : targets × raters, NaN where not rated. clusters : index of each target's patient.
    weights : draws × patients, how often each patient stands in a draw.
    """
    if metric not in get_args(Metric):
        raise AgreementError(f"unknown metric {metric!r}; known: {', '.join(get_args(Metric))}")
    rated_twice = (~np.isnan(values)).sum(axis=1) > 1
    values, clusters = values[rated_twice], clusters[rated_twice]
    if len(values) == 0:
        return np.full(len(weights), np.nan)
    categories = np.unique(values[~np.isnan(values)])
    if metric == "ratio" and categories[0] < 0:
        raise AgreementError(f"the ratio metric needs values that are not negative, found {categories[0]:g}")
    counts = _counts(values, categories)
    of_patient = np.zeros((weights.shape[1], len(categories)))
    np.add.at(of_patient, clusters, counts)
    frequencies = weights @ of_patient
    if metric == "ordinal":
        observed, expected = _ordinal_disagreement(counts, clusters, weights, frequencies)
    else:
        difference = _difference(categories, metric)
        of_target = ((counts @ difference) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
        observed = weights @ np.bincount(clusters, of_target, minlength=weights.shape[1])
        expected = ((frequencies @ difference) * frequencies).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (frequencies.sum(axis=1) - 1) * observed / expected
        return np.where(expected > 0, 1 - ratio, np.nan)


def _counts(values: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """How many raters gave each target each category."""
    counts = np.zeros((len(values), len(categories)))
    targets, raters = np.nonzero(~np.isnan(values))
    np.add.at(counts, (targets, np.searchsorted(categories, values[targets, raters])), 1)
    return counts


def _difference(categories: np.ndarray, metric: Metric) -> np.ndarray:
    a, b = categories[:, None], categories[None, :]
    if metric == "nominal":
        return (a != b).astype(float)
    if metric == "interval":
        return (a - b) ** 2
    return np.where(a == b, 0.0, (a - b) ** 2 / np.where(a + b == 0, 1, (a + b) ** 2))


def _ordinal_disagreement(
    counts: np.ndarray, clusters: np.ndarray, weights: np.ndarray, frequencies: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Observed and expected disagreement of ranks, which differ from draw to draw.

    A target's pairs differ by Σ (rᵢ − rⱼ)² = 2 m Σ r² − 2 (Σ r)². A chunk of draws at a time, to bound memory.
    """
    ranks = frequencies.cumsum(axis=1) - frequencies / 2
    totals = frequencies.sum(axis=1)
    # Ranks around the draw's mean rank: sums of squares of large numbers lose digits.
    ranks -= ((frequencies * ranks).sum(axis=1) / np.where(totals > 0, totals, 1))[:, None]
    expected = 2 * totals * (frequencies * ranks**2).sum(axis=1)
    ratings = counts.sum(axis=1)
    observed = np.empty(len(weights))
    step = max(1, _CHUNK // len(counts))
    for start in range(0, len(weights), step):
        part = slice(start, start + step)
        pairs = ratings * (ranks[part] ** 2 @ counts.T) - (ranks[part] @ counts.T) ** 2
        observed[part] = 2 * (weights[part][:, clusters] * pairs / (ratings - 1)).sum(axis=1)
    return observed, expected
