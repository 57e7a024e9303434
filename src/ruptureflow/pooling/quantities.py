"""Named numbers that an effect size is made of, checked with messages that name them."""

import numpy as np

from ruptureflow.pooling.errors import PoolingError


def arrays(**named):
    """Named values as finite float arrays of one shape."""
    found = {}
    for name, value in named.items():
        try:
            found[name] = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise PoolingError(f"{name} is {value!r}: give numbers.") from None
        if not np.isfinite(found[name]).all():
            raise PoolingError(f"{name} has a missing or infinite value: supply it, or leave that study out.")
    return np.broadcast_arrays(*found.values())


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
