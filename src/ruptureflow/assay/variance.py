"""How a signal's variance grows with its mean, and the fit weighted by it, many runs at once.

    Var(y) = σ² μ^(2θ)

"none" θ = 0; "poisson" θ = ½ with σ² not below the counting variance of one unit of signal; "power" θ estimated
by restricted pseudo-likelihood (Davidian & Giltinan 1995, ch. 2): the standardised squared residuals are made
uncorrelated with ln μ, each residual's leverage allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.fitting import Fits, at_bound, least_squares, searched_widely
from ruptureflow.assay.logistic import Array, predict_with_jacobian

LARGEST_POWER = 2.0
# Fitted signals below this share of the run's largest are taken as this large in the variance function only: a
# fitted optical density of 0 would otherwise get an infinite weight.
SMALLEST_SHARE = 1e-3
REWEIGHTING_STEPS = 60
REWEIGHTING_TOLERANCE = 1e-8
REFITS = 30
REFIT_TOLERANCE = 1e-6
START_POWER = 0.75
START_SHARE = 0.01
POWER_TOLERANCE = 1e-7
# Newton steps of the power between two steps of the curve: two keep it ahead of the curve's own convergence.
POWER_STEPS = 2
# The first fit is only a start where the weights are to be estimated.
START_TOLERANCE = 1e-3


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
    with np.errstate(all="ignore"):
        return _fit_weighted(log_dose, response, present, model, weighting, given, restricted, pooled, least_variance)


def _fit_weighted(
    log_dose: Array,
    response: Array,
    present: Array,
    model: str,
    weighting: str,
    given: Array | None,
    restricted: bool,
    pooled: bool,
    least_variance: float,
) -> WeightedFits:
    """As `fit_weighted`; a run that no curve fits may overflow on its way, and is told by its status."""
    estimated = given is None and weighting in ("power", "poisson")
    base = present if given is None else present * given
    if estimated:
        # Weighted by the observed signals, so that the start is near what the estimated weights will give.
        size = np.abs(response) * present
        floor = np.maximum(START_SHARE * size.max(axis=1, keepdims=True), 1e-300)
        start = base * np.maximum(size, floor) ** (-2 * START_POWER)
        fits = least_squares(log_dose, response, start, model, tolerance=START_TOLERANCE)
    else:
        fits = searched_widely(log_dose, response, base, least_squares(log_dose, response, base, model))
    power = np.full(len(response), 0.5 if weighting == "poisson" and given is None else 0.0)
    if estimated:
        fits, power = _reweight(log_dose, response, present, model, fits, power, weighting, restricted, pooled)
    theta = fits.theta
    mu, jacobian = predict_with_jacobian(theta, log_dose)
    weights = base * np.exp(-2 * power[:, None] * _log_means(mu, present)) if estimated else base
    df = (base > 0).sum(axis=1) - theta.shape[1]
    loss = (weights * (response - mu) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma2 = np.where(df > 0, loss / df, np.nan)
    if weighting == "poisson" and given is None:
        sigma2 = np.maximum(np.where(np.isnan(sigma2), least_variance, sigma2), least_variance)
    information = np.swapaxes(jacobian * weights[..., None], 1, 2) @ jacobian
    covariance = _inverse(information) * sigma2[:, None, None]
    return WeightedFits(theta, covariance, power, sigma2, df.astype(float), weights, fits)


def _log_means(mu: Array, present: Array) -> Array:
    return np.log(variance_means(mu, np.maximum((np.abs(mu) * present).max(axis=1, keepdims=True), 1e-300)))


def _reweight(
    log_dose: Array,
    response: Array,
    present: Array,
    model: str,
    start: Fits,
    power: Array,
    weighting: str,
    restricted: bool,
    pooled: bool,
) -> tuple[Fits, Array]:
    """Parameters and power together by Newton steps on their two estimating equations

        E₁ = Jᵀ W (y − f) = 0,        E₂ = Σ (r²/(σ² v) − (1 − h)) ln μ = 0,

    with all first derivatives but those of J and of the leverage h. Plain alternation of the two contracts by only
    0.7 a round (run 1 of DNase: 30 rounds for five digits); this takes six to eight steps. There is no loss that
    must fall (the weights move), so a run that has not settled falls back to damped fits.
    """
    estimate = weighting == "power"
    state, power = start.theta.copy(), np.full_like(power, START_POWER) if estimate else power.copy()
    waiting = np.arange(len(state))
    settled = np.zeros(len(state), dtype=bool)
    for _ in range(REWEIGHTING_STEPS):
        theta, own, shown = state[waiting], power[waiting, None], present[waiting]
        mu, jacobian = predict_with_jacobian(theta, log_dose[waiting])
        residual = (response[waiting] - mu) * shown
        log_mu = _log_means(mu, shown)
        by_mu = np.where(np.exp(log_mu) > mu * (1 + 1e-12), 0.0, np.exp(-log_mu))
        weight = shown * np.exp(-2 * own * log_mu)
        weighted = np.swapaxes(jacobian * weight[..., None], 1, 2)
        slope = (weighted @ residual[..., None])[..., 0]
        information = (weighted * (1 + 2 * own * residual * by_mu)[:, None, :]) @ jacobian
        if estimate:
            keep = shown
            if restricted:
                leverage = (np.swapaxes(_inverse(weighted @ jacobian) @ weighted, 1, 2) * jacobian).sum(axis=2)
                keep = shown - leverage
            score = _power_score(residual, log_mu, by_mu, weight, keep, own)
            by_power = 2 * (weighted @ (score.centred * residual)[..., None])
            solved = _solve(information, np.concatenate([slope[..., None], by_power], axis=2))
            by_theta = (score.by_mu[:, None, :] @ jacobian)[:, 0]
            needed = score.value + (by_theta * solved[..., 0]).sum(axis=1)
            given = score.curvature + (by_theta * solved[..., 1]).sum(axis=1)
            if pooled:
                needed, given = np.full_like(needed, needed.sum()), np.full_like(given, given.sum())
            # Where the coupling has turned the sign, far from the solution, the power moves on its own curvature.
            d_power = np.clip(needed / np.where(given > 0, given, score.curvature), -0.3, 0.3)
            d_power = np.clip(power[waiting] + d_power, 0.0, LARGEST_POWER) - power[waiting]
            step = solved[..., 0] - solved[..., 1] * d_power[:, None]
        else:
            d_power = np.zeros(len(waiting))
            step = _solve(information, slope[..., None])[..., 0]
        size = np.ones_like(step)
        size[:, :2] = np.abs(theta[:, :1] - theta[:, 1:2])
        still = ~((np.abs(step) <= REWEIGHTING_TOLERANCE * size).all(axis=1) & (np.abs(d_power) <= POWER_TOLERANCE))
        # A logarithm that would move by more than a half is too far for a straight line: the whole step is shortened.
        short = np.minimum(1.0, 0.5 / np.maximum(np.abs(step[:, 2:]).max(axis=1), 0.5))
        moved = theta + step * short[:, None]
        # A run that leaves what a curve can be is left to the damped fits, before it spoils a pooled power.
        sane = np.isfinite(moved).all(axis=1) & np.isfinite(d_power) & ~at_bound(moved)
        waiting, still, d_power, short = waiting[sane], still[sane], d_power[sane], short[sane]
        state[waiting] = moved[sane]
        power[waiting] += d_power if pooled else d_power * short
        if not still.any():
            settled[waiting] = True
            break
        if not pooled and not still.all():
            settled[waiting[~still]] = True
            waiting = waiting[still]
    fits = Fits(state, start.sum_of_squares.copy(), settled.copy(), at_bound(state))
    left = np.flatnonzero(~settled)
    if left.size:
        fixed = not estimate
        if pooled and estimate and settled.any():
            power[left], fixed = power[settled][0], True
        _refit(left, log_dose, response, present, model, start, fits, power, fixed, restricted)
    return fits, power


def _refit(
    rows: np.ndarray,
    log_dose: Array,
    response: Array,
    present: Array,
    model: str,
    start: Fits,
    fits: Fits,
    power: Array,
    fixed: bool,
    restricted: bool,
) -> None:
    """Runs that did not settle: a whole damped fit between updates of the weights; changes `fits` and `power`."""
    x, y, shown = log_dose[rows], response[rows], present[rows]
    theta = start.theta[rows].copy()
    own_power = power[rows] if fixed else np.full(len(rows), START_POWER)
    still = np.ones(len(rows), dtype=bool)
    for _ in range(REFITS):
        mu, jacobian = predict_with_jacobian(theta, x)
        log_mu = _log_means(mu, shown)
        weighted = jacobian * (shown * np.exp(-2 * own_power[:, None] * log_mu))[..., None]
        leverage = np.zeros_like(shown)
        if restricted:
            leverage = ((weighted @ _inverse(np.swapaxes(weighted, 1, 2) @ jacobian)) * jacobian).sum(axis=2)
            leverage = np.clip(np.nan_to_num(leverage), 0, 1)
        updated = own_power if fixed else _power((y - mu) * shown, log_mu, shown - leverage, own_power)
        again = least_squares(x, y, shown * np.exp(-2 * updated[:, None] * log_mu), model, theta)
        moved = (np.abs(again.theta - theta) / (1 + np.abs(theta))).max(axis=1)
        still = ~((np.abs(updated - own_power) <= REFIT_TOLERANCE) & (moved <= REFIT_TOLERANCE))
        theta, own_power = again.theta, updated
        if not still.any():
            break
    fits.theta[rows], power[rows] = theta, own_power
    fits.converged[rows], fits.at_bound[rows] = again.converged & ~still, again.at_bound


@dataclass(frozen=True)
class _PowerScore:
    """E₂ of each run, minus its derivative by the power, its derivative by each mean, and ln μ around its mean."""

    value: Array
    curvature: Array
    by_mu: Array
    centred: Array


def _power_score(residual: Array, log_mu: Array, by_mu: Array, weight: Array, keep: Array, power: Array) -> _PowerScore:
    freedom = np.maximum(keep.sum(axis=1, keepdims=True), 1e-8)
    centred = log_mu - (keep * log_mu).sum(axis=1, keepdims=True) / freedom
    standard = weight * residual
    sigma2 = np.maximum((standard * residual).sum(axis=1, keepdims=True) / freedom, 1e-300)
    standard = standard / sigma2
    ratio = standard * residual
    weighted = ratio * centred
    mean = weighted.sum(axis=1, keepdims=True) / freedom
    change = -2 * standard - 2 * power * ratio * by_mu
    return _PowerScore(
        value=weighted.sum(axis=1) - (keep * centred).sum(axis=1),
        curvature=2 * ((weighted * centred).sum(axis=1) - (mean * weighted.sum(axis=1, keepdims=True))[:, 0]),
        by_mu=(centred - mean) * change + (ratio - keep) * by_mu,
        centred=centred,
    )


def _solve(matrix: Array, vectors: Array) -> Array:
    try:
        return np.linalg.solve(matrix, vectors)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(matrix) @ vectors


def _power(residual: Array, log_mu: Array, keep: Array, power: Array) -> Array:
    """θ that makes standardised squared residuals uncorrelated with ln μ, from the current fit; Newton's method.

    `keep` is each tube's 1 − leverage (1 for the unrestricted estimate, 0 for padding).
    """
    freedom = np.maximum(keep.sum(axis=1, keepdims=True), 1e-8)
    centred = log_mu - (keep * log_mu).sum(axis=1, keepdims=True) / freedom
    squared = residual**2
    theta = power
    for _ in range(POWER_STEPS):
        standard = squared * np.exp(-2 * theta[:, None] * centred)
        ratio = standard / np.maximum(standard.sum(axis=1, keepdims=True) / freedom, 1e-300)
        score = ((ratio - keep) * centred).sum(axis=1)
        weighted = ratio * centred
        curvature = 2 * ((weighted * centred).sum(axis=1) - weighted.sum(axis=1) ** 2 / freedom[:, 0])
        step = np.nan_to_num(score / np.maximum(curvature, 1e-12))
        theta = np.clip(theta + np.clip(step, -0.5, 0.5), 0.0, LARGEST_POWER)
    return theta


def _inverse(matrix: Array) -> Array:
    """Inverse of each symmetric matrix, scaled to unit diagonal first; NaN where it is singular."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix, axis1=1, axis2=2), 1e-300))
    scale = scale[:, :, None] * scale[:, None, :]
    scaled = matrix * scale
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.stack([_one_inverse(m) for m in scaled])
    return inverse * scale


def _one_inverse(matrix: Array) -> Array:
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
