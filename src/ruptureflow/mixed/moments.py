"""What the data say about the covariance parameters at one point: the sums every formula below is made of.

With ``V = sigma² V0``, ``V_k`` the derivative of V0 by parameter k, and ``P`` the usual projection, all of REML,
ML, their gradients and Hessians, Satterthwaite, Kenward–Roger and CR2 need only the traces and quadratic forms
collected here. Fixed effects are held in coordinates in which ``X'V0⁻¹X`` is the identity.
"""

from dataclasses import dataclass
from math import isfinite, log, pi

import numpy as np


@dataclass(frozen=True)
class Moments:
    """Sums over blocks at given relative parameters.

    Attributes
    ----------
    whiten
        ``(p, p)``; ``inv(X'V0⁻¹X) = whiten @ whiten.T``.
    beta
        ``(p,)`` fixed effects.
    rss
        ``(y - Xb)'V0⁻¹(y - Xb)``.
    log_det_v, log_det_x
        Log determinants of V0 and of ``X'V0⁻¹X``.
    trace
        ``(K,)``: ``tr(V0⁻¹V_k)``.
    traces
        ``(K, K)``: ``tr(V0⁻¹V_k V0⁻¹V_l)``.
    first
        ``(K, p + 1, p + 1)``: ``W'V_k W`` with ``W = V0⁻¹[X whiten | y - Xb]``.
    second_fixed, second_data
        ``(K, K)``: of ``W'V_k V0⁻¹ V_l W`` the trace over the fixed effects and the entry of the outcome.
    second
        ``(K, K, p + 1, p + 1)``: all of ``W'V_k V0⁻¹ V_l W``; None where only the deviance was asked for.
    bend_reml, bend_ml, bend_data
        ``(K, K)``: contributions of second derivatives ``V_kl`` (zero where V0 is linear in its parameters):
        ``tr(P V_kl)``, ``tr(V0⁻¹ V_kl)``, and the quadratic form of the outcome.
    """

    whiten: np.ndarray
    beta: np.ndarray
    rss: float
    log_det_v: float
    log_det_x: float
    trace: np.ndarray
    traces: np.ndarray
    first: np.ndarray
    second_fixed: np.ndarray
    second_data: np.ndarray
    second: np.ndarray | None = None
    bend_reml: np.ndarray | None = None
    bend_ml: np.ndarray | None = None
    bend_data: np.ndarray | None = None


@dataclass(frozen=True)
class Whitened:
    """Fixed effects in whitened coordinates.

    Attributes
    ----------
    turn
        ``(p + 1, p + 1)``; ``[X | y] turn = [X whiten | y - Xb]``.
    beta
        ``(p,)`` b.
    rss
        ``(y - Xb)'V0⁻¹(y - Xb)``.
    log_det_x
        Log determinant of ``X'V0⁻¹X``.
    """

    turn: np.ndarray
    beta: np.ndarray
    rss: float
    log_det_x: float


def whitened(total: np.ndarray) -> Whitened | None:
    """From ``[X | y]'V0⁻¹[X | y]``; None where it is not positive definite, so V0 no covariance or y no residual."""
    p = len(total) - 1
    try:
        lower = np.linalg.cholesky(total)
    except np.linalg.LinAlgError:
        return None
    # the last column of the inverse factor is (y - Xb) at length 1
    turn = np.linalg.inv(lower).T
    length = float(lower[p, p])
    turn[:, p] *= length
    log_det = 2.0 * sum(map(log, lower.diagonal()[:p].tolist()))
    return Whitened(turn, -turn[:p, p], length * length, log_det) if isfinite(log_det) else None


@dataclass(frozen=True)
class Criterion:
    """Which deviance is minimised: REML or ML, with the residual scale profiled out or known (1)."""

    rows: int
    columns: int
    reml: bool
    scale_known: bool

    @property
    def degrees(self) -> int:
        """Divisor of the residual sum of squares."""
        return self.rows - self.columns if self.reml else self.rows

    def sigma2(self, rss: float) -> float:
        """Residual variance for a residual sum of squares."""
        return 1.0 if self.scale_known else rss / self.degrees

    def value(self, rss: float, log_det_v: float, log_det_x: float) -> float:
        """Minus twice the log-likelihood with the scale at its best value, without constants of the coordinates."""
        nu = self.degrees
        out = log_det_v + (log_det_x if self.reml else 0.0)
        if self.scale_known:
            return out + rss + nu * log(2 * pi)
        return out + nu * (1.0 + log(2 * pi * rss / nu))


