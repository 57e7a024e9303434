"""Parametric and cluster bootstrap.

Draws are made in chunks of fixed size, each with its own child of the seed: the same seed gives the same draws
whatever the machine does beside.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ruptureflow.mixed.dense import DenseLikelihood
from ruptureflow.mixed.design import Design, design_of_rows
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import estimate_design, find_minimum
from ruptureflow.mixed.likelihood import away_from_zero
from ruptureflow.mixed.refit import likelihood_with, outcome_products, scalar_basis, scalar_fits
from ruptureflow.mixed.simulation import noise
from ruptureflow.mixed.status import SINGULAR
from ruptureflow.mixed.unit_refits import unit_refits

CHUNK = 500
# Where refits start a variance that was estimated at zero.
_START = 0.3


@dataclass(frozen=True)
class Draws:
    """Refits: caller's units, one row a draw.

    ``variances`` follow ``component_names``; ``deviance`` is minus twice the log-likelihood.
    """

    coefficients: np.ndarray
    variances: np.ndarray
    singular: np.ndarray
    deviance: np.ndarray


def component_names(estimate: Estimate) -> list[str]:
    """Names of variance components: ``var[level: effect]``, ``cov[level: a, b]``, ``residual_variance`` ..."""
    out = []
    for level in estimate.design.levels:
        names = level.effects.names
        for a, b in zip(*level.layout.entries, strict=True):
            pair = f"var[{level.name}: {names[a]}]" if a == b else f"cov[{level.name}: {names[b]}, {names[a]}]"
            out.append(pair)
    if not estimate.criterion.scale_known:
        out.append("residual_variance")
    likelihood = estimate.likelihood
    if isinstance(likelihood, DenseLikelihood):
        names = likelihood.structure.parameters(likelihood.eta(estimate.theta), 1.0)
        out += [name for name in names if name != "variance"]
    return out


def components(estimate: Estimate, theta: np.ndarray, scale2: float) -> np.ndarray:
    """Variance components at given free parameters, in the order of ``component_names``."""
    out: list[float] = []
    likelihood = estimate.likelihood
    factors = likelihood.factors(theta)
    for level, factor, turn in zip(estimate.design.levels, factors, estimate.scaled.to_effects, strict=True):
        if not level.layout.size:
            continue
        half = np.linalg.solve(turn, factor)
        matrix = scale2 * (half @ half.T)
        out += list(matrix[level.layout.entries])
    if not estimate.criterion.scale_known:
        out.append(scale2)
    if isinstance(likelihood, DenseLikelihood):
        named = likelihood.structure.parameters(likelihood.eta(theta), scale2)
        out += [value for name, value in named.items() if name != "variance"]
    return np.array(out)


def refit_noise(estimate: Estimate, values: np.ndarray) -> Draws:
    """Refit a model to noise ``(n, draws)`` (engine's unit): coefficients come out as deviations from zero."""
    design, scaled = estimate.design, estimate.scaled
    unit = scaled.unit
    back = np.linalg.solve(scaled.to_fixed, np.eye(design.columns)) * unit
    constant = _deviance_constant(estimate)
    if isinstance(estimate.likelihood, DenseLikelihood):
        return _refit_dense(estimate, values, back, constant)
    outcomes = outcome_products(design, scaled, values)
    criterion = estimate.criterion
    basis = scalar_basis(estimate)
    draws = values.shape[1]
    if basis is not None:
        batch = estimate.likelihood.batches[0]
        fits = scalar_fits(batch, outcomes, criterion, basis, float(estimate.theta[0]))
        sigma2 = np.ones(draws) if criterion.scale_known else fits.rss / criterion.degrees
        scale2 = sigma2 * unit**2
        relative = (fits.theta / scaled.to_effects[0][0, 0]) ** 2
        parts = [relative * scale2] + ([] if criterion.scale_known else [scale2])
        nu = criterion.degrees
        shift = nu * np.log(2 * np.pi) + (0.0 if criterion.scale_known else nu * (1.0 - np.log(nu)))
        if criterion.reml:
            shift += design.columns * np.log(design.rows)
        return Draws(fits.beta @ back.T, np.column_stack(parts), fits.theta < 1e-4, fits.value + shift + constant)
    p = design.columns
    coefficients = np.empty((draws, p))
    variances = np.empty((draws, len(component_names(estimate))))
    singular = np.empty(draws, dtype=bool)
    deviance = np.empty(draws)
    if estimate.likelihood.one_small_level:
        batch, layout = estimate.likelihood.batches[0], design.levels[0].layout
        start = away_from_zero((layout,), estimate.theta, _START)
        for here, fits in unit_refits(batch, layout, criterion, outcomes, start):
            coefficients[here] = (fits.beta + outcomes.coefficients[:, here].T) @ back.T
            sigma2 = 1.0 if criterion.scale_known else fits.rss / criterion.degrees
            factors = np.linalg.solve(scaled.to_effects[0], layout.factors(fits.theta))
            elements = (factors @ factors.swapaxes(1, 2))[:, *layout.entries]
            scale2 = np.broadcast_to(sigma2 * unit**2, len(fits.rss))
            variances[here, : layout.count] = elements * scale2[:, None]
            if not criterion.scale_known:
                variances[here, -1] = scale2
            singular[here] = np.linalg.svd(layout.factors(fits.theta), compute_uv=False)[:, -1] < SINGULAR
            deviance[here] = fits.value + constant
        return Draws(coefficients, variances, singular, deviance)
    for draw in range(draws):
        likelihood = likelihood_with(estimate, outcomes, draw)
        found = find_minimum(likelihood)
        moments = likelihood.moments_at(found.theta)
        sigma2 = criterion.sigma2(moments.rss)
        coefficients[draw] = back @ (moments.beta + outcomes.coefficients[:, draw])
        variances[draw] = components(estimate, found.theta, sigma2 * unit**2)
        singular[draw] = _is_singular(likelihood.factors(found.theta))
        deviance[draw] = found.value + constant
    return Draws(coefficients, variances, singular, deviance)


def _deviance_constant(estimate: Estimate) -> float:
    return estimate.deviance - estimate.value


def _is_singular(factors: list[np.ndarray]) -> bool:
    return any(f.size and np.linalg.svd(f, compute_uv=False)[-1] < SINGULAR for f in factors)


def _refit_dense(estimate: Estimate, values: np.ndarray, back: np.ndarray, constant: float) -> Draws:
    likelihood, criterion = estimate.likelihood, estimate.criterion
    draws = values.shape[1]
    coefficients, variances = np.empty((draws, len(back))), np.empty((draws, len(component_names(estimate))))
    singular, deviance = np.empty(draws, dtype=bool), np.empty(draws)
    for draw in range(draws):
        batches = []
        for batch in likelihood.batches:
            data = batch.data.copy()
            data[:, :, -1] = values[batch.rows, draw]
            batches.append(replace(batch, data=data))
        own = replace(likelihood, batches=tuple(batches))
        found = find_minimum(own, estimate.theta)
        moments = own.moments_at(found.theta)
        coefficients[draw] = back @ moments.beta
        variances[draw] = components(estimate, found.theta, criterion.sigma2(moments.rss) * estimate.scaled.unit**2)
        singular[draw] = _is_singular(own.factors(found.theta))
        deviance[draw] = found.value + constant
    return Draws(coefficients, variances, singular, deviance)


def seed_chunks(draws: int, seed: int):
    if draws < 1:
        raise ModelError(f"draws = {draws}: ask for one draw or more.")
    children = np.random.SeedSequence(seed).spawn((draws + CHUNK - 1) // CHUNK)
    for number, child in enumerate(children):
        size = min(CHUNK, draws - number * CHUNK)
        # the whole chunk is always drawn, so that the first draws do not depend on how many follow
        yield np.random.Generator(np.random.PCG64(child)), size


def parametric_draws(estimate: Estimate, draws: int, seed: int) -> Draws:
    """Refits of outcomes simulated from the fitted model."""
    parts = [
        refit_noise(estimate, noise(estimate, generator, CHUNK)[:, :size])
        for generator, size in seed_chunks(draws, seed)
    ]
    return Draws(
        np.concatenate([x.coefficients for x in parts]) + estimate.coefficients,
        np.concatenate([x.variances for x in parts]),
        np.concatenate([x.singular for x in parts]),
        np.concatenate([x.deviance for x in parts]),
    )


def draws_table(estimate: Estimate, draws: Draws) -> pd.DataFrame:
    """One row a draw: fixed effects, variance components, ``singular``."""
    fixed = pd.DataFrame(draws.coefficients, columns=list(estimate.design.fixed.names))
    parts = pd.DataFrame(draws.variances, columns=component_names(estimate))
    return pd.concat([fixed, parts, pd.Series(draws.singular, name="singular")], axis=1)


def resampled_design(design: Design, chosen: np.ndarray) -> Design:
    """Design of whole outermost units drawn with replacement, each copy a unit of its own."""
    outer = design.levels[0]
    order = np.argsort(outer.codes, kind="stable")
    sizes = np.bincount(outer.codes, minlength=outer.units)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rows = np.concatenate([order[starts[u] : starts[u] + sizes[u]] for u in chosen])
    return design_of_rows(design, rows, np.repeat(np.arange(len(chosen)), sizes[chosen]))


def cluster_draws(estimate: Estimate, draws: int, seed: int) -> tuple[Draws, int]:
    """Refits to outermost units drawn with replacement, and how many draws could not be fitted (left as NaN)."""
    if not estimate.design.nested:
        raise ModelError(
            "The cluster bootstrap draws groups with all their rows, and crossed groups share rows: use "
            "parametric_bootstrap."
        )
    if isinstance(estimate.likelihood, DenseLikelihood):
        raise ModelError("The cluster bootstrap needs independent residuals: use parametric_bootstrap.")
    units = estimate.design.levels[0].units
    method = "reml" if estimate.criterion.reml else "ml"
    p, k = estimate.design.columns, len(component_names(estimate))
    coefficients, variances = np.full((draws, p), np.nan), np.full((draws, k), np.nan)
    singular, deviance = np.zeros(draws, dtype=bool), np.full(draws, np.nan)
    failed = 0
    at = 0
    for generator, size in seed_chunks(draws, seed):
        chosen = generator.integers(0, units, (CHUNK, units))[:size]
        for row in chosen:
            try:
                fit = estimate_design(resampled_design(estimate.design, row), method)
                coefficients[at] = fit.coefficients
                variances[at] = components(fit, fit.theta, fit.scale2)
                singular[at], deviance[at] = fit.status.singular, fit.deviance
            except (ModelError, np.linalg.LinAlgError):
                failed += 1
            at += 1
    return Draws(coefficients, variances, singular, deviance), failed
