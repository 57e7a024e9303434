"""Covariance of random effects as a function of free parameters: relative Cholesky factors.

A level with ``q`` effects has the relative covariance ``Psi = Lambda Lambda'`` (covariance divided by the
residual variance). ``Lambda`` is lower triangular (unstructured) or diagonal. The factor is not bounded: its
sign does not matter, so a variance of zero is an ordinary stationary point and Newton steps reach it exactly.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class FactorLayout:
    """Which entries of the relative Cholesky factor and of the covariance of one level are free.

    ``rows, cols`` index the free entries of the factor column by column (lme4's order) and, at the same time, the
    free elements of the covariance matrix (lower triangle or diagonal).
    """

    size: int
    diagonal: bool

    @cached_property
    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every free entry."""
        if self.diagonal:
            return np.arange(self.size), np.arange(self.size)
        cols, rows = np.triu_indices(self.size)
        return rows, cols

    @property
    def count(self) -> int:
        """Number of free entries."""
        return len(self.entries[0])

    @cached_property
    def elements(self) -> np.ndarray:
        """``(count, size, size)``: the derivative of the covariance matrix by each of its free elements."""
        rows, cols = self.entries
        out = np.zeros((len(rows), self.size, self.size))
        index = np.arange(len(rows))
        out[index, rows, cols] = 1.0
        out[index, cols, rows] = 1.0
        return out

    def factor(self, theta: np.ndarray) -> np.ndarray:
        """Factor from its free entries."""
        out = np.zeros((self.size, self.size))
        out[self.entries] = theta
        return out

    def start(self) -> np.ndarray:
        """Free entries of the identity: as much variance in a random effect as in the residual."""
        rows, cols = self.entries
        return (rows == cols).astype(float)

    @cached_property
    def _patterns(self) -> tuple[np.ndarray, ...]:
        rows, cols = self.entries
        same_row = (rows[:, None] == rows[None, :]).astype(float)
        crossed = (cols[:, None] == rows[None, :]).astype(float)
        same_column = 2.0 * (cols[:, None] == cols[None, :])
        # an off-diagonal element stands for two entries of the matrix
        share = np.where(rows == cols, 1.0, 0.5)
        return same_row, crossed, same_column, share

    def jacobian(self, factor: np.ndarray) -> np.ndarray:
        """``(count, count)``: derivative of each covariance element (row) by each factor entry (column)."""
        if self.size == 1:
            return 2.0 * factor
        rows, cols = self.entries
        same_row, crossed, _, _ = self._patterns
        # dPsi = e_a e_b' Lambda' + Lambda e_b e_a' for entry (a, b)
        return same_row * factor[cols[:, None], cols] + crossed * factor[rows[:, None], cols]

    def curvature(self, gradient: np.ndarray) -> np.ndarray:
        """Second-derivative term of the chain rule: ``sum_k g_k d2Psi_k`` for a gradient by covariance elements."""
        if self.size == 1:
            return 2.0 * gradient[:, None]
        rows, cols = self.entries
        _, _, same_column, share = self._patterns
        matrix = np.zeros((self.size, self.size))
        matrix[rows, cols] = matrix[cols, rows] = share * gradient
        return same_column * matrix[rows[:, None], rows]

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """The same covariance with a non-negative diagonal in the factor."""
        factor = self.factor(theta)
        sign = np.where(np.diag(factor) < 0, -1.0, 1.0)
        return (factor * sign)[self.entries]
