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
        raise AgreementError(f"the ratio metric needs values that are not negative, found {categories[0]}")
    coincidences = _coincidences(values, clusters, weights.shape[1], categories)
    frequencies = weights @ coincidences.sum(axis=-1)
    if metric == "ordinal":
        ranks = frequencies.cumsum(axis=1) - frequencies / 2
        observed = _ordinal_disagreement(coincidences, weights, ranks)
        totals = frequencies.sum(axis=1)
        expected = 2 * (totals * (frequencies * ranks**2).sum(axis=1) - (frequencies * ranks).sum(axis=1) ** 2)
    else:
        difference = _difference(categories, metric)
        observed = weights @ (coincidences * difference).sum(axis=(-2, -1))
        expected = np.einsum("di,ij,dj->d", frequencies, difference, frequencies)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (frequencies.sum(axis=1) - 1) * observed / expected
        return np.where(expected > 0, 1 - ratio, np.nan)


def _coincidences(values: np.ndarray, clusters: np.ndarray, n_clusters: int, categories: np.ndarray) -> np.ndarray:
    """Krippendorff's coincidence matrix of each patient: pairs of ratings in a target, weighted 1/(ratings − 1)."""
    rated = ~np.isnan(values)
    counts = np.zeros((len(values), len(categories)))
    targets, raters = np.nonzero(rated)
    np.add.at(counts, (targets, np.searchsorted(categories, values[targets, raters])), 1)
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(len(categories))
    pairs[:, diagonal, diagonal] -= counts
    out = np.zeros((n_clusters, len(categories), len(categories)))
    np.add.at(out, clusters, pairs / (rated.sum(axis=1) - 1)[:, None, None])
    return out


def _difference(categories: np.ndarray, metric: Metric) -> np.ndarray:
    a, b = categories[:, None], categories[None, :]
    if metric == "nominal":
        return (a != b).astype(float)
    if metric == "interval":
        return (a - b) ** 2
    return np.where(a == b, 0.0, (a - b) ** 2 / np.where(a + b == 0, 1, (a + b) ** 2))


def _ordinal_disagreement(coincidences: np.ndarray, weights: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Σ o (rank − rank)² for ranks that differ from draw to draw, a chunk of draws at a time to bound memory."""
    c = coincidences.shape[-1]
    out = np.empty(len(weights))
    step = max(1, _CHUNK // (c * c))
    for start in range(0, len(weights), step):
        part = slice(start, start + step)
        drawn = np.tensordot(weights[part], coincidences, axes=1)
        squares = (drawn.sum(axis=-1) * ranks[part] ** 2).sum(axis=1)
        out[part] = 2 * (squares - np.einsum("di,dij,dj->d", ranks[part], drawn, ranks[part]))
    return out
