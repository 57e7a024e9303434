"""The criteria by name: what judges, and with which options. A new criterion is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ruptureflow.config.strict import nearest
from ruptureflow.ruptures.change_points import ChangePointOptions, change_points
from ruptureflow.ruptures.control_charts import ControlChartOptions, control_charts
from ruptureflow.ruptures.drops import PointDropOptions, SdDropOptions, point_drops, sd_drops
from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.gains import SuddenGainOptions, sudden_gains
from ruptureflow.ruptures.options import FollowUpOptions, read_options
from ruptureflow.ruptures.presence import CodedOptions, SelfReportOptions, coded_ruptures, reported_ruptures
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
    "control-chart": Criterion(control_charts, ControlChartOptions),
    "change-point": Criterion(change_points, ChangePointOptions),
    "self-report": Criterion(reported_ruptures, SelfReportOptions),
    "coded": Criterion(coded_ruptures, CodedOptions),
    "sudden-gain": Criterion(sudden_gains, SuddenGainOptions),
}


def chosen_options(criterion: str, options: dict[str, Any]) -> FollowUpOptions:
    """The options of a criterion, checked.

    Raises
    ------
    RuptureError
        for an unknown criterion or option, with the nearest known name.
    """
    if not isinstance(criterion, str) or criterion not in CRITERIA:
        raise RuptureError(f"unknown criterion {criterion!r}{nearest(str(criterion), list(CRITERIA))}")
    return read_options(CRITERIA[criterion].options, criterion, options)


def judge(persons: list[Series], criterion: str, options: FollowUpOptions) -> list[Verdicts]:
    """Apply a criterion to every person."""
    return CRITERIA[criterion].judge(persons, options)
