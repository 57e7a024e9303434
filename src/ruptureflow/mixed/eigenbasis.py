"""One random intercept (or one random slope alone) in the eigenbasis of the residual space.

With one relative variance the deviance is a sum over eigenvalues; a Newton step costs a few operations on a short
vector, whatever the design. The same basis serves every outcome on the same design (bootstrap, simulation).
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.blocks import Batch
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


def eigenbasis(batch: Batch, rows: int) -> Eigenbasis:
    """Basis of one level with one effect, from cross-products with orthonormal fixed effects (``X'X = rows I``)."""
    sizes = batch.products[:, 0, 0]
    cross = batch.products[:, 0, 1:-1]
    values, vectors = np.linalg.eigh(np.diag(sizes) - cross @ (cross.T / rows))
    return Eigenbasis(np.maximum(values, 0.0), vectors, sizes)


@dataclass(frozen=True)
class ScalarDeviance:
    """Profiled deviance of one outcome as a function of ``theta`` with relative variance ``theta²``."""

    basis: Eigenbasis
    squares: np.ndarray
    total: float
    criterion: Criterion

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Deviance, gradient and Hessian by theta."""
        root = theta[0]
        psi = root * root
        shrink = 1.0 / (1.0 + psi * self.basis.values)
        part = self.squares * shrink
        rss = self.total - psi * float(part.sum())
        if not rss > 0:
            return np.inf, theta, np.eye(1)
        one = float((part * shrink).sum())
        two = float((part * shrink * shrink) @ self.basis.values)
        if self.criterion.reml:
            lean = self.basis.values * shrink
            log_det = -float(np.log(shrink).sum())
        else:
            grow = 1.0 + psi * self.basis.sizes
            lean = self.basis.sizes / grow
            log_det = float(np.log(grow).sum())
        nu = self.criterion.degrees
        ratio = 1.0 if self.criterion.scale_known else nu / rss
        gradient = float(lean.sum()) - ratio * one
        hessian = -float(lean @ lean) + 2.0 * ratio * two
        if not self.criterion.scale_known:
            hessian -= ratio * one * one / rss
        value = self.criterion.value(rss, log_det, 0.0)
        return (
            value,
            np.array([2.0 * root * gradient]),
            np.array([[4.0 * psi * hessian + 2.0 * gradient]]),
        )


def scalar_deviance(batch: Batch, rows: int, criterion: Criterion) -> ScalarDeviance:
    """Deviance of the outcome in the batch's last column (a residual from the fixed effects)."""
    basis = eigenbasis(batch, rows)
    turned = basis.vectors.T @ batch.products[:, 0, -1]
    return ScalarDeviance(basis, turned * turned, float(batch.products[:, -1, -1].sum()), criterion)
