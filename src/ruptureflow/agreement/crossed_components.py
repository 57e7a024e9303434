"""Variance components of sessions × coders, complete or not, from sums that are additive over patients.

Henderson's method 3: the error from sessions and coders fitted together, each component from its reduction after the
other. For a complete layout these are the two-way mean squares; nothing is clamped at zero. Because every sum is a sum
over patients, ten thousand patient bootstraps are one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_RANK = 1e-9


@dataclass(frozen=True)
class CrossedSums:
    """Sums of one set of ratings, or of many: every field has one entry a patient, or one a bootstrap draw.

    n_ratings, n_targets : counts. n_raters_inverse, n_raters_squared : Σ 1/k, Σ k² over targets (k ratings a target).
    squares : Σ y². of_targets : Σ_targets (Σ y)²/k. n_by_rater, by_rater : counts and sums by rater, last axis raters.
    within : Σ (y − target mean)². reduced : raters' normal equations after targets; right : their right side.
    """

    n_ratings: np.ndarray
    n_targets: np.ndarray
    n_raters_inverse: np.ndarray
    n_raters_squared: np.ndarray
    squares: np.ndarray
    of_targets: np.ndarray
    n_by_rater: np.ndarray
    by_rater: np.ndarray
    within: np.ndarray
    reduced: np.ndarray
    right: np.ndarray

    def weighted(self, weights: np.ndarray) -> CrossedSums:
        """The sums of bootstrap samples in which patient p stands weights[draw, p] times."""
        return CrossedSums(*(np.tensordot(weights, getattr(self, name), axes=1) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class CrossedComponents:
    """Variance components and what is needed to make coefficients of them (numbers, or one a draw).

    target, rater, residual : variances. one_way_target, one_way_within : the same with raters left out of the model.
    k : harmonic mean of the ratings a target has, the effective number of raters.
    df_residual : ratings − targets − raters + 1, or more where raters fall into groups that share no target.
    """

    target: np.ndarray
    rater: np.ndarray
    residual: np.ndarray
    one_way_target: np.ndarray
    one_way_within: np.ndarray
    k: np.ndarray
    df_residual: np.ndarray


def crossed_sums(values: np.ndarray, clusters: np.ndarray, n_clusters: int) -> CrossedSums:
    """Sums by patient of a matrix of targets × raters with NaN where a rater did not rate.

    Parameters
    ----------
    values : ratings; subtract their mean first, as sums of squares of large numbers lose digits.
    clusters : index 0 … n_clusters − 1 of the patient that each target belongs to.
    """
    rated = ~np.isnan(values)
    y = np.where(rated, values, 0.0)
    mask = rated.astype(float)
    k = mask.sum(axis=1)
    seen = k > 0
    inverse = np.where(seen, 1 / np.maximum(k, 1), 0.0)
    total = y.sum(axis=1)
    deviations = np.where(rated, y - (total * inverse)[:, None], 0.0)
    reduced = mask[:, :, None] * np.eye(values.shape[1]) - mask[:, :, None] * mask[:, None, :] * inverse[:, None, None]

    def by_patient(each: np.ndarray) -> np.ndarray:
        out = np.zeros((n_clusters, *each.shape[1:]))
        np.add.at(out, clusters, each)
        return out

    return CrossedSums(
        n_ratings=by_patient(k),
        n_targets=by_patient(seen.astype(float)),
        n_raters_inverse=by_patient(inverse),
        n_raters_squared=by_patient(k**2),
        squares=by_patient((y**2).sum(axis=1)),
        of_targets=by_patient(total**2 * inverse),
        n_by_rater=by_patient(mask),
        by_rater=by_patient(y),
        within=by_patient((deviations**2).sum(axis=1)),
        reduced=by_patient(reduced),
        right=by_patient(deviations),
    )


def total_sums(sums: CrossedSums) -> CrossedSums:
    """The sums of all patients together."""
    return CrossedSums(*(getattr(sums, name).sum(axis=0) for name in sums.__dataclass_fields__))


def crossed_components(sums: CrossedSums) -> CrossedComponents:
    """Variance components of sums of the whole sample, or of every draw."""
    n, targets = sums.n_ratings, sums.n_targets
    with np.errstate(invalid="ignore", divide="ignore"):
        k = targets / sums.n_raters_inverse
        inverse, rank = symmetric_inverse(sums.reduced)
        of_raters = np.einsum("...i,...ij,...j->...", sums.right, inverse, sums.right)
        error = sums.within - of_raters
        df_error = n - targets - rank
        residual = error / df_error
        rater = (of_raters - rank * residual) / np.trace(sums.reduced, axis1=-2, axis2=-1)
        used = sums.n_by_rater > 0
        of_raters_alone = np.where(used, sums.by_rater**2 / np.where(used, sums.n_by_rater, 1), 0).sum(axis=-1)
        n_used = used.sum(axis=-1)
        after_raters = sums.squares - error - of_raters_alone
        target = (after_raters - (targets + rank - n_used) * residual) / (n - n_used)
        total = sums.by_rater.sum(axis=-1)
        one_way_within = sums.within / (n - targets)
        between = sums.of_targets - total**2 / n
        k_one_way = (n - sums.n_raters_squared / n) / (targets - 1)
        one_way_target = (between / (targets - 1) - one_way_within) / k_one_way
    return CrossedComponents(target, rater, residual, one_way_target, one_way_within, k, df_error)


def component_coefficients(parts: CrossedComponents) -> dict[str, np.ndarray]:
    """The six intraclass correlations from variance components; k is the effective number of raters."""
    k = parts.k
    with np.errstate(invalid="ignore", divide="ignore"):
        disagreement = parts.rater + parts.residual
        return {
            "ICC(1,1)": parts.one_way_target / (parts.one_way_target + parts.one_way_within),
            "ICC(2,1)": parts.target / (parts.target + disagreement),
            "ICC(3,1)": parts.target / (parts.target + parts.residual),
            "ICC(1,k)": parts.one_way_target / (parts.one_way_target + parts.one_way_within / k),
            "ICC(2,k)": parts.target / (parts.target + disagreement / k),
            "ICC(3,k)": parts.target / (parts.target + parts.residual / k),
        }


def symmetric_inverse(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moore–Penrose inverses and ranks of a stack of symmetric matrices."""
    if matrices.shape[-1] == 2:
        # Two raters: rows sum to zero, so the matrix is c·[[1, −1], [−1, 1]], whose inverse is that over 4c².
        c = matrices[..., 0, 0]
        there = c > _RANK
        scale = np.where(there, 1 / np.where(there, 4 * c**2, 1), 0.0)
        return matrices * scale[..., None, None], there.astype(float)
    values, vectors = np.linalg.eigh(matrices)
    there = values > _RANK * np.maximum(values[..., -1:], 1)
    inverted = np.where(there, 1 / np.where(there, values, 1), 0.0)
    return (vectors * inverted[..., None, :]) @ np.swapaxes(vectors, -1, -2), there.sum(axis=-1).astype(float)
