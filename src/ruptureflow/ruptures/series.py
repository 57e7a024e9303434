"""One person's ratings in the order of the sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.ruptures.errors import RuptureError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Series:
    """Observed ratings of one person, by session; missing ratings are not in it.

    sessions : session numbers, rising. values : ratings. rows : their positions in the caller's frame.
    occasions : place of each among all the person's rows, those without a rating included. companion : a second
    variable of the same sessions; NaN where missing or not asked for.
    """

    person: object
    sessions: np.ndarray
    values: np.ndarray
    rows: np.ndarray
    occasions: np.ndarray
    companion: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


def split_by_person(
    ratings: pd.DataFrame, person: str, session: str, value: str, companion: str | None = None
) -> list[Series]:
    """The observed ratings of every person, whatever the order and index of the rows.

    Raises
    ------
    RuptureError
        if a column is missing, a person or session number is missing, a session number or rating is no number, or a
        person has two rows for one session (both are listed).
    """
    if not hasattr(ratings, "columns") or not ratings.columns.is_unique:
        raise RuptureError("ratings must be a DataFrame whose columns have different names")
    needed = [person, session, value, *([companion] if companion else [])]
    absent = [name for name in needed if name not in ratings.columns]
    if absent:
        raise RuptureError(f"ratings have no column {absent}; columns are {list(ratings.columns)}")
    nameless = (ratings[person].isna() | ratings[session].isna()).to_numpy()
    if nameless.any():
        raise RuptureError(f"row {ratings.index[nameless][0]!r} has no {person} or no {session}; fill it in")
    sessions, values = numbers(ratings[session]), numbers(ratings[value])
    # By number: "4", "04" and 4 are one session.
    doubled = ratings.assign(**{session: sessions}).duplicated([person, session], keep=False).to_numpy()
    if doubled.any():
        raise RuptureError(_doubled_message(ratings[doubled], person, session, value))
    beside = numbers(ratings[companion]) if companion else np.full(len(ratings), np.nan)
    series = []
    for name, rows in ratings.reset_index(drop=True).groupby(person, sort=True, observed=True).indices.items():
        ordered = rows[np.argsort(sessions[rows], kind="stable")]
        occasions = np.flatnonzero(~np.isnan(values[ordered]))
        seen = ordered[occasions]
        series.append(Series(name, sessions[seen], values[seen], seen, occasions, beside[seen]))
    return series


def numbers(column: pd.Series) -> np.ndarray:
    """A column as floats, missing values as NaN.

    Raises
    ------
    RuptureError
        if a cell is no finite number.
    """
    import pandas as pd

    try:
        found = pd.to_numeric(column).to_numpy(dtype="float64", na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise RuptureError(f"column {column.name!r} holds something that is no number: {error}") from None
    if np.isinf(found).any():
        raise RuptureError(
            f"column {column.name!r} holds an infinite value in row {column.index[np.isinf(found)][0]!r}"
        )
    return np.asarray(found)


def _doubled_message(doubled: pd.DataFrame, person: str, session: str, value: str) -> str:
    lines = []
    for (who, when), rows in list(doubled.groupby([person, session], sort=False, observed=True))[:5]:
        shown = " and ".join(f"row {index!r} ({value} {cell})" for index, cell in rows[value].items())
        lines.append(f"{person} {who} has {len(rows)} rows for {session} {when}: {shown}; keep one of them")
    return "\n".join(lines)
