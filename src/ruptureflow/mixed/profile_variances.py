"""Profile-likelihood intervals of standard deviations and correlations.

One coordinate of (relative factor, sigma) is held and the deviance minimised over the others with analytic derivatives.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.eigenbasis import one_variance, scalar_deviance
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import EIGENBASIS_UNITS
from ruptureflow.mixed.likelihood import BlockLikelihood, away_from_zero, chain
from ruptureflow.mixed.moments import full_hessian
from ruptureflow.mixed.optimise import minimise
from ruptureflow.mixed.profile import START, Constrained, Interval, endpoint


def _original_effects(estimate: Estimate, level: int, order: list[int]) -> BlockLikelihood:
    """Likelihood with the effects of one level as the caller's columns, in a new order."""
    likelihood = estimate.likelihood
    turn = estimate.scaled.to_effects[level][:, order]
    batches = []
    for batch in likelihood.batches:
        wide = np.eye(batch.products.shape[1])
        place = batch.places[level]
        for unit in place:
            wide[np.ix_(unit, unit)] = turn
        batches.append(Batch(wide.T @ batch.products @ wide, batch.places, batch.units, batch.size))
    return replace(likelihood, batches=tuple(batches))


def _held(likelihood: BlockLikelihood, rebuild) -> Callable[[float, np.ndarray], tuple[float, np.ndarray]]:
    """Deviance in (factor entries, sigma) with one quantity held.

    ``rebuild(value, free)`` gives ``(theta, sigma, jacobian, bend)``: all parameters, their Jacobian by the free
    ones, and for each parameter its matrix of second derivatives (None for zero).
    """
    full = _full_deviance(likelihood)

    def solve(value: float, warm: np.ndarray) -> tuple[float, np.ndarray]:
        def evaluate(free: np.ndarray):
            theta, sigma, jacobian, bend = rebuild(value, free)
            found = full(theta, sigma) if sigma > 0 else None
            if found is None:
                return np.inf, free, np.eye(len(free))
            deviance, gradient, hessian = found
            out = jacobian.T @ hessian @ jacobian
            for g, second in zip(gradient, bend, strict=True):
                if second is not None:
                    out = out + g * second
            return deviance, jacobian.T @ gradient, out

        found = minimise(evaluate, warm, decrease=1e-13)
        return found.value, found.theta

    return solve


def _full_deviance(likelihood: BlockLikelihood):
    """Deviance, gradient and Hessian by (factor entries, sigma); None where they are not allowed."""
    criterion = likelihood.criterion
    if one_variance(likelihood, EIGENBASIS_UNITS):
        scalar = scalar_deviance(likelihood.batches[0], criterion)
        # the eigenbasis leaves out the determinant of X'X
        gram = likelihood.batches[0].products[:, 1:-1, 1:-1].sum(axis=0)
        constant = np.linalg.slogdet(gram)[1] if criterion.reml else 0.0

        def by_eigenbasis(theta: np.ndarray, sigma: float):
            value, gradient, hessian = scalar.full(float(theta[0]), float(sigma))
            return value + constant, gradient, hessian

        return by_eigenbasis

    def by_moments(theta: np.ndarray, sigma: float):
        factors = likelihood.factors(theta)
        moments = likelihood.moments([f @ f.T for f in factors], full=False)
        if moments is None:
            return None
        gradient, hessian = full_hessian(moments, criterion, sigma**2)
        k = len(theta)
        turn, curvature = chain(likelihood.layouts, factors, gradient[:k])
        wide = np.eye(k + 1)
        wide[:k, :k] = turn
        gradient = wide.T @ gradient
        hessian = wide.T @ hessian @ wide
        hessian[:k, :k] += curvature
        deviance = moments.log_det_v + (moments.log_det_x if criterion.reml else 0.0)
        deviance += criterion.degrees * np.log(2 * np.pi * sigma**2) + moments.rss / sigma**2
        return deviance, gradient, hessian

    return by_moments


def _hold_entry(k: int, entry: int):
    """Hold ``sigma * theta[entry]`` (a standard deviation): free are the other entries and sigma."""
    others = [i for i in range(k) if i != entry]

    def rebuild(value: float, free: np.ndarray):
        theta = np.empty(k)
        theta[others] = free[:-1]
        sigma = free[-1]
        theta[entry] = value / sigma
        jacobian = np.zeros((k + 1, k))
        jacobian[others, np.arange(k - 1)] = 1.0
        jacobian[k, k - 1] = 1.0
        jacobian[entry, k - 1] = -value / sigma**2
        second = np.zeros((k, k))
        second[-1, -1] = 2.0 * value / sigma**3
        return theta, sigma, jacobian, [second if i == entry else None for i in range(k + 1)]

    return rebuild, others


