"""What a printed number stands for: every value that becomes it when digits are cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Literal

Convention = Literal["rounded", "truncated"]
# Room for the binary form of decimal numbers, relative to a unit of the last digit.
SLACK = 1e-9


@dataclass(frozen=True)
class Interval:
    """All values from low to high."""

    low: float
    high: float

    def meets(self, other: Interval) -> bool:
        """Whether some value lies in both."""
        return self.low <= other.high and other.low <= self.high

    def within(self, other: Interval) -> Interval | None:
        """The values in both, or None."""
        return Interval(max(self.low, other.low), min(self.high, other.high)) if self.meets(other) else None

    @property
    def magnitude(self) -> Interval:
        """The absolute values."""
        if self.low <= 0 <= self.high:
            return Interval(0.0, max(-self.low, self.high))
        return Interval(min(abs(self.low), abs(self.high)), max(abs(self.low), abs(self.high)))

    def __str__(self) -> str:
        return f"{self.low:.4g} to {self.high:.4g}"


def allowed(printed: str, convention: Convention) -> Interval:
    """The values that a printed number stands for.

    Parameters
    ----------
    printed : as printed, with trailing zeros: `.30` stands for a narrower range than `.3`.
    convention : rounded, half a unit of the last digit either way (a tie may go up or down); truncated, from the
        number to a full unit further from zero, that end excluded.

    Raises
    ------
    ValueError
        if the text is no number.
    """
    text = printed.strip()
    value = float(text)
    unit = 10.0 ** -len(text.partition(".")[2])
    if convention == "rounded":
        half = unit * (0.5 + SLACK)
        return Interval(value - half, value + half)
    reach = unit * (1 - SLACK)
    if value == 0:
        return Interval(-reach, reach)
    return Interval(value, value + reach) if value > 0 else Interval(value - reach, value)


def over_corners(function: Callable[..., float], *intervals: Interval) -> Interval:
    """The range of a function that is monotone in each argument, over intervals of its arguments."""
    values = [function(*corner) for corner in product(*((i.low, i.high) for i in intervals))]
    return Interval(min(values), max(values))
