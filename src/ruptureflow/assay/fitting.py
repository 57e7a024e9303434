"""Weighted least squares for logistic curves, many runs at once: grid start, Levenberg–Marquardt, exact Jacobian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.logistic import MODELS, Array, predict_with_jacobian
from ruptureflow.assay.multistart import search_widely

# Starting grid: midpoints over the doses, slopes of the assays met in practice (B between about 0.5 and 3).
START_MIDPOINTS = np.linspace(0.02, 0.98, 13)
START_SLOPES = np.log([0.5, 0.8, 1.2, 1.8, 2.7, 4.0])
START_ASYMMETRIES = np.log([0.2, 1.0, 5.0])
LARGEST_STEPS = 200
# A relative step below this ends the search. Measured on DNase: the sum of squares is then at its minimum to the
# last bits and the parameters to 1e-11.
STEP_TOLERANCE = 1e-11
# ln g and ln B beyond these are not identified by any standard curve (g 1/20 … 20, B 1/50 … 50).
LARGEST_LOG_ASYMMETRY = np.log(20.0)
LARGEST_LOG_SLOPE = np.log(50.0)
# Share of the sum of squares that a curve leaves from which it may have several minima: good plates leave 0.001.
NOISY = 0.02
# Keeps C a number in whatever unit doses come.
LARGEST_LOG_MIDPOINT = 200.0


@dataclass(frozen=True)
class Fits:
    """Least-squares fits of a batch of runs.

    Attributes
    ----------
    theta : (runs, parameters).
    sum_of_squares : weighted residual sum of squares of each run.
    converged : whether the last step was below the tolerance.
    at_bound : whether slope or asymmetry stopped at the edge of what a curve can tell.
    """

    theta: Array
    sum_of_squares: Array
    converged: np.ndarray
    at_bound: np.ndarray


def starting_values(log_dose: Array, response: Array, weights: Array, model: str) -> Array:
    """Best θ on a grid of midpoints and slopes; A and D are linear given these and solved exactly.

    A grid instead of a guess from the data's ends: 78 candidates (times three asymmetries for a
    5pl) cost 0.1 ms and leave no bad starts.
    """
    finite = np.isfinite(log_dose) & (weights > 0)
    lowest = np.where(finite, log_dose, np.inf).min(axis=1)
    highest = np.where(finite, log_dose, -np.inf).max(axis=1)
    midpoints = lowest[:, None] + (highest - lowest)[:, None] * START_MIDPOINTS
    asymmetries = START_ASYMMETRIES if model == "5pl" else np.zeros(1)
    u = np.exp(START_SLOPES)[None, None, :, None] * (log_dose[:, None, None, :] - midpoints[:, :, None, None])
    softplus = np.logaddexp(0, np.clip(u, -500, 500))
    runs, m, s, n = softplus.shape
    a = asymmetries.size
    share = np.exp(-np.exp(asymmetries)[:, None] * softplus[..., None, :]).reshape(runs, m * s * a, n)
    w = weights[:, None, :]
    total = w.sum(axis=2)
    share_mean = (w * share).sum(axis=2) / total
    response_mean = (weights * response).sum(axis=1)[:, None] / total
    dx = share - share_mean[..., None]
    dy = response[:, None, :] - response_mean[..., None]
    sxx = np.maximum((w * dx * dx).sum(axis=2), 1e-300)
    sxy = (w * dx * dy).sum(axis=2)
    explained = sxy * sxy / sxx
    best = explained.argmax(axis=1)
    row = np.arange(runs)
    span = sxy[row, best] / sxx[row, best]
    bottom = response_mean[:, 0] - span * share_mean[row, best]
    theta = np.zeros((runs, MODELS[model]))
    theta[:, 0] = bottom + span
    theta[:, 1] = bottom
    theta[:, 2] = midpoints[row, best // (s * a)]
    theta[:, 3] = START_SLOPES[best // a % s]
    theta[:, 4:] = asymmetries[best % a, None][:, : theta.shape[1] - 4]
    return theta


def least_squares(
    log_dose: Array,
    response: Array,
    weights: Array,
    model: str,
    start: Array | None = None,
    tolerance: float = STEP_TOLERANCE,
) -> Fits:
    """Minimise Σ w (y − f(x; θ))² for each run.

    Parameters
    ----------
    log_dose, response, weights : (runs, tubes); a tube of weight 0 is none (runs of unequal size are padded).
    model : "4pl" or "5pl".
    start : (runs, parameters), or None for the grid.
    tolerance : relative step that ends the search.
    """
    theta = starting_values(log_dose, response, weights, model) if start is None else start.copy()
    runs, p = theta.shape
    damping = np.full(runs, 1e-3)
    converged = np.zeros(runs, dtype=bool)
    value, jacobian = predict_with_jacobian(theta, log_dose)
    loss = (weights * (response - value) ** 2).sum(axis=1)
    active = np.arange(runs)
    diagonal = np.arange(p)
    for _ in range(LARGEST_STEPS):
        x, y, w = log_dose[active], response[active], weights[active]
        weighted = jacobian * w[..., None]
        information = np.swapaxes(weighted, 1, 2) @ jacobian
        slope = (np.swapaxes(weighted, 1, 2) @ (y - value)[..., None])[..., 0]
        _hold_at_bound(theta[active], information, slope)
        scale = information[:, diagonal, diagonal]
        damped = information.copy()
        damped[:, diagonal, diagonal] += damping[active, None] * scale + 1e-300
        step = _solve(damped, slope)
        trial = theta[active] + step
        _bound(trial)
        trial_value, trial_jacobian = predict_with_jacobian(trial, x)
        trial_loss = (w * (y - trial_value) ** 2).sum(axis=1)
        # In units of each parameter's own size, with the signal's span for the asymptotes.
        span = np.abs(theta[active, 0] - theta[active, 1])[:, None]
        size = np.concatenate([np.maximum(np.abs(trial[:, :2]), span), 1 + np.abs(trial[:, 2:])], axis=1)
        small = (np.abs(trial - theta[active]) <= tolerance * size).all(axis=1)
        # Rounding alone moves the loss by about n·eps: a step this near the minimum is a good one.
        better = trial_loss <= loss[active] * (1 + 1e-13) + 1e-300
        moved = active[better]
        theta[moved] = trial[better]
        loss[moved] = trial_loss[better]
        damping[active] = np.where(better, np.maximum(damping[active] / 10, 1e-14), damping[active] * 8)
        stuck = ~better & (damping[active] > 1e12)
        done = (better & small) | stuck
        converged[active] = better & small | (stuck & small)
        value = np.where(better[:, None], trial_value, value)
        jacobian = np.where(better[:, None, None], trial_jacobian, jacobian)
        if done.any():
            active, value, jacobian = active[~done], value[~done], jacobian[~done]
            if not active.size:
                break
    return Fits(theta, loss, converged, at_bound(theta))


def searched_widely(log_dose: Array, response: Array, weights: Array, fits: Fits) -> Fits:
    """The fits, with a wider search for runs that did not settle or stopped at a bound.

    Five-parameter curves have several minima, as have curves that explain little; all of them are searched. A run
    whose optimum lies at a bound or on a flat floor (at infinity, or anywhere along a valley) is `converged`, because
    its loss is at the minimum, and `at_bound`, because its parameters are not identified.
    """
    mean = (weights * response).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    noisy = fits.sum_of_squares > NOISY * (weights * (response - mean) ** 2).sum(axis=1)
    doubtful = np.flatnonzero(~fits.converged | fits.at_bound | noisy | (fits.theta.shape[1] == 5))
    if not doubtful.size:
        return fits
    theta, loss, converged, bound = (
        part.copy() for part in (fits.theta, fits.sum_of_squares, fits.converged, fits.at_bound)
    )
    p = theta.shape[1]
    bounds = np.array([LARGEST_LOG_MIDPOINT, LARGEST_LOG_SLOPE, LARGEST_LOG_ASYMMETRY])[: p - 2]
    for run in doubtful:
        wide = search_widely(log_dose[run], response[run], weights[run], p, bounds, theta[run])
        value, _ = predict_with_jacobian(wide.theta[None], log_dose[run][None])
        found = float((weights[run] * (response[run] - value[0]) ** 2).sum())
        if found <= loss[run] * (1 + 1e-12):
            theta[run], loss[run] = wide.theta, found
            converged[run], bound[run] = wide.converged or wide.flat, wide.flat
    return Fits(theta, loss, converged, bound)


def at_bound(theta: Array) -> np.ndarray:
    """Whether a run's slope or asymmetry is at the edge of what a curve can tell."""
    bound = (np.abs(theta[:, 3]) >= LARGEST_LOG_SLOPE) | (np.abs(theta[:, 2]) >= LARGEST_LOG_MIDPOINT)
    return bound | (np.abs(theta[:, 4]) >= LARGEST_LOG_ASYMMETRY) if theta.shape[1] == 5 else bound


