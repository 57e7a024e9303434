"""Satterthwaite degrees of freedom (Fai & Cornelius 1996 for joint tests, as lmerTest)."""

import numpy as np

from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.inference import Joint, Rows

# lmerTest's: eigenvalues of the Hessian below this are directions at the boundary.
_EIGENVALUE = 1e-8
_EQUAL = 1e-8


def variance_of_parameters(estimate: Estimate) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of (free parameters, sigma) and the Jacobian of covariance elements by them."""
    hessian, jacobian = estimate.variance_hessian
    if not len(hessian):
        return hessian, jacobian
    values, vectors = np.linalg.eigh(hessian)
    good = values > _EIGENVALUE * max(1.0, values[-1] * 1e-3)
    half = vectors[:, good] / np.sqrt(values[good])
    return 2.0 * (half @ half.T), jacobian


def degrees(estimate: Estimate, whitened: np.ndarray) -> np.ndarray:
    """df of every row of a hypothesis matrix in whitened coordinates."""
    variance, jacobian = variance_of_parameters(estimate)
    p = estimate.design.columns
    sigma2 = estimate.sigma2
    size = (whitened**2).sum(axis=1)
    slopes = sigma2 * np.einsum("ri,kij,rj->rk", whitened, estimate.moments.first[:, :p, :p], whitened)
    if not estimate.criterion.scale_known:
        slopes = np.column_stack([slopes, 2.0 * np.sqrt(sigma2) * size])
    gradient = slopes @ jacobian
    spread = np.einsum("rk,kl,rl->r", gradient, variance, gradient)
    return np.where(spread > 0, 2.0 * (sigma2 * size) ** 2 / np.where(spread > 0, spread, 1.0), np.inf)


def rows(estimate: Estimate, matrix: np.ndarray) -> Rows:
    """Estimates, standard errors and Satterthwaite df of the rows of a hypothesis matrix."""
    whitened = matrix @ estimate.turn
    std_error = np.sqrt(estimate.scale2 * (whitened**2).sum(axis=1))
    return Rows(matrix @ estimate.coefficients, std_error, degrees(estimate, whitened))


def joint_degrees(df: np.ndarray) -> float:
    """Denominator df from the df of the independent single tests, as lmerTest's ``get_Fstat_ddf``."""
    if len(df) == 1 or np.ptp(df) < _EQUAL or np.isinf(df).all():
        return float(df.mean())
    if (df <= 2).any():
        return 2.0
    expected = float(np.where(np.isinf(df), 1.0, df / (df - 2)).sum())
    return 2.0 * expected / (expected - len(df))


def joint(estimate: Estimate, matrix: np.ndarray) -> Joint:
    """Joint test: independent directions of the hypothesis, each with its own df, combined."""
    whitened = matrix @ estimate.turn
    values, vectors = np.linalg.eigh(whitened @ whitened.T)
    directions = vectors.T @ whitened
    estimates = vectors.T @ (matrix @ estimate.coefficients)
    statistic = float((estimates**2 / (estimate.scale2 * values)).mean())
    return Joint(statistic, len(matrix), joint_degrees(degrees(estimate, directions)))