def _hold_sigma(k: int):
    def rebuild(value: float, free: np.ndarray):
        return free, value, np.eye(k + 1, k), [None] * (k + 1)

    return rebuild


def _hold_correlation(k: int, low: int, diagonal: int):
    """Hold a correlation: entries ``low`` and ``diagonal`` become ``size * (value, sqrt(1 - value²))``."""
    others = [i for i in range(k) if i not in (low, diagonal)]

    def rebuild(value: float, free: np.ndarray):
        theta = np.empty(k)
        theta[others] = free[: k - 2]
        rest = np.sqrt(max(1.0 - value**2, 0.0))
        theta[low], theta[diagonal] = free[k - 2] * value, free[k - 2] * rest
        jacobian = np.zeros((k + 1, k))
        jacobian[others, np.arange(k - 2)] = 1.0
        jacobian[low, k - 2], jacobian[diagonal, k - 2] = value, rest
        jacobian[k, k - 1] = 1.0
        return theta, free[-1], jacobian, [None] * (k + 1)

    return rebuild, others


def _reordered_theta(estimate: Estimate, level: int, order: list[int]) -> np.ndarray:
    parts = []
    for number, (layout, psi) in enumerate(zip(estimate.likelihood.layouts, estimate.psis, strict=True)):
        if number == level:
            turn = estimate.scaled.to_effects[level][:, order]
            back = np.linalg.solve(turn, np.eye(len(turn)))
            psi = back @ psi @ back.T
        size = np.diag(psi).mean() if psi.size else 0.0
        # a little variance in every direction, so that the search does not start at a stationary point
        psi = psi + np.diag(np.maximum(1e-4 * np.diag(psi), 1e-4 * size + 1e-10)) if psi.size else psi
        lower = np.sqrt(np.diag(np.diag(psi))) if layout.diagonal else np.linalg.cholesky(psi)
        parts.append(lower[layout.entries])
    return np.concatenate(parts) if parts else np.zeros(0)


def variance_intervals(estimate: Estimate, root: float) -> list[Interval]:
    """Profile intervals of standard deviations, correlations and the residual standard deviation."""
    if not isinstance(estimate.likelihood, BlockLikelihood):
        raise ModelError("Profile intervals of variance components need independent residuals.")
    if estimate.criterion.scale_known:
        return _known_scale_intervals(estimate, root)
    out = []
    layouts = estimate.likelihood.layouts
    k = len(estimate.theta)
    sigma, unit, best = float(np.sqrt(estimate.sigma2)), estimate.scaled.unit, estimate.value
    offset = 0
    for number, (level, layout) in enumerate(zip(estimate.design.levels, layouts, strict=True)):
        names = level.effects.names
        matrix = estimate.random_covariances[number] / unit**2
        for a in range(layout.size):
            order = [a, *[i for i in range(layout.size) if i != a]] if not layout.diagonal else list(range(layout.size))
            likelihood = _original_effects(estimate, number, order)
            theta = _reordered_theta(estimate, number, order)
            entry = offset + (a if layout.diagonal else 0)
            rebuild, others = _hold_entry(k, entry)
            constrained = Constrained(_held(likelihood, rebuild), np.append(theta[others], sigma))
            centre = float(np.sqrt(max(matrix[a, a], 0.0)))
            step = max(0.4 * centre, 0.2 * sigma / float(np.sqrt((level.effects.values[:, a] ** 2).mean())))
            high = endpoint(constrained, best, centre, step, root)
            low = endpoint(constrained, best, centre, -min(step, 0.6 * centre), root, 0.0) if centre else 0.0
            out.append(Interval(f"sd[{level.name}: {names[a]}]", centre * unit, max(low, 0.0) * unit, high * unit))
        for a in range(layout.size if not layout.diagonal else 0):
            for b in range(a):
                out.append(_correlation_interval(estimate, number, a, b, offset, root))
        offset += layout.count
    rebuild = _hold_sigma(k)
    start = away_from_zero(layouts, estimate.theta, START)
    constrained = Constrained(_held(estimate.likelihood, rebuild), start)
    step = sigma * root / np.sqrt(2.0 * estimate.criterion.degrees)
    low = endpoint(constrained, best, sigma, -step, root)
    high = endpoint(constrained, best, sigma, step, root)
    out.append(Interval("sd[residual]", sigma * unit, low * unit, high * unit))
    return out


