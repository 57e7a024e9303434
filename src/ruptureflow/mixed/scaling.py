"""The coordinates the engine computes in: orthonormal columns, a residual of unit size.

Predictors shifted by 1e6 or scaled by 1e-6 must not change a fit. Cross-products square the condition number, so
columns are made orthonormal first (fixed effects; the effects of an unstructured level) and results are turned
back at the end.
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.design import Design, intercept_column


@dataclass(frozen=True)
class Scaled:
    """A design in the engine's coordinates.

    ``fixed = Q`` with ``X = Q @ to_fixed``; ``effects[l] = U`` with ``Z = U @ to_effects[l]``; ``outcome`` is the
    least-squares residual divided by ``unit``; ``offset`` are the least-squares coefficients (caller's columns).
    ``log_weight`` is the sum of log known variances (0 without).
    """

    fixed: np.ndarray
    to_fixed: np.ndarray
    effects: tuple[np.ndarray, ...]
    to_effects: tuple[np.ndarray, ...]
    outcome: np.ndarray
    unit: float
    offset: np.ndarray
    log_weight: float


def orthonormal(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``Q, T`` with ``values = Q @ T``; Q orthogonal with mean square 1, centred first where an intercept allows."""
    rows, columns = values.shape
    base = intercept_column(values)
    if columns == 1:
        size = float(np.sqrt(values[:, 0] @ values[:, 0] / rows))
        return values / size, np.array([[size]])
    if base is None:
        centred, shift = values, np.eye(columns)
    else:
        mean = values.mean(axis=0)
        mean[base] = 0.0
        centred = values - mean
        shift = np.eye(columns)
        shift[base] += mean / values[0, base]
    q, r = np.linalg.qr(centred)
    root = np.sqrt(rows)
    q *= root
    return q, (r / root) @ shift


def root_mean_square(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``U, T`` with ``values = U @ T``, T diagonal, columns of mean square 1."""
    size = np.sqrt((values * values).mean(axis=0))
    size = np.where(size > 0, size, 1.0)
    return values / size, np.diag(size)


def scale(design: Design) -> Scaled:
    """Turn a design into the engine's coordinates."""
    fixed, outcome = design.fixed.values, design.outcome
    columns = [level.effects.values for level in design.levels]
    log_weight = 0.0
    if design.sampling_variance is not None:
        weight = 1.0 / np.sqrt(design.sampling_variance)
        fixed = fixed * weight[:, None]
        outcome = outcome * weight
        columns = [values * weight[:, None] for values in columns]
        log_weight = float(np.log(design.sampling_variance).sum())
    q, t = orthonormal(fixed)
    rows = len(outcome)
    coefficients = q.T @ outcome / rows
    residual = outcome - q @ coefficients
    again = q.T @ residual / rows
    coefficients = coefficients + again
    residual -= q @ again
    unit = 1.0
    if design.sampling_variance is None:
        unit = float(np.sqrt(residual @ residual / rows))
        if unit > 0:
            residual /= unit
    effects, turns = [], []
    for level, values in zip(design.levels, columns, strict=True):
        simple = level.layout.diagonal or level.layout.size < 2
        u, turn = root_mean_square(values) if simple else orthonormal(values)
        effects.append(u)
        turns.append(turn)
    return Scaled(q, t, tuple(effects), tuple(turns), residual, unit, np.linalg.solve(t, coefficients), log_weight)
