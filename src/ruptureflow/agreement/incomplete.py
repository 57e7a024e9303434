"""Intraclass correlations where not every rater rated every target: variance components of targets × raters by REML."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.agreement.crossed_components import crossed_components, crossed_sums, total_sums
from ruptureflow.agreement.mean_squares import MeanSquares

_ZERO = 1e-12


@dataclass(frozen=True)
class Incomplete:
    """Mean squares that the variance components imply, and what a reader must know of the fit."""

    squares: MeanSquares
    notes: tuple[str, ...]


def implied_mean_squares(values: np.ndarray) -> Incomplete:
    """Two-way variance components of an incomplete layout, written as the mean squares they imply.

    Targets, raters and error are crossed random effects fitted by REML (`ruptureflow.mixed`); the one-way mean squares
    are those of an unbalanced one-way analysis of variance. k is the harmonic mean of the ratings a target has. For a
    complete layout this is `mean_squares`, unless a component is negative there, which REML sets to zero.

    Parameters
    ----------
    values : targets × raters with NaN where a rater did not rate; at least one target was rated twice.
    """
    n = len(values)
    centred = values - np.nanmean(values)
    moments = crossed_components(total_sums(crossed_sums(centred, np.zeros(n, dtype=int), 1)))
    target, rater, residual, notes = _restricted_likelihood(centred)
    if residual is None:
        target, rater, residual = float(moments.target), float(moments.rater), float(moments.residual)
    k = float(moments.k)
    n_ratings = int((~np.isnan(values)).sum())
    within = float(moments.one_way_within)
    squares = MeanSquares(
        between=residual + k * target,
        within=within,
        raters=residual + n * rater,
        residual=residual,
        one_way_between=within + k * float(moments.one_way_target),
        df_within=n_ratings - n,
        df_residual=max(round(float(moments.df_residual)), 1),
        n_targets=n,
        n_raters=k,
    )
    if target == 0 and float(moments.target) < 0:
        notes.append("target variance set to zero by REML (its moment estimate is negative)")
    if rater == 0 and float(moments.rater) < 0:
        notes.append("rater variance set to zero by REML (its moment estimate is negative)")
    return Incomplete(squares, tuple(notes))


def _restricted_likelihood(values: np.ndarray) -> tuple[float, float, float | None, list[str]]:
    from ruptureflow.mixed import ModelError, fit_arrays

    targets, raters = np.nonzero(~np.isnan(values))
    ratings = values[targets, raters]
    try:
        fit = fit_arrays(ratings, np.ones((len(ratings), 1)), {"target": targets, "rater": raters})
    except ModelError as error:
        return np.nan, np.nan, None, [f"components by moments (Henderson 3): {error}"]
    notes = [] if fit.status.converged else [f"REML {fit.status.message}"]
    parts = {name: float(matrix.iloc[0, 0]) for name, matrix in fit.random_covariance.items()}
    return parts["target"], parts["rater"], fit.residual_variance, notes
