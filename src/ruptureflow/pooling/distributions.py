"""Tail probabilities and quantiles, with df = inf meaning the normal (or chi-squared) limit.

scipy.special only: importing scipy.stats costs more than a whole pooling job.
"""

import numpy as np
from scipy import special


def t_quantile(level, df):
    """Two-sided critical value of t with `df` (normal if df is inf) for a central probability `level`."""
    upper = 1 - (1 - level) / 2
    if np.isinf(df):
        return float(special.ndtri(upper))
    return float(special.stdtrit(df, upper)) if df > 0 else np.nan


def t_p_value(statistic, df):
    """Two-sided p of a t statistic; df may be an array, inf gives the normal p."""
    size = -np.abs(np.asarray(statistic, dtype=float))
    df = np.asarray(df, dtype=float)
    normal = np.isinf(df)
    if not normal.any():
        return 2 * special.stdtr(df, size)
    if normal.all():
        return 2 * special.ndtr(size)
    return np.where(normal, 2 * special.ndtr(size), 2 * special.stdtr(np.where(normal, 1.0, df), size))


def chi2_p_value(statistic, df):
    """Upper tail of chi-squared."""
    return float(special.chdtrc(df, statistic))


def chi2_upper_quantile(tail, df):
    """Value that chi-squared exceeds with probability `tail`."""
    return float(special.chdtri(df, tail))


def f_p_value(statistic, df_num, df_den):
    """Upper tail of F; df_den = inf gives chi-squared over its df."""
    if np.isinf(df_den):
        return chi2_p_value(statistic * df_num, df_num)
    return float(special.fdtrc(df_num, df_den, statistic))


def normal_quantile(probability):
    """Quantile of the standard normal."""
    return special.ndtri(probability)
