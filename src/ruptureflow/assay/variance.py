"""How a signal's variance grows with its mean, and the fit weighted by it, many runs at once.

    Var(y) = σ² μ^(2θ)

"none" θ = 0; "poisson" θ = ½ with σ² not below the counting variance of one unit of signal; "power" θ estimated
by restricted pseudo-likelihood (Davidian & Giltinan 1995, ch. 2): the standardised squared residuals are made
uncorrelated with ln μ, each residual's leverage allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.fitting import Fits, least_squares
from ruptureflow.assay.logistic import Array, predict_with_jacobian

LARGEST_POWER = 2.0
# Fitted signals below this share of the run's largest are taken as this large in the variance function only: a
# fitted optical density of 0 would otherwise get an infinite weight.
SMALLEST_SHARE = 1e-3
OUTER_STEPS = 30
POWER_TOLERANCE = 1e-7


@dataclass(frozen=True)
class WeightedFits:
    """Weighted fits of a batch of runs.

    Attributes
    ----------
    theta, covariance : (runs, parameters) and (runs, parameters, parameters).
    power, residual_variance, df : each run's θ, σ² and residual degrees of freedom.
    weights : (runs, tubes), 1/μ^(2θ) at the fit.
    fits : the last least-squares fits.
    """

    theta: Array
    covariance: Array
    power: Array
    residual_variance: Array
    df: Array
    weights: Array
    fits: Fits


def variance_means(signal: Array, scale: Array) -> Array:
    """Signals as the variance function takes them, away from zero; `scale` is the run's largest fitted signal."""
    return np.maximum(signal, SMALLEST_SHARE * scale)


def fit_weighted(
    log_dose: Array,
    response: Array,
    present: Array,
    model: str,
    weighting: str = "power",
    *,
    given: Array | None = None,
    restricted: bool = True,
    pooled: bool = False,
    least_variance: float = 0.0,
) -> WeightedFits:
    """Fit a batch of runs with the named variance function.

    Parameters
    ----------
    log_dose, response, present : (runs, tubes); `present` is 1 for a tube and 0 for padding.
    model : "4pl" or "5pl".
    weighting : "none", "power" or "poisson"; ignored where `given` weights (1/variance up to a factor) are passed.
    restricted : leverage-corrected estimate of the power; False is the maximum pseudo-likelihood that
        `nlme::gnls(weights = varPower())` gives.
    pooled : one power for all runs of the batch instead of one a run.
    least_variance : floor of σ² (counting variance of one unit of signal: 1 ÷ minutes counted for CPM).
    """
    runs = len(response)
    base = present if given is None else present * given
    fits = least_squares(log_dose, response, base, model)
    power = np.full(runs, 0.5 if weighting == "poisson" and given is None else 0.0)
    weights = base
    if given is None and weighting in ("power", "poisson"):
        waiting = np.arange(runs)
        theta = fits.theta.copy()
        loss = fits.sum_of_squares.copy()
        converged, at_bound = fits.converged.copy(), fits.at_bound.copy()
        weights = base.copy()
        for _ in range(OUTER_STEPS):
            mu, jacobian = predict_with_jacobian(theta[waiting], log_dose[waiting])
            shown = present[waiting]
            mu = variance_means(mu, (np.abs(mu) * shown).max(axis=1, keepdims=True))
            log_mu = np.log(mu)
            residual = response[waiting] - predict_with_jacobian(theta[waiting], log_dose[waiting])[0]
            before = power[waiting]
            if weighting == "power":
                power[waiting] = _power(residual, log_mu, jacobian, shown, before, restricted, pooled)
            weights[waiting] = shown * np.exp(-2 * power[waiting, None] * log_mu)
            again = least_squares(log_dose[waiting], response[waiting], weights[waiting], model, theta[waiting])
            moved = np.abs(again.theta - theta[waiting]) / (np.abs(theta[waiting]) + 1)
            theta[waiting], loss[waiting] = again.theta, again.sum_of_squares
            converged[waiting], at_bound[waiting] = again.converged, again.at_bound
            still = (np.abs(power[waiting] - before) > POWER_TOLERANCE) | (moved.max(axis=1) > POWER_TOLERANCE)
            if pooled:
                if not still.any():
                    break
            else:
                waiting = waiting[still]
                if not waiting.size:
                    break
        fits = Fits(theta, loss, converged, at_bound)
    theta = fits.theta
    df = (base > 0).sum(axis=1) - theta.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma2 = np.where(df > 0, fits.sum_of_squares / df, np.nan)
    if weighting == "poisson" and given is None:
        sigma2 = np.maximum(np.where(np.isnan(sigma2), least_variance, sigma2), least_variance)
    _, jacobian = predict_with_jacobian(theta, log_dose)
    information = np.swapaxes(jacobian * weights[..., None], 1, 2) @ jacobian
    covariance = _inverse(information) * sigma2[:, None, None]
    return WeightedFits(theta, covariance, power, sigma2, df.astype(float), weights, fits)


def _power(
    residual: Array, log_mu: Array, jacobian: Array, present: Array, power: Array, restricted: bool, pooled: bool
) -> Array:
    """θ that makes standardised squared residuals uncorrelated with ln μ, from the current fit; Newton's method."""
    squared = residual**2 * present
    keep = present
    if restricted:
        weighted = jacobian * (present * np.exp(-2 * power[:, None] * log_mu))[..., None]
        inverse = _inverse(np.swapaxes(weighted, 1, 2) @ jacobian)
        keep = present - ((weighted @ inverse) * jacobian).sum(axis=2)
    freedom = np.maximum(keep.sum(axis=1, keepdims=True), 1e-8)
    centre = (keep * log_mu).sum(axis=1, keepdims=True) / freedom
    centred = log_mu - centre
    theta = power.copy()
    for _ in range(30):
        standard = squared * np.exp(-2 * theta[:, None] * centred)
        sigma2 = standard.sum(axis=1, keepdims=True) / freedom
        ratio = standard / np.maximum(sigma2, 1e-300)
        score = ((ratio - keep) * centred).sum(axis=1)
        mean = (ratio * centred).sum(axis=1, keepdims=True) / freedom
        curvature = 2 * (ratio * (centred - mean) ** 2).sum(axis=1)
        if pooled:
            score, curvature = np.full_like(score, score.sum()), np.full_like(score, curvature.sum())
        step = np.clip(score / np.maximum(curvature, 1e-12), -0.5, 0.5)
        updated = np.clip(theta + step, 0.0, LARGEST_POWER)
        done = np.abs(updated - theta).max() < 1e-10
        theta = updated
        if done:
            break
    return theta


def _inverse(matrix: Array) -> Array:
    """Inverse of each symmetric matrix, scaled to unit diagonal first; NaN where it is singular."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix, axis1=1, axis2=2), 1e-300))
    scaled = matrix * scale[:, :, None] * scale[:, None, :]
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.stack([_one_inverse(m) for m in scaled])
    return inverse * scale[:, :, None] * scale[:, None, :]


def _one_inverse(matrix: Array) -> Array:
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
