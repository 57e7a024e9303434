"""Two-sided p values over intervals, and the degrees of freedom or sample sizes that a printed p implies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from ruptureflow.audit.rounding import Interval, over_corners

SMALLEST_DF, LARGEST_DF = 1.0, 1e7
LARGEST_N = 10_000


def p_of_t(t: float, df: float) -> float:
    """Two-sided p of t; df = inf gives the normal p."""
    size = -abs(t)
    return float(2 * (special.ndtr(size) if np.isinf(df) else special.stdtr(df, size)))


def p_of_q(q: float, df: float) -> float:
    """Upper tail of chi-squared."""
    return float(special.chdtrc(df, q))


def p_of_r(r: float, n: float) -> float:
    """Two-sided p of a correlation of n pairs, t on n − 2 df."""
    return p_of_t(r * np.sqrt((n - 2) / (1 - r * r)), n - 2)


def p_range(t: Interval, df: float) -> Interval:
    """p over an interval of t."""
    size = t.magnitude
    return over_corners(lambda value: p_of_t(value, df), size)


def df_range(t: Interval, p: Interval) -> Interval | None:
    """The df under which some t of an interval has some p of an interval, or None where no df gives it.

    Notes
    -----
    p falls as df grows, so the smallest df is the one at which the largest t has the largest p allowed, the largest
    df the one at which the smallest t has the smallest p. df below 1 are not considered; beyond ten million they
    count as infinite (a z test).
    """
    size = t.magnitude
    if p_of_t(size.high, np.inf) > p.high or p_of_t(size.low, SMALLEST_DF) < p.low:
        return None
    low, high = SMALLEST_DF, np.inf
    if p_of_t(size.high, SMALLEST_DF) > p.high:
        low = _bisect(lambda df: p_of_t(size.high, df) > p.high)
    if p_of_t(size.low, np.inf) < p.low:
        high = _bisect(lambda df: p_of_t(size.low, df) >= p.low)
    return Interval(low, high)


def _bisect(before: Callable[[float], bool]) -> float:
    """Where a condition that holds for small df stops holding."""
    low, high = np.log(SMALLEST_DF), np.log(LARGEST_DF)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if before(float(np.exp(middle))) else (low, middle)
    return float(np.exp((low + high) / 2))


def n_range(r: Interval, accepts: Callable[[Interval], bool]) -> tuple[int, int] | None:
    """Smallest and largest n (4 to 10,000) whose range of p is accepted, or None."""
    size = r.magnitude
    found = [n for n in _sizes() if accepts(over_corners(lambda value, n=n: p_of_r(value, n), size))]
    return (found[0], found[-1]) if found else None


def _sizes() -> list[int]:
    return [*range(4, 1000), *range(1000, LARGEST_N + 1, 10)]
