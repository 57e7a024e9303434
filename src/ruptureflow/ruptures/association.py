"""Do sessions in which one perspective finds a rupture hold one by the other? A logit with sessions inside patients."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from ruptureflow.ruptures.base_rates import FEWEST_PATIENTS


@dataclass(frozen=True)
class Association:
    """Odds ratio of the outcome's rupture given the predictor's; NaN where missing, `note` says why.

    odds_ratio : exp of the slope. low, high, p_value : from t with patients − 2 degrees of freedom.
    """

    odds_ratio: float
    low: float
    high: float
    p_value: float
    note: str


def association(outcome: np.ndarray, predictor: np.ndarray, patients: np.ndarray, level: float) -> Association:
    """Logit of one perspective's verdict on the other's by generalised estimating equations.

    Sessions of a patient are correlated exchangeably (statsmodels' GEE); the standard error is the bias-reduced
    sandwich of Mancl and DeRouen (2001), as the plain one is too small with few patients.

    Parameters
    ----------
    outcome, predictor : verdicts on the same sessions. patients : index of each session's patient.
    level : coverage of the interval.

    Notes
    -----
    The odds ratio is an average over patients (marginal); that of a logit with random intercepts is further from 1.
    Neither the interval nor the test is given below 10 patients: a sandwich of so few says nothing.
    """
    from scipy.special import stdtr, stdtrit

    table = [int(((outcome == o) & (predictor == p)).sum()) for o in (True, False) for p in (True, False)]
    if min(table) == 0:
        return Association(*(np.nan,) * 4, "no odds ratio: a cell of the fourfold table is empty")
    fitted = _estimating_equations(outcome, predictor, patients)
    if fitted is None:
        return Association(*(np.nan,) * 4, "no odds ratio: the estimating equations did not converge")
    slope, std_error = fitted
    n_patients = len(np.unique(patients))
    if n_patients < FEWEST_PATIENTS:
        note = f"no interval from {n_patients} patients ({FEWEST_PATIENTS} needed)"
        return Association(float(np.exp(slope)), np.nan, np.nan, np.nan, note)
    df = n_patients - 2
    reach = float(stdtrit(df, 1 - (1 - level) / 2)) * std_error
    p_value = float(2 * stdtr(df, -abs(slope / std_error)))
    return Association(*(float(np.exp(each)) for each in (slope, slope - reach, slope + reach)), p_value, "")


def _estimating_equations(
    outcome: np.ndarray, predictor: np.ndarray, patients: np.ndarray
) -> tuple[float, float] | None:
    """Slope and standard error; None without convergence."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    design = np.column_stack([np.ones(len(outcome)), predictor.astype(float)])
    model = GEE(outcome.astype(float), design, groups=patients, family=Binomial(), cov_struct=Exchangeable())
    with warnings.catch_warnings():
        # Its warnings (no convergence, a correlation outside its bounds) are read from the result instead.
        warnings.simplefilter("ignore")
        try:
            result = model.fit(cov_type="bias_reduced", maxiter=200, ctol=1e-10)
        except (np.linalg.LinAlgError, ValueError):
            return None
    slope, std_error = float(result.params[1]), float(result.bse[1])
    sound = result.converged and np.isfinite(slope) and np.isfinite(std_error) and std_error > 0
    return (slope, std_error) if sound else None
