"""What a criterion says about every observed rating of a person, and what came after a rupture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruptureflow.ruptures.series import Series


@dataclass(frozen=True)
class Verdicts:
    """One entry per observed rating of one person.

    judged : whether the criterion can say anything (a first rating has nothing to drop from).
    change : change from what the criterion compares with. threshold : what counts as a rupture.
    rupture, size : a rupture, and how large; NaN where there is none.
    resolved, resolved_session : the variable came back, and when; follow_up_complete : the window after the rupture
    was observed to its end. All three say something of ruptures only.
    """

    judged: np.ndarray
    change: np.ndarray
    threshold: np.ndarray
    rupture: np.ndarray
    size: np.ndarray
    resolved: np.ndarray
    resolved_session: np.ndarray
    follow_up_complete: np.ndarray


@dataclass(frozen=True)
class Window:
    """Where a resolution is looked for after a rupture at session s: from s + start to s + length.

    counted_in : "sessions" (numbers of sessions) or "assessments" (observed ratings, for plans such as 4/8/12/16).
    length : None looks to the end of the data.
    """

    length: float | None
    start: float
    counted_in: Literal["sessions", "assessments"]


def follow(series: Series, ruptures: np.ndarray, recovered: np.ndarray, window: Window) -> tuple[np.ndarray, ...]:
    """Look for the first recovery in the window after each rupture.

    Parameters
    ----------
    ruptures : flag per rating.
    recovered : square array; entry (i, j) says that rating j is a recovery from a rupture at i.

    Returns
    -------
    resolved, resolved_session, follow_up_complete : one entry per rating. The follow-up is complete where the person's
    last observed rating lies at or after the window's end (with no end: where any rating follows).
    """
    m = len(series)
    resolved, complete = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    resolved_session = np.full(m, np.nan)
    place = series.sessions if window.counted_in == "sessions" else np.arange(m, dtype=float)
    length = np.inf if window.length is None else window.length
    for i in np.flatnonzero(ruptures):
        distance = place - place[i]
        inside = (distance > 0) & (distance >= window.start) & (distance <= length)
        hits = np.flatnonzero(inside & recovered[i])
        if hits.size:
            resolved[i], resolved_session[i] = True, series.sessions[hits[0]]
        complete[i] = distance[-1] >= length if np.isfinite(length) else distance[-1] > 0
    return resolved, resolved_session, complete
