"""Two-way analysis of variance of ratings, and Shrout and Fleiss' coefficients, tests and intervals from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.agreement.f_distribution import f_quantile, f_upper_tail


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance without replication.

    between : targets; within : ratings inside targets; raters : raters; residual : targets × raters;
    one_way_between : targets, beside `within` (differs from `between` in incomplete layouts only).
    n_raters : raters a target has; the effective number, a fraction, in incomplete layouts.
    """

    between: float
    within: float
    raters: float
    residual: float
    one_way_between: float
    df_within: float
    df_residual: float
    n_targets: int
    n_raters: float


def mean_squares(values: np.ndarray) -> MeanSquares:
    """Mean squares of a complete matrix of targets by raters.

    Sums of squares that are rounding noise (below (8 ε max|x|)² a cell) are zero, so that perfect agreement is
    perfect whatever the numbers.

    Parameters
    ----------
    values : array of shape (targets, raters), at least 2 × 2, without NaN.
    """
    n, k = values.shape
    noise = n * k * (8 * np.finfo(float).eps * np.abs(values).max()) ** 2
    centred = values - values.mean()
    of_targets, of_raters = centred.mean(axis=1, keepdims=True), centred.mean(axis=0, keepdims=True)
    sums = (
        k * (of_targets**2).sum(),
        ((centred - of_targets) ** 2).sum(),
        n * (of_raters**2).sum(),
        ((centred - of_targets - of_raters) ** 2).sum(),
    )
    between, within, raters, residual = (0.0 if each <= noise else float(each) for each in sums)
    df_within, df_residual = n * (k - 1), (n - 1) * (k - 1)
    between /= n - 1
    return MeanSquares(
        between, within / df_within, raters / (k - 1), residual / df_residual, between, df_within, df_residual, n, k
    )


def coefficients(squares: MeanSquares) -> dict[str, float]:
    """The six intraclass correlations of Shrout and Fleiss (1979), never clamped; NaN where nothing varies."""
    n, k, one_way = squares.n_targets, squares.n_raters, np.float64(squares.one_way_between)
    between, within, raters, residual = np.float64(squares.between), squares.within, squares.raters, squares.residual
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ICC(1,1)": (one_way - within) / (one_way + (k - 1) * within),
            "ICC(2,1)": (between - residual) / (between + (k - 1) * residual + k * (raters - residual) / n),
            "ICC(3,1)": (between - residual) / (between + (k - 1) * residual),
            "ICC(1,k)": (one_way - within) / one_way,
            "ICC(2,k)": (between - residual) / (between + (raters - residual) / n),
            "ICC(3,k)": (between - residual) / between,
        }


def f_statistics(form: str, squares: MeanSquares) -> dict[str, float]:
    """F, its degrees of freedom and p; the test of form 2 is that of form 3: it tests targets, not raters."""
    df1, df2, statistic = f_test(squares, one_way=form.startswith("ICC(1"))
    p_value = float(f_upper_tail(np.float64(statistic), np.float64(df1), np.float64(df2)))
    return {"statistic": statistic, "df1": df1, "df2": df2, "p_value": p_value}


def f_test(squares: MeanSquares, *, one_way: bool) -> tuple[float, float, float]:
    """Degrees of freedom and F of the test that targets do not differ."""
    error = float(squares.within if one_way else squares.residual)
    df2 = squares.df_within if one_way else squares.df_residual
    between = float(squares.one_way_between if one_way else squares.between)
    statistic = between / error if error > 0 else (np.inf if between > 0 else np.nan)
    return float(squares.n_targets - 1), float(df2), statistic


def interval(form: str, squares: MeanSquares, agreement: float, level: float) -> tuple[float, float]:
    """Classical interval of one form; `agreement` is the estimate of ICC(2,1).

    Forms 1 and 3: exact F (Shrout and Fleiss, 1979). Form 2: Satterthwaite (Fleiss and Shrout, 1978); ICC(2,k) is the
    Spearman–Brown step-up of the ends of ICC(2,1).
    """
    k = squares.n_raters
    if form.startswith("ICC(2"):
        low, high = _agreement_interval(squares, agreement, level)
        return (_stepped_up(low, k), _stepped_up(high, k)) if form == "ICC(2,k)" else (low, high)
    df1, df2, statistic = f_test(squares, one_way=form.startswith("ICC(1"))
    if np.isinf(statistic):
        return 1.0, 1.0
    upper = 1 - (1 - level) / 2
    lowest = statistic / float(f_quantile(upper, np.float64(df1), np.float64(df2)))
    highest = statistic * float(f_quantile(upper, np.float64(df2), np.float64(df1)))
    with np.errstate(divide="ignore"):
        if form.endswith("k)"):
            return float(1 - np.divide(1.0, lowest)), float(1 - np.divide(1.0, highest))
    return (lowest - 1) / (lowest + k - 1), (highest - 1) / (highest + k - 1)


def _stepped_up(end: float, k: float) -> float:
    """Spearman–Brown; an end at or below −1/(k − 1) is minus infinity, as the formula has a pole there.

    psych steps over the pole: three sessions can then have a lower end of 7.5.
    """
    divisor = 1 + end * (k - 1)
    return -np.inf if divisor <= 1e-12 else end * k / divisor


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
    # Divided by the quantile, which may be infinite where the df are near zero.
    low = n * (between / below - residual) / (error + n * between / below)
    high = n * (between - residual / above) / (error / above + n * between) if above > 0 else np.nan
    return low, high
