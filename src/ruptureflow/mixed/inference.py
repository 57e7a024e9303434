"""t tables and F tests from an estimate, its covariance and degrees of freedom of one chosen method."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate

METHODS = ("normal", "residual", "containment", "between-within", "satterthwaite", "kenward-roger")


@dataclass(frozen=True)
class Rows:
    """Estimate, standard error and df of each row of a hypothesis matrix."""

    estimate: np.ndarray
    std_error: np.ndarray
    df: np.ndarray


@dataclass(frozen=True)
class Joint:
    """F statistic and degrees of freedom of a joint hypothesis."""

    statistic: float
    df_num: int
    df_den: float


def check_method(df: str) -> str:
    """The df method, or an error that lists the names."""
    if df not in METHODS:
        raise ModelError(f"No df method is called {df!r}: choose one of {', '.join(METHODS)}.")
    return df


def t_p_value(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Two-sided p values of t statistics; infinite df mean the normal distribution."""
    from scipy.special import ndtr, stdtr

    statistic, df = np.broadcast_arrays(np.abs(np.asarray(statistic, float)), np.asarray(df, float))
    finite = np.isfinite(df)
    with np.errstate(invalid="ignore"):
        out = 2.0 * np.where(finite, stdtr(np.where(finite, df, 1.0), -statistic), ndtr(-statistic))
    return np.where(np.isnan(statistic) | np.isnan(df), np.nan, out)


def t_quantile(level: float, df: np.ndarray) -> np.ndarray:
    """Half-width factor of a two-sided interval."""
    from scipy.special import ndtri, stdtrit

    if not 0 < level < 1:
        raise ModelError(f"The level of an interval lies between 0 and 1, not {level!r}: give for example 0.95.")
    upper = 0.5 + level / 2
    df = np.asarray(df, dtype=float)
    finite = np.isfinite(df)
    return np.where(finite, stdtrit(np.where(finite, df, 1.0), upper), ndtri(upper))


def f_p_value(statistic: float, df_num: float, df_den: float) -> float:
    """Upper tail of the F distribution (chi-squared / df_num for infinite df_den)."""
    from scipy.special import chdtrc, fdtrc

    if not np.isfinite(statistic) or np.isnan(df_den) or df_den <= 0:
        return float("nan")
    if np.isinf(df_den):
        return float(chdtrc(df_num, statistic * df_num))
    return float(fdtrc(df_num, df_den, statistic))


def table(terms: list[str], rows: Rows, level: float, label: str = "term") -> pd.DataFrame:
    """Table of estimates: label, estimate, std_error, df, statistic, p_value, ci_low, ci_high."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = rows.estimate / rows.std_error
    half = t_quantile(level, rows.df) * rows.std_error
    return pd.DataFrame(
        {
            label: terms,
            "estimate": rows.estimate,
            "std_error": rows.std_error,
            "df": np.asarray(rows.df, dtype=float),
            "statistic": statistic,
            "p_value": t_p_value(statistic, rows.df),
            "ci_low": rows.estimate - half,
            "ci_high": rows.estimate + half,
        }
    )


def hypothesis(estimate: Estimate, contrast) -> np.ndarray:
    """Hypothesis matrix from a matrix over the fixed effects or a list of terms (or one term)."""
    names = estimate.design.fixed.names
    if isinstance(contrast, str):
        contrast = [contrast]
    elif isinstance(contrast, set | frozenset):
        contrast = sorted(contrast)
    elif np.ndim(contrast) == 1 and not isinstance(contrast, list | tuple):
        contrast = list(contrast)
    if isinstance(contrast, list | tuple) and contrast and all(isinstance(c, str) for c in contrast):
        columns: list[int] = []
        for name in contrast:
            if name in names:
                columns.append(names.index(name))
                continue
            term = next((t for t in estimate.design.fixed.terms if t.name == name), None)
            if term is None:
                raise ModelError(f"The model has no term {name!r}: its terms are {', '.join(names)}.")
            columns += list(term.columns)
        columns = list(dict.fromkeys(columns))
        return np.eye(len(names))[columns]
    try:
        matrix = np.atleast_2d(np.asarray(contrast, dtype=float))
    except (TypeError, ValueError) as problem:
        raise ModelError(
            f"A hypothesis is a matrix with {len(names)} columns or a list of terms, not {contrast!r}."
        ) from problem
    if matrix.ndim != 2 or matrix.shape[1] != len(names) or not len(matrix):
        raise ModelError(
            f"The hypothesis matrix has shape {matrix.shape}: it needs one column for each of the {len(names)} "
            f"fixed effects ({', '.join(names)})."
        )
    if not np.isfinite(matrix).all():
        raise ModelError("The hypothesis matrix has entries that are not finite numbers.")
    return matrix


def independent_rows(matrix: np.ndarray) -> np.ndarray:
    """Rows of the matrix without those that depend on earlier ones, so that the F test has its true rank."""
    size = np.sqrt((matrix * matrix).sum(axis=1))
    if (size == 0).any():
        raise ModelError(f"Row {int(np.flatnonzero(size == 0)[0])} of the hypothesis matrix is all zero: leave it out.")
    keep: list[int] = []
    basis = np.zeros((matrix.shape[1], 0))
    for i, row in enumerate(matrix / size[:, None]):
        rest = row - basis @ (basis.T @ row)
        rest -= basis @ (basis.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length > 1e-9:
            keep.append(i)
            basis = np.column_stack([basis, rest / length])
    return matrix[keep]


def wald(estimates: np.ndarray, covariance: np.ndarray) -> float:
    """F statistic without small-sample scaling: Wald statistic divided by its rank."""
    return float(estimates @ np.linalg.solve(covariance, estimates)) / len(estimates)
