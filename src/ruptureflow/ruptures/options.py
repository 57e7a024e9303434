"""Options of the criteria: typed, checked, and refused with the nearest name where unknown."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from ruptureflow.config.strict import nearest
from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.verdicts import Window


@dataclass(frozen=True)
class FollowUpOptions:
    """Options that every criterion shares.

    tolerance : differences this small are none (ratings are means of items, not exact in binary).
    window : length of the window after a rupture in which a resolution counts; None looks to the end of the data.
    window_start : where the window begins, 1 = the next session (3 reads "in three to five sessions" strictly).
    window_in : "sessions" counts session numbers, "assessments" counts observed ratings (plans such as 4/8/12/16).
    """

    tolerance: float = 1e-9
    window: float | None = 5
    window_start: float = 1
    window_in: Literal["sessions", "assessments"] = "sessions"

    def follow_up(self) -> Window:
        """The window after a rupture."""
        return Window(self.window, self.window_start, self.window_in)


Options = TypeVar("Options", bound=FollowUpOptions)


def read_options(kind: type[Options], criterion: str, given: dict[str, Any]) -> Options:
    """Options of a criterion from keywords, every problem at once.

    Raises
    ------
    RuptureError
        for an unknown option (with the nearest known name), a value of the wrong kind, or a negative number.
    """
    known = [field.name for field in dataclasses.fields(kind)]
    hints = get_type_hints(kind)
    problems = []
    for name, value in given.items():
        if name not in known:
            problems.append(f"criterion {criterion}: unknown option {name!r}{nearest(name, known)}")
        else:
            problem = _problem(hints[name], value)
            if problem:
                problems.append(f"criterion {criterion}: option {name} {problem} (found {value!r})")
    if problems:
        raise RuptureError("\n".join(problems))
    return kind(**given)


def _problem(hint: Any, value: Any) -> str:
    """What is wrong with a value for a type hint, or an empty text."""
    choices = [choice for choice in get_args(hint) if isinstance(choice, str)]
    if choices:
        return "" if value in choices else f"is none of {choices}"
    if value is None and type(None) in get_args(hint):
        return ""
    if hint is bool:
        return "" if isinstance(value, bool) else "is neither true nor false"
    if str in (hint, *get_args(hint)):
        return "" if isinstance(value, str) else "is no text"
    if isinstance(value, bool) or not isinstance(value, Real) or value != value:
        return "is no number"
    if int in (hint, *get_args(hint)) and value != int(value):
        return "is no whole number"
    return "is negative" if value < 0 else ""
