"""A second, wider search for runs whose least-squares fit did not settle: many starts, asymptotes solved for exactly.

Given (ln C, ln B, ln g) the curve is linear in A and D, so that only the other parameters are searched (variable
projection: Golub & Pereyra 1973, with Kaufman's Jacobian). That takes the long valleys of saturated, flat and five-
parameter curves in tens of steps where the full search creeps for thousands. Costs some 30 ms a run, and few need it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.logistic import LARGEST_EXPONENT, Array

STARTS = 24
GRID_MIDPOINTS = np.linspace(-0.25, 1.25, 37)
GRID_SLOPES = np.log([0.3, 0.6, 1.0, 1.7, 3.0, 6.0, 15.0])
GRID_ASYMMETRIES = np.log([0.06, 0.2, 0.5, 1.0, 2.0, 5.0, 16.0])
STEPS = 600
STEP_TOLERANCE = 1e-10
# A midpoint this many units of u = B (ln x − ln C) beyond the doses: the curve is then a power function of the dose to
# six digits, and further out its asymptote outgrows the signals so far that their digits are lost.
FARTHEST = 14.0
# Fifteen steps in a row that gain less than this share of the loss: the valley's floor is flat.
STALLED_GAIN, STALLED_STEPS = 1e-12, 15
# Two searches this near in every logarithm after ten steps end in one place.
SAME_WAY = 0.05


@dataclass(frozen=True)
class WideFit:
    """Best of many searches: θ, its weighted sum of squares, whether it settled; flat: at a bound or a flat floor."""

    theta: Array
    sum_of_squares: float
    converged: bool
    flat: bool


def search_widely(log_dose: Array, response: Array, weights: Array, p: int, bounds: Array, start: Array) -> WideFit:
    """Least squares of one run from the best of a grid of starts and from `start`.

    Parameters
    ----------
    log_dose, response, weights : (tubes,).
    p : parameters of the curve, 4 or 5.
    bounds : (p − 2,), largest absolute ln C, ln B (, ln g).
    start : θ of an earlier fit.
    """
    used = weights > 0
    x, y, w = log_dose[used], response[used], weights[used]
    w = w / w.max()
    phi = np.concatenate([start[None, 2:], _starts(x, y, w, p)])
    ends = x[np.isfinite(x)].min(), x[np.isfinite(x)].max()
    lowest, highest = _limits(phi, bounds, ends)
    phi = np.clip(phi, lowest, highest)
    loss, residual, jacobian = _projected(phi, x, y, w)
    damping = np.full(len(phi), 1e-2)
    stalled = np.zeros(len(phi), dtype=int)
    settled = np.zeros(len(phi), dtype=bool)
    active = np.arange(len(phi))
    diagonal = np.arange(p - 2)
    for step_number in range(STEPS):
        J, r = jacobian[active], residual[active]
        information = np.swapaxes(J, 1, 2) @ J
        slope = (np.swapaxes(J, 1, 2) @ r[..., None])[..., 0]
        lowest, highest = _limits(phi[active], bounds, ends)
        held = ((phi[active] >= highest) & (slope > 0)) | ((phi[active] <= lowest) & (slope < 0))
        slope[held] = 0
        information[np.broadcast_to(held[:, :, None] | held[:, None, :], information.shape)] = 0
        scale = np.maximum(information[:, diagonal, diagonal], 1e-300)
        information[:, diagonal, diagonal] = scale * (1 + damping[active, None])
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        # No parameter on a log scale moves by more than two at a time.
        step *= np.minimum(1, 2 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        trial = phi[active] + step
        trial = np.clip(trial, *_limits(trial, bounds, ends))
        trial_loss, trial_residual, trial_jacobian = _projected(trial, x, y, w)
        better = trial_loss <= loss[active]
        gain = (loss[active] - trial_loss) / np.maximum(loss[active], 1e-300)
        small = (np.abs(trial - phi[active]) <= STEP_TOLERANCE * (1 + np.abs(trial))).all(axis=1)
        stalled[active] = np.where(
            better & (gain < STALLED_GAIN), stalled[active] + 1, np.where(better, 0, stalled[active])
        )
        moved = active[better]
        phi[moved], loss[moved] = trial[better], trial_loss[better]
        residual[moved], jacobian[moved] = trial_residual[better], trial_jacobian[better]
        damping[active] = np.where(better, np.maximum(damping[active] / 5, 1e-12), damping[active] * 4)
        settled[active] |= small
        active = active[~(small | (stalled[active] >= STALLED_STEPS) | (damping[active] > 1e14))]
        if step_number % 5 == 4 and active.size:
            active = _worth_going_on(active, phi, loss, step_number)
        if not active.size:
            break
    best = int(np.argmin(np.where(np.isfinite(loss), loss, np.inf)))
    chosen = phi[best : best + 1]
    lowest, highest = _limits(chosen, bounds, ends)
    flat = bool(stalled[best] >= STALLED_STEPS) or bool(((chosen <= lowest) | (chosen >= highest)).any())
    theta = np.concatenate([_ends(chosen, x, y, w)[0], phi[best]])
    return WideFit(theta, float(loss[best]), bool(settled[best]), flat)


def _limits(phi: Array, bounds: Array, ends: tuple[float, float]) -> tuple[Array, Array]:
    """Lowest and highest φ of each search: the bounds, and the midpoint not too far beyond the doses."""
    lowest, highest = np.tile(-bounds, (len(phi), 1)), np.tile(bounds, (len(phi), 1))
    reach = FARTHEST / np.exp(np.clip(phi[:, 1], -bounds[1], bounds[1]))
    lowest[:, 0] = np.maximum(lowest[:, 0], ends[0] - reach)
    highest[:, 0] = np.minimum(highest[:, 0], ends[1] + reach)
    return lowest, highest


def _worth_going_on(active: np.ndarray, phi: Array, loss: Array, step_number: int) -> np.ndarray:
    """Searches that are neither far behind the best nor, after ten steps, on the way of a better one."""
    active = active[loss[active] <= loss.min() * (1.5 if step_number < 60 else 1.0 + 1e-6) + 1e-300]
    if step_number < 9:
        return active
    ranked = active[np.argsort(loss[active], kind="stable")]
    near = (np.abs(phi[ranked, None] - phi[None, ranked]) < SAME_WAY).all(axis=2)
    return np.sort(ranked[~np.tril(near, -1).any(axis=1)])


def _starts(x: Array, y: Array, w: Array, p: int) -> Array:
    """The grid's best points of those that are lowest along the midpoints, for each pair of slope and asymmetry."""
    finite = x[np.isfinite(x)]
    low, high = finite.min(), finite.max()
    midpoints = low + (high - low) * GRID_MIDPOINTS
    axes = (midpoints, GRID_SLOPES) if p == 4 else (midpoints, GRID_SLOPES, GRID_ASYMMETRIES)
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(len(midpoints), -1, p - 2)
    loss = _projected(grid.reshape(-1, p - 2), x, y, w, with_jacobian=False)[0].reshape(grid.shape[:2])
    edge = np.full((1, grid.shape[1]), np.inf)
    lowest = (loss <= np.concatenate([edge, loss[:-1]])) & (loss <= np.concatenate([loss[1:], edge]))
    row, column = np.nonzero(lowest)
    order = np.argsort(loss[row, column], kind="stable")[:STARTS]
    return grid[row[order], column[order]]


