"""Ruptures in ratings: one criterion applied to every person's sessions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.ruptures.criteria import chosen_options, judge
from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.series import split_by_person
from ruptureflow.ruptures.verdicts import Verdicts

if TYPE_CHECKING:
    import pandas as pd

FOUND = ("rupture", "size", "resolved", "resolved_session", "follow_up_complete")
"""The columns that are added to the caller's."""


def find_ruptures(
    ratings: pd.DataFrame,
    criterion: str = "point-drop",
    person: str = "patient",
    session: str = "session",
    value: str = "bond",
    **options: Any,
) -> pd.DataFrame:
    """Say of every session whether it holds a rupture, how large, and whether it was resolved.

    Parameters
    ----------
    ratings : one row a person and session, in any order and with any index; missing ratings are skipped.
    criterion : point-drop, sd-drop, control-chart, change-point, self-report, coded or sudden-gain.
    person, session, value : columns of the person's id, the session number and the rating.
    options : those of the criterion (docs/ruptures.md).

    Returns
    -------
    DataFrame
        the caller's rows, columns and index, plus rupture (bool), size (in the rating's metric, NaN without rupture),
        resolved (bool), resolved_session, follow_up_complete (bool). A row that cannot be judged (no rating, or
        nothing to compare with) holds no rupture.

    Raises
    ------
    RuptureError
        for an unknown criterion or option (with the nearest known name), a missing column, a rating that is no
        number, a person's session that stands twice, or a column of the caller named as one that is added.

    Notes
    -----
    point-drop: the change from the person's last observed rating is −1 or less (tolerance 1e-9); resolved by a later
    rating within 0.25 of the pre-rupture one, or above it, at a session number ≤ rupture session + 5. A window that
    the end of the data cuts short has follow_up_complete False. The event that sudden-gain flags is a gain, and
    `resolved` says that it was lost again.
    """
    import pandas as pd

    taken = [name for name in FOUND if name in getattr(ratings, "columns", ())]
    if taken:
        raise RuptureError(f"ratings already have columns {taken}, which the result adds; rename or drop them")
    verdicts = judge_rows(ratings, criterion, person, session, value, options)
    when = pd.Series(verdicts.resolved_session)
    if (when.dropna() % 1 == 0).all():
        when = when.astype("Int64")
    return ratings.assign(
        rupture=verdicts.rupture,
        size=verdicts.size,
        resolved=verdicts.resolved,
        resolved_session=when.array,
        follow_up_complete=verdicts.follow_up_complete,
    )


def judge_rows(
    ratings: pd.DataFrame, criterion: str, person: str, session: str, value: str, options: dict[str, Any]
) -> Verdicts:
    """The verdicts of a criterion in the order of the caller's rows; rows without a rating are not judged."""
    checked = chosen_options(criterion, options)
    persons = split_by_person(ratings, person, session, value, getattr(checked, "resolution", None))
    judged = judge(persons, criterion, checked)
    rows = np.concatenate([series.rows for series in persons]) if persons else np.array([], dtype=int)
    placed = {}
    for field in dataclasses.fields(Verdicts):
        parts = [getattr(verdicts, field.name) for verdicts in judged]
        flag = field.name in ("judged", "rupture", "resolved", "follow_up_complete")
        column = np.zeros(len(ratings), dtype=bool) if flag else np.full(len(ratings), np.nan)
        if parts:
            column[rows] = np.concatenate(parts)
        placed[field.name] = column
    return Verdicts(**placed)
