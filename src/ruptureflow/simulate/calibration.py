"""Whole-number answers and counts moved, one by one, until what is computed from them meets the targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.simulate.moments import Array, residuals, within

STEPS = 400
"""Most moves made; the waves need fewer than a hundred."""


@dataclass(frozen=True)
class SlopeTarget:
    """A within-group slope and its standard error that the rows of `group` shall show.

    Parameters
    ----------
    rows : places of the rows that the slope is computed from.
    group : group of each of them, 0, 1, … without a gap.
    predictors : rows × predictors; the slope is that of the first.
    slope, std_error : least squares with a mean a group, which is what a random-intercept model gives for a
        predictor that varies within groups only.
    """

    rows: Array
    group: Array
    predictors: Array
    slope: float
    std_error: float

    @property
    def weights(self) -> Array:
        """The slope as a weighted sum of the outcome, one weight a row."""
        first = residuals(self.predictors[:, 0], self.group, self.predictors[:, 1:])
        return first / (first**2).sum()

    @property
    def residual_variance(self) -> float:
        """The residual variance that gives the standard error."""
        return float(self.std_error**2 / (self.weights**2).sum())

    @property
    def free(self) -> int:
        """Rows less groups and predictors."""
        return int(len(self.rows) - self.group.max() - 1 - self.predictors.shape[1])

    @property
    def projection(self) -> Array:
        """The matrix that leaves the residuals of the rows."""
        count = len(self.rows)
        unit = np.eye(count)
        centred = np.column_stack([within(column, self.group) for column in self.predictors.T])
        deviations = np.column_stack([within(column, self.group) for column in unit])
        basis, _ = np.linalg.qr(centred)
        return deviations - basis @ (basis.T @ deviations)


@dataclass(frozen=True)
class Tolerances:
    """How far off the targets counts as one unit of loss."""

    slope: float = 0.0005
    std_error: float = 0.0005
    icc: float = 0.0005


def tune(
    cells: Array,
    weights: Array,
    low: int,
    high: int,
    target: SlopeTarget,
    icc: float | None = None,
    tolerances: Tolerances = Tolerances(),
) -> Array:
    """Whole-number cells (rows × parts) moved by ones while the outcome comes nearer to its targets.

    Parameters
    ----------
    cells : start; a row's outcome is the sum of weights × cells.
    weights : rows × parts; a cell of weight 0 is never moved.
    icc : ICC(2,1) that two parts, being two raters, shall have over all rows; None where there is none to meet.

    Returns
    -------
    Array of int: the loss at its nearest minimum, to six decimals, so that the last digit of a sum decides nothing.

    Notes
    -----
    A move changes one cell of a row by one; with two raters also both at once, together or apart, without which the
    outcome could not be moved while their difference stays.
    """
    cells = cells.astype(int).copy()
    rows, parts = cells.shape
    moves = _moves(parts, both=icc is not None)
    steps = weights @ moves.T
    slope_weights = np.zeros(rows)
    slope_weights[target.rows] = target.weights
    projection = np.zeros((rows, rows))
    projection[np.ix_(target.rows, target.rows)] = target.projection
    diagonal = np.diag(projection)[:, None]
    fixed = ((weights == 0)[:, None, :] & (moves != 0)).any(axis=2)
    for _ in range(STEPS):
        outcome = (weights * cells).sum(axis=1)
        left = (projection * outcome).sum(axis=1)
        slope, squares = (slope_weights * outcome).sum(), (left * outcome).sum()
        now = _loss(slope, squares, target, tolerances)
        loss = _loss(
            slope + slope_weights[:, None] * steps,
            squares + 2 * left[:, None] * steps + diagonal * steps**2,
            target,
            tolerances,
        )
        if icc is not None:
            now += ((two_rater_icc(cells[:, 0], cells[:, 1]) - icc) / tolerances.icc) ** 2
            loss += ((_moved_icc(cells, moves) - icc) / tolerances.icc) ** 2
        moved = cells[:, None, :] + moves
        forbidden = fixed | ((moved < low) | (moved > high)).any(axis=2)
        loss = np.where(forbidden, np.inf, np.round(loss, 6))
        best = int(np.argmin(loss))
        if loss.flat[best] >= round(float(now), 6):
            break
        row, move = divmod(best, len(moves))
        cells[row] += moves[move]
    return cells


def _moves(parts: int, both: bool) -> Array:
    single = np.vstack([np.eye(parts, dtype=int), -np.eye(parts, dtype=int)])
    return np.vstack([single, [[1, 1], [-1, -1], [1, -1], [-1, 1]]]) if both else single


def _loss(slope, squares, target: SlopeTarget, tolerances: Tolerances):
    std_error = np.sqrt(np.maximum(squares, 0) / target.free * (target.weights**2).sum())
    return ((slope - target.slope) / tolerances.slope) ** 2 + (
        (std_error - target.std_error) / tolerances.std_error
    ) ** 2


def two_rater_icc(first: Array, second: Array) -> float:
    """ICC(2,1) of two raters who rated every row."""
    mean, difference = (first + second) / 2, first - second
    count = len(mean)
    return float(
        _icc(((mean - mean.mean()) ** 2).sum(), ((difference - difference.mean()) ** 2).sum(), difference.sum(), count)
    )


def _moved_icc(cells: Array, moves: Array) -> Array:
    """ICC(2,1) after each move of each row: rows × moves."""
    count = len(cells)
    moved = cells[:, None, :] + moves
    mean, difference = cells.mean(axis=1)[:, None], (cells[:, 0] - cells[:, 1])[:, None]
    moved_mean, moved_difference = moved.mean(axis=2), moved[:, :, 0] - moved[:, :, 1]
    sums = mean.sum() - mean + moved_mean
    squares = (mean**2).sum() - mean**2 + moved_mean**2
    difference_sums = difference.sum() - difference + moved_difference
    difference_squares = (difference**2).sum() - difference**2 + moved_difference**2
    return _icc(squares - sums**2 / count, difference_squares - difference_sums**2 / count, difference_sums, count)


def _icc(mean_squares, difference_squares, difference_sum, count: int):
    between_rows = 2 * mean_squares / (count - 1)
    error = difference_squares / (2 * (count - 1))
    between_raters = difference_sum**2 / (2 * count)
    return (between_rows - error) / (between_rows + error + 2 * (between_raters - error) / count)
