"""The unit of a coefficient: what the outcome changes by, per what."""

from __future__ import annotations

import re
from collections.abc import Mapping

UNKNOWN = "as recorded"


def coefficient_unit(term: str, outcome: str, units: Mapping[str, str]) -> str:
    """Unit of a term's coefficient.

    Parameters
    ----------
    term : as formulaic names it: Intercept, x, arm[T.b], x:z.
    outcome : the outcome variable.
    units : unit by variable.

    Returns
    -------
    str
        the outcome's unit, `per` the unit of every number in the term (a level of a factor has none).
    """
    own = units.get(outcome, UNKNOWN)
    factors = [] if term == "Intercept" else term.split(":")
    numbers = [factor for factor in factors if not re.search(r"\[.*\]$", factor)]
    divisors = [units.get(name, f"unit of {name}") for name in numbers]
    return f"{own} per {' × '.join(divisors)}" if divisors else own
