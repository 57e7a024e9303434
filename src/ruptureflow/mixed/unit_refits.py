"""Many outcomes on one design with one grouping factor of few effects: Newton's method for all of them at once.

``unit_deviance`` with a leading axis for the outcomes. A draw of a random-slope model costs a fifth of a fit by itself,
since the calls of NumPy are shared by all draws.
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.fitting import FEW_ENTRIES, RAISED
from ruptureflow.mixed.moments import Criterion
from ruptureflow.mixed.refit import Outcomes
from ruptureflow.mixed.status import SINGULAR

# Numbers in the widest table of one call: it stays in the cache.
_TABLE = 400_000
_DECREASE = 1e-11
_ZERO = 1e-6


@dataclass(frozen=True)
class UnitFits:
    """Fits of many outcomes, engine coordinates; the first axis is the outcome.

    Attributes
    ----------
    theta
        Free entries of the relative factor.
    beta
        Fixed effects without the least-squares part that was taken out of the outcome.
    rss, value
        Weighted residual sum of squares and profiled deviance.
    converged
        Whether Newton's method ended at a minimum.
    """

    theta: np.ndarray
    beta: np.ndarray
    rss: np.ndarray
    value: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True)
class UnitOutcomes:
    """Cross-products of many outcomes with the units of one level.

    Attributes
    ----------
    batch
        Units of the design.
    layout, criterion
        Covariance of the random effects; REML or ML.
    with_effects
        ``(draws, units, q)``: Z'y.
    total
        ``(draws,)``: y'y; X'y is zero.
    """

    batch: Batch
    layout: FactorLayout
    criterion: Criterion
    with_effects: np.ndarray
    total: np.ndarray

    def _solve(self, which: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``Z'V0⁻¹Z`` and ``Z'V0⁻¹[X | y]`` of every unit, and the log determinants."""
        q = self.layout.size
        psi = (factor @ factor.swapaxes(1, 2))[:, None]
        within = self.batch.within
        matrix = within @ psi
        if q == 2:
            a, b, c, d = (matrix[..., i, j] for i in (0, 1) for j in (0, 1))
            det = (1.0 + a) * (1.0 + d) - b * c
            inverse = np.empty_like(matrix)
            inverse[..., 0, 0], inverse[..., 0, 1] = 1.0 + d, -b
            inverse[..., 1, 0], inverse[..., 1, 1] = -c, 1.0 + a
            inverse /= det[..., None, None]
            log_det = np.log(det)
        else:
            matrix = matrix + np.eye(q)
            inverse, log_det = np.linalg.inv(matrix), np.linalg.slogdet(matrix)[1]
        cross = self.batch.products[:, :q, q:-1]
        data = np.concatenate([inverse @ cross, inverse @ self.with_effects[which][..., None]], axis=3)
        return inverse @ within, data, log_det.sum(axis=1)

    def _totals(self, which: np.ndarray, factor: np.ndarray, data: np.ndarray) -> np.ndarray:
        """``[X | y]'V0⁻¹[X | y]`` of every outcome."""
        draws, units, q, width = data.shape
        right = np.empty((draws, units * q, width))
        right[:, :, :-1] = self.batch.cross[:, :-1]
        right[:, :, -1] = self.with_effects[which].reshape(draws, -1)
        psi = (factor @ factor.swapaxes(1, 2))[:, None]
        out = -(right.swapaxes(1, 2) @ (psi @ data).reshape(draws, units * q, width))
        out[:, :-1, :-1] += self.batch.rest[:-1, :-1]
        out[:, -1, -1] += self.total[which]
        return out

    def _whitened(self, which: np.ndarray, factor: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, ...]:
        """Turn to ``[X whiten | (y - Xb) / length]``, length, log determinant of X'V0⁻¹X, and which are allowed."""
        total = self._totals(which, factor, data)
        try:
            lower = np.linalg.cholesky(total)
            allowed = np.isfinite(total).all(axis=(1, 2))
        except np.linalg.LinAlgError:
            allowed = np.linalg.eigvalsh(np.where(np.isfinite(total), total, 0.0))[:, 0] > 0
            lower = np.linalg.cholesky(np.where(allowed[:, None, None], total, np.eye(total.shape[1])))
        diagonal = np.diagonal(lower, axis1=1, axis2=2)
        log_det = 2.0 * np.log(diagonal[:, :-1]).sum(axis=1)
        return np.linalg.inv(lower).swapaxes(1, 2), diagonal[:, -1], log_det, allowed

    def _value(self, rss: np.ndarray, log_det: np.ndarray, log_det_x: np.ndarray) -> np.ndarray:
        nu = self.criterion.degrees
        out = log_det + log_det_x if self.criterion.reml else log_det
        if self.criterion.scale_known:
            return out + rss + nu * np.log(2 * np.pi)
        return out + nu * (1.0 + np.log(2 * np.pi * rss / nu))

    def evaluate(self, which: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Profiled deviance, gradient and Hessian of some outcomes, each at its own parameters (as newton_terms)."""
        layout, criterion = self.layout, self.criterion
        draws, q, width = len(which), layout.size, criterion.columns + 1
        factor = layout.factors(theta)
        inner, data, log_det = self._solve(which, factor)
        turn, length, log_det_x, allowed = self._whitened(which, factor, data)
        rss = length**2
        if not criterion.scale_known:
            turn[:, :, -1] *= np.sqrt(criterion.degrees)
        else:
            turn[:, :, -1] *= length[:, None]
        units = data.shape[1]
        data = (data.reshape(draws, units * q, width) @ turn).reshape(draws, units, q, width)
        used = data if criterion.reml else data[..., -1:]
        squares = (used @ used.swapaxes(2, 3)).reshape(draws, units, q * q)
        inner = inner.reshape(draws, units, q * q)
        excess = inner - squares
        by_element = excess.sum(axis=1) @ layout.basis.T
        jacobian = layout.jacobians(factor)
        basis = jacobian.swapaxes(1, 2) @ layout.basis
        flat = data.reshape(draws, units, q * width)
        grams = (flat.swapaxes(1, 2) @ flat).reshape(draws, q, width, q, width).swapaxes(2, 3)
        first = basis @ grams.reshape(draws, q * q, width * width)
        outcome = first[:, :, -1:]
        lost = 0.0 if criterion.scale_known else 1.0 / criterion.degrees
        if criterion.reml:
            taken = first @ first.swapaxes(1, 2) - (1.0 - lost) * (outcome * outcome.swapaxes(1, 2))
        else:
            cross = first[:, :, -width:-1]
            taken = 2.0 * (cross @ cross.swapaxes(1, 2)) + lost * (outcome * outcome.swapaxes(1, 2))
        products = (inner.swapaxes(1, 2) @ (squares - excess)).reshape(draws, q, q, q, q).swapaxes(2, 3)
        hessian = basis @ products.reshape(draws, q * q, q * q) @ basis.swapaxes(1, 2) - taken
        hessian += layout.curvatures(by_element)
        value = np.where(allowed, self._value(rss, log_det, log_det_x), np.inf)
        return value, (by_element[:, None] @ jacobian)[:, 0], hessian

    def solution(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fixed effects and residual sum of squares of every outcome at its parameters."""
        everyone = np.arange(len(theta))
        factor = self.layout.factors(theta)
        _, data, _ = self._solve(everyone, factor)
        turn, length, _, _ = self._whitened(everyone, factor, data)
        return -turn[:, :-1, -1] * length[:, None], length**2


def _steps(gradient: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Newton steps, predicted decreases, whether a saddle, and the direction that leaves it (as optimise)."""
    values, vectors = np.linalg.eigh(hessian)
    size = np.abs(values)
    top = np.maximum(size.max(axis=1, keepdims=True), 1e-10)
    along = (gradient[:, None] @ vectors)[:, 0]
    positive = values[:, :1] > 0
    flat = ~positive & (size < 1e-9 * top) & (np.abs(along) < 1e-7 * np.sqrt(top))
    move = np.where(flat, 0.0, along / np.where(positive, size, np.maximum(size, 1e-9 * top)))
    step = -(vectors @ move[:, :, None])[:, :, 0]
    return step, 0.5 * (along * move).sum(axis=1), values[:, 0] < -1e-6 * top[:, 0], vectors[:, :, 0]


def minima(outcomes: UnitOutcomes, which: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise the deviance of some outcomes at once: parameters, deviances, which converged."""
    theta = start.copy()
    value, gradient, hessian = outcomes.evaluate(which, theta)
    converged = np.zeros(len(which), dtype=bool)
    active = np.arange(len(which))
    for _ in range(100):
        step, predicted, saddle, away = _steps(gradient[active], hessian[active])
        small = predicted <= _DECREASE
        done = small & ~saddle
        theta[active[done]] += step[done]
        converged[active[done]] = True
        step = np.where((small & saddle)[:, None], 0.1 * away, step)[~done]
        active, predicted = active[~done], predicted[~done]
        if not len(active):
            break
        at = theta[active]
        limit = 2.0 * np.maximum(1.0, np.abs(at).max(axis=1))
        step *= np.minimum(1.0, limit / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
        slope = np.minimum((gradient[active] * step).sum(axis=1), 0.0)
        scale = np.ones(len(active))
        pending = np.arange(len(active))
        for _ in range(40):
            here = active[pending]
            trial = at[pending] + scale[pending, None] * step[pending]
            v, g, h = outcomes.evaluate(which[here], trial)
            enough = value[here] + 1e-4 * scale[pending] * slope[pending] + 1e-12 * (1.0 + np.abs(value[here]))
            good = v <= enough
            kept = here[good]
            theta[kept], value[kept], gradient[kept], hessian[kept] = trial[good], v[good], g[good], h[good]
            pending = pending[~good]
            if not len(pending):
                break
            scale[pending] *= 0.5
        if len(pending):
            converged[active[pending]] = predicted[pending] < 1e-8
            active = np.delete(active, pending)
    return _snapped(outcomes, which, theta, value), value, converged


def _snapped(outcomes: UnitOutcomes, which: np.ndarray, theta: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Entries within rounding of zero are zero, where that does not raise the deviance."""
    small = (np.abs(theta) < _ZERO) & (theta != 0.0)
    some = np.flatnonzero(small.any(axis=1))
    if len(some):
        moved = np.where(small[some], 0.0, theta[some])
        v, _, _ = outcomes.evaluate(which[some], moved)
        good = v <= value[some] + 1e-9 * (1.0 + np.abs(value[some]))
        theta[some[good]] = moved[good]
    return theta


def unit_fits(outcomes: UnitOutcomes, start: np.ndarray) -> UnitFits:
    """Fit every outcome from ``start``; those that end at the boundary again from other starts, as single fits."""
    layout, draws = outcomes.layout, len(outcomes.total)
    theta, value, converged = minima(outcomes, np.arange(draws), np.tile(start, (draws, 1)))
    rows, cols = layout.entries
    variances = rows == cols
    for raise_zeros in (False, True) if layout.count > FEW_ENTRIES else (False,):
        edge = (np.abs(theta[:, variances]).min(axis=1) < SINGULAR) | ~converged
        again = np.flatnonzero(edge)
        if not len(again):
            break
        begin = np.tile(layout.start(), (len(again), 1))
        if raise_zeros:
            begin = np.where(variances & (np.abs(theta[again]) < RAISED), RAISED, theta[again])
        other, v, c = minima(outcomes, again, begin)
        better = (v < value[again] - 1e-9) | (c & ~converged[again])
        theta[again[better]], value[again[better]], converged[again[better]] = other[better], v[better], c[better]
    beta, rss = outcomes.solution(theta)
    return UnitFits(theta, beta, rss, value, converged)


def unit_refits(batch: Batch, layout: FactorLayout, criterion: Criterion, outcomes: Outcomes, start: np.ndarray):
    """Fits of many outcomes, in pieces of draws whose tables stay small; yields ``(slice of draws, UnitFits)``."""
    units, q, draws = outcomes.with_effects[0].shape
    piece = max(1, _TABLE // (units * q * (q + criterion.columns + 1)))
    by_draw = np.ascontiguousarray(outcomes.with_effects[0].transpose(2, 0, 1))
    for first in range(0, draws, piece):
        here = slice(first, min(first + piece, draws))
        own = UnitOutcomes(batch, layout, criterion, by_draw[here], outcomes.total[here])
        yield here, unit_fits(own, start)
