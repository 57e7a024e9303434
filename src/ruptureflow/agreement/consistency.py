"""Internal consistency of a scale: alpha and omega, over all forms, within patients, between patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.agreement.one_factor import OneFactor, one_factor

_DEFINITE = 1e-10
"""Smallest eigenvalue of a correlation matrix that counts as positive definite."""


@dataclass(frozen=True)
class ItemSums:
    """Sums over complete forms by patient or bootstrap draw: n, Σ x, Σ xx', Σ (Σx)(Σx)'/n, Σ n², patients."""

    n: np.ndarray
    total: np.ndarray
    products: np.ndarray
    of_patient: np.ndarray
    n_squared: np.ndarray
    patients: np.ndarray

    def weighted(self, weights: np.ndarray) -> ItemSums:
        """The sums of bootstrap samples in which patient p stands weights[draw, p] times."""
        return ItemSums(*(np.tensordot(weights, getattr(self, name), axes=1) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class ItemCovariances:
    """Covariance matrices of the items: of all forms, within patients (pooled), between patients.

    The between matrix is (MS between − MS within)/n₀, the covariance of the patients' true means; it can be no
    covariance matrix at all (negative variances), and coefficients from it are missing then.
    """

    all: np.ndarray
    within: np.ndarray
    between: np.ndarray


def item_sums(answers: np.ndarray, clusters: np.ndarray) -> ItemSums:
    """Sums by patient of complete forms × items.

    Parameters
    ----------
    answers : keyed answers without NaN; subtract the items' means first. clusters : index of each form's patient.
    """
    n_clusters = int(clusters.max(initial=-1)) + 1
    n = np.bincount(clusters, minlength=n_clusters).astype(float)
    total = np.zeros((n_clusters, answers.shape[1]))
    products = np.zeros((n_clusters, answers.shape[1], answers.shape[1]))
    np.add.at(total, clusters, answers)
    np.add.at(products, clusters, answers[:, :, None] * answers[:, None, :])
    of_patient = total[:, :, None] * total[:, None, :] / n[:, None, None]
    return ItemSums(n, total, products, of_patient, n**2, np.ones(n_clusters))


def item_covariances(sums: ItemSums) -> ItemCovariances:
    """Covariance matrices of the whole sample's sums, or of every draw's."""
    n, patients = (np.asarray(each)[..., None, None] for each in (sums.n, sums.patients))
    grand = sums.total[..., :, None] * sums.total[..., None, :] / n
    with np.errstate(invalid="ignore", divide="ignore"):
        within = (sums.products - sums.of_patient) / (n - patients)
        mean_square = (sums.of_patient - grand) / (patients - 1)
        forms_a_patient = (n - np.asarray(sums.n_squared)[..., None, None] / n) / (patients - 1)
        between = (mean_square - within) / forms_a_patient
        return ItemCovariances((sums.products - grand) / (n - 1), within, between)


def cronbach_alpha(covariance: np.ndarray) -> np.ndarray:
    """Cronbach's alpha of a covariance matrix or a stack of them; NaN where the sum of items does not vary."""
    k = covariance.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = covariance.sum(axis=(-2, -1))
        alpha = k / (k - 1) * (1 - np.trace(covariance, axis1=-2, axis2=-1) / total)
    return np.where(total > 1e-12 * np.abs(covariance).max(axis=(-2, -1)), alpha, np.nan)


def mcdonald_omega(covariance: np.ndarray) -> tuple[float, str]:
    """McDonald's omega of one common factor: share of the sum's model-implied variance that the factor carries.

    Returns
    -------
    omega, note : NaN and the reason where it cannot be computed; a note where a uniqueness was held at its bound.
    """
    omega, note, _ = _omega_and_factor(covariance)
    return omega, note


def omega_of_draws(covariance: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Omega of a bootstrap's covariance matrices; NaN where one is not positive definite.

    Parameters
    ----------
    covariance : of the whole sample; each draw's factor is sought from its solution. covariances : one a draw.
    """
    drawn = np.full(len(covariances), np.nan)
    _, _, whole = _omega_and_factor(covariance)
    if whole is None:
        return drawn
    sds = np.sqrt(np.maximum(np.diagonal(covariances, axis1=-2, axis2=-1), 0))
    usable = np.isfinite(covariances).all(axis=(-2, -1)) & (sds > 0).all(axis=-1)
    correlations = covariances[usable] / sds[usable][:, :, None] / sds[usable][:, None, :]
    definite = np.linalg.eigvalsh(correlations)[:, 0] > _DEFINITE
    usable[usable] = definite
    if usable.any():
        solution = one_factor(correlations[definite], whole.uniquenesses, tolerance=1e-6, least_gain=1e-10)
        drawn[usable] = _share_of_factor(sds[usable], solution)
    return drawn


def _omega_and_factor(covariance: np.ndarray) -> tuple[float, str, OneFactor | None]:
    sds = np.sqrt(np.maximum(np.diag(covariance), 0))
    if len(covariance) < 3:
        return np.nan, "omega needs three items", None
    if (sds == 0).any() or not np.isfinite(covariance).all():
        return np.nan, "an item does not vary at this level", None
    correlation = covariance / sds[:, None] / sds[None, :]
    if np.linalg.eigvalsh(correlation)[0] <= _DEFINITE:
        return np.nan, "the items' covariance matrix at this level is not positive definite", None
    solution = one_factor(correlation)
    note = "a uniqueness lies at its bound (Heywood case)" if solution.at_bound else ""
    return float(_share_of_factor(sds, solution)), note, solution


def _share_of_factor(sds: np.ndarray, solution: OneFactor) -> np.ndarray:
    common = (sds * solution.loadings).sum(axis=-1) ** 2
    return common / (common + (sds**2 * solution.uniquenesses).sum(axis=-1))
