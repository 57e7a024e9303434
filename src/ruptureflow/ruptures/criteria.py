"""The criteria by name: what judges, and with which options. A new criterion is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ruptureflow.config.strict import nearest
from ruptureflow.ruptures.drops import PointDropOptions, SdDropOptions, point_drops, sd_drops
from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.options import FollowUpOptions, read_options
from ruptureflow.ruptures.presence import PresenceOptions, present
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts


@dataclass(frozen=True)
class Criterion:
    """How a criterion judges, and the type of its options."""

    judge: Callable[[list[Series], Any], list[Verdicts]]
    options: type[FollowUpOptions]


CRITERIA: dict[str, Criterion] = {
    "point-drop": Criterion(point_drops, PointDropOptions),
    "sd-drop": Criterion(sd_drops, SdDropOptions),
    "self-report": Criterion(present, PresenceOptions),
    "coded": Criterion(present, PresenceOptions),
}


def judge(persons: list[Series], criterion: str, options: dict[str, Any]) -> list[Verdicts]:
    """Apply a criterion to every person.

    Raises
    ------
    RuptureError
        for an unknown criterion or option, with the nearest known name.
    """
    if criterion not in CRITERIA:
        raise RuptureError(f"unknown criterion {criterion!r}{nearest(str(criterion), list(CRITERIA))}")
    chosen = CRITERIA[criterion]
    return chosen.judge(persons, read_options(chosen.options, criterion, options))
