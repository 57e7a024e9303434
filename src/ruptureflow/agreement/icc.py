"""Intraclass correlations of Shrout and Fleiss from the mean squares of a complete targets × raters layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.f_distribution import f_quantile, f_upper_tail
from ruptureflow.agreement.ratings import RatingMatrix, rating_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FORMS: dict[str, str] = {
    "ICC(1,1)": "single coder, coders differ from session to session, absolute agreement",
    "ICC(2,1)": "single coder, coders are a sample of coders, absolute agreement",
    "ICC(3,1)": "single coder, these coders and no others, consistency",
    "ICC(1,k)": "mean of k coders, coders differ from session to session, absolute agreement",
    "ICC(2,k)": "mean of k coders, coders are a sample of coders, absolute agreement",
    "ICC(3,k)": "mean of k coders, these coders and no others, consistency",
}
"""Shrout and Fleiss' notation and what each form means; McGraw and Wong write (2,1) as (A,1), (3,1) as (C,1)."""


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance without replication; each field a number or one number a bootstrap draw.

    between : targets; within : ratings inside targets; raters : raters; residual : targets × raters.
    """

    between: np.ndarray
    within: np.ndarray
    raters: np.ndarray
    residual: np.ndarray
    n_targets: int
    n_raters: int


def mean_squares(values: np.ndarray) -> MeanSquares:
    """Mean squares of a complete matrix of targets by raters, or of a stack of such matrices.

    Sums of squares that are rounding noise (below (8 ε max|x|)² a cell) are zero, so that perfect agreement is
    perfect whatever the numbers.

    Parameters
    ----------
    values : array of shape (…, targets, raters) with at least 2 targets and 2 raters.
    """
    n, k = values.shape[-2:]
    noise = n * k * (8 * np.finfo(float).eps * np.abs(values).max(axis=(-2, -1))) ** 2
    centred = values - values.mean(axis=(-2, -1), keepdims=True)
    of_targets = centred.mean(axis=-1)
    of_raters = centred.mean(axis=-2)
    between = k * (of_targets**2).sum(axis=-1)
    raters = n * (of_raters**2).sum(axis=-1)
    within = ((centred - of_targets[..., None]) ** 2).sum(axis=(-2, -1))
    residual = ((centred - of_targets[..., None] - of_raters[..., None, :]) ** 2).sum(axis=(-2, -1))
    between, raters, within, residual = (np.where(s <= noise, 0.0, s) for s in (between, raters, within, residual))
    return MeanSquares(
        between / (n - 1), within / (n * (k - 1)), raters / (k - 1), residual / ((n - 1) * (k - 1)), n, k
    )


def coefficients(squares: MeanSquares) -> dict[str, np.ndarray]:
    """The six intraclass correlations of Shrout and Fleiss (1979), never clamped; NaN where nothing varies."""
    n, k = squares.n_targets, squares.n_raters
    between, within, raters, residual = squares.between, squares.within, squares.raters, squares.residual
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ICC(1,1)": (between - within) / (between + (k - 1) * within),
            "ICC(2,1)": (between - residual) / (between + (k - 1) * residual + k * (raters - residual) / n),
            "ICC(3,1)": (between - residual) / (between + (k - 1) * residual),
            "ICC(1,k)": (between - within) / between,
            "ICC(2,k)": (between - residual) / (between + (raters - residual) / n),
            "ICC(3,k)": (between - residual) / between,
        }


def icc(
    ratings: pd.DataFrame,
    target: str | Sequence[str] = "session",
    rater: str = "coder",
    value: str = "value",
    level: float = 0.95,
) -> pd.DataFrame:
    """Intraclass correlations in all six forms of Shrout and Fleiss, with their classical intervals.

    Parameters
    ----------
    ratings : one row a rating.
    target, rater, value : columns of what was rated (or several columns that name it together), by whom, and the
        rating. Missing ratings are allowed.
    level : coverage of the intervals.

    Returns
    -------
    DataFrame
        form, estimate, ci_low, ci_high, statistic (F), df1, df2, p_value, n_targets, n_raters, meaning (the form in
        words), note (empty, or why a number is missing).

    Raises
    ------
    AgreementError
        for a missing column, a value that is no number, or a target rated twice by one rater.

    Notes
    -----
    Two-way mean squares; a negative coefficient is reported as it is. Intervals: forms 1 and 3 exact F (Shrout and
    Fleiss, 1979); form 2 the Satterthwaite approximation of Fleiss and Shrout (1978), ICC(2,k) as the Spearman–Brown
    step-up of the ends of ICC(2,1), which is what psych gives (irr solves for ICC(A,k) anew, McGraw and Wong, 1996,
    and differs). The F test of form 2 is that of form 3: it tests targets, not raters. All of them assume that targets
    are independent, which sessions of one patient are not.

    Incomplete designs: the mean squares need every rater on every target, so targets without a rating by each rater
    are left out and `note` says how many.
    """
    import pandas as pd

    if not 0 < level < 1:
        raise AgreementError(f"level {level!r} is not between 0 and 1; 0.95 is usual")
    return pd.DataFrame(icc_rows(rating_matrix(ratings, target, rater, value), level))


def icc_rows(matrix: RatingMatrix, level: float) -> list[dict[str, object]]:
    """The rows of `icc` for a matrix of ratings."""
    complete = matrix.complete
    n, k = complete.shape
    left_out = len(matrix.values) - n
    notes = [f"{left_out} of {len(matrix.values)} targets left out: not rated by every rater"] if left_out else []
    if k < 2 or n < 2:
        reason = "one rater" if k < 2 else f"{n} target(s) rated by every rater"
        return [_row(form, n, k, "; ".join([f"not computable: {reason}", *notes])) for form in FORMS]
    squares = mean_squares(complete)
    estimates = {form: float(value) for form, value in coefficients(squares).items()}
    if squares.between == 0 and squares.within == 0:
        return [_row(form, n, k, "; ".join(["not computable: all ratings are equal", *notes])) for form in FORMS]
    constant = [str(r) for r, column in zip(matrix.raters, complete.T, strict=True) if np.ptp(column) == 0]
    if constant:
        notes.append(f"no variance in the ratings of {', '.join(constant)}")
    rows = []
    for form, estimate in estimates.items():
        df1, df2, statistic = _f_test(squares, one_way=form.startswith("ICC(1"))
        low, high = _interval(form, squares, estimates["ICC(2,1)"], level)
        rows.append(
            _row(form, n, k, "; ".join(notes))
            | {
                "estimate": estimate,
                "ci_low": low,
                "ci_high": high,
                "statistic": statistic,
                "df1": df1,
                "df2": df2,
                "p_value": float(f_upper_tail(np.float64(statistic), np.float64(df1), np.float64(df2))),
            }
        )
    return rows


def _row(form: str, n: int, k: int, note: str) -> dict[str, object]:
    empty = dict.fromkeys(("estimate", "ci_low", "ci_high", "statistic", "df1", "df2", "p_value"), np.nan)
    return {"form": form, **empty, "n_targets": n, "n_raters": k, "meaning": FORMS[form], "note": note}


def _f_test(squares: MeanSquares, *, one_way: bool) -> tuple[float, float, float]:
    n, k = squares.n_targets, squares.n_raters
    error = float(squares.within if one_way else squares.residual)
    df2 = n * (k - 1) if one_way else (n - 1) * (k - 1)
    between = float(squares.between)
    statistic = between / error if error > 0 else (np.inf if between > 0 else np.nan)
    return float(n - 1), float(df2), statistic


def _interval(form: str, squares: MeanSquares, agreement: float, level: float) -> tuple[float, float]:
    k = squares.n_raters
    if form.startswith("ICC(2"):
        low, high = _agreement_interval(squares, agreement, level)
        if form == "ICC(2,k)":
            low, high = (end * k / (1 + end * (k - 1)) for end in (low, high))
        return low, high
    df1, df2, statistic = _f_test(squares, one_way=form.startswith("ICC(1"))
    if np.isinf(statistic):
        return 1.0, 1.0
    upper = 1 - (1 - level) / 2
    lowest = statistic / float(f_quantile(upper, np.float64(df1), np.float64(df2)))
    highest = statistic * float(f_quantile(upper, np.float64(df2), np.float64(df1)))
    with np.errstate(divide="ignore"):
        if form.endswith("k)"):
            return float(1 - np.divide(1.0, lowest)), float(1 - np.divide(1.0, highest))
    return (lowest - 1) / (lowest + k - 1), (highest - 1) / (highest + k - 1)


def _agreement_interval(squares: MeanSquares, agreement: float, level: float) -> tuple[float, float]:
    """Ends of the interval of ICC(2,1), with Satterthwaite's degrees of freedom for raters plus residual.

    Written in mean squares instead of F ratios, so that a residual of zero has its limit instead of 0/0.
    """
    n, k = squares.n_targets, squares.n_raters
    between, raters, residual = float(squares.between), float(squares.raters), float(squares.residual)
    if raters == 0 and residual == 0:
        return 1.0, 1.0
    weight = n * (1 + (k - 1) * agreement) - k * agreement
    top = (k - 1) * (n - 1) * (k * agreement * raters + weight * residual) ** 2
    bottom = (n - 1) * k**2 * agreement**2 * raters**2 + weight**2 * residual**2
    if bottom == 0:
        return np.nan, np.nan
    df = np.float64(top / bottom)
    upper = 1 - (1 - level) / 2
    of_targets = np.float64(n - 1)
    below, above = float(f_quantile(upper, of_targets, df)), float(f_quantile(upper, df, of_targets))
    error = k * raters + (k * n - k - n) * residual
    low = n * (between - below * residual) / (below * error + n * between)
    high = n * (above * between - residual) / (error + n * above * between)
    return low, high