def _known_scale_intervals(estimate: Estimate, root: float) -> list[Interval]:
    """Profile intervals of the standard deviations where the sampling variances are known."""
    out, offset = [], 0
    layouts = estimate.likelihood.layouts
    for number, (level, layout) in enumerate(zip(estimate.design.levels, layouts, strict=True)):
        turn = estimate.scaled.to_effects[number]
        for a, name in enumerate(level.effects.names):
            if layout.size == 1:
                # One effect differs from the engine's by a factor only, so the blocks stay as they are.
                likelihood, size = estimate.likelihood, abs(float(turn[0, 0]))
                theta, entry = estimate.theta, offset
            else:
                order = list(range(layout.size)) if layout.diagonal else [a, *(i for i in range(layout.size) if i != a)]
                likelihood, size = _original_effects(estimate, number, order), 1.0
                theta, entry = _reordered_theta(estimate, number, order), offset + (a if layout.diagonal else 0)
            start = np.delete(away_from_zero(layouts, theta, START), entry)
            constrained = Constrained(_held_entry(likelihood, entry), start)
            back = estimate.scaled.unit / size
            centre = float(np.sqrt(max(estimate.random_covariances[number][a, a], 0.0))) / back
            # Where the estimate is zero, the search sets out from a share of a typical sampling error.
            typical = np.median(estimate.design.sampling_variance) / np.mean(level.effects.values[:, a] ** 2)
            step = max(0.4 * centre, 0.2 * float(np.sqrt(typical)) / back)
            high = endpoint(constrained, estimate.value, centre, step, root)
            low = endpoint(constrained, estimate.value, centre, -0.4 * centre, root, 0.0) if centre else 0.0
            out.append(Interval(f"sd[{level.name}: {name}]", centre * back, max(low, 0.0) * back, high * back))
        offset += layout.count
    return out


def _held_entry(likelihood, entry: int) -> Callable[[float, np.ndarray], tuple[float, np.ndarray]]:
    """Deviance in factor entries with one of them held."""

    def solve(value: float, warm: np.ndarray) -> tuple[float, np.ndarray]:
        keep = np.delete(np.arange(len(warm) + 1), entry)

        def evaluate(free: np.ndarray):
            deviance, gradient, hessian = likelihood.evaluate(np.insert(free, entry, value))
            return deviance, gradient[keep], hessian[np.ix_(keep, keep)]

        if not len(warm):
            return likelihood.evaluate(np.array([value]))[0], warm
        found = minimise(evaluate, warm, decrease=1e-13)
        return found.value, found.theta

    return solve


def _correlation_interval(estimate: Estimate, number: int, a: int, b: int, offset: int, root: float) -> Interval:
    level = estimate.design.levels[number]
    layout = estimate.likelihood.layouts[number]
    order = [b, a, *[i for i in range(layout.size) if i not in (a, b)]]
    likelihood = _original_effects(estimate, number, order)
    theta = _reordered_theta(estimate, number, order)
    rows, cols = layout.entries
    low_entry = offset + int(np.flatnonzero((rows == 1) & (cols == 0))[0])
    diagonal = offset + int(np.flatnonzero((rows == 1) & (cols == 1))[0])
    rebuild, others = _hold_correlation(len(theta), low_entry, diagonal)
    size = float(np.hypot(theta[low_entry], theta[diagonal]))
    start = np.concatenate([theta[others], [size, float(np.sqrt(estimate.sigma2))]])
    matrix = estimate.random_covariances[number]
    scale = np.sqrt(matrix[a, a] * matrix[b, b])
    name = f"cor[{level.name}: {level.effects.names[b]}, {level.effects.names[a]}]"
    if not scale > 0:
        return Interval(name, float("nan"), -1.0, 1.0)
    centre = float(np.clip(matrix[a, b] / scale, -1.0, 1.0))
    constrained = Constrained(_held(likelihood, rebuild), start)
    low = endpoint(constrained, estimate.value, centre, -0.5 * (1 + centre), root, -1.0) if centre > -1 else -1.0
    high = endpoint(constrained, estimate.value, centre, 0.5 * (1 - centre), root, 1.0) if centre < 1 else 1.0
    return Interval(name, centre, low, high)
