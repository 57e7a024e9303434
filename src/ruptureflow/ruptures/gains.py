"""Sudden gains: large, lasting improvements from one session to the next. The event is a gain, not a rupture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow

_NEIGHBOURS = 3


@dataclass(frozen=True)
class SuddenGainOptions(FollowUpOptions):
    """Options of sudden-gain (Tang and DeRubeis, 1999).

    direction : whether improvement is an "increase" (alliance) or a "decrease" (symptoms).
    cutoff : points that count (7 on the BDI). reliability : with it the cut-off is the reliable change instead,
        1.96·√2·SD·√(1 − reliability), SD of the persons' first ratings (Stiles et al., 2003).
    percent : share of what could be gained that counts: of the distance from the pre-gain rating to scale_limit (0
        for a decrease; the scale's maximum for an increase, where without it this rule is left out); None leaves the
        rule out.
    alpha : of the t quantile in the rule of stability, (mean before − mean after) against t × pooled SD of three
        ratings before and three after (with no 1/n factor, as published).
    reversal : the event counts as resolved (the gain as lost) when this share of it is given back.
    window : here the end of the data by default.
    """

    window: float | None = None
    direction: Literal["increase", "decrease"] = "increase"
    cutoff: float = 1.0
    reliability: float | None = None
    percent: float | None = 25.0
    scale_limit: float | None = None
    alpha: float = 0.05
    reversal: float = 0.5


def sudden_gains(persons: list[Series], options: SuddenGainOptions) -> list[Verdicts]:
    """Flag the first rating after each sudden gain; size is the gain."""
    cutoff = options.cutoff
    if options.reliability is not None:
        first = np.array([series.values[0] for series in persons if len(series)])
        spread = float(first.std(ddof=1)) if len(first) > 1 else np.nan
        cutoff = 1.96 * np.sqrt(2) * spread * np.sqrt(max(1 - options.reliability, 0.0))
    verdicts = []
    for series in persons:
        m = len(series)
        better = series.values if options.direction == "increase" else -series.values
        judged, gain = np.zeros(m, dtype=bool), np.full(m, np.nan)
        found = np.zeros(m, dtype=bool)
        for i in range(1, m):
            before, after = _neighbours(series.occasions, better, i)
            if series.occasions[i] != series.occasions[i - 1] + 1 or len(before) < 2 or len(after) < 2:
                continue
            judged[i], gain[i] = True, better[i] - better[i - 1]
            found[i] = (
                gain[i] >= cutoff - options.tolerance
                and _large(series.values[i - 1], gain[i], options)
                and is_stable(before, after, options.alpha)
            )
        lost = better[None, :] <= (better - options.reversal * gain + options.tolerance)[:, None]
        resolved, resolved_session, complete = follow(series, found, lost, options.follow_up())
        verdicts.append(
            Verdicts(
                judged=judged,
                change=gain if options.direction == "increase" else -gain,
                threshold=np.full(m, cutoff),
                rupture=found,
                size=np.where(found, gain, np.nan),
                resolved=resolved,
                resolved_session=resolved_session,
                follow_up_complete=complete,
            )
        )
    return verdicts


def is_stable(before: np.ndarray, after: np.ndarray, alpha: float = 0.05) -> bool:
    """Third criterion: mean after − mean before > t·pooled SD.

    t is 2.776 for three ratings on each side, 3.182 for three and two, 4.303 for two and two.
    """
    from scipy.special import stdtrit

    n1, n2 = len(before), len(after)
    pooled = np.sqrt(((n1 - 1) * before.var(ddof=1) + (n2 - 1) * after.var(ddof=1)) / (n1 + n2 - 2))
    return bool(after.mean() - before.mean() > float(stdtrit(n1 + n2 - 2, 1 - alpha / 2)) * pooled)


def _neighbours(occasions: np.ndarray, better: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of the three occasions up to i − 1 and of the three from i on; missing ones are not replaced."""
    before = (occasions > occasions[i - 1] - _NEIGHBOURS) & (occasions <= occasions[i - 1])
    after = (occasions >= occasions[i]) & (occasions < occasions[i] + _NEIGHBOURS)
    return better[before], better[after]


def _large(pre: float, gain: float, options: SuddenGainOptions) -> bool:
    if options.percent is None:
        return True
    if options.direction == "increase":
        room = np.inf if options.scale_limit is None else options.scale_limit - pre
        return options.scale_limit is None or bool(gain >= options.percent / 100 * room - options.tolerance)
    return bool(gain >= options.percent / 100 * (pre - (options.scale_limit or 0.0)) - options.tolerance)
