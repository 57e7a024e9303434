"""Covariance of random effects as a function of free parameters: relative Cholesky factors.

A level with ``q`` effects has the relative covariance ``Psi = Lambda Lambda'`` (covariance divided by the
residual variance). ``Lambda`` is lower triangular (unstructured) or diagonal. The factor is not bounded: its
sign does not matter, so a variance of zero is an ordinary stationary point and Newton steps reach it exactly.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

# Up to this many effects the chain rule is one product with a small constant matrix.
_FEW = 4


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
        if self.diagonal or self.size < 2:
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

    @cached_property
    def basis(self) -> np.ndarray:
        """``(count, size * size)``: ``elements``, flattened."""
        return self.elements.reshape(self.count, -1)

    @cached_property
    def _diagonal(self) -> np.ndarray:
        """Places of the diagonal entries among the free ones."""
        rows, cols = self.entries
        return np.flatnonzero(rows == cols)

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

    @cached_property
    def _maps(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Jacobian and curvature of few effects as matrices that act on the factor and on the gradient: one product
        each instead of a handful of index operations."""
        if not 0 < self.size <= _FEW:
            return None
        unit = np.eye(self.size**2).reshape(-1, self.size, self.size)
        jacobian = np.stack([self._jacobian(entry).ravel() for entry in unit], axis=1)
        curvature = np.stack([self._curvature(entry).ravel() for entry in np.eye(self.count)], axis=1)
        return jacobian, curvature

    def jacobian(self, factor: np.ndarray) -> np.ndarray:
        """``(count, count)``: derivative of each covariance element (row) by each factor entry (column)."""
        if self._maps is None:
            return self._jacobian(factor)
        return (self._maps[0] @ factor.ravel()).reshape(self.count, self.count)

    def curvature(self, gradient: np.ndarray) -> np.ndarray:
        """Second-derivative term of the chain rule: ``sum_k g_k d2Psi_k`` for a gradient by covariance elements."""
        if self._maps is None:
            return self._curvature(gradient)
        return (self._maps[1] @ gradient).reshape(self.count, self.count)

    def factors(self, theta: np.ndarray) -> np.ndarray:
        """``(n, size, size)``: a factor for every row of free entries."""
        out = np.zeros((len(theta), self.size, self.size))
        rows, cols = self.entries
        out[:, rows, cols] = theta
        return out

    def jacobians(self, factors: np.ndarray) -> np.ndarray:
        """``jacobian`` of every factor (few effects)."""
        return (factors.reshape(len(factors), -1) @ self._maps[0].T).reshape(-1, self.count, self.count)

    def curvatures(self, gradients: np.ndarray) -> np.ndarray:
        """``curvature`` of every gradient (few effects)."""
        return (gradients @ self._maps[1].T).reshape(-1, self.count, self.count)

    def _jacobian(self, factor: np.ndarray) -> np.ndarray:
        rows, cols = self.entries
        same_row, crossed, _, _ = self._patterns
        # dPsi = e_a e_b' Lambda' + Lambda e_b e_a' for entry (a, b)
        return same_row * factor[cols[:, None], cols] + crossed * factor[rows[:, None], cols]

    def _curvature(self, gradient: np.ndarray) -> np.ndarray:
        rows, cols = self.entries
        _, _, same_column, share = self._patterns
        matrix = np.zeros((self.size, self.size))
        matrix[rows, cols] = matrix[cols, rows] = share * gradient
        return same_column * matrix[rows[:, None], rows]

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        """The same covariance with a non-negative diagonal in the factor."""
        if not (theta[self._diagonal] < 0).any():
            return theta
        factor = self.factor(theta)
        sign = np.where(np.diag(factor) < 0, -1.0, 1.0)
        return (factor * sign)[self.entries]


@lru_cache(maxsize=64)
def factor_layout(size: int, diagonal: bool) -> FactorLayout:
    """The layout of so many effects: its tables of indices are constants, made once."""
    return FactorLayout(size, diagonal and size > 1)
