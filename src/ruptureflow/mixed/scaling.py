"""The coordinates the engine computes in: orthonormal columns, a residual of unit size.

Predictors shifted by 1e6 or scaled by 1e-6 must not change a fit. Cross-products square the condition number, so
columns are made orthonormal first (fixed effects; the effects of an unstructured level) and results are turned
back at the end. Rows are turned in pieces when they are needed: no turned copy of the data is kept.
"""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from ruptureflow.mixed.columns import ColumnSpread, column_spread
from ruptureflow.mixed.design import Design

PIECE = 4_096


@dataclass(frozen=True)
class Turn:
    """Turned columns ``(columns - mean) @ inverse``; ``columns = turned @ matrix``."""

    mean: np.ndarray
    inverse: np.ndarray
    matrix: np.ndarray

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Turn rows."""
        return (columns - self.mean) @ self.inverse


def orthonormal(values: np.ndarray, spread: ColumnSpread | None = None) -> Turn:
    """Turn to orthogonal columns of mean square 1, centred first where an intercept allows.

    Through cross-products where the columns are well apart, by QR where they are not.
    """
    rows, columns = values.shape
    if columns == 1:
        size = sqrt(float(values[:, 0] @ values[:, 0]) / rows)
        return Turn(np.zeros(1), np.array([[1.0 / size]]), np.array([[size]]))
    spread = spread or column_spread(values)
    mean = spread.mean
    shift = np.eye(columns)
    if spread.base is not None:
        shift[spread.base] += mean / values[0, spread.base]
    if spread.lower is not None:
        inverse = np.linalg.inv(spread.lower).T / spread.size[:, None]
        return Turn(mean, inverse, (spread.lower.T * spread.size) @ shift)
    _, r = np.linalg.qr(values - mean)
    r /= np.sqrt(rows)
    return Turn(mean, np.linalg.inv(r), r @ shift)


def covariance_of_columns(psi: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Covariance of the caller's columns from one of turned columns; ``matrix`` as in ``Turn``."""
    back = np.linalg.solve(matrix, np.eye(len(matrix))) if len(matrix) else matrix
    out = back @ psi @ back.T
    return (out + out.T) / 2


def root_mean_square(values: np.ndarray) -> Turn:
    """Turn that only scales, to mean square 1."""
    columns = values.shape[1]
    if columns == 1 and values[:, 0].any():
        return orthonormal(values)
    size = np.sqrt(np.einsum("ij,ij->j", values, values) / len(values))
    size = np.where(size > 0, size, 1.0)
    return Turn(np.zeros(columns), np.diag(1.0 / size), np.diag(size))


