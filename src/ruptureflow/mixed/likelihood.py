"""Likelihood of models with independent residuals (or known sampling variances), from cross-products alone."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.moments import Criterion, Moments, Whitened, profile_derivatives, scoring_step, whitened
from ruptureflow.mixed.sums import SMALL, Sums, level_elements, solve_relative
from ruptureflow.mixed.two_level import TwoLevelBatches, eliminate, two_level_sums
from ruptureflow.mixed.unit_deviance import newton_terms, scoring_step_units


def full_psi(batch: Batch, psis: list[np.ndarray]) -> np.ndarray:
    """Relative covariance of all effects of one block."""
    if len(psis) == 1 and len(batch.places[0]) == 1:
        return psis[0]
    out = np.zeros((batch.size, batch.size))
    for place, psi in zip(batch.places, psis, strict=True):
        if psi.size:
            out[place[:, :, None], place[:, None, :]] = psi
    return out


def split_theta(layouts: tuple[FactorLayout, ...], theta: np.ndarray) -> list[np.ndarray]:
    """Free parameters of each level."""
    out, start = [], 0
    for layout in layouts:
        out.append(theta[start : start + layout.count])
        start += layout.count
    return out


def away_from_zero(layouts: tuple[FactorLayout, ...], theta: np.ndarray, least: float) -> np.ndarray:
    """Free parameters with every variance at zero moved to where its gradient shows: Newton's method stays at zero."""
    out, start = theta.copy(), 0
    for layout in layouts:
        rows, cols = layout.entries
        here = slice(start, start + layout.count)
        out[here] = np.where((rows == cols) & (np.abs(out[here]) < least), least, out[here])
        start += layout.count
    return out


def chain(
    layouts: tuple[FactorLayout, ...], factors: list[np.ndarray], gradient: np.ndarray, extra: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Jacobian of (covariance elements, other parameters) by (factor entries, others) and the curvature term."""
    if len(layouts) == 1 and not extra:
        layout, factor = layouts[0], factors[0]
        return layout.jacobian(factor), layout.curvature(gradient)
    total = sum(layout.count for layout in layouts) + extra
    jacobian = np.zeros((total, total))
    curvature = np.zeros((total, total))
    start = 0
    for layout, factor in zip(layouts, factors, strict=True):
        stop = start + layout.count
        here = slice(start, stop)
        jacobian[here, here] = layout.jacobian(factor)
        curvature[here, here] = layout.curvature(gradient[here])
        start = stop
    if extra:
        index = np.arange(start, total)
        jacobian[index, index] = 1.0
    return jacobian, curvature


@dataclass(frozen=True)
class BlockLikelihood:
    """Deviance, gradient and Hessian of one design, evaluated from stacked cross-products.

    Attributes
    ----------
    batches
        Cross-products of the blocks.
    layouts
        Covariance layout of each level.
    criterion
        REML or ML, scale profiled or known.
    """

    batches: tuple[Batch, ...] | TwoLevelBatches
    layouts: tuple[FactorLayout, ...]
    criterion: Criterion

    @property
    def extra(self) -> int:
        """Number of parameters of the residual structure: none here."""
        return 0

    @property
    def one_small_level(self) -> bool:
        """Whether there is one grouping factor with few effects."""
        return len(self.layouts) == 1 and 0 < self.layouts[0].size <= SMALL

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative Cholesky factor of each level."""
        pieces = split_theta(self.layouts, theta)
        return [layout.factor(piece) for layout, piece in zip(self.layouts, pieces, strict=True)]

    def reduce(self, psis: list[np.ndarray]) -> tuple[list[np.ndarray], float, np.ndarray]:
        """``V0⁻¹``-weighted cross-products of every block with Z, log determinant, and those of ``[X | y]``."""
        p = self.criterion.columns
        total = np.zeros((p + 1, p + 1))
        log_det = 0.0
        solved = []
        for batch in self.batches:
            q = batch.size
            if q == 0:
                solved.append(batch.products[:, :0])
                total += batch.products.sum(axis=0)
                continue
            psi = full_psi(batch, psis)
            sol, dets = solve_relative(batch.within, psi, batch.with_effects)
            log_det += float(dets.sum())
            solved.append(sol)
            cross = sol[:, :, q:]
            total += batch.rest
            weighted = cross * psi[0, 0] if q == 1 else psi @ cross
            total -= batch.cross.T @ weighted.reshape(-1, p + 1)
        return solved, log_det, total

    def moments(self, psis: list[np.ndarray], full: bool = True) -> Moments | None:
        """All sums at given relative covariances; None where they are not a covariance.

        Without ``full`` the table ``second`` that only inference needs is left out.
        """
        p = self.criterion.columns
        if isinstance(self.batches, TwoLevelBatches):
            return self._two_level_moments(psis, full)
        solved, log_det, total = self.reduce(psis)
        found = whitened(total) if np.isfinite(log_det) else None
        if found is None:
            return None
        sums = Sums.empty(len(level_elements(self.layouts)), p + 1, full)
        for batch, sol in zip(self.batches, solved, strict=True):
            q = batch.size
            if q == 0:
                continue
            data = (sol[:, :, q:].reshape(-1, p + 1) @ found.turn).reshape(-1, q, p + 1)
            sums.add(self.layouts, batch, sol[:, :, :q], data)
        return _moments(found, log_det, sums)

    def _two_level_moments(self, psis: list[np.ndarray], full: bool) -> Moments | None:
        eliminated = eliminate(self.batches, psis)
        if eliminated is None:
            return None
        found = whitened(eliminated.total)
        if found is None:
            return None
        sums = two_level_sums(self.batches, self.layouts, eliminated, found.turn, full)
        return _moments(found, eliminated.log_det, sums)

    def moments_at(self, theta: np.ndarray, full: bool = True) -> Moments | None:
        """All sums at given free parameters."""
        return self.moments([f @ f.T for f in self.factors(theta)], full)

    def scoring_step(self) -> np.ndarray | None:
        """Step of Fisher scoring in the covariance elements from no random effects at all (MIVQUE0)."""
        if self.one_small_level:
            return scoring_step_units(self.batches[0], self.layouts[0], self.criterion)
        moments = self.moments([np.zeros((layout.size, layout.size)) for layout in self.layouts], full=False)
        return None if moments is None else scoring_step(moments, self.criterion)

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Profiled deviance, gradient and Hessian by the free parameters."""
        if self.one_small_level:
            return newton_terms(self.batches[0], self.layouts[0], self.criterion, theta)
        factors = self.factors(theta)
        moments = self.moments([f @ f.T for f in factors], full=False)
        if moments is None:
            return np.inf, theta, np.eye(len(theta))
        gradient, hessian = profile_derivatives(moments, self.criterion)
        jacobian, curvature = chain(self.layouts, factors, gradient)
        value = self.criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
        return value, jacobian.T @ gradient, jacobian.T @ hessian @ jacobian + curvature


def _moments(found: Whitened, log_det: float, sums: Sums) -> Moments:
    p = len(found.beta)
    return Moments(
        found.turn[:p, :p], found.beta, found.rss, log_det, found.log_det_x, sums.trace, sums.traces, sums.first,
        sums.second_fixed, sums.second_data, sums.second,
    )  # fmt: skip
