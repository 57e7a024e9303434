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


def check_effects(estimate, variance, labels=None, missing="error", *, may_drop=False) -> Effects:
    """Numbers, same length, finite, positive variances.

    `may_drop` says that the caller offers ``missing="drop"``, so that messages may advise it.

    Raises
    ------
    PoolingError
        Naming the row, its label, the value and what to do.
    """
    if missing not in ("error", "drop"):
        raise PoolingError(f"missing={missing!r} is unknown: use 'error' or 'drop'.")
    y, v = numbers("estimate", estimate), numbers("variance", variance)
    if v.size == 1 and y.size > 1 and np.ndim(variance) == 0:
        v = np.full(y.size, v[0])
    if y.size != v.size:
        raise PoolingError(f"{y.size} estimates but {v.size} variances: give one variance per estimate.")
    if y.size == 0:
        raise PoolingError("there is no effect to pool: give at least one.")
    same_order(estimate, variance, "variance")
    names = _labels(labels, estimate, y.size)
    finite = np.isfinite(y) & np.isfinite(v)
    kept = np.arange(y.size)
    dropped = ()
    if not finite.all():
        bad = np.flatnonzero(~finite)
        endless = np.flatnonzero(np.isinf(y) | np.isinf(v))
        if missing == "error" or endless.size:
            row = (bad if missing == "error" else endless)[0]
            at_fault = ~np.isfinite(y[row]) if missing == "error" else np.isinf(y[row])
            what = "estimate" if at_fault else "variance"
            value = y[row] if what == "estimate" else v[row]
            way = " with missing='drop'" if may_drop and np.isnan(value) else ""
            raise PoolingError(f"{what} of {_place(names, row)} is {value:g}: supply it, or leave the row out{way}.")
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
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise PoolingError(f"level={level!r} is not between 0 and 1: write 0.95 for 95 %.")
    return float(level)


def same_order(estimate, other, what):
    """Refuse two pandas objects whose rows carry the same labels in another order: rows are matched by place."""
    mine, theirs = getattr(estimate, "index", None), getattr(other, "index", None)
    if not (hasattr(mine, "equals") and hasattr(theirs, "equals")) or mine.equals(theirs):
        return
    if len(mine) == len(theirs) and mine.sort_values().equals(theirs.sort_values()):
        raise PoolingError(
            f"{what} has the index of estimate in another order, and rows are matched by place: "
            "sort both alike, or give plain arrays."
        )


def numbers(what, values):
    """One number per effect as a float array (k,); a missing one of any kind is NaN."""
    if values is None:
        raise PoolingError(f"{what} is None: give numbers.")
    if isinstance(values, np.ma.MaskedArray):
        values = values.astype(float).filled(np.nan)
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind in "Mmc":
        what_it_holds = "complex numbers" if kind == "c" else "dates or times"
        raise PoolingError(f"{what} holds {what_it_holds}: give plain numbers.")
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        array = _one_by_one(what, values)
    if array.ndim > 1:
        array = array.squeeze()
    if array.ndim > 1:
        raise PoolingError(f"{what} has {array.ndim} dimensions: give one value per effect.")
    return np.atleast_1d(array)


def _one_by_one(what, values):
    """Numbers of a column that NumPy can't convert as a whole: missing ones are NaN, the first other is named."""
    if isinstance(values, str | bytes | dict | set | frozenset) or not hasattr(values, "__len__"):
        raise PoolingError(f"{what} is a {type(values).__name__}: give one number per effect.") from None
    found = []
    for row, value in enumerate(values.tolist() if hasattr(values, "tolist") else values):
        try:
            found.append(np.nan if is_missing(value) else float(value))
        except (TypeError, ValueError):
            raise PoolingError(f"{what} of row {row + 1} is {value!r}: give a number.") from None
    return np.array(found)


def is_missing(value):
    """None, NaN, NaT or pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA has no truth
        return True
    except ValueError:  # an array has none either
        return False


def _place(names, row):
    name = str(names[row])
    return f"row {row + 1}" if name == str(row + 1) else f"row {row + 1} ({name})"


def _labels(labels, estimate, k):
    if labels is not None:
        if isinstance(labels, str) or not hasattr(labels, "__iter__"):
            raise PoolingError(f"labels is {labels!r}: give one name per effect.")
        labels = tuple(labels)
        if len(labels) != k:
            raise PoolingError(f"{len(labels)} labels for {k} effects: give one per effect.")
        return labels
    index = getattr(estimate, "index", None)
    if index is not None and not callable(index) and index.dtype.kind not in "iu":
        return tuple(index)
    return tuple(range(1, k + 1))
