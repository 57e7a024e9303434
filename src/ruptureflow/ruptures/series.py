"""One person's ratings in the order of the sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.ratings import check_columns, doubled_rows, numbers_of, row_name
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
        if `ratings` is no DataFrame, a column is missing or stands twice, a person or session number is missing, a
        session number or rating is no finite number, or a person has two rows for one session (both are listed).
    """
    if getattr(ratings, "ndim", 0) == 2 and hasattr(ratings, "columns") and not ratings.columns.is_unique:
        raise RuptureError("ratings must be a DataFrame whose columns have different names")
    with _as_rupture_errors():
        check_columns(ratings, [person, session, value, *([companion] if companion else [])])
        nameless = (ratings[person].isna() | ratings[session].isna()).to_numpy()
        if nameless.any():
            where = row_name(ratings.index, int(np.flatnonzero(nameless)[0]))
            raise RuptureError(f"{where} has no {person} or no {session}; fill it in")
        sessions, values = numbers_of(ratings[session], session), numbers_of(ratings[value], value)
        # By number: "4", "04" and 4 are one session.
        doubled = doubled_rows(ratings.assign(**{session: sessions}), [person, session])
        if doubled.any():
            raise RuptureError(_doubled_message(ratings, np.flatnonzero(doubled), person, session, value))
        beside = numbers_of(ratings[companion], companion) if companion else np.full(len(ratings), np.nan)
    series = []
    for name, rows in ratings.reset_index(drop=True).groupby(person, sort=True, observed=True).indices.items():
        ordered = rows[np.argsort(sessions[rows], kind="stable")]
        occasions = np.flatnonzero(~np.isnan(values[ordered]))
        seen = ordered[occasions]
        series.append(Series(name, sessions[seen], values[seen], seen, occasions, beside[seen]))
    return series


@contextmanager
def _as_rupture_errors() -> Iterator[None]:
    """Agreement's checks of a frame of ratings, under the name of this stage."""
    try:
        yield
    except AgreementError as error:
        raise RuptureError(str(error)) from None


def _doubled_message(ratings: pd.DataFrame, places: np.ndarray, person: str, session: str, value: str) -> str:
    doubled = ratings.iloc[places].reset_index(drop=True)
    lines = []
    for (who, when), rows in list(doubled.groupby([person, session], sort=False, observed=True))[:5]:
        shown = " and ".join(
            f"{row_name(ratings.index, int(places[at]))} ({value} {cell})" for at, cell in rows[value].items()
        )
        lines.append(f"{person} {who} has {len(rows)} rows for {session} {when}: {shown}; keep one of them")
    return "\n".join(lines)