@dataclass(frozen=True)
class Scaled:
    """A design in the engine's coordinates.

    Attributes
    ----------
    fixed_turn, effect_turns
        Turns of the fixed effects and of the random-effects columns of each level.
    centre
        Number taken off the outcome before anything else (its mean, where there is an intercept).
    projection
        ``(p,)`` least-squares coefficients of the centred outcome in turned columns.
    unit
        Root mean square of the least-squares residual; the engine's outcome is that residual divided by it (1 where
        sampling variances are known).
    offset
        Least-squares coefficients, caller's columns.
    log_weight
        Sum of log known variances (0 without).
    """

    design: Design
    fixed_turn: Turn
    effect_turns: tuple[Turn, ...]
    centre: float
    projection: np.ndarray
    unit: float
    offset: np.ndarray
    log_weight: float

    def rows(self, index) -> np.ndarray:
        """Turned rows ``[effects of each level | fixed effects | outcome]`` for a slice or an array of row numbers."""
        design = self.design
        weight = None
        if design.sampling_variance is not None:
            weight = 1.0 / np.sqrt(design.sampling_variance[index])[:, None]
        parts = [level.effects.values[index] for level in design.levels]
        fixed = design.fixed.values[index]
        outcome = design.outcome[index] - self.centre
        if weight is not None:
            parts = [part * weight for part in parts]
            fixed, outcome = fixed * weight, outcome * weight[:, 0]
        sizes = [turn.inverse.shape[1] for turn in (*self.effect_turns, self.fixed_turn)]
        out = np.empty((len(outcome), sum(sizes) + 1))
        at = 0
        for turn, part, size in zip((*self.effect_turns, self.fixed_turn), (*parts, fixed), sizes, strict=True):
            if size:
                out[:, at : at + size] = turn(part)
            at += size
        out[:, -1] = (outcome - out[:, at - sizes[-1] : at] @ self.projection) / self.unit
        return out

    @property
    def to_fixed(self) -> np.ndarray:
        """``X = turned @ to_fixed``."""
        return self.fixed_turn.matrix

    @cached_property
    def to_effects(self) -> tuple[np.ndarray, ...]:
        """``Z = turned @ to_effects[level]``."""
        return tuple(turn.matrix for turn in self.effect_turns)

    @cached_property
    def _table(self) -> np.ndarray:
        return self.rows(slice(None))

    @property
    def fixed(self) -> np.ndarray:
        """Turned fixed effects of all rows."""
        return self._table[:, -1 - self.design.columns : -1]

    @cached_property
    def effects(self) -> tuple[np.ndarray, ...]:
        """Turned effects of each level, all rows."""
        out, at = [], 0
        for turn in self.effect_turns:
            size = turn.inverse.shape[1]
            out.append(self._table[:, at : at + size])
            at += size
        return tuple(out)

    @property
    def outcome(self) -> np.ndarray:
        """The engine's outcome, all rows."""
        return self._table[:, -1]


def _project(fixed: np.ndarray, outcome: np.ndarray, turn: Turn, centre: float) -> tuple[np.ndarray, float]:
    """Least-squares coefficients in turned columns and the root mean square of the residual."""
    rows = len(outcome)
    pieces = [slice(start, start + PIECE) for start in range(0, rows, PIECE)]
    kept = turn(fixed) if len(pieces) == 1 else None
    projection = 0.0
    for last in (False, True):  # the second pass removes what rounding left
        change, square = 0.0, 0.0
        for piece in pieces:
            q = turn(fixed[piece]) if kept is None else kept
            residual = outcome[piece] - centre
            if last:
                residual -= q @ projection
                square += float(residual @ residual)
            change = change + residual @ q
        change = change / rows
        projection = projection + change
    return projection, sqrt(max(square / rows - float(change @ change), 0.0))


def scale(design: Design) -> Scaled:
    """Turn a design into the engine's coordinates."""
    fixed, outcome = design.fixed.values, design.outcome
    columns = [level.effects.values for level in design.levels]
    log_weight = 0.0
    weighted = design.sampling_variance is not None
    if weighted:
        weight = 1.0 / np.sqrt(design.sampling_variance)
        fixed, outcome = fixed * weight[:, None], outcome * weight
        columns = [values * weight[:, None] for values in columns]
        log_weight = float(np.log(design.sampling_variance).sum())
    turn = orthonormal(fixed, None if weighted else design.fixed.spread)
    base = None if weighted else design.fixed.spread.base
    centre = 0.0 if base is None else float(outcome.sum()) / len(outcome)
    projection, size = _project(fixed, outcome, turn, centre)
    offset = turn.inverse @ projection
    if base is not None:
        offset[base] += (centre - turn.mean @ offset) / fixed[0, base]
    turns = []
    for level, values in zip(design.levels, columns, strict=True):
        simple = level.layout.diagonal or level.layout.size < 2
        spread = None if simple or weighted else level.effects.spread
        turns.append(root_mean_square(values) if simple else orthonormal(values, spread))
    unit = 1.0 if weighted else size
    return Scaled(design, turn, tuple(turns), centre, projection, unit or 1.0, offset, log_weight)
