"""Quantiles and tail areas of F, through `scipy.special` (`scipy.stats` costs a second to import)."""

from __future__ import annotations

import numpy as np


def f_quantile(probability: float, df1: np.ndarray, df2: np.ndarray) -> np.ndarray:
    """Quantile of F(df1, df2)."""
    from scipy.special import fdtri

    return np.asarray(fdtri(df1, df2, probability))


def f_upper_tail(statistic: np.ndarray, df1: np.ndarray, df2: np.ndarray) -> np.ndarray:
    """P(F ≥ statistic)."""
    from scipy.special import fdtrc

    with np.errstate(invalid="ignore"):
        return np.where(np.isposinf(statistic), 0.0, fdtrc(df1, df2, np.maximum(statistic, 0)))
