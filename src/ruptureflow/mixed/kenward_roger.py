"""Kenward-Roger adjusted covariance and degrees of freedom.

The variant is pbkrtest's: expected information in all covariance elements, also those estimated at zero, and no
second-derivative term (for covariances linear in their parameters there is none; for AR(1) and other nonlinear
residual structures this is SAS's ``ddfm=kenwardroger(linear)``). Without that term the result does not depend on
how the covariance is parameterised, so relative covariances and the residual variance serve.
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.inference import Joint, Rows
from ruptureflow.mixed.sums import level_elements

_SINGULAR = 1e-12


@dataclass(frozen=True)
class Adjustment:
    """Adjusted covariance and what its degrees of freedom need, all in whitened coordinates.

    Attributes
    ----------
    covariance
        ``(p, p)`` adjusted covariance of the fixed effects, caller's columns.
    changes
        ``(K, p, p)``: minus the P matrices of Kenward & Roger (1997) with Phi the identity.
    weight
        ``(K, K)``: covariance of the parameters from the expected information.
    """

    covariance: np.ndarray
    changes: np.ndarray
    weight: np.ndarray


def _components(estimate: Estimate) -> np.ndarray:
    """Which covariance elements take part: all, or under SAS's rule those not on the boundary."""
    elements = level_elements(estimate.likelihood.layouts)
    keep = np.ones(len(estimate.moments.trace), dtype=bool)
    if estimate.boundary != "sas":
        return keep
    for k, element in enumerate(elements):
        psi = estimate.psis[element.level]
        keep[k] = psi[element.row, element.row] > 1e-10 and psi[element.column, element.column] > 1e-10
    likelihood = estimate.likelihood
    if likelihood.extra:
        for k in likelihood.structure.bounds(likelihood.eta(estimate.theta)):
            keep[len(elements) + k] = False
    return keep


def adjust(estimate: Estimate) -> Adjustment:
    """Kenward-Roger adjustment of a REML fit."""
    if not estimate.criterion.reml:
        raise ModelError("Kenward-Roger is defined for REML fits only: refit with method='reml'.")
    p = estimate.design.columns
    moments = estimate.full_moments
    keep = _components(estimate)
    first = moments.first[keep][:, :p, :p]
    second = moments.second[np.ix_(keep, keep)][:, :, :p, :p]
    trace, traces = moments.trace[keep], moments.traces[np.ix_(keep, keep)]
    if not estimate.criterion.scale_known:
        # log sigma² joins as a parameter: its derivative of V is V itself
        k = len(first)
        eye = np.eye(p)
        wide_first = np.concatenate([first, eye[None]])
        wide_second = np.empty((k + 1, k + 1, p, p))
        wide_second[:k, :k] = second
        wide_second[:k, k] = first
        wide_second[k, :k] = first
        wide_second[k, k] = eye
        wide_traces = np.empty((k + 1, k + 1))
        wide_traces[:k, :k] = traces
        wide_traces[:k, k] = wide_traces[k, :k] = trace
        wide_traces[k, k] = estimate.criterion.rows
        first, second, traces = wide_first, wide_second, wide_traces
    count = len(first)
    flat = first.reshape(count, p * p)
    information = traces - 2.0 * np.einsum("klii->kl", second) + flat @ flat.T
    weight = 2.0 * _inverse(information)
    inner = np.einsum("kl,klij->ij", weight, second) - np.einsum("kl,kia,laj->ij", weight, first, first)
    inner = (inner + inner.T) / 2
    turn = estimate.turn
    covariance = estimate.scale2 * (turn @ (np.eye(p) + 2.0 * inner) @ turn.T)
    return Adjustment(covariance, first, weight)


def _inverse(information: np.ndarray) -> np.ndarray:
    """Inverse, generalised where parameters cannot be told apart; judged on a unit diagonal."""
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    good = values > _SINGULAR
    half = vectors[:, good] / np.sqrt(values[good]) / size[:, None]
    return half @ half.T


def _moments_of_f(adjustment: Adjustment, whitened: np.ndarray) -> tuple[float, float]:
    """A1 and A2 of Kenward & Roger for a hypothesis in whitened coordinates."""
    theta = whitened.T @ np.linalg.solve(whitened @ whitened.T, whitened)
    pieces = theta @ adjustment.changes
    traces = np.einsum("kii->k", pieces)
    a1 = float(traces @ adjustment.weight @ traces)
    a2 = float(np.einsum("kl,kij,lji->", adjustment.weight, pieces, pieces))
    return a1, a2


def f_scaling(a1: float, a2: float, q: int) -> tuple[float, float]:
    """Scale of the F statistic and denominator df (Kenward & Roger 1997, with pbkrtest's guards)."""
    if a2 == 0.0:
        return 1.0, float("inf")
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    base = 3.0 * q + 2.0 * (1.0 - g)
    v0 = 1.0 + g / base * b
    v1 = 1.0 - (q - g) / base * b
    v2 = 1.0 - (q + 2.0 - g) / base * b
    v0 = 0.0 if abs(v0) < 1e-10 else v0
    ratio = 1.0 if abs(1.0 - a2 / q) < 1e-14 and abs(v1) < 1e-14 else (1.0 - a2 / q) / v1
    rho = ratio**2 * v0 / v2 / q
    df = 4.0 + (q + 2.0) / (q * rho - 1.0)
    scaling = 1.0 if abs(df - 2.0) < 1e-2 else df * (1.0 - a2 / q) / (df - 2.0)
    return scaling, df


def rows(estimate: Estimate, matrix: np.ndarray, adjustment: Adjustment | None = None) -> Rows:
    """Estimates, adjusted standard errors and df of the rows of a hypothesis matrix."""
    adjustment = adjustment or adjust(estimate)
    whitened = matrix @ estimate.turn
    size = (whitened**2).sum(axis=1)
    forms = np.einsum("ri,kij,rj->rk", whitened, adjustment.changes, whitened) / size[:, None]
    spread = np.einsum("rk,kl,rl->r", forms, adjustment.weight, forms)
    df = np.where(spread > 0, 2.0 / np.where(spread > 0, spread, 1.0), np.inf)
    std_error = np.sqrt(np.einsum("ri,ij,rj->r", matrix, adjustment.covariance, matrix))
    return Rows(matrix @ estimate.coefficients, std_error, df)


def joint(estimate: Estimate, matrix: np.ndarray) -> Joint:
    """Joint F test with Kenward-Roger's scale and denominator df."""
    adjustment = adjust(estimate)
    a1, a2 = _moments_of_f(adjustment, matrix @ estimate.turn)
    q = len(matrix)
    scaling, df = f_scaling(a1, a2, q)
    estimates = matrix @ estimate.coefficients
    spread = matrix @ adjustment.covariance @ matrix.T
    return Joint(scaling * float(estimates @ np.linalg.solve(spread, estimates)) / q, q, df)
