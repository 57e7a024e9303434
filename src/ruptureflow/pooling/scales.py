"""The scale on which a pooled effect is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def identity(value):
    """An effect that is shown as it is pooled."""
    return value


BACK: dict[str, Callable] = {"as is": identity, "r": np.tanh, "ratio": np.exp}
"""From the pooling scale to the one shown: Fisher's z to r, a logarithm to its ratio."""

ONTO: dict[str, Callable] = {"as is": identity, "r": np.arctanh, "ratio": np.log}
"""The way there: what is printed on the shown scale, to the pooling scale."""
