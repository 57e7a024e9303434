"""Internal consistency of a scale: alpha and omega, over all forms, within patients, between patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LEAST_UNIQUENESS = 0.005
_STEPS = 200


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


@dataclass(frozen=True)
class OneFactor:
    """Maximum-likelihood solution with one factor: loadings and uniquenesses on the correlation scale."""

    loadings: np.ndarray
    uniquenesses: np.ndarray
    at_bound: bool


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
    sds = np.sqrt(np.maximum(np.diag(covariance), 0))
    if len(covariance) < 3:
        return np.nan, "omega needs three items"
    if (sds == 0).any() or not np.isfinite(covariance).all():
        return np.nan, "an item does not vary at this level"
    correlation = covariance / sds[:, None] / sds[None, :]
    if np.linalg.eigvalsh(correlation)[0] <= 1e-10:
        return np.nan, "the items' covariance matrix at this level is not positive definite"
    solution = one_factor(correlation)
    common = float(sds @ solution.loadings) ** 2
    omega = common / (common + float(sds**2 @ solution.uniquenesses))
    return omega, "a uniqueness lies at its bound (Heywood case)" if solution.at_bound else ""


def one_factor(correlation: np.ndarray) -> OneFactor:
    """One common factor by maximum likelihood, as R's factanal (uniquenesses not below 0.005).

    Newton's method on the logarithms of the uniquenesses with the approximate second derivatives of Clarke (1970)
    and Jöreskog (1977), the step halved while it does not lower the deviance.
    """
    log_least = np.log(_LEAST_UNIQUENESS)
    place = np.clip(np.log(0.5 / np.diag(np.linalg.inv(correlation))), log_least, 0.0)
    current = _concentrated(correlation, place)
    for _ in range(_STEPS):
        free = ~((place <= log_least) & (current.gradient > 0)) & ~((place >= 0) & (current.gradient < 0))
        if not free.any() or np.abs(current.gradient[free]).max() < 1e-12:
            break
        move = np.zeros(len(place))
        curvature = current.curvature[np.ix_(free, free)] + 1e-12 * np.eye(int(free.sum()))
        move[free] = -np.linalg.solve(curvature, current.gradient[free])
        step = 1.0
        following = _concentrated(correlation, np.clip(place + move, log_least, 0.0))
        while following.deviance > current.deviance and step > 1e-6:
            step /= 2
            following = _concentrated(correlation, np.clip(place + step * move, log_least, 0.0))
        if following.deviance > current.deviance:
            break
        place, current = np.clip(place + step * move, log_least, 0.0), following
    return OneFactor(current.loadings, np.exp(place), bool((place <= log_least).any()))


@dataclass(frozen=True)
class _Concentrated:
    """Deviance at given uniquenesses with the best loadings, and its derivatives by their logarithms."""

    deviance: float
    gradient: np.ndarray
    curvature: np.ndarray
    loadings: np.ndarray


def _concentrated(correlation: np.ndarray, log_uniquenesses: np.ndarray) -> _Concentrated:
    root = np.exp(log_uniquenesses / 2)
    values, vectors = np.linalg.eigh(correlation / root[:, None] / root)
    rest, directions = values[:-1], vectors[:, :-1]
    loadings = np.sqrt(max(values[-1] - 1, 0.0)) * vectors[:, -1] * root
    return _Concentrated(
        float((rest - np.log(rest) - 1).sum()),
        (directions**2) @ (1 - rest),
        (directions @ directions.T) ** 2,
        loadings if loadings.sum() >= 0 else -loadings,
    )
