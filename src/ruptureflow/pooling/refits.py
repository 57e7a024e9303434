"""The same model refitted on many subsets, or many data sets, in one batch."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.heterogeneity import METHODS, Heterogeneity, estimate_tau2
from ruptureflow.pooling.result import PooledResult
from ruptureflow.pooling.weighting import Problem

_CELLS = 4_000_000  # of one batch's arrays: 32 MB each


@dataclass(frozen=True)
class Refits:
    """One entry per refit; NaN where a subset can't identify the model.

    beta (m, p), covariance (m, p, p) with the test's scaling, scale (Knapp–Hartung's, else 1), tau2, q,
    k, i2, h2 (m,).
    """

    beta: np.ndarray
    covariance: np.ndarray
    scale: np.ndarray
    tau2: np.ndarray
    q: np.ndarray
    k: np.ndarray
    i2: np.ndarray
    h2: np.ndarray


def refit_subsets(result: PooledResult, on) -> Refits:
    """Refit `result`'s model on each row of `on`, (m, k) of true/false."""
    on = np.asarray(on, dtype=bool)
    step = max(1, _CELLS // on.shape[1])
    parts = [_subset_batch(result, on[start : start + step]) for start in range(0, len(on), step)]
    if len(parts) == 1:
        return parts[0]
    return Refits(*(np.concatenate([getattr(part, name) for part in parts]) for name in Refits.__annotations__))


def _subset_batch(result, on):
    m, k = on.shape
    y = np.broadcast_to(result.estimates, (m, k))
    v = np.broadcast_to(result.variances, (m, k))
    size, p = on.sum(axis=1), result.p
    # A subset of one effect has no tau²; metafor then pools it with tau² = 0.
    fits = size >= (1 if result.design.intercept_only else p + 1)
    if result.problem.basis is not None:
        basis = result.problem.basis
        spread = np.linalg.eigvalsh(np.matmul(basis.T * on[:, None, :].astype(float), basis))[:, 0]
        fits &= spread > 1e-10
    out = Refits(
        np.full((m, p), np.nan),
        np.full((m, p, p), np.nan),
        *(np.full(m, np.nan) for _ in range(3)),
        size.astype(float),
        np.full(m, np.nan),
        np.full(m, np.nan),
    )
    for rows in (np.flatnonzero(fits & (size > p)), np.flatnonzero(fits & (size == p))):
        if rows.size:
            problem = Problem(y[rows], v[rows], result.problem.basis, on[rows].astype(float))
            _fill(out, rows, _fit(problem, result, single=bool(size[rows[0]] == p)))
    if result.problem.basis is not None:
        triangle = np.linalg.inv(np.linalg.qr(result.design.matrix)[1])
        out = Refits(
            out.beta @ triangle.T, triangle @ out.covariance @ triangle.T, out.scale, out.tau2, out.q, out.k, out.i2,
            out.h2,
        )  # fmt: skip
    return out


def _fill(out, rows, values):
    for target, value in zip(
        (out.beta, out.covariance, out.scale, out.tau2, out.q, out.i2, out.h2), values, strict=True
    ):
        target[rows] = value


def _fit(problem, result, single):
    weights = result.user_weights
    plain = problem.at(problem.weights(np.zeros(problem.y.shape[0])))
    if single:
        tau2 = np.zeros(problem.y.shape[0])
    elif result.tau2_fixed:
        tau2 = np.full(problem.y.shape[0], result.tau2)
    else:
        tau2 = estimate_tau2(problem, result.method, weights, plain).tau2
    fit = problem.at(problem.weights(tau2))
    df = problem.k - problem.p
    scale = np.ones(problem.y.shape[0])
    if result.test == "knapp-hartung" and not single:
        scale = np.where(fit.rss <= np.finfo(float).eps, 0.0, fit.rss / df)
        scale = np.maximum(scale, 1.0) if result.adhoc else scale
    beta, covariance = fit.coefficients, fit.covariance
    if weights is not None and not single:
        own = problem.at(np.broadcast_to(weights, problem.y.shape) * problem.on)
        meat = own.cross(own.w**2 * (problem.v + tau2[:, None]))
        meat = meat[:, None, None] if meat.ndim == 1 else meat
        beta, covariance = own.coefficients, own.covariance @ meat @ own.covariance
    covariance = scale[:, None, None] * covariance
    q = np.maximum(plain.rss, 0.0)
    if single:
        zero = np.zeros_like(q)
        return beta, covariance, scale, tau2, zero, zero, zero + 1
    if result.method == "fixed":
        with np.errstate(divide="ignore", invalid="ignore"):
            i2 = np.where(q > 0, np.maximum(0.0, 100 * (q - df) / q), 0.0)
        return beta, covariance, scale, tau2, q, i2, q / df
    typical = df / plain.trace_p
    return beta, covariance, scale, tau2, q, 100 * tau2 / (typical + tau2), tau2 / typical + 1


@dataclass(frozen=True)
class ManyPools:
    """Pooled effect, its Wald standard error, tau² and Q of each data set."""

    estimate: np.ndarray
    std_error: np.ndarray
    tau2: np.ndarray
    q: np.ndarray


def pool_many(estimate, variance, method="reml") -> ManyPools:
    """Pool many data sets of the same size at once, without moderators (simulations, bootstrap).

    Parameters
    ----------
    estimate, variance : (m, k) arrays; `variance` may be (k,)
    method : as in `pool`, without ``genq``

    Raises
    ------
    PoolingError
        On missing values or non-positive variances.
    """
    if method not in METHODS or method == "genq":
        raise PoolingError(f"method={method!r} can't be pooled in a batch: use {', '.join(METHODS[:-1])}.")
    y = np.atleast_2d(np.asarray(estimate, dtype=float))
    v = np.broadcast_to(np.asarray(variance, dtype=float), y.shape)
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()) or y.shape[1] < 2:
        raise PoolingError("every data set needs at least 2 finite effects with variances above zero.")
    problem = Problem(y, v)
    plain = problem.at(1 / v)
    found: Heterogeneity = estimate_tau2(problem, method, None, plain)
    fit = problem.at(problem.weights(found.tau2))
    return ManyPools(fit.coefficients[:, 0], np.sqrt(fit.covariance[:, 0, 0]), found.tau2, plain.rss)
