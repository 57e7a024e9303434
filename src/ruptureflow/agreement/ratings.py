"""Long ratings as a matrix of targets by raters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.errors import AgreementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True)
class RatingMatrix:
    """Ratings with one row a target and one column a rater; NaN where a rater did not rate a target.

    Targets and raters stand in the order of their first appearance; targets nobody rated are left out.
    """

    values: np.ndarray
    targets: tuple[object, ...]
    raters: tuple[object, ...]

    @property
    def complete(self) -> np.ndarray:
        """Rows that every rater rated."""
        return self.values[~np.isnan(self.values).any(axis=1)]

    @property
    def ratings_per_target(self) -> np.ndarray:
        """How many raters rated each target."""
        return np.asarray((~np.isnan(self.values)).sum(axis=1))


def rating_matrix(ratings: pd.DataFrame, target: str | Sequence[str], rater: str, value: str) -> RatingMatrix:
    """Spread long ratings into a matrix.

    Parameters
    ----------
    ratings : one row a rating.
    target : column that says what was rated, or several columns that say it together.
    rater : column of the rater's id.
    value : column of the rating; a missing one counts as not rated.

    Raises
    ------
    AgreementError
        if a column is missing, a target or rater has no name, a value is no number, or one rater rated one target
        twice (both rows are listed).
    """
    import pandas as pd

    keys = [target] if isinstance(target, str) else list(target)
    absent = [name for name in [*keys, rater, value] if name not in ratings.columns]
    if absent:
        raise AgreementError(f"ratings have no column {absent}; columns are {list(ratings.columns)}")
    nameless = ratings[[*keys, rater]].isna().any(axis=1)
    if nameless.any():
        raise AgreementError(
            f"row {ratings.index[nameless][0]!r} names no {' or no '.join([*keys, rater])}; fill it in or drop the row"
        )
    numbers = _numbers(ratings[value], value)
    doubled = ratings.duplicated([*keys, rater], keep=False)
    if doubled.any():
        raise AgreementError(_doubled_message(ratings[doubled], keys, rater, value))
    target_of, targets = pd.factorize(
        ratings[keys[0]] if len(keys) == 1 else pd.MultiIndex.from_frame(ratings[keys]), use_na_sentinel=False
    )
    rater_of, raters = pd.factorize(ratings[rater], use_na_sentinel=False)
    matrix = np.full((len(targets), len(raters)), np.nan)
    matrix[target_of, rater_of] = numbers
    rated = ~np.isnan(matrix).all(axis=1)
    return RatingMatrix(matrix[rated], tuple(t for t, keep in zip(targets, rated, strict=True) if keep), tuple(raters))


def _numbers(column: pd.Series, name: str) -> np.ndarray:
    import pandas as pd

    try:
        numbers = pd.to_numeric(column).to_numpy(dtype="float64", na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise AgreementError(f"column {name!r} holds something that is no number: {error}") from None
    if np.isinf(numbers).any():
        raise AgreementError(f"column {name!r} holds an infinite value in row {column.index[np.isinf(numbers)][0]!r}")
    return np.asarray(numbers)


def _doubled_message(doubled: pd.DataFrame, keys: list[str], rater: str, value: str) -> str:
    lines = []
    for names, rows in list(doubled.groupby([*keys, rater], sort=False, observed=True))[:5]:
        where = ", ".join(f"{column} {name}" for column, name in zip([*keys, rater], names, strict=True))
        shown = " and ".join(f"row {index!r} ({value} {cell})" for index, cell in rows[value].items())
        lines.append(
            f"{where} is rated {len(rows)} times: {shown}; keep one of them, or name "
            f"what tells them apart in the target (such as patient and session)"
        )
    return "\n".join(lines)
