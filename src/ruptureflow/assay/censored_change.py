"""Mean log ratio of pairs with concentrations beyond a limit: bivariate normal likelihood, nothing substituted.

(ln pre, ln post) ~ N(μ, Σ). A measured value enters by its density, a censored one by the probability of lying beyond
its own limit given the other, a pair of censored ones by the bivariate probability. The mean log ratio is μ₂ − μ₁; its
standard error is the sandwich over patients, so that sessions of one patient may depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.clustered_mean import MeanChange
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import Array

LARGEST_STEPS = 100
GRADIENT_TOLERANCE = 1e-8
STEP = 1e-4


@dataclass(frozen=True)
class CensoredPairs:
    """Pairs of concentrations on the log scale.

    Attributes
    ----------
    logs : (pairs, 2), ln concentration before and after; the limit itself where a value is censored.
    side : (pairs, 2), −1 below its limit, 1 above, 0 measured.
    patients : (pairs,).
    """

    logs: Array
    side: np.ndarray
    patients: np.ndarray


def bivariate_normal_below(h: Array, k: Array, rho: float) -> Array:
    """P(X < h, Y < k) for standard normals of correlation ρ, by Owen's T function (Owen 1956)."""
    from scipy.special import ndtr, owens_t

    # At exactly zero the formula divides by zero; its limit is reached to 1e-12 beside it.
    h, k = (np.where(np.abs(x) < 1e-12, 1e-12, x) for x in (h, k))
    root = np.sqrt(1 - rho * rho)
    lower = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, (k / h - rho) / root) - owens_t(k, (h / k - rho) / root)
    return np.clip(lower - np.where(h * k < 0, 0.5, 0.0), 1e-300, 1.0)


def censored_mean_change(pairs: CensoredPairs) -> MeanChange:
    """Maximum-likelihood mean of ln post − ln pre with its patient-clustered standard error.

    Raises
    ------
    AssayError
        with too few measured values to estimate the five parameters, or if the likelihood has no maximum.
    """
    measured = pairs.side == 0
    if measured.sum(axis=0).min() < 3 or measured.all(axis=1).sum() < 3:
        raise AssayError("fewer than three measured pairs: the censored likelihood has no maximum")
    theta = _start(pairs)
    value = _log_likelihood(theta, pairs).sum()
    for _ in range(LARGEST_STEPS):
        scores = _scores(theta, pairs)
        gradient, hessian = scores.sum(axis=0), _hessian(theta, pairs)
        roots, axes = np.linalg.eigh(-hessian)
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(roots), 1e-6 * np.abs(roots).max()))
        if float(gradient @ step) < GRADIENT_TOLERANCE**2 * len(pairs.logs):
            break
        for _ in range(40):
            trial = _log_likelihood(theta + step, pairs).sum()
            if trial >= value - 1e-12 * abs(value):
                break
            step = step / 2
        theta, value = theta + step, trial
    else:
        raise AssayError("the censored likelihood did not converge; too few values are measured")
    groups, index = np.unique(pairs.patients, return_inverse=True)
    sums = np.zeros((groups.size, 5))
    np.add.at(sums, index, scores)
    bread = np.linalg.inv(_hessian(theta, pairs))
    n = groups.size
    contrast = np.array([-1.0, 1.0, 0, 0, 0])
    variance = contrast @ bread @ (sums.T @ sums) @ bread @ contrast * n / (n - 1) if n > 1 else np.nan
    return MeanChange(float(theta[1] - theta[0]), float(np.sqrt(variance)), n - 1.0, len(pairs.logs), n)


def _start(pairs: CensoredPairs) -> Array:
    logs = pairs.logs
    rho = np.clip(np.corrcoef(logs.T)[0, 1], -0.9, 0.9)
    spread = np.maximum(logs.std(axis=0), 1e-3)
    return np.array([*logs.mean(axis=0), *np.log(spread), np.arctanh(rho if np.isfinite(rho) else 0.0)])


def _log_likelihood(theta: Array, pairs: CensoredPairs) -> Array:
    """Log-likelihood of each pair; θ = (μ₁, μ₂, ln σ₁, ln σ₂, artanh ρ)."""
    from scipy.special import log_ndtr

    sd, rho = np.exp(theta[2:4]), np.tanh(theta[4])
    z = (pairs.logs - theta[:2]) / sd
    side = pairs.side
    left = np.sqrt(1 - rho * rho)
    density = -0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    out = np.empty(len(z))
    both = (side == 0).all(axis=1)
    out[both] = (
        density[both, 0] - 0.5 * ((z[both, 1] - rho * z[both, 0]) / left) ** 2
        - np.log(sd[1] * left) - 0.5 * np.log(2 * np.pi)
    )  # fmt: skip
    for known, hidden in ((0, 1), (1, 0)):
        one = (side[:, known] == 0) & (side[:, hidden] != 0)
        beyond = (z[one, hidden] - rho * z[one, known]) / left
        out[one] = density[one, known] + log_ndtr(-side[one, hidden] * beyond)
    none = (side != 0).all(axis=1)
    if none.any():
        # −side turns "above" into "below" of the mirrored variable, which mirrors the correlation too.
        sign = -side[none]
        probability = np.empty(int(none.sum()))
        for mirrored in (-1, 1):
            part = sign[:, 0] * sign[:, 1] == mirrored
            h, k = (sign[part, j] * z[none][part, j] for j in (0, 1))
            probability[part] = bivariate_normal_below(h, k, mirrored * rho)
        out[none] = np.log(probability)
    return out


def _scores(theta: Array, pairs: CensoredPairs) -> Array:
    """Derivatives of each pair's log-likelihood, central differences of fourth order: (pairs, 5)."""
    columns = []
    for k in range(5):
        step = np.zeros(5)
        step[k] = STEP * max(1.0, abs(theta[k]))
        near = _log_likelihood(theta + step, pairs) - _log_likelihood(theta - step, pairs)
        far = _log_likelihood(theta + 2 * step, pairs) - _log_likelihood(theta - 2 * step, pairs)
        columns.append((8 * near - far) / (12 * step[k]))
    return np.column_stack(columns)


def _hessian(theta: Array, pairs: CensoredPairs) -> Array:
    """Second derivatives of the log-likelihood, central differences."""
    steps = np.diag(3e-4 * np.maximum(1.0, np.abs(theta)))

    def value(shift: Array) -> float:
        return float(_log_likelihood(theta + shift, pairs).sum())

    middle = value(np.zeros(5))
    hessian = np.empty((5, 5))
    for i in range(5):
        hessian[i, i] = (value(steps[i]) - 2 * middle + value(-steps[i])) / steps[i, i] ** 2
        for j in range(i):
            corners = value(steps[i] + steps[j]) - value(steps[i] - steps[j])
            corners += value(-steps[i] - steps[j]) - value(steps[j] - steps[i])
            hessian[i, j] = hessian[j, i] = corners / (4 * steps[i, i] * steps[j, j])
    return hessian
