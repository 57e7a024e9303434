"""Exact interval of tau² for weights of one's own (Jackson 2013), metafor's ``confint`` of ``GENQ``.

Q = y'Py with P from fixed weights is a weighted sum of chi-squared variables, whose weights are the eigenvalues of
PΣ, Σ = diag(v + tau²). Its distribution function is the inverse Laplace transform of det(I + 2zPΣ)^(−½)/z, whose
singularities all lie on the negative axis. With few df the trapezoid rule runs along Weideman and Trefethen's (2007)
parabola around them (32 nodes, 16 by symmetry); with more, where the parabola cancels (1e-11 at 19 df, 1e-3 at 99),
along the vertical line through the integrand's saddle. The determinant needs no eigenvalues: O(k p²) a node.
"""

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.weighting import Problem

_NODES = 32
_ANGLES = (2 * np.arange(_NODES // 2) + 1) * np.pi / _NODES
_PARABOLA = _NODES * (0.1309 - 0.1194 * _ANGLES**2 + 0.2500j * _ANGLES)
_SLOPE = _NODES * (-0.2388 * _ANGLES + 0.2500j)
_FEW_DF = 15
_CELLS = 1_000_000  # of one batch of nodes
_MOST_NODES = 200_000
_MOST_EFFECTS = 10_000


def probability_below(q, problem: Problem, weights, tau2):
    """P(Q ≤ q) at tau², for the first set of effects."""
    if problem.y.shape[1] - problem.p > _FEW_DF:
        return _along_line(q, problem, weights, tau2)
    z = _PARABOLA / q
    values = np.exp(_PARABOLA - 0.5 * _log_determinant(z, problem, weights, tau2)) / z
    return float(2 / _NODES * (values * _SLOPE / q).imag.sum())


def _along_line(q, problem, weights, tau2):
    from scipy.optimize import minimize_scalar

    def height(log_c):
        c = np.array([np.exp(log_c)])
        return float(c[0] * q - 0.5 * _log_determinant(c, problem, weights, tau2)[0].real - log_c)

    c = np.exp(minimize_scalar(height, bracket=(-np.log(q) - 1, -np.log(q) + 1), tol=1e-3).x)
    # The rule's error is exp(−2πc/step), its pole at zero being the nearest singularity.
    step = c / 6
    many = min(256, max(16, _CELLS // problem.y.shape[1]))
    total, first = 0.0, 0
    while first < _MOST_NODES:
        u = step * (np.arange(first, first + many) + 0.5)
        z = c + 1j * u
        values = np.exp(z * q - 0.5 * _log_determinant(z, problem, weights, tau2)) / z
        total += float(values.real.sum())
        if np.abs(values[-1]) * u[-1] < 1e-14:
            return total * step / np.pi
        first += many
    raise PoolingError("the distribution of Q could not be summed: use kind='q-profile'.")


def _log_determinant(z, problem, weights, tau2):
    """log det(I + 2zPΣ) on its continuous branch.

    det(I + 2zPΣ) = det D · det(X'AD⁻¹X)/det(X'AX) with D = I + 2zAΣ. Above the real axis every 1/D lies below it,
    and so do the eigenvalues of (X'AX)⁻¹X'AD⁻¹X: principal logarithms, one by one, never jump.
    """
    d = 1 + 2 * z[:, None] * (weights * (problem.v[0] + tau2))
    logs = np.log(d).sum(axis=1)
    if problem.basis is None:
        return logs + np.log((weights / d).sum(axis=1) / weights.sum())
    basis = problem.basis
    plain = (basis.T * weights) @ basis
    cross = np.einsum("kp,zk,kq->zpq", basis, weights / d, basis)
    return logs + np.log(np.linalg.eigvals(np.linalg.solve(plain, cross))).sum(axis=1)


def generalised_q_interval(problem: Problem, weights, level):
    """(low, high) of tau²: where the observed Q has the tails (1 − level)/2; (0, 0) where both lie below zero."""
    from scipy.optimize import brentq

    if problem.y.shape[1] > _MOST_EFFECTS:
        raise PoolingError(f"k = {problem.y.shape[1]}: beyond {_MOST_EFFECTS} effects use kind='q-profile'.")
    q = float(problem.at(weights[None, :]).rss[0])
    if q <= 0:
        return 0.0, 0.0
    tail = (1 - level) / 2

    def end(target):
        def gap(tau2):
            return probability_below(q, problem, weights, tau2) - target

        if gap(0.0) <= 0:
            return 0.0
        high = float(problem.v.mean())
        while gap(high) > 0:
            high *= 4
        return float(brentq(gap, 0.0, high, xtol=1e-13 * high, rtol=1e-12))

    return end(1 - tail), end(tail)
