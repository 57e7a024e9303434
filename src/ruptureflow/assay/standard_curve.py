"""`fit_curve`: the standard curve of one run's tubes or wells."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.curves import Curve, check_tubes
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import MODELS, predict
from ruptureflow.assay.logit_log import fit_logit_log
from ruptureflow.assay.variance import LARGEST_POWER, fit_weighted, variance_means

WEIGHTINGS = ("none", "power", "poisson")


def fit_curve(
    dose: ArrayLike,
    response: ArrayLike,
    model: str = "4pl",
    weights: ArrayLike | str | None = None,
    *,
    restricted: bool = True,
    least_variance: float = 0.0,
) -> Curve:
    """Fit a standard curve to the tubes or wells of one run.

    Parameters
    ----------
    dose : nominal doses, one a tube; 0 is the zero dose, infinity a tube on the lower plateau (such as NSB).
    response : signals; a tube without one (NaN) is left out.
    model : "4pl"; "5pl" with an asymmetry; or "logit-log", whose asymptotes are the means of the tubes at dose 0
        (B0) and infinity (NSB).
    weights : None for constant variance; 1/variance up to a factor, one a tube; or the name of a variance
        function: "none", "power" (its power is estimated) or "poisson".
    restricted : leverage-corrected power; False gives `nlme::gnls`'s.
    least_variance : with "poisson", counting variance of one unit of signal (1 ÷ minutes counted for CPM).

    Returns
    -------
    Curve
        `.parameters`, `.covariance`, `.predict(dose)`, `.inverse(response)` and the fit's status.

    Raises
    ------
    AssayError
        if a dose is negative, a number is none, the tubes are too few for the model, or the doses do not differ.
    """
    x, y = _numbers(dose, "doses"), _numbers(response, "responses")
    if x.shape != y.shape:
        raise AssayError(f"{x.size} doses for {y.size} responses; give one dose a tube")
    if model not in (*MODELS, "logit-log"):
        raise AssayError(f"unknown curve {model!r}; known: {', '.join(MODELS)}, logit-log")
    given = None
    weighting = "none"
    if isinstance(weights, str):
        weighting = weights
        if weighting not in WEIGHTINGS:
            raise AssayError(f"unknown weights {weights!r}; known: {', '.join(WEIGHTINGS)}, or one number a tube")
    elif weights is not None:
        given = np.asarray(weights, dtype=float).ravel()
        weighting = "given"
        if given.shape != x.shape or not np.all(np.isfinite(given) & (given >= 0)):
            raise AssayError("weights must be one finite number ≥ 0 a tube")
    if np.isinf(y).any():
        raise AssayError(f"{int(np.isinf(y).sum())} responses are infinite; leave a tube without a signal empty (NaN)")
    present = ~np.isnan(y) & ~np.isnan(x)
    if given is not None:
        present &= given > 0
    x, y = x[present], y[present]
    if model == "logit-log":
        if given is not None:
            raise AssayError("logit-log weighs its logits itself; give the name of a variance function, or None")
        inside = (x > 0) & np.isfinite(x)
        return fit_logit_log("the curve", x[inside], y[inside], y[x == 0], y[np.isinf(x)], weighting)
    check_tubes(x, y, model, "the curve")
    with np.errstate(divide="ignore"):
        log_dose = np.log(x)
    fitted = fit_weighted(
        log_dose[None],
        y[None],
        np.ones((1, x.size)),
        model,
        "none" if given is not None else weighting,
        given=None if given is None else given[present][None],
        restricted=restricted,
        least_variance=least_variance,
    )
    mean = predict(fitted.theta, x[None])[0]
    largest = float(np.abs(mean).max())
    power, factor = float(fitted.power[0]), 1.0
    if given is not None:
        power, factor = _variance_law(mean, 1 / given[present], largest)
    return Curve(
        model=model,
        weighting=weighting,
        theta=fitted.theta[0],
        theta_covariance=fitted.covariance[0],
        power=power,
        variance_factor=factor,
        residual_variance=float(fitted.residual_variance[0]),
        df=float(fitted.df[0]),
        largest_signal=largest,
        converged=bool(fitted.fits.converged[0]),
        at_bound=bool(fitted.fits.at_bound[0]),
    )


def _numbers(values: ArrayLike, name: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise AssayError(f"{name} are not all numbers ({error})") from None


def _variance_law(mean: np.ndarray, variance: np.ndarray, largest: float) -> tuple[float, float]:
    """Power θ and factor c of the law c μ^(2θ) that given variances follow best; exact for weights such as 1/y²."""
    log_mean = np.log(variance_means(mean, np.asarray(largest)))
    log_variance = np.log(variance)
    centred = log_mean - log_mean.mean()
    slope = float((centred * log_variance).sum() / max(float((centred**2).sum()), 1e-300))
    power = min(max(slope / 2, 0.0), LARGEST_POWER)
    return power, float(np.exp((log_variance - 2 * power * log_mean).mean()))
