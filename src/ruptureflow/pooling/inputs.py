"""Effects and variances as the caller gives them, checked once."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.errors import PoolingError

_HUGE = 1e100  # weights and their cubes stay finite within


@dataclass(frozen=True)
class Effects:
    """Checked effects: `kept` are the input rows that remain, `dropped` those left out for a missing value."""

    y: np.ndarray
    v: np.ndarray
    labels: tuple
    kept: np.ndarray
    dropped: tuple = ()


def check_effects(estimate, variance, labels=None, missing="error") -> Effects:
    """Numbers, same length, finite, positive variances.

    Raises
    ------
    PoolingError
        Naming the row, its label, the value and what to do.
    """
    if missing not in ("error", "drop"):
        raise PoolingError(f"missing={missing!r} is unknown: use 'error' or 'drop'.")
    y, v = _numbers("estimate", estimate), _numbers("variance", variance)
    if v.size == 1 and y.size > 1 and np.ndim(variance) == 0:
        v = np.full(y.size, v[0])
    if y.size != v.size:
        raise PoolingError(f"{y.size} estimates but {v.size} variances: give one variance per estimate.")
    if y.size == 0:
        raise PoolingError("there is no effect to pool: give at least one.")
    names = _labels(labels, estimate, y.size)
    finite = np.isfinite(y) & np.isfinite(v)
    kept = np.arange(y.size)
    dropped = ()
    if not finite.all():
        bad = np.flatnonzero(~finite)
        if missing == "error" or np.isinf(y).any() or np.isinf(v).any():
            row = bad[0]
            what = "estimate" if not np.isfinite(y[row]) else "variance"
            value = y[row] if what == "estimate" else v[row]
            raise PoolingError(
                f"{what} of {_place(names, row)} is {value:g}: supply it, or leave the row out with missing='drop'."
            )
        dropped = tuple(names[row] for row in bad)
        kept = np.flatnonzero(finite)
        if kept.size == 0:
            raise PoolingError("every effect has a missing estimate or variance: supply at least one pair.")
    if dropped:
        y, v = y[kept], v[kept]
        names = tuple(names[row] for row in kept)
    if (v <= 0).any():
        row = int(np.flatnonzero(v <= 0)[0])
        raise PoolingError(
            f"variance of {_place(names, row)} is {v[row]:g}: a sampling variance is above zero; "
            "give the squared standard error."
        )
    far = (np.abs(y) > _HUGE) | (v > _HUGE) | (v < 1 / _HUGE)
    if far.any():
        row = int(np.flatnonzero(far)[0])
        raise PoolingError(
            f"estimate {y[row]:g} with variance {v[row]:g} of {_place(names, row)} is beyond computing: check the unit."
        )
    return Effects(y, v, names, kept, dropped)


def check_level(level):
    """A confidence level strictly between 0 and 1."""
    if not 0 < level < 1:
        raise PoolingError(f"level={level!r} is not between 0 and 1: write 0.95 for 95 %.")
    return float(level)


def _place(names, row):
    name = str(names[row])
    return f"row {row + 1}" if name == str(row + 1) else f"row {row + 1} ({name})"


def _numbers(what, values):
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise PoolingError(f"{what} holds something that is not a number ({error}): give numbers.") from None
    if array.ndim > 1:
        array = array.squeeze()
    if array.ndim > 1:
        raise PoolingError(f"{what} has {array.ndim} dimensions: give one value per effect.")
    return np.atleast_1d(array)


def _labels(labels, estimate, k):
    if labels is not None:
        labels = tuple(labels)
        if len(labels) != k:
            raise PoolingError(f"{len(labels)} labels for {k} effects: give one per effect.")
        return labels
    index = getattr(estimate, "index", None)
    if index is not None and not callable(index) and index.dtype.kind not in "iu":
        return tuple(index)
    return tuple(range(1, k + 1))