def relative_traces(moments: Moments, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """``tr(P V_k)`` and ``tr(P V_k P V_l)``; for ML with ``V0⁻¹`` in place of P."""
    if not reml:
        return moments.trace, moments.traces
    p = len(moments.beta)
    fixed = moments.first[:, :p, :p]
    flat = fixed.reshape(len(fixed), p * p)
    one = moments.trace - np.trace(fixed, axis1=1, axis2=2)
    two = moments.traces - 2.0 * moments.second_fixed + flat @ flat.T
    return one, two


def data_forms(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """``y'P V_k P y`` and ``y'P V_k P V_l P y`` (P with V0)."""
    p = len(moments.beta)
    cross = moments.first[:, :p, p]
    return moments.first[:, p, p], moments.second_data - cross @ cross.T


def profile_gradient(moments: Moments, criterion: Criterion) -> np.ndarray:
    """Gradient of the profiled deviance by the relative parameters."""
    p = len(moments.beta)
    one = moments.first[:, p, p] / criterion.sigma2(moments.rss)
    if not criterion.reml:
        return moments.trace - one
    return moments.trace - moments.first[:, :p, :p].trace(axis1=1, axis2=2) - one


def profile_derivatives(moments: Moments, criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the profiled deviance by the relative parameters."""
    trace, traces = relative_traces(moments, criterion.reml)
    one, two = data_forms(moments)
    ratio = 1.0 / criterion.sigma2(moments.rss)
    gradient = trace - ratio * one
    hessian = 2.0 * ratio * two - traces
    if not criterion.scale_known:
        hessian = hessian - np.outer(one, one) * (ratio / moments.rss)
    if moments.bend_data is not None:
        hessian = hessian + (moments.bend_reml if criterion.reml else moments.bend_ml) - ratio * moments.bend_data
    return gradient, hessian


def scoring_step(moments: Moments, criterion: Criterion) -> np.ndarray:
    """Step of Fisher scoring in the relative parameters: from zero, MIVQUE0."""
    trace, traces = relative_traces(moments, criterion.reml)
    one, _ = data_forms(moments)
    return scoring_direction(trace, traces, trace - one / criterion.sigma2(moments.rss), criterion)


def scoring_direction(trace: np.ndarray, traces: np.ndarray, gradient: np.ndarray, criterion: Criterion) -> np.ndarray:
    """Step of Fisher scoring from ``tr(P V_k)``, ``tr(P V_k P V_l)`` and the gradient of the profiled deviance."""
    information = traces if criterion.scale_known else traces - trace[:, None] * trace / criterion.degrees
    size = np.sqrt(np.maximum(information.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(information / (size[:, None] * size))
    values = np.maximum(values, 1e-6)
    step = -(vectors @ ((vectors.T @ (gradient / size)) / values)) / size
    if criterion.scale_known:
        return step
    # what the random effects take off the residual variance raises the relative variances once more
    return step / max(1.0 - float(trace @ step) / criterion.degrees, 0.1)


def full_hessian(moments: Moments, criterion: Criterion, sigma2: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the deviance by (relative parameters, sigma), sigma not profiled out."""
    trace, traces = relative_traces(moments, criterion.reml)
    one, two = data_forms(moments)
    k = len(trace)
    gradient = np.empty(k + 1)
    hessian = np.empty((k + 1, k + 1))
    gradient[:k] = trace - one / sigma2
    hessian[:k, :k] = 2.0 * two / sigma2 - traces
    if moments.bend_data is not None:
        hessian[:k, :k] += (moments.bend_reml if criterion.reml else moments.bend_ml) - moments.bend_data / sigma2
    sigma = np.sqrt(sigma2)
    hessian[:k, k] = hessian[k, :k] = 2.0 * one / sigma**3
    gradient[k] = 2.0 * criterion.degrees / sigma - 2.0 * moments.rss / sigma**3
    hessian[k, k] = -2.0 * criterion.degrees / sigma2 + 6.0 * moments.rss / sigma2**2
    return gradient, hessian