def _solve(matrix: Array, vector: Array) -> Array:
    try:
        return np.linalg.solve(matrix, vector[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return (np.linalg.pinv(matrix) @ vector[..., None])[..., 0]


def _hold_at_bound(theta: Array, information: Array, slope: Array) -> None:
    """Leave a parameter at its bound out of the step where the data push it further; the others find their best."""
    limits = [LARGEST_LOG_SLOPE, LARGEST_LOG_ASYMMETRY][: theta.shape[1] - 3]
    for k, limit in enumerate(limits, start=3):
        held = np.flatnonzero((np.abs(theta[:, k]) >= limit) & (slope[:, k] * theta[:, k] > 0))
        if held.size:
            information[held, k, :] = information[held, :, k] = 0
            information[held, k, k] = 1
            slope[held, k] = 0


def _bound(theta: Array) -> None:
    np.clip(theta[:, 2], -LARGEST_LOG_MIDPOINT, LARGEST_LOG_MIDPOINT, out=theta[:, 2])
    np.clip(theta[:, 3], -LARGEST_LOG_SLOPE, LARGEST_LOG_SLOPE, out=theta[:, 3])
    if theta.shape[1] == 5:
        np.clip(theta[:, 4], -LARGEST_LOG_ASYMMETRY, LARGEST_LOG_ASYMMETRY, out=theta[:, 4])
