"""Deviance of one grouping level with its Newton derivatives, straight in the entries of the relative factor.

``Moments`` holds all that inference asks for; Newton's method asks for less. With the outcome's column in units of
sigma and ``G_u`` the sum of squares of a unit's columns, gradient and Hessian of the profiled deviance are sums over
units of ``C_u - G_u`` and of products of ``C_u`` with ``2 G_u - C_u``, ``C_u = Z_u'V0⁻¹Z_u``: a third of the work.
"""

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.moments import Criterion, scoring_direction, whitened
from ruptureflow.mixed.sums import solve_relative


@dataclass(frozen=True)
class UnitSolution:
    """What the units of one level know at a given relative covariance.

    Attributes
    ----------
    inner
        ``(units, q * q)``: ``Z'V0⁻¹Z``.
    data
        ``(units, q, p + 1)``: ``Z'V0⁻¹[X whiten | (y - Xb) / sigma]``.
    value
        Profiled deviance.
    """

    inner: np.ndarray
    data: np.ndarray
    value: float

    def squares(self, columns: slice) -> np.ndarray:
        """``(units, q * q)``: products of the effects' entries of ``data``, summed over some of its columns."""
        part = self.data[:, :, columns]
        return (part @ part.swapaxes(1, 2)).reshape(self.inner.shape)

    def grams(self) -> np.ndarray:
        """``(q * q, (p + 1)²)``: ``data[:, a]'data[:, b]`` summed over units, for every pair of effects."""
        units, q, width = self.data.shape
        flat = self.data.reshape(units, q * width)
        return (flat.T @ flat).reshape(q, width, q, width).swapaxes(1, 2).reshape(q * q, width * width)

    def products(self, other: np.ndarray) -> np.ndarray:
        """``(q * q, q * q)``: what a pair of derivative matrices E, F turns into ``sum of tr(E C F other)``."""
        q = self.data.shape[1]
        return (self.inner.T @ other).reshape(q, q, q, q).swapaxes(1, 2).reshape(q * q, q * q)


def solve_units(batch: Batch, psi: np.ndarray, criterion: Criterion) -> UnitSolution | None:
    """Solve the units at a relative covariance; None where it is none."""
    q, width = batch.size, criterion.columns + 1
    if psi.any():
        solved, dets = solve_relative(batch.within, psi, batch.with_effects)
        cross = solved[:, :, q:]
        total = batch.rest - batch.cross.T @ (psi @ cross).reshape(-1, width)
        log_det = float(dets.sum())
    else:
        solved, total, log_det = batch.with_effects, batch.rest, 0.0
        cross = batch.cross
    found = whitened(total) if isfinite(log_det) else None
    if found is None:
        return None
    found.turn[:, -1] /= sqrt(criterion.sigma2(found.rss))
    data = (cross.reshape(-1, width) @ found.turn).reshape(-1, q, width)
    value = criterion.value(found.rss, log_det, found.log_det_x)
    return UnitSolution(solved[:, :, :q].reshape(-1, q * q), data, value)


def newton_terms(
    batch: Batch, layout: FactorLayout, criterion: Criterion, theta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Profiled deviance, gradient and Hessian by the free entries of the factor."""
    factor = layout.factor(theta)
    found = solve_units(batch, factor @ factor.T, criterion)
    if found is None:
        return np.inf, theta, np.eye(len(theta))
    squares = found.squares(slice(None) if criterion.reml else slice(-1, None))
    excess = found.inner - squares
    by_element = layout.basis @ excess.sum(axis=0)
    # by the free entries of the factor instead of the covariance's elements
    jacobian = layout.jacobian(factor)
    basis = jacobian.T @ layout.basis
    first = basis @ found.grams()
    outcome = first[:, -1:]
    lost = 0.0 if criterion.scale_known else 1.0 / criterion.degrees
    if criterion.reml:
        taken = first @ first.T - (1.0 - lost) * (outcome * outcome.T)
    else:
        cross = first[:, -criterion.columns - 1 : -1]
        taken = 2.0 * (cross @ cross.T) + lost * (outcome * outcome.T)
    hessian = basis @ found.products(squares - excess) @ basis.T - taken
    return found.value, by_element @ jacobian, hessian + layout.curvature(by_element)


def scoring_step_units(batch: Batch, layout: FactorLayout, criterion: Criterion) -> np.ndarray | None:
    """Step of Fisher scoring in the covariance elements from no random effects at all (MIVQUE0)."""
    found = solve_units(batch, np.zeros((layout.size, layout.size)), criterion)
    if found is None:
        return None
    basis, weight = layout.basis, found.inner
    if criterion.reml:
        fixed = found.squares(slice(None, -1))
        first = (basis @ found.grams()).reshape(layout.count, criterion.columns + 1, -1)[:, :-1, :-1]
        first = first.reshape(layout.count, -1)
        weight = weight - fixed
        traces = basis @ found.products(weight - fixed) @ basis.T + first @ first.T
    else:
        traces = basis @ found.products(weight) @ basis.T
    trace = basis @ weight.sum(axis=0)
    one = basis @ found.squares(slice(-1, None)).sum(axis=0)
    return scoring_direction(trace, traces, trace - one, criterion)
