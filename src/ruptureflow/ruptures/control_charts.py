"""Ruptures as points below the lower limit of a person's own XmR chart (individuals and moving range)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow


@dataclass(frozen=True)
class ControlChartOptions(FollowUpOptions):
    """Options of control-chart (after Eubanks-Carter, Gorman and Muran, 2012; details not verified).

    limit : the limits lie this many mean moving ranges from the centre; 2.66 is three sigma, 1.77 two.
    minimum_ratings : a person with fewer is not judged; a chart of four sessions says nothing.
    baseline : centre and limits from the first so many ratings, or from all of them (None).
    run : also a rupture where this many ratings in a row lie below the centre (at the last of them); 0 = no run rule.
    resolved_at : a rating back at the "centre", or back inside the "limit".
    """

    limit: float = 2.66
    minimum_ratings: int = 8
    baseline: int | None = None
    run: int = 0
    resolved_at: Literal["centre", "limit"] = "centre"


@dataclass(frozen=True)
class Chart:
    """Centre line and limits of one person's ratings."""

    centre: float
    lower: float
    upper: float


def xmr_chart(values: np.ndarray, limit: float = 2.66) -> Chart:
    """Centre = mean; limits = centre ± limit × mean absolute difference of successive ratings."""
    centre = float(values.mean())
    reach = limit * float(np.abs(np.diff(values)).mean()) if len(values) > 1 else np.nan
    return Chart(centre, centre - reach, centre + reach)


def control_charts(persons: list[Series], options: ControlChartOptions) -> list[Verdicts]:
    """A rupture is a rating below the lower limit (or the end of a run below the centre); size is centre − rating."""
    verdicts = []
    for series in persons:
        m = len(series)
        # Limits need a moving range: at least two ratings in the baseline too.
        enough = m >= max(options.minimum_ratings, 2) and (options.baseline is None or options.baseline >= 2)
        chart = xmr_chart(series.values[: options.baseline], options.limit) if enough else Chart(*(np.nan,) * 3)
        with np.errstate(invalid="ignore"):
            rupture = series.values < chart.lower - options.tolerance
            if options.run:
                rupture |= run_ends(series.values < chart.centre - options.tolerance, options.run)
            back_at = chart.centre if options.resolved_at == "centre" else chart.lower
            back = np.broadcast_to(series.values >= back_at - options.tolerance, (m, m))
        resolved, resolved_session, complete = follow(series, rupture, back, options.follow_up())
        change = series.values - chart.centre
        verdicts.append(
            Verdicts(
                judged=np.full(m, enough),
                change=change,
                threshold=np.full(m, chart.centre - chart.lower),
                rupture=rupture,
                size=np.where(rupture, -change, np.nan),
                resolved=resolved,
                resolved_session=resolved_session,
                follow_up_complete=complete,
            )
        )
    return verdicts


def run_ends(below: np.ndarray, length: int) -> np.ndarray:
    """Where a run of `length` flags in a row is completed; a longer run counts once."""
    ends = np.zeros(len(below), dtype=bool)
    current = 0
    for i, flag in enumerate(below):
        current = current + 1 if flag else 0
        ends[i] = current == length
    return ends
