"""Newton's method for a deviance in unbounded parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np

# A Newton step that promises less decrease of the deviance than this is shorter than 5e-6 standard errors; as
# convergence is quadratic, what is left after taking it is below 1e-10 standard errors.
_DECREASE = 1e-11
_SADDLE = -1e-6


@dataclass(frozen=True)
class Minimum:
    """Where Newton's method stopped; value, gradient and Hessian are those before the last (tiny) step."""

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    iterations: int
    converged: bool


Evaluation = tuple[float, np.ndarray, np.ndarray]


def _direction(gradient: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Step, predicted decrease, the least eigenvalue relative to the greatest, and its direction."""
    if len(gradient) == 1:
        curve = hessian[0, 0]
        size = max(abs(curve), 1e-10)
        step = -gradient / size
        return step, float(-gradient @ step) / 2, float(curve / size), np.ones(1)
    values, vectors = np.linalg.eigh(hessian)
    along = gradient @ vectors
    if values[0] > 0:
        move = along / values
        step = -(vectors @ move)
        return step, float(along @ move) / 2, 1.0, step
    top = max(np.abs(values).max(), 1e-10)
    flat = (np.abs(values) < 1e-9 * top) & (np.abs(along) < 1e-7 * np.sqrt(top))
    move = np.where(flat, 0.0, along / np.maximum(np.abs(values), 1e-9 * top))
    step = -(vectors @ move)
    return step, float(along @ move) / 2, float(values[0] / top), vectors[:, 0]


def minimise(
    evaluate: Callable[[np.ndarray], Evaluation],
    start: np.ndarray,
    max_iterations: int = 200,
    decrease: float = _DECREASE,
) -> Minimum:
    """Minimise a smooth function of unbounded parameters.

    Parameters
    ----------
    evaluate
        Function of the parameters that returns value, gradient and Hessian; a value of ``inf`` marks parameters
        that are not allowed.
    start
        Parameters to start from.

    Notes
    -----
    Negative curvature is used with its absolute value, so a step always goes downhill; at a saddle point (zero
    gradient, negative curvature) the search moves off along the direction of negative curvature.
    """
    theta = np.array(start, dtype=float)
    value, gradient, hessian = evaluate(theta)
    converged = False
    iteration = 0
    while iteration < max_iterations:
        step, predicted, least, direction = _direction(gradient, hessian)
        if predicted <= decrease:
            if least >= _SADDLE:
                theta = theta + step
                converged = True
                break
            step = 0.1 * direction
            predicted = 0.0
        iteration += 1
        longest = max(map(abs, step.tolist()))
        limit = 2.0 * max(1.0, *map(abs, theta.tolist()))
        if longest > limit:
            step = step * (limit / longest)
        slope = min(float(gradient @ step), 0.0)
        noise = 1e-12 * (1.0 + abs(value))
        scale = 1.0
        for _ in range(40):
            trial = theta + scale * step
            candidate = evaluate(trial)
            if isfinite(candidate[0]) and candidate[0] <= value + 1e-4 * scale * slope + noise:
                break
            scale *= 0.5
        else:
            # No step helps: at the limit of rounding this is the minimum.
            converged = predicted < 1e-8
            break
        stalled = candidate[0] >= value - noise and predicted < 1e-12 and least >= _SADDLE
        theta, (value, gradient, hessian) = trial, candidate
        if stalled:
            converged = True
            break
    return Minimum(theta, float(value), gradient, hessian, iteration, converged)
