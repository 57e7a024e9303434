"""A within-patient slope in within-patient standard deviations: the metric that waves have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.models.errors import PlanError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

METRIC = "standardised_within"


@dataclass(frozen=True)
class StandardisedSlope:
    """A standardised slope and its standard error."""

    estimate: float
    std_error: float


def within_sd(values: ArrayLike, patient: ArrayLike) -> float:
    """Within-patient SD: root of the sum of squared deviations from patients' means over n − patients."""
    values, codes = np.asarray(values, dtype=float), _codes(patient)
    deviations = _deviations(values, codes)
    df = len(values) - (codes.max() + 1 if len(codes) else 0)
    return float(np.sqrt(deviations @ deviations / df)) if df > 0 else float("nan")


def standardised_slope(
    slope: float, std_error: float, x: ArrayLike, y: ArrayLike, patient: ArrayLike
) -> StandardisedSlope:
    """A slope times SD_w(x) ÷ SD_w(y), with the uncertainty of both SDs in its standard error.

    Parameters
    ----------
    slope, std_error : the raw slope of y on x.
    x, y, patient : the rows of the fit.

    Returns
    -------
    StandardisedSlope

    Raises
    ------
    PlanError
        if x or y does not vary within patients, or the slope explains more than y's within-patient variance.

    Notes
    -----
    Delta method for β = b·s_x/s_y with s_y² = b²s_x² + s_r², where b, ln s_x and ln s_r are independent for normal
    data and Var(ln s) = 1/(2ν), ν = n − patients:

        Var(β) = (1 − β²)²·[(SE·s_x/s_y)² + β²/ν]

    With one predictor this is (1 − β²)²/ν, the variance of a correlation. Holding the SDs fixed, SE·s_x/s_y, would
    call the same study more uncertain the larger its effect: 5 % too wide at β = .3, 25 % at β = .6, and the same at
    β = 0. `ruptureflow.pooling.standardised_slope` computes the same from published figures.
    """
    codes = _codes(patient)
    x_dev, y_dev = (_deviations(np.asarray(values, dtype=float), codes) for values in (x, y))
    df = len(codes) - (codes.max() + 1)
    xx, yy = x_dev @ x_dev, y_dev @ y_dev
    if df <= 0 or xx <= 0 or yy <= 0:
        raise PlanError("a variable does not vary within patients: its slope has no within-patient standardised form")
    ratio = np.sqrt(xx / yy)
    beta = slope * ratio
    if abs(beta) >= 1:
        raise PlanError(
            f"the standardised slope is {beta:.3g}: b·SD_w(x) exceeds SD_w(y), so the term is no plain within-patient "
            "predictor; leave it out of standardise"
        )
    variance = (1 - beta**2) ** 2 * ((ratio * std_error) ** 2 + beta**2 / df)
    return StandardisedSlope(float(beta), float(np.sqrt(variance)))


def _codes(patient: ArrayLike) -> np.ndarray:
    return np.unique(np.asarray(patient, dtype=str), return_inverse=True)[1]


def _deviations(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    if not len(values):
        return values
    means = np.bincount(codes, values) / np.bincount(codes)
    return values - means[codes]
