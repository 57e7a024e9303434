"""One random intercept whose variance may be negative: compound symmetry, PROC MIXED's NOBOUND."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.likelihood import BlockLikelihood
from ruptureflow.mixed.moments import Criterion, Moments, profile_derivatives


@dataclass(frozen=True)
class UnconstrainedLikelihood:
    """Deviance in the relative variance itself, which may be as low as keeps every block positive definite."""

    blocks: BlockLikelihood

    @property
    def criterion(self) -> Criterion:
        """REML or ML."""
        return self.blocks.criterion

    @property
    def layouts(self):
        """Covariance layout of the one level."""
        return self.blocks.layouts

    @property
    def batches(self):
        """Cross-products of the blocks."""
        return self.blocks.batches

    @property
    def extra(self) -> int:
        """The relative variance is kept out of the factors, where a square root would have to be taken."""
        return 0

    def unconstrained_psis(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative variance as the matrix of its level."""
        return [np.array([[theta[0]]])]

    def reduce(self, psis: list[np.ndarray]):
        """See BlockLikelihood."""
        return self.blocks.reduce(psis)

    def moments(self, psis: list[np.ndarray], full: bool = True) -> Moments | None:
        """All sums at a given relative variance."""
        return self.blocks.moments(psis, full)

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Profiled deviance, gradient and Hessian by the relative variance."""
        moments = self.moments(self.unconstrained_psis(theta), full=False)
        if moments is None:
            return np.inf, theta, np.eye(1)
        gradient, hessian = profile_derivatives(moments, self.criterion)
        value = self.criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
        return value, gradient, hessian
