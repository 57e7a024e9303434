"""Ruptures that somebody saw or reported: coders' totals and answers to a direct question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow


@dataclass(frozen=True)
class PresenceOptions(FollowUpOptions):
    """Options of coded and self-report.

    threshold : a session with at least this value holds a rupture (one marker; "yes" to the direct question; an
        intensity).
    """

    threshold: float = 1.0


def present(persons: list[Series], options: PresenceOptions) -> list[Verdicts]:
    """A rupture is a value of at least the threshold; resolved in the first later session below it."""
    verdicts = []
    for series in persons:
        rupture = series.values >= options.threshold - options.tolerance
        below = np.broadcast_to(~rupture, (len(series), len(series)))
        resolved, resolved_session, complete = follow(series, rupture, below, options.follow_up())
        change = np.full(len(series), np.nan)
        change[1:] = np.diff(series.values)
        verdicts.append(
            Verdicts(
                judged=np.ones(len(series), dtype=bool),
                change=change,
                threshold=np.full(len(series), options.threshold),
                rupture=rupture,
                size=np.where(rupture, series.values, np.nan),
                resolved=resolved,
                resolved_session=resolved_session,
                follow_up_complete=complete,
            )
        )
    return verdicts
