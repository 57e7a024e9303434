"""Estimators of the between-study variance tau², its standard error and its intervals.

Formulas: Viechtbauer (2005, 2007) and DerSimonian & Kacker (2007), in the variants metafor uses
(HS without the k/(k − p) correction; SJ from the start value Σ(y − ȳ)²/k; EB and PM share one solution).
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import single
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.weighting import Problem

METHODS = ("fixed", "dl", "he", "hs", "sj", "ml", "reml", "eb", "pm", "genq")
_ROUNDS = 500


@dataclass(frozen=True)
class Heterogeneity:
    """tau² of each set of effects; `moment_weights` are those of the moment estimators (None for likelihood ones)."""

    tau2: np.ndarray
    moment_weights: np.ndarray | None = None
    start: np.ndarray | None = None


def estimate_tau2(problem: Problem, method: str, weights=None, start_fit=None) -> Heterogeneity:
    """tau² for every set in `problem`, truncated at zero.

    Raises
    ------
    PoolingError
        If the iterations do not settle.
    """
    if method == "fixed":
        return Heterogeneity(np.zeros(problem.y.shape[0]))
    if method in ("reml", "ml"):
        if problem.y.shape[0] == 1 and problem.basis is None and problem.on is None:
            return Heterogeneity(np.array([single.climb(problem.y[0], problem.v[0], method)]))
        return Heterogeneity(_climb(problem, method, start_fit or problem.at(problem.weights(_zeros(problem)))))
    if method in ("pm", "eb"):
        return Heterogeneity(solve_q(problem, problem.k - problem.p))
    return _moment(problem, method, weights)


def _zeros(problem):
    return np.zeros(problem.y.shape[0])


def _on(problem):
    return np.ones_like(problem.y) if problem.on is None else problem.on.astype(float)


def _moment(problem, method, weights):
    """Generalised method of moments: E[y'Py] = tr(PV) + tau² tr(P) for any weights."""
    k, p, start = problem.k, problem.p, None
    if method == "he":
        a = _on(problem)
    elif method in ("dl", "hs"):
        a = problem.weights(_zeros(problem))
    elif method == "sj":
        mean = problem.at(_on(problem)) if problem.basis is None else _plain_mean(problem)
        start = mean.rss / k
        if np.any(start <= 0):
            return Heterogeneity(_zeros(problem))
        a = problem.weights(start)
    else:
        a = np.broadcast_to(weights, problem.y.shape) * _on(problem)
    fit = problem.at(a)
    if method == "hs":
        tau2 = (fit.rss - k) / a.sum(axis=1)
    elif method == "sj":
        tau2 = start * fit.rss / (k - p)
    elif method == "dl":
        tau2 = (fit.rss - (k - p)) / fit.trace_p
    else:
        tau2 = (fit.rss - fit.trace_pv(problem.v)) / fit.trace_p
    return Heterogeneity(np.maximum(tau2, 0.0), a, start)


def _plain_mean(problem):
    return Problem(problem.y, problem.v, None, problem.on).at(_on(problem))


def _climb(problem, method, zero_fit):
    """Maximise the (restricted) likelihood: Newton where it is concave, Fisher scoring elsewhere.

    Starts at the Hedges estimate, as metafor does, so that both find the same top where there are two;
    and, as metafor does, falls back to zero where the likelihood is higher there.
    """
    scale = (problem.v * _on(problem)).sum(axis=1) / problem.k
    tau2 = _moment(problem, "he", None).tau2
    falls_at_zero = _score(zero_fit, method)[0] <= 0
    open_sets = np.arange(tau2.size)
    part = problem
    for _ in range(_ROUNDS):
        now = tau2[open_sets]
        score, information, slope = _score(part.at(part.weights(now)), method)
        concave = slope < 0
        step = np.where(concave, -score / np.where(concave, slope, 1.0), score / information)
        new = now + step
        below = new < 0
        if below.any():
            new = np.where(below, now / 2, new)
            falling = np.flatnonzero(below & falls_at_zero[open_sets])
            if falling.size:
                new[falling] = _below(part.rows(falling), now[falling], method)
        size = np.abs(new - now) / (now + scale[open_sets])
        tau2[open_sets] = new
        # A Newton step this small leaves an error of its square; a scoring step has to be small itself.
        keep = ~((size < 1e-13) | (concave & ~below & (size < 1e-8)))
        if not keep.any():
            return _higher_of(problem, method, tau2, zero_fit, falls_at_zero)
        if not keep.all():
            open_sets = open_sets[keep]
            part = problem.rows(open_sets)
    raise PoolingError(
        f"tau² by {method} did not settle after {_ROUNDS} steps (last change {size.max():.1e}): "
        "look at profile_likelihood, or choose method='dl'."
    )


def _below(problem, tau2, method):
    """The first of tau²/2, /4 … where the likelihood rises, else zero (see `single._below`)."""
    found = np.zeros_like(tau2)
    for halving in range(1, single.HALVINGS + 1):
        at = tau2 / 2**halving
        rises = _score(problem.at(problem.weights(at)), method)[0] > 0
        found = np.where((found == 0) & rises, at, found)
    return found


def _score(fit, method):
    """Twice the score, the expected information and the derivative of twice the score, in tau²."""
    if method == "reml":
        information = fit.trace_pp
        return fit.ypp - fit.trace_p, information, information - 2 * fit.yppp
    information = fit._w2.sum(axis=1)
    return fit.ypp - fit.w.sum(axis=1), information, information - 2 * fit.yppp


def log_likelihood(problem, tau2, method, fit=None, rss=None):
    """(Restricted) log-likelihood at tau²; the restricted one includes ½ log|X'X|, as metafor's does.

    `rss` replaces the weighted residual sum where the coefficients are not the model's own.
    """
    fit = fit or problem.at(problem.weights(tau2))
    rss = fit.rss if rss is None else rss
    with np.errstate(divide="ignore"):
        logs = np.log(fit.w)
    if problem.on is not None:
        logs = np.where(problem.on > 0, logs, 0.0)
    half = 0.5 * logs.sum(axis=1) - 0.5 * rss
    if method != "reml":
        return half - 0.5 * problem.k * np.log(2 * np.pi)
    norm = np.log(problem.k) if problem.basis is None else 0.0
    return half - 0.5 * (problem.k - problem.p) * np.log(2 * np.pi) - 0.5 * (fit.log_determinant - norm)


def _higher_of(problem, method, tau2, zero_fit, falls_at_zero):
    if not (falls_at_zero & (tau2 > 0)).any():
        return tau2
    at_zero = log_likelihood(problem, _zeros(problem), method, zero_fit)
    there = log_likelihood(problem, tau2, method)
    return np.where(at_zero > there + 1e-10, 0.0, tau2)


def higher_top(problem, method):
    """A tau² above zero where the likelihood of the first set exceeds that at zero, or None.

    The climb starts at the Hedges estimate, as metafor's does; where that is zero, both stay there even
    if a second top is higher.
    """
    y, v = problem.y[:1], problem.v[:1]
    grid = np.geomspace(0.01 * v.min(), max(10 * np.var(y), v.max()), 16)
    many = Problem(np.repeat(y, grid.size, axis=0), np.repeat(v, grid.size, axis=0), problem.basis)
    there = log_likelihood(many, grid, method)
    best = int(there.argmax())
    return float(grid[best]) if there[best] > log_likelihood(problem, np.zeros(1), method)[0] + 1e-8 else None


def solve_q(problem, target):
    """tau² at which the generalised Q falls to `target`; zero where it starts below.

    Q is convex and falling in tau², so Newton's method from zero never overshoots.
    """
    tau2 = _zeros(problem)
    target = np.broadcast_to(np.asarray(target, dtype=float), tau2.shape)
    scale = (problem.v * _on(problem)).sum(axis=1) / problem.k
    for _ in range(_ROUNDS):
        fit = problem.at(problem.weights(tau2))
        gap = fit.rss - target
        step = np.where(gap > 0, gap, 0.0) / np.where(fit.ypp > 0, fit.ypp, 1.0)
        tau2 = tau2 + step
        if np.all(step <= 1e-14 * (tau2 + scale)):
            return tau2
    raise PoolingError(f"Q(tau²) did not reach {target.max():g} after {_ROUNDS} steps: check the variances' unit.")


def tau2_std_error(problem, method, found: Heterogeneity):
    """Asymptotic standard error of tau² (metafor's formula for each estimator)."""
    k, p, tau2 = problem.k, problem.p, found.tau2
    if method == "fixed":
        return np.full(tau2.shape, np.nan)
    if method in ("reml", "ml", "pm", "eb"):
        fit = problem.at(problem.weights(tau2))
        if method == "reml":
            return np.sqrt(2 / fit.trace_pp)
        if method == "ml":
            return np.sqrt(2 / fit._w2.sum(axis=1))
        return np.sqrt(2 * k**2 / (k - p)) / fit.w.sum(axis=1)
    if found.moment_weights is None:
        return np.full(tau2.shape, np.nan)
    fit = problem.at(found.moment_weights)
    if method in ("dl", "hs"):
        spread = 2 * (k - p) + 4 * tau2 * fit.trace_p + 2 * tau2**2 * fit.trace_pp
        return np.sqrt(spread) / (fit.trace_p if method == "dl" else fit.w.sum(axis=1))
    v = problem.v
    spread = 2 * fit.trace_pvpv(v) + 4 * tau2 * fit.trace_pvp(v) + 2 * tau2**2 * fit.trace_pp
    if method == "sj":
        return found.start * np.sqrt(spread) / (k - p)
    return np.sqrt(spread) / fit.trace_p


def q_profile(problem, level):
    """Q-profile interval (low, high) of tau² for the first set (Viechtbauer 2007); (0, 0) if both ends are below 0."""
    from ruptureflow.pooling.distributions import chi2_upper_quantile

    df = problem.k[0] - problem.p
    tail = (1 - level) / 2
    pair = Problem(np.repeat(problem.y[:1], 2, axis=0), np.repeat(problem.v[:1], 2, axis=0), problem.basis)
    ends = solve_q(pair, [chi2_upper_quantile(tail, df), chi2_upper_quantile(1 - tail, df)])
    return float(ends[0]), float(ends[1])


def profile_likelihood(problem, method, tau2, level):
    """Profile-likelihood interval (low, high) of tau² for ``ml`` or ``reml``."""
    from scipy.optimize import brentq

    from ruptureflow.pooling.distributions import chi2_upper_quantile

    if method not in ("ml", "reml"):
        raise PoolingError(f"method={method!r} has no likelihood to profile: use 'ml' or 'reml', or 'q-profile'.")
    top = log_likelihood(problem, np.array([tau2]), method)[0]
    drop = chi2_upper_quantile(1 - level, 1) / 2

    def gap(at):
        return top - log_likelihood(problem, np.array([at]), method)[0] - drop

    low = brentq(gap, 0.0, tau2, xtol=1e-14) if tau2 > 0 and gap(0.0) > 0 else 0.0
    high = max(2 * tau2, float(problem.v.mean()))
    while gap(high) < 0:
        high *= 2
    return float(low), float(brentq(gap, tau2, high, xtol=1e-14))
