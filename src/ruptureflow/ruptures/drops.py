"""Ruptures as drops from an earlier rating: by a fixed amount, or by the sample's SD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow

Reference = Literal["last", "peak"]


@dataclass(frozen=True)
class PointDropOptions(FollowUpOptions):
    """Options of point-drop (Stevens et al., 2007, as Safran et al., 2011, report it).

    threshold : points of the scale that count as a rupture.
    recovery : resolved by a later rating within this of the pre-rupture one, or above it.
    reference : "last" observed rating, or the running "peak", which starts anew at a rupture.
    """

    threshold: float = 1.0
    recovery: float = 0.25
    reference: Reference = "last"


@dataclass(frozen=True)
class SdDropOptions(FollowUpOptions):
    """Options of sd-drop (Strauss et al., 2006, as Safran et al., 2011, report it).

    multiplier : the threshold is this many mean SDs.
    sd : mean of the persons' own SDs ("person"), mean of the sessions' SDs over persons ("session"), or the SD about
        the persons' means, pooled ("pooled").
    minimum_ratings : a person with fewer is not judged and does not enter the SD.
    reference : "last" observed rating, or the running "peak", which starts anew at a rupture.
    """

    multiplier: float = 1.0
    sd: Literal["person", "session", "pooled"] = "person"
    minimum_ratings: int = 3
    reference: Reference = "last"


def point_drops(persons: list[Series], options: PointDropOptions) -> list[Verdicts]:
    """A rupture is a drop by at least the threshold; resolved when the rating is back within `recovery`."""
    verdicts = []
    for series in persons:
        before = reference_ratings(series.values, options.threshold, options.tolerance, options.reference)
        back = series.values[None, :] >= (before - options.recovery - options.tolerance)[:, None]
        verdicts.append(drop_verdicts(series, before, options.threshold, back, options))
    return verdicts


def sd_drops(persons: list[Series], options: SdDropOptions) -> list[Verdicts]:
    """A rupture is a drop by at least the sample's mean SD; resolved by a rise of as much from the rupture's rating."""
    enough = [series for series in persons if len(series) >= options.minimum_ratings]
    threshold = options.multiplier * mean_sd(enough, options.sd)
    verdicts = []
    for series in persons:
        if len(series) < options.minimum_ratings or not threshold > options.tolerance:
            before = np.full(len(series), np.nan)
        else:
            before = reference_ratings(series.values, threshold, options.tolerance, options.reference)
        risen = series.values[None, :] - series.values[:, None] >= threshold - options.tolerance
        verdicts.append(drop_verdicts(series, before, threshold, risen, options))
    return verdicts


def reference_ratings(values: np.ndarray, threshold: float, tolerance: float, reference: Reference) -> np.ndarray:
    """What each rating is compared with; NaN for the first.

    "last": the rating before. "peak": the highest so far, counted anew from each rupture, so that a lasting low is
    one rupture and not one a session.
    """
    before = np.full(len(values), np.nan)
    before[1:] = values[:-1]
    if reference == "peak":
        peak = -np.inf
        for i, rating in enumerate(values):
            if i:
                before[i] = peak
            peak = rating if rating - peak <= -threshold + tolerance else max(peak, rating)
    return before


def mean_sd(persons: list[Series], sd: Literal["person", "session", "pooled"]) -> float:
    """The sample's typical SD (divisor n − 1); NaN where none can be computed."""
    if sd == "pooled":
        squares = sum(float(((s.values - s.values.mean()) ** 2).sum()) for s in persons if len(s) > 1)
        df = sum(len(s) - 1 for s in persons if len(s) > 1)
        return float(np.sqrt(squares / df)) if df else np.nan
    groups = [s.values for s in persons]
    if sd == "session" and persons:
        sessions = np.concatenate([s.sessions for s in persons])
        values = np.concatenate(groups)
        groups = [values[sessions == each] for each in np.unique(sessions)]
    sds = [float(np.std(each, ddof=1)) for each in groups if len(each) > 1]
    return float(np.mean(sds)) if sds else np.nan


def drop_verdicts(
    series: Series, before: np.ndarray, threshold: float, recovered: np.ndarray, options: FollowUpOptions
) -> Verdicts:
    """Verdicts of a criterion that compares each rating with an earlier one."""
    change = series.values - before
    with np.errstate(invalid="ignore"):
        rupture = change <= -threshold + options.tolerance
    resolved, resolved_session, complete = follow(series, rupture, recovered, options.follow_up())
    return Verdicts(
        judged=~np.isnan(change),
        change=change,
        threshold=np.full(len(series), threshold),
        rupture=rupture,
        size=np.where(rupture, -change, np.nan),
        resolved=resolved,
        resolved_session=resolved_session,
        follow_up_complete=complete,
    )
