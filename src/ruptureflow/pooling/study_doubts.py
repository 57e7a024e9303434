"""What is doubtful about a row of studies, though nothing of it is impossible: said in notes, never refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ruptureflow.pooling.printed_rows import half_unit

LARGE = 3.0
"""Standardised differences beyond it are rare enough to ask whether a standard error was typed as an SD."""

SLACK = 1e-9
"""Of binary fractions, which miss a printed number by less."""


def large_effects(estimate: np.ndarray, headings: str) -> list[str]:
    """A question for every standardised effect that is larger than effects are, or "".

    Parameters
    ----------
    headings : of the columns with SDs.
    """
    return [f"|g| of {abs(one):.1f}: is {headings} a standard error?" if abs(one) > LARGE else "" for one in estimate]


def off_the_middle(
    estimate: str, low: str, high: str, scale: Callable[[np.ndarray], np.ndarray] = lambda value: value
) -> str:
    """What is said of an estimate that is not in the middle of its printed interval, or "".

    Parameters
    ----------
    estimate, low, high : as printed, with decimal points; each may have been rounded by half its last digit.
    scale : on which the interval is symmetric.
    """
    ends = {}
    for name, text in (("estimate", estimate), ("low", low), ("high", high)):
        half = half_unit(text) + SLACK * max(1.0, abs(float(text)))
        with np.errstate(invalid="ignore", divide="ignore"):
            # A ratio that rounding may have made of nothing at all has no logarithm: any middle is possible.
            ends[name] = scale(np.array([float(text) - half, float(text) + half]))
    lowest, highest = (ends["low"] + ends["high"]) / 2
    if ends["estimate"][1] < lowest or ends["estimate"][0] > highest:
        return f"estimate {estimate} is off the middle of its interval, {low} to {high}, by more than rounding"
    return ""
