"""Long ratings as a matrix of targets by raters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.errors import AgreementError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RatingMatrix:
    """Ratings with one row a target and one column a rater; NaN where a rater did not rate a target.

    Targets and raters stand in the order of their first appearance; targets nobody rated and raters who rated nothing
    are left out.
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
        if `ratings` is no DataFrame, a column is missing, stands twice or has two tasks, a target or rater has no
        name, a value is no finite number, or one rater rated one target twice (both rows are listed).
    """
    import pandas as pd

    keys = list(target) if isinstance(target, Sequence) and not isinstance(target, str) else [target]
    if not keys:
        raise AgreementError("target names no column; say which column tells what was rated, such as session")
    check_columns(ratings, [*keys, rater, value])
    nameless = ratings[[*keys, rater]].isna().any(axis=1).to_numpy()
    if nameless.any():
        where = row_name(ratings.index, int(np.flatnonzero(nameless)[0]))
        raise AgreementError(f"{where} names no {' or no '.join([*keys, rater])}; fill it in or drop the row")
    numbers = numbers_of(ratings[value], value)
    doubled = doubled_rows(ratings, [*keys, rater])
    if doubled.any():
        raise AgreementError(_doubled_message(ratings, np.flatnonzero(doubled), keys, rater, value))
    target_of, targets = pd.factorize(
        ratings[keys[0]] if len(keys) == 1 else pd.MultiIndex.from_frame(ratings[keys]), use_na_sentinel=False
    )
    rater_of, raters = pd.factorize(ratings[rater], use_na_sentinel=False)
    matrix = np.full((len(targets), len(raters)), np.nan)
    matrix[target_of, rater_of] = numbers
    was_rated, rated_any = (~np.isnan(matrix).all(axis=axis) if matrix.size else np.zeros(0, bool) for axis in (1, 0))
    return RatingMatrix(matrix[np.ix_(was_rated, rated_any)], _kept(targets, was_rated), _kept(raters, rated_any))


def without_unit(values: np.ndarray) -> np.ndarray:
    """Ratings divided by the power of two next to the largest, which changes no digit.

    No coefficient depends on the unit, but the square of 1e200 is infinite and that of 1e-200 is zero.
    """
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    return np.ldexp(values, -int(np.frexp(largest)[1]))


def numbers_of(column: pd.Series, name: str) -> np.ndarray:
    """A column of ratings as floats; missing ones as NaN.

    Raises
    ------
    AgreementError
        for dates, complex numbers, text that is no number, and infinite values, with the first such row.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_complex_dtype(column):
        raise AgreementError(f"column {name!r} holds {column.dtype}, no numbers; name a column of numbers")
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
    else:
        numbers = _read_text(pd.Series(column.to_numpy(dtype=object)), name)
    wrong = np.isnan(numbers) & column.notna().to_numpy()
    endless = np.isinf(numbers)
    for rows, what, remedy in (
        (wrong, "which is no number", "write a number with a decimal point, or leave the cell empty if not rated"),
        (endless, "an infinite value", "correct it, or leave the cell empty if not rated"),
    ):
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            more = f" (and {rows.sum() - 1} more such rows)" if rows.sum() > 1 else ""
            cell, where = column.iloc[first], row_name(column.index, first)
            shown = repr(cell) if isinstance(cell, str) else str(cell)
            raise AgreementError(f"column {name!r} holds {shown} in {where}, {what}{more}; {remedy}")
    return numbers


def _read_text(cells: pd.Series, name: str) -> np.ndarray:
    import pandas as pd

    try:
        found = pd.to_numeric(cells, errors="coerce")
    except (OverflowError, ValueError, TypeError) as error:
        raise AgreementError(f"column {name!r} holds something that is no number: {error}") from None
    if found.dtype.kind == "c":
        raise AgreementError(f"column {name!r} holds complex numbers; a rating is a plain number")
    return found.to_numpy(dtype="float64", na_value=np.nan)


def check_level(level: object) -> None:
    """Refuse a coverage that is not between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < level < 1:
        raise AgreementError(f"level {level!r} is not between 0 and 1; 0.95 is usual")


def row_name(index: pd.Index, position: int) -> str:
    """How a row is called in a message: by its label where that is its own, else by its position."""
    return f"row {index[position]!r}" if index.is_unique else f"row number {position + 1}"


def check_columns(ratings: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse what is no DataFrame, and columns that are missing, stand twice or have two tasks."""
    import pandas as pd

    from ruptureflow.config.strict import nearest

    if not isinstance(ratings, pd.DataFrame):
        raise AgreementError(
            f"ratings must be a pandas DataFrame with one row a rating, found {type(ratings).__name__}"
        )
    columns = list(ratings.columns)
    for name in names:
        standing = sum(bool(column == name) for column in columns)
        if standing == 0:
            hint = nearest(str(name), [str(column) for column in columns]) if columns else "; there are no columns"
            if name in ratings.index.names:
                hint = "; it is in the index: call reset_index() first"
            raise AgreementError(f"ratings have no column {name!r}{hint}")
        if standing > 1:
            raise AgreementError(f"ratings have {standing} columns named {name!r}; rename or drop one")
        if list(names).count(name) > 1:
            raise AgreementError(
                f"column {name!r} is named more than once among {list(names)}; each needs a column of its own"
            )


def doubled_rows(ratings: pd.DataFrame, keys: Sequence[str]) -> np.ndarray:
    """Mask of rows whose keys stand more than once."""
    try:
        return np.asarray(ratings.duplicated(list(keys), keep=False))
    except TypeError as error:
        raise AgreementError(f"columns {list(keys)} must hold ids, plain numbers or text: {error}") from None


def _kept(names: Sequence[object], keep: np.ndarray) -> tuple[object, ...]:
    return tuple(name for name, kept in zip(names, keep, strict=True) if kept)


def _doubled_message(ratings: pd.DataFrame, places: np.ndarray, keys: list[str], rater: str, value: str) -> str:
    doubled = ratings.iloc[places].reset_index(drop=True)
    lines = []
    for names, rows in list(doubled.groupby([*keys, rater], sort=False, observed=True))[:5]:
        where = ", ".join(f"{column} {name}" for column, name in zip([*keys, rater], names, strict=True))
        shown = " and ".join(
            f"{row_name(ratings.index, places[at])} ({value} {cell})" for at, cell in rows[value].items()
        )
        lines.append(
            f"{where} is rated {len(rows)} times: {shown}; keep one of them, or name "
            f"what tells them apart in the target (such as patient and session)"
        )
    return "\n".join(lines)