def _basis(phi: Array, x: Array) -> tuple[Array, Array, Array, Array, np.ndarray]:
    """t of y = base + span t, with u, softplus(u), and which searches take t as 1 − share (near the zero dose)."""
    u = np.clip(np.exp(phi[:, 1:2]) * (x - phi[:, 0:1]), -LARGEST_EXPONENT, LARGEST_EXPONENT)
    g = np.exp(phi[:, 2:3]) if phi.shape[1] == 3 else np.ones((len(phi), 1))
    softplus = np.logaddexp(0, u)
    # Of share and 1 − share the smaller one keeps its digits.
    low = (np.minimum(g * softplus, 50) < np.log(2)).mean(axis=1) > 0.5
    share = np.exp(-g * softplus)
    return np.where(low[:, None], -np.expm1(-g * softplus), share), u, softplus, share, low


def _projected(phi: Array, x: Array, y: Array, w: Array, with_jacobian: bool = True) -> tuple[Array, Array, Array]:
    """Weighted loss with A and D at their best, weighted residuals, and their Jacobian by φ (Kaufman's)."""
    t, u, softplus, share, low = _basis(phi, x)
    root = np.sqrt(w)
    span, _, centred, size = _solved(t, y, w)
    residual = ((y - (w * y).sum() / w.sum()) - span[:, None] * centred) * root
    loss = (residual**2).sum(axis=1)
    loss = np.where(np.isfinite(loss), loss, np.inf)
    if not with_jacobian:
        return loss, residual, residual
    g = np.exp(phi[:, 2:3]) if phi.shape[1] == 3 else 1.0
    # ∂share/∂u = −g share · far; signs turn where t is 1 − share.
    turn = np.where(low, -1.0, 1.0)[:, None] * span[:, None]
    by_u = -turn * g * share * np.exp(u - softplus)
    columns = [-by_u * np.exp(phi[:, 1:2]), by_u * u]
    if phi.shape[1] == 3:
        columns.append(-turn * share * softplus * g)
    jacobian = np.stack(columns, axis=-1) * root[:, None]
    # Orthogonal to the two linear columns: √w and √w t.
    one = root / np.sqrt(w.sum())
    jacobian -= one[:, None] * (one @ jacobian)[:, None, :]
    direction = centred * root / np.sqrt(size)[:, None]
    jacobian -= direction[..., None] * (direction[:, None, :] @ jacobian)
    return loss, residual, np.nan_to_num(jacobian)


def _solved(t: Array, y: Array, w: Array) -> tuple[Array, Array, Array, Array]:
    mean = (w * t).sum(axis=1) / w.sum()
    centred = t - mean[:, None]
    size = np.maximum((w * centred**2).sum(axis=1), 1e-300)
    centre = (w * y).sum() / w.sum()
    span = (w * centred * (y - centre)).sum(axis=1) / size
    return span, centre - span * mean, centred, size


def _ends(phi: Array, x: Array, y: Array, w: Array) -> Array:
    """A and D of each search."""
    t, *_, low = _basis(phi, x)
    span, base, _, _ = _solved(t, y, w)
    # low: y = A + (D − A) t, else y = D + (A − D) t.
    return np.where(low[:, None], np.stack([base, base + span], axis=1), np.stack([base + span, base], axis=1))
