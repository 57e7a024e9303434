"""One random intercept (or one random slope alone) in the eigenbasis of the residual space.

With one relative variance the deviance is a sum over eigenvalues; a Newton step costs a few operations on a short
vector, whatever the design. The same basis serves every outcome on the same design (bootstrap, simulation).
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.likelihood import BlockLikelihood
from ruptureflow.mixed.moments import Criterion


@dataclass(frozen=True)
class Eigenbasis:
    """Spectrum of one random effect's design.

    Attributes
    ----------
    values
        ``(m,)`` eigenvalues of ``Z'MZ``, M the projection off the fixed effects.
    vectors
        ``(m, m)``.
    sizes
        ``(m,)`` eigenvalues of ``Z'Z`` (for ML's determinant).
    """

    values: np.ndarray
    vectors: np.ndarray
    sizes: np.ndarray


def eigenbasis(batch: Batch, gram: np.ndarray) -> Eigenbasis:
    """Basis of one level with one effect; ``gram`` is ``X'X``."""
    sizes = batch.products[:, 0, 0]
    cross = batch.products[:, 0, 1:-1]
    values, vectors = np.linalg.eigh(np.diag(sizes) - cross @ np.linalg.solve(gram, cross.T))
    return Eigenbasis(np.maximum(values, 0.0), vectors, sizes)


@dataclass(frozen=True)
class ScalarDeviance:
    """Profiled deviance of one outcome as a function of ``theta`` with relative variance ``theta²``."""

    basis: Eigenbasis
    squares: np.ndarray
    total: float
    criterion: Criterion

    def _sums(self, psi: float) -> tuple[float, float, float, float, float, float]:
        """Residual sum of squares, its first two derivatives' sums, log determinant and its derivatives' sums."""
        shrink = 1.0 / (1.0 + psi * self.basis.values)
        part = self.squares * shrink
        rss = self.total - psi * float(part.sum())
        part *= shrink
        one = float(part.sum())
        two = float((part * shrink) @ self.basis.values)
        if self.criterion.reml:
            lean = self.basis.values * shrink
            log_det = -float(np.log(shrink).sum())
        else:
            grow = 1.0 + psi * self.basis.sizes
            lean = self.basis.sizes / grow
            log_det = float(np.log(grow).sum())
        return rss, one, two, log_det, float(lean.sum()), float(lean @ lean)

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Deviance, gradient and Hessian by theta."""
        root = float(theta[0])
        psi = root * root
        rss, one, two, log_det, lean, lean2 = self._sums(psi)
        if not rss > 0:
            return np.inf, theta, np.eye(1)
        ratio = 1.0 / self.criterion.sigma2(rss)
        gradient = lean - ratio * one
        hessian = -lean2 + 2.0 * ratio * two
        if not self.criterion.scale_known:
            hessian -= ratio * one * one / rss
        value = self.criterion.value(rss, log_det, 0.0)
        return value, np.array([2.0 * root * gradient]), np.array([[4.0 * psi * hessian + 2.0 * gradient]])

    def full(self, root: float, sigma: float) -> tuple[float, np.ndarray, np.ndarray]:
        """Deviance, gradient and Hessian by (theta, sigma), sigma not profiled out."""
        psi = root * root
        rss, one, two, log_det, lean, lean2 = self._sums(psi)
        nu, square = self.criterion.degrees, sigma * sigma
        slope, bend = lean - one / square, 2.0 * two / square - lean2
        cross = 4.0 * root * one / sigma**3
        value = log_det + nu * np.log(2 * np.pi * square) + rss / square
        gradient = np.array([2.0 * root * slope, 2.0 * nu / sigma - 2.0 * rss / sigma**3])
        corner = 6.0 * rss / square**2 - 2.0 * nu / square
        hessian = np.array([[4.0 * psi * bend + 2.0 * slope, cross], [cross, corner]])
        return value, gradient, hessian


def scalar_deviance(batch: Batch, criterion: Criterion) -> ScalarDeviance:
    """Deviance of the outcome in the batch's last column."""
    total = batch.products[:, 1:, 1:].sum(axis=0)
    gram, by_outcome = total[:-1, :-1], total[:-1, -1]
    basis = eigenbasis(batch, gram)
    fitted = np.linalg.solve(gram, by_outcome)
    turned = (batch.products[:, 0, -1] - batch.products[:, 0, 1:-1] @ fitted) @ basis.vectors
    return ScalarDeviance(basis, turned * turned, float(total[-1, -1] - by_outcome @ fitted), criterion)


def one_variance(likelihood, most_units: int) -> bool:
    """Whether a likelihood has one relative variance, on few enough units for its eigenbasis to pay."""
    if not isinstance(likelihood, BlockLikelihood) or len(likelihood.layouts) != 1 or len(likelihood.batches) != 1:
        return False
    batch = likelihood.batches[0]
    return batch.size == 1 and len(batch.products) <= most_units
