"""Named numbers that an effect size is made of, checked with messages that name them."""

import numpy as np

from ruptureflow.pooling.errors import PoolingError


def arrays(**named):
    """Named values as finite float arrays of one shape."""
    found = {name: floats(name, value) for name, value in named.items()}
    for name, value in found.items():
        if not np.isfinite(value).all():
            raise PoolingError(f"{name} has a missing or infinite value: supply it, or leave that study out.")
    return together(**found)


def floats(name, value):
    """One named value as a float array; missing values are NaN."""
    if isinstance(value, np.ma.MaskedArray):
        return value.astype(float).filled(np.nan)
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise PoolingError(f"{name} is {value!r}: give numbers.") from None


def together(**named):
    """Arrays of one shape, numbers repeated.

    Raises
    ------
    PoolingError
        Where the lengths differ.
    """
    try:
        return np.broadcast_arrays(*named.values())
    except ValueError:
        sizes = ", ".join(f"{name} {value.size}" for name, value in named.items() if value.size != 1)
        raise PoolingError(f"the values have different lengths ({sizes}): give one of each per study.") from None


def positive(**named):
    """Refuse values that are not above zero."""
    for name, value in named.items():
        if np.any(value <= 0):
            raise PoolingError(f"{name} is {np.min(value):g}: it must be above zero.")


def at_least(least, **named):
    """Refuse values below `least`."""
    for name, value in named.items():
        if np.any(value < least):
            raise PoolingError(f"{name} is {np.min(value):g}: this effect size needs at least {least}.")


def inside_one(**named):
    """Refuse values outside the open interval from −1 to 1."""
    for name, value in named.items():
        if np.any(np.abs(value) >= 1):
            worst = np.ravel(value)[np.argmax(np.abs(np.ravel(value)))]
            raise PoolingError(f"{name} is {worst:g}: it must lie strictly between −1 and 1.")
