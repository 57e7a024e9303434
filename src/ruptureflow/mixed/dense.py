"""Likelihood of models with structured residuals: the covariance matrix of every block of rows, stacked by size."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.likelihood import chain, split_theta
from ruptureflow.mixed.moments import Criterion, Moments, profile_derivatives, whitened
from ruptureflow.mixed.residuals import ResidualStructure
from ruptureflow.mixed.scaling import Scaled
from ruptureflow.mixed.sums import Sums, level_elements

_LARGEST_BLOCK = 3000


@dataclass(frozen=True)
class RowBatch:
    """Blocks with equally many rows.

    Attributes
    ----------
    rows
        ``(blocks, n)`` row numbers.
    data
        ``(blocks, n, p + 1)``: fixed effects and outcome.
    effects
        For each level ``(blocks, n, q)``.
    units
        For each level ``(blocks, n)`` unit codes.
    slopes
        ``(K, blocks, n, n)``: derivative of the covariance by each covariance element of the random effects.
    same
        ``(blocks, n, n)``: 1 where two rows lie in the same innermost unit.
    """

    rows: np.ndarray
    data: np.ndarray
    effects: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]
    slopes: np.ndarray
    same: np.ndarray


def _batch(design: Design, scaled: Scaled, rows: np.ndarray) -> RowBatch:
    data = np.concatenate([scaled.fixed[rows], scaled.outcome[rows][..., None]], axis=-1)
    effects = tuple(values[rows] for values in scaled.effects)
    units = tuple(level.codes[rows] for level in design.levels)
    masks = [(u[:, :, None] == u[:, None, :]).astype(float) for u in units]
    slopes = []
    for element in level_elements(tuple(level.layout for level in design.levels)):
        z = effects[element.level]
        a, b = z[:, :, element.row], z[:, :, element.column]
        outer = a[:, :, None] * b[:, None, :]
        if element.row != element.column:
            outer = outer + b[:, :, None] * a[:, None, :]
        slopes.append(outer * masks[element.level])
    blocks, n = rows.shape
    stacked = np.stack(slopes) if slopes else np.zeros((0, blocks, n, n))
    return RowBatch(rows, data, effects, units, stacked, masks[-1])


@dataclass(frozen=True)
class DenseLikelihood:
    """Deviance, gradient and Hessian of one design with structured residuals."""

    batches: tuple[RowBatch, ...]
    layouts: tuple[FactorLayout, ...]
    criterion: Criterion
    structure: ResidualStructure

    @property
    def extra(self) -> int:
        """Number of residual-structure parameters."""
        return self.structure.count

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative Cholesky factor of each level."""
        pieces = split_theta(self.layouts, theta)
        return [layout.factor(piece) for layout, piece in zip(self.layouts, pieces, strict=True)]

    def eta(self, theta: np.ndarray) -> np.ndarray:
        """Parameters of the residual structure."""
        return theta[len(theta) - self.extra :]

    def elements_at(self, theta: np.ndarray) -> np.ndarray:
        """Relative covariance elements of the random effects."""
        parts = []
        for layout, factor in zip(self.layouts, self.factors(theta), strict=True):
            parts.append((factor @ factor.T)[layout.entries])
        return np.concatenate(parts) if parts else np.zeros(0)

    def row_covariance(self, theta: np.ndarray, batch: RowBatch):
        """Relative covariance of the rows of every block, and the residual part with its derivatives."""
        residual = self.structure.slopes(self.eta(theta), batch.rows, batch.same)
        return residual.value + np.tensordot(self.elements_at(theta), batch.slopes, axes=1), residual

    def moments_at(self, theta: np.ndarray, full: bool = True) -> Moments | None:
        """All sums at given free parameters; None where the covariance is not positive definite."""
        p = self.criterion.columns
        k_random = sum(layout.count for layout in self.layouts)
        count = k_random + self.extra
        total = np.zeros((p + 1, p + 1))
        log_det = 0.0
        kept = []
        for batch in self.batches:
            covariance, residual = self.row_covariance(theta, batch)
            if not np.isfinite(covariance).all():
                return None
            try:
                lower = np.linalg.cholesky(covariance)
            except np.linalg.LinAlgError:
                return None
            log_det += 2.0 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())
            inverse = np.linalg.inv(covariance)
            solved = inverse @ batch.data
            width = p + 1
            total += batch.data.reshape(-1, width).T @ solved.reshape(-1, width)
            slopes = np.concatenate([batch.slopes, np.stack(residual.first)]) if self.extra else batch.slopes
            kept.append((inverse, solved, slopes, residual.second))
        found = whitened(total)
        if found is None:
            return None
        sums = Sums.empty(count, p + 1, full)
        bend = np.zeros((3, count, count))
        for inverse, solved, slopes, second in kept:
            data = solved @ found.turn
            _add_rows(sums, inverse, data, slopes)
            _add_bend(bend, inverse, data, second, k_random)
        bend_ml, bend_x, bend_data = bend
        return Moments(
            found.turn[:p, :p], found.beta, found.rss, log_det, found.log_det_x, sums.trace, sums.traces,
            sums.first, sums.second_fixed, sums.second_data, sums.second, bend_ml - bend_x, bend_ml, bend_data,
        )  # fmt: skip

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Profiled deviance, gradient and Hessian by the free parameters."""
        moments = self.moments_at(theta, full=False)
        if moments is None:
            return np.inf, theta, np.eye(len(theta))
        gradient, hessian = profile_derivatives(moments, self.criterion)
        jacobian, curvature = chain(self.layouts, self.factors(theta), gradient, self.extra)
        value = self.criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
        return value, jacobian.T @ gradient, jacobian.T @ hessian @ jacobian + curvature


def _add_rows(sums: Sums, inverse: np.ndarray, data: np.ndarray, slopes: np.ndarray) -> None:
    """Add a batch: inverse covariances, ``W``, derivatives of the covariance."""
    k, width = len(slopes), data.shape[2]
    if not k:
        return
    turned = inverse[None] @ slopes
    sums.trace[:] += np.trace(turned, axis1=2, axis2=3).sum(axis=1)
    sums.traces[:] += turned.reshape(k, -1) @ turned.swapaxes(2, 3).reshape(k, -1).T
    moved = slopes @ data[None]
    sums.add_seconds(moved, inverse[None] @ moved, data, width)


def _add_bend(bend: np.ndarray, inverse: np.ndarray, data: np.ndarray, second, k_random: int) -> None:
    """Add the contributions of second derivatives of the residual covariance."""
    p = data.shape[2] - 1
    for a, row in enumerate(second):
        for b, curve in enumerate(row):
            if curve is None:
                continue
            at = (k_random + a, k_random + b)
            bent = data.swapaxes(1, 2) @ (curve @ data)
            diagonal = np.diagonal(bent, axis1=1, axis2=2).sum(axis=0)
            bend[0][at] += float((inverse * curve).sum())
            bend[1][at] += float(diagonal[:p].sum())
            bend[2][at] += float(diagonal[p])


def row_batches(design: Design, scaled: Scaled) -> tuple[RowBatch, ...]:
    """Rows of every unit of the outermost level, stacked by number of rows."""
    outer = design.levels[0]
    sizes = np.bincount(outer.codes, minlength=outer.units)
    if sizes.max() > _LARGEST_BLOCK:
        raise ModelError(
            f"A group of {outer.name!r} has {int(sizes.max())} rows: where rows of a group are taken together it may "
            f"have {_LARGEST_BLOCK} at most."
        )
    order = np.argsort(outer.codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    batches = []
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        rows = order[starts[which][:, None] + np.arange(size)[None, :]]
        batches.append(_batch(design, scaled, rows))
    return tuple(batches)


def dense_likelihood(design: Design, scaled: Scaled, method: str, structure: ResidualStructure) -> DenseLikelihood:
    """Likelihood of a design with structured residuals."""
    criterion = Criterion(design.rows, design.columns, method == "reml", False)
    layouts = tuple(level.layout for level in design.levels)
    return DenseLikelihood(row_batches(design, scaled), layouts, criterion, structure)
