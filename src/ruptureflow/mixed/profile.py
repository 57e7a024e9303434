"""Profile-likelihood intervals: where an interval ends, and those of fixed effects.

Each endpoint is where the deviance, minimised over everything else, has risen by the chi-squared quantile. Fixed
effects are profiled by moving ``b x_j`` to the outcome.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.dense import DenseLikelihood
from ruptureflow.mixed.eigenbasis import one_variance, scalar_deviance
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import EIGENBASIS_UNITS
from ruptureflow.mixed.likelihood import away_from_zero
from ruptureflow.mixed.moments import Criterion
from ruptureflow.mixed.optimise import minimise

_ENDPOINT = 1e-9
# Where a search starts a variance that was estimated at zero.
START = 0.02


@dataclass(frozen=True)
class Interval:
    """A profiled quantity with its interval."""

    name: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Constrained:
    """Deviance minimised with one quantity held: returns the deviance and the other parameters (to start from)."""

    solve: Callable[[float, np.ndarray], tuple[float, np.ndarray]]
    start: np.ndarray


def _rise(constrained: Constrained, best: float, at: float, centre: float, warm: np.ndarray):
    value, warm = constrained.solve(at, warm)
    return np.sign(at - centre) * np.sqrt(max(value - best, 0.0)), warm


def endpoint(
    constrained: Constrained, best: float, centre: float, step: float, root: float, limit: float | None = None
) -> float:
    """Value on the side of ``step`` at which the signed root of the rise is ``±root``; ``limit`` if it never is."""
    side = np.sign(step)
    limit = side * np.inf if limit is None else limit
    target = side * root
    warm = constrained.start
    low_x, low_f = centre, -target
    x = centre + step
    high = None
    for _ in range(60):
        if side * (x - limit) >= 0:
            x = limit
        f, warm = _rise(constrained, best, x, centre, warm)
        f -= target
        if not np.isfinite(f):
            x = (low_x + x) / 2
            continue
        if abs(f) < _ENDPOINT:
            return x
        if side * f > 0:
            high = (x, f)
        elif x == limit:
            return limit
        else:
            low_x, low_f = x, f
        if high is None:
            # the root of the rise is nearly linear: aim a little beyond where a line would hit
            rise = low_f + target
            x = centre + (low_x - centre) * min(target / rise * 1.02 if rise * target > 0 else 2.0, 4.0)
            continue
        width = high[0] - low_x
        guess = low_x - low_f * width / (high[1] - low_f)
        inside = min(max(abs(guess - low_x), 0.001 * abs(width)), 0.999 * abs(width))
        x = low_x + side * inside
        if abs(width) < 1e-13 * max(abs(x), 1e-300):
            return x
    return x


def _fixed_effect(estimate: Estimate, likelihood, direction: np.ndarray) -> tuple[Constrained, float]:
    """Deviance with ``direction @ beta`` (engine coordinates) held at a value."""
    p = estimate.design.columns
    size = float(np.sqrt(direction @ direction))
    # orthonormal coordinates whose first is the held one
    q, _ = np.linalg.qr(np.column_stack([direction / size, np.eye(p)]))
    if q[:, 0] @ direction < 0:
        q[:, 0] = -q[:, 0]
    criterion = replace(likelihood.criterion, columns=p - 1)
    if one_variance(likelihood, EIGENBASIS_UNITS):
        return _scalar_fixed_effect(estimate, q, size, criterion), size

    def reduced(value: float):
        turn = np.zeros((p + 1, p))
        turn[:p, : p - 1] = q[:, 1:]
        turn[:p, p - 1] = -q[:, 0] * (value / size)
        turn[p, p - 1] = 1.0
        if isinstance(likelihood, DenseLikelihood):
            batches = tuple(replace(b, data=b.data @ turn) for b in likelihood.batches)
        else:
            batches = tuple(_turned(b, turn) for b in likelihood.batches)
        return replace(likelihood, batches=batches, criterion=criterion)

    def solve(value: float, warm: np.ndarray) -> tuple[float, np.ndarray]:
        own = reduced(value)
        if not len(warm):
            return own.evaluate(warm)[0], warm
        found = minimise(own.evaluate, warm, decrease=1e-13)
        return found.value, found.theta

    return Constrained(solve, away_from_zero(estimate.likelihood.layouts, estimate.theta, START)), size


def _scalar_fixed_effect(estimate: Estimate, q: np.ndarray, size: float, criterion: Criterion) -> Constrained:
    """The same with one relative variance: the held value only moves the outcome in the eigenbasis."""
    p = estimate.design.columns
    turn = np.zeros((p + 1, p))
    turn[:p, : p - 1] = q[:, 1:]
    turn[p, p - 1] = 1.0
    batch = estimate.likelihood.batches[0]
    base = scalar_deviance(_turned(batch, turn), criterion)
    vectors, rows = base.basis.vectors, criterion.rows
    outcome = vectors.T @ batch.products[:, 0, -1]
    moved = vectors.T @ (batch.products[:, 0, 1:-1] @ q[:, 0])

    def solve(value: float, warm: np.ndarray) -> tuple[float, np.ndarray]:
        at = value / size
        # the outcome and the held column are orthogonal to each other and to the other columns
        own = replace(base, squares=(outcome - at * moved) ** 2, total=base.total + rows * at * at)
        found = minimise(own.evaluate, warm, decrease=1e-13)
        return found.value, found.theta

    return Constrained(solve, away_from_zero(estimate.likelihood.layouts, estimate.theta, START))


def _turned(batch: Batch, turn: np.ndarray) -> Batch:
    q = batch.size
    wide = np.zeros((q + turn.shape[0], q + turn.shape[1]))
    wide[:q, :q] = np.eye(q)
    wide[q:, q:] = turn
    return Batch(wide.T @ batch.products @ wide, batch.places, batch.units, q)


def fixed_effect_intervals(ml: Estimate, root: float) -> list[Interval]:
    """Profile intervals of all fixed effects from an ML fit."""
    out = []
    unit = ml.scaled.unit
    back = np.linalg.solve(ml.scaled.to_fixed, np.eye(ml.design.columns)) * unit
    std_error = np.sqrt(np.diag(ml.covariance))
    for j, name in enumerate(ml.design.fixed.names):
        constrained, _ = _fixed_effect(ml, ml.likelihood, back[j])
        centre = float(back[j] @ ml.moments.beta)
        low = endpoint(constrained, ml.value, centre, -root * std_error[j] * 1.05, root)
        high = endpoint(constrained, ml.value, centre, root * std_error[j] * 1.05, root)
        shift = float(ml.scaled.offset[j])
        out.append(Interval(name, centre + shift, low + shift, high + shift))
    return out
