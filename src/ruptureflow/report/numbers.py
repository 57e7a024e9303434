"""How a number is printed: APA style, one small function a kind of number.

A true minus sign, no leading zero where a number cannot exceed one, `< .001` for a small p, an em dash for none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

MISSING = "—"
MINUS = "−"


def is_missing(value: object) -> bool:
    """Whether a cell is empty: None, not a number, or pandas' NA (whose comparisons have no truth value)."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def fixed(value: float | None, decimals: int = 2) -> str:
    """A number with so many decimals; never a negative zero; ∞ for infinity."""
    if is_missing(value):
        return MISSING
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else f"{MINUS}∞"
    text = f"{abs(number):,.{decimals}f}"
    is_zero = not any(digit in "123456789" for digit in text)
    return text if number >= 0 or is_zero else MINUS + text


def estimate(value: float | None) -> str:
    """Two decimals, or as many (up to four) as show two significant digits: 0.82, −0.25, 0.006 → 0.0060."""
    if is_missing(value) or value == 0 or math.isinf(value):
        return fixed(value, 2)
    leading_zeros = max(0, -math.floor(math.log10(abs(value))) - 1)
    return fixed(value, min(4, max(2, leading_zeros + 2)))


def two_decimals(value: float | None) -> str:
    """A test statistic."""
    return fixed(value, 2)


def aligned(scale: float | None) -> Callable[[float | None], str]:
    """How numbers of one row are printed: all with the decimals that show two digits of its standard error or SD.

    Two to four of them; without a scale each number for itself.
    """
    if is_missing(scale) or scale == 0 or math.isinf(scale):
        return estimate
    decimals = min(4, max(2, 1 - math.floor(math.log10(abs(scale)))))
    return lambda value: fixed(value, decimals)


def as_printed(text: str) -> Callable[[float | None], str]:
    """A number of another paper, with the digits and the point it was printed with."""
    return lambda value: MISSING if is_missing(value) else str(text).strip().replace("-", MINUS)


def unit_interval(value: float | None) -> str:
    """A number that cannot exceed one in size (r, ICC, kappa, a share): two decimals, no leading zero."""
    if is_missing(value) or abs(value) > 1:
        return fixed(value, 2)
    return fixed(value, 2).replace("0.", ".", 1)


def p_value(value: float | None) -> str:
    """Three decimals without leading zero; `< .001` below, `> .999` above."""
    if is_missing(value):
        return MISSING
    if value < 0.001:
        return "< .001"
    if value > 0.999:
        return "> .999"
    return f"{value:.3f}".removeprefix("0")


def p_phrase(value: float | None) -> str:
    """A p value with its relation, for prose: `= .032`, `< .001`."""
    text = p_value(value)
    return text if text[0] in "<>" or text == MISSING else f"= {text}"


def count(value: float | None) -> str:
    """A whole number, thousands separated."""
    return fixed(value, 0)


def degrees(value: float | None) -> str:
    """Degrees of freedom: whole where whole, else one decimal; ∞ for a normal test."""
    if is_missing(value) or math.isinf(value) or float(value).is_integer():
        return fixed(value, 0)
    return fixed(value, 1)


def percent(value: float | None) -> str:
    """A percentage with one decimal, without its sign."""
    return fixed(value, 1)


def significant(value: float | None, digits: int = 3) -> str:
    """So many significant digits, never in exponent form: 183, 4.68, 0.0312."""
    if is_missing(value) or value == 0 or math.isinf(value):
        return fixed(value, 0)
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return fixed(round(float(value), decimals), max(0, decimals))
