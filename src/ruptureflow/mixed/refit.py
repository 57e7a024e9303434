"""Many outcomes on one design: the same cross-products of Z and X, new ones of y only."""

from dataclasses import dataclass, replace

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.eigenbasis import Eigenbasis, eigenbasis, one_variance
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.likelihood import BlockLikelihood
from ruptureflow.mixed.moments import Criterion
from ruptureflow.mixed.scaling import Scaled
from ruptureflow.mixed.two_level import TwoLevelBatches


@dataclass(frozen=True)
class Outcomes:
    """Cross-products of many outcomes with one design, engine coordinates; each outcome a residual from X.

    Attributes
    ----------
    with_effects
        For each level ``(units, effects, draws)``.
    coefficients
        ``(p, draws)`` least-squares coefficients that were taken out.
    total
        ``(draws,)`` sums of squares.
    """

    with_effects: tuple[np.ndarray, ...]
    coefficients: np.ndarray
    total: np.ndarray


def unit_totals(values: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """``(count, draws)`` sums of the rows of ``(n, draws)`` within units."""
    steps = np.diff(codes)
    if (steps < 0).any():
        order = np.argsort(codes, kind="stable")
        values, codes = values[order], codes[order]
        steps = np.diff(codes)
    starts = np.concatenate([[0], np.flatnonzero(steps) + 1])
    return np.add.reduceat(values, starts, axis=0)


def outcome_products(design: Design, scaled: Scaled, values: np.ndarray) -> Outcomes:
    """Cross-products of outcomes ``(n, draws)`` given in the engine's unit."""
    rows = len(values)
    coefficients = scaled.fixed.T @ values / rows
    residual = values - scaled.fixed @ coefficients
    parts = []
    for level, effects in zip(design.levels, scaled.effects, strict=True):
        q = effects.shape[1]
        out = np.empty((level.units, q, values.shape[1]))
        for j in range(q):
            out[:, j] = unit_totals(residual * effects[:, j : j + 1], level.codes, level.units)
        parts.append(out)
    return Outcomes(tuple(parts), coefficients, np.einsum("nd,nd->d", residual, residual))


def with_outcome(batches: tuple[Batch, ...], outcomes: Outcomes, draw: int) -> tuple[Batch, ...]:
    """Batches with the outcome's column replaced by one of many."""
    out = []
    for number, batch in enumerate(batches):
        products = batch.products.copy()
        q = batch.size
        for part, place, units in zip(outcomes.with_effects, batch.places, batch.units, strict=True):
            if place.size:
                values = part[units, :, draw]
                products[:, place, -1] = values
                products[:, -1, place] = values
        products[:, q:, -1] = 0.0
        products[:, -1, q:] = 0.0
        if number == 0:
            # X'y is zero in total and only totals enter; so does y'y
            products[0, -1, -1] = outcomes.total[draw]
        out.append(Batch(products, batch.places, batch.units, q))
    return tuple(out)


def with_outcome_by_level(batches: TwoLevelBatches, outcomes: Outcomes, draw: int) -> TwoLevelBatches:
    """The same for levels that are eliminated one after the other.

    Only sums over the inner units of an outer one enter where no inner effect takes part: the first of them gets all.
    """
    products = batches.products.copy()
    q1, q2 = batches.sizes
    products[:, :, -1] = 0.0
    products[:, -1, :] = 0.0
    others = [part for number, part in enumerate(outcomes.with_effects) if number != batches.inner_level]
    if batches.repeats:
        for place, part in zip(batches.outer_places, others, strict=True):
            products[0, place, -1] = part[:, :, draw]
    else:
        products[batches.starts, :q1, -1] = others[0][:, :, draw]
    products[:, q1 : q1 + q2, -1] = outcomes.with_effects[batches.inner_level][batches.order, :, draw]
    products[:, -1, :-1] = products[:, :-1, -1]
    products[0, -1, -1] = outcomes.total[draw]

    def dense() -> tuple[Batch, ...]:
        return with_outcome(batches.dense, outcomes, draw)

    return replace(batches, products=products, make_dense=dense)


@dataclass(frozen=True)
class ScalarFits:
    """Fits of many outcomes with one relative variance, engine coordinates.

    Attributes
    ----------
    theta
        ``(draws,)`` relative standard deviation, 0 where the variance is zero.
    beta
        ``(draws, p)`` fixed effects (least-squares part included).
    rss
        ``(draws,)`` weighted residual sums of squares.
    value
        ``(draws,)`` profiled deviance without the determinant of ``X'X``.
    """

    theta: np.ndarray
    beta: np.ndarray
    rss: np.ndarray
    value: np.ndarray


def _scalar_evaluate(
    basis: Eigenbasis, squares: np.ndarray, total: np.ndarray, theta: np.ndarray, criterion: Criterion
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Deviance, gradient, Hessian and rss of every outcome at its own theta (as ScalarDeviance)."""
    psi = theta * theta
    shrink = 1.0 / (1.0 + psi[:, None] * basis.values)
    part = squares * shrink
    rss = total - psi * part.sum(axis=1)
    part *= shrink
    one = part.sum(axis=1)
    part *= shrink
    two = part @ basis.values
    if criterion.reml:
        log_det = -np.log(shrink).sum(axis=1)
        shrink *= basis.values
        lean, lean2 = shrink.sum(axis=1), np.einsum("dm,dm->d", shrink, shrink)
    else:
        grow = 1.0 + psi[:, None] * basis.sizes
        log_det = np.log(grow).sum(axis=1)
        part = basis.sizes / grow
        lean, lean2 = part.sum(axis=1), np.einsum("dm,dm->d", part, part)
    nu = criterion.degrees
    if criterion.scale_known:
        value = log_det + rss
        gradient = lean - one
        hessian = -lean2 + 2.0 * two
    else:
        value = log_det + nu * np.log(rss)
        ratio = nu / rss
        gradient = lean - ratio * one
        hessian = -lean2 + 2.0 * ratio * two - ratio * one * one / rss
    return value, 2.0 * theta * gradient, 4.0 * psi * hessian + 2.0 * gradient, rss


def scalar_minima(
    basis: Eigenbasis, squares: np.ndarray, total: np.ndarray, criterion: Criterion, start: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise the deviance of many outcomes at once: theta, deviance, rss."""
    draws = len(total)
    theta = np.full(draws, start if start > 0.05 else 0.5)
    value, gradient, hessian, rss = _scalar_evaluate(basis, squares, total, theta, criterion)
    active = np.arange(draws)
    for _ in range(100):
        g, h, at = gradient[active], hessian[active], theta[active]
        step = -g / np.maximum(np.abs(h), 1e-10)
        done = (-0.5 * g * step < 1e-13) & (h > -1e-6)
        theta[active[done]] += step[done]
        active, step, at = active[~done], step[~done], at[~done]
        if not len(active):
            break
        limit = 2.0 * np.maximum(1.0, np.abs(at))
        step = np.clip(step, -limit, limit)
        stuck = (np.abs(step) < 1e-12) & (hessian[active] < 0)
        step[stuck] = 0.1
        slope = 1e-4 * gradient[active]
        pending = np.arange(len(active))
        for _ in range(30):
            which = active[pending]
            trial = at[pending] + step[pending]
            v, g, h, r = _scalar_evaluate(basis, squares[which], total[which], trial, criterion)
            enough = value[which] + slope[pending] * step[pending]
            good = v <= enough + 1e-12 * (1.0 + np.abs(value[which]))
            kept = which[good]
            theta[kept], value[kept], gradient[kept], hessian[kept], rss[kept] = (
                trial[good], v[good], g[good], h[good], r[good],
            )  # fmt: skip
            pending = pending[~good]
            if not len(pending):
                break
            step[pending] *= 0.5
        if len(pending):
            active = np.delete(active, pending)
    theta = np.abs(theta)
    theta[theta < 1e-6] = 0.0
    zero, _, _, _ = _scalar_evaluate(basis, squares, total, np.zeros(draws), criterion)
    value, _, _, rss = _scalar_evaluate(basis, squares, total, theta, criterion)
    better = zero < value
    theta[better], value[better], rss[better] = 0.0, zero[better], total[better]
    return theta, value, rss


def scalar_fits(batch: Batch, outcomes: Outcomes, criterion: Criterion, basis: Eigenbasis, start: float) -> ScalarFits:
    """Fit many outcomes of a model with one relative variance."""
    with_effects = outcomes.with_effects[0][:, 0, :]
    squares = (with_effects.T @ basis.vectors) ** 2
    theta, value, rss = scalar_minima(basis, squares, outcomes.total, criterion, start)
    sizes = batch.products[:, 0, 0]
    cross = batch.products[:, 0, 1:-1]
    p = cross.shape[1]
    psi = theta * theta
    weight = psi[:, None] / (1.0 + psi[:, None] * sizes)
    pairs = (cross[:, :, None] * cross[:, None, :]).reshape(len(cross), p * p)
    matrix = (criterion.rows * np.eye(p)).ravel() - weight @ pairs
    right = -(weight * with_effects.T) @ cross
    beta = np.linalg.solve(matrix.reshape(-1, p, p), right[:, :, None])[:, :, 0]
    return ScalarFits(theta, beta + outcomes.coefficients.T, rss, value)


def likelihood_with(estimate: Estimate, outcomes: Outcomes, draw: int) -> BlockLikelihood:
    """Likelihood of one of many outcomes."""
    batches = estimate.likelihood.batches
    put = with_outcome_by_level if isinstance(batches, TwoLevelBatches) else with_outcome
    return replace(estimate.likelihood, batches=put(batches, outcomes, draw))


def scalar_basis(estimate: Estimate) -> Eigenbasis | None:
    """Eigenbasis where the model has one relative variance and independent residuals; None otherwise."""
    if not one_variance(estimate.likelihood, 1_500):
        return None
    return eigenbasis(estimate.likelihood.batches[0], estimate.design.rows * np.eye(estimate.design.columns))
