"""Sums over units that Moments is made of, and the solves they need."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.covariance import FactorLayout

# Units handled at a time, so that the widest table stays in the cache; widest unit for which such tables pay.
_CHUNK = 4096
SMALL = 4


def solve_relative(zz: np.ndarray, psi: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``inv(I + ZZ Psi) right`` and the log determinant of ``I + ZZ Psi`` for stacked blocks.

    Written out for one and two effects, where a call to LAPACK for each block would be most of the time.
    """
    q = psi.shape[0]
    if q == 1:
        scale = 1.0 + zz[:, 0, 0] * psi[0, 0]
        if not scale.min() > 0:
            return right, np.full(len(zz), -np.inf)
        return right / scale[:, None, None], np.log(scale)
    matrix = zz @ psi
    if q == 2:
        # inverse of a 2 × 2 matrix A: (tr(A) I - A) / det(A); here A = I + ZZ Psi
        trace = 1.0 + matrix[:, 0, 0] + matrix[:, 1, 1]
        det = trace + matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
        out = trace[:, None, None] * right
        out -= matrix @ right
        out /= det[:, None, None]
        return out, np.log(det)
    diagonal = np.arange(q)
    matrix[:, diagonal, diagonal] += 1.0
    return np.linalg.solve(matrix, right), np.linalg.slogdet(matrix)[1]


@dataclass(frozen=True)
class LevelElement:
    """One free covariance element: its level and the two effects it joins."""

    level: int
    row: int
    column: int


@lru_cache(maxsize=64)
def level_elements(layouts: tuple[FactorLayout, ...]) -> tuple[LevelElement, ...]:
    """Free covariance elements of all levels, in the order of the parameters."""
    out = []
    for level, layout in enumerate(layouts):
        rows, cols = layout.entries
        out += [LevelElement(level, int(a), int(b)) for a, b in zip(rows, cols, strict=True)]
    return tuple(out)


def apply_element(element: LevelElement, batch: Batch, values: np.ndarray) -> np.ndarray:
    """``E_k values`` where ``Z E_k Z'`` is the derivative of V0; ``values`` is ``(blocks, Q, ...)``."""
    place = batch.places[element.level]
    a, b = place[:, element.row], place[:, element.column]
    out = np.zeros_like(values)
    out[:, a] = values[:, b]
    if element.row != element.column:
        out[:, b] = values[:, a]
    return out


@dataclass(frozen=True)
class Sums:
    """Running sums of Moments over batches (arrays are changed in place)."""

    trace: np.ndarray
    traces: np.ndarray
    first: np.ndarray
    second_fixed: np.ndarray
    second_data: np.ndarray
    second: np.ndarray | None

    @classmethod
    def empty(cls, count: int, width: int, full: bool) -> "Sums":
        """Zeros for ``count`` parameters and ``width`` columns."""
        return cls(
            np.zeros(count), np.zeros((count, count)), np.zeros((count, width, width)), np.zeros((count, count)),
            np.zeros((count, count)), np.zeros((count, count, width, width)) if full else None,
        )  # fmt: skip

    def reordered(self, order: np.ndarray) -> "Sums":
        """The same sums with their parameters in another order."""
        pair = np.ix_(order, order)
        second = None if self.second is None else self.second[pair]
        return Sums(
            self.trace[order], self.traces[pair], self.first[order], self.second_fixed[pair], self.second_data[pair],
            second,
        )  # fmt: skip

    def add(self, layouts: tuple[FactorLayout, ...], batch: Batch, within: np.ndarray, data: np.ndarray) -> None:
        """Add a batch: ``within`` = Z'V0⁻¹Z, ``data`` = Z'V0⁻¹[X whiten | y - Xb] of every block."""
        q = batch.size
        if q == 1:
            self.add_units(layouts[0] if len(layouts) == 1 else FactorLayout(1, False), within, data)
        elif q <= SMALL and len(layouts) == 1 and len(batch.places[0]) == 1:
            self.add_units(layouts[0], within, data)
        else:
            self._add_general(level_elements(layouts), batch, within, data)

    def add_units(self, layout: FactorLayout, within: np.ndarray, data: np.ndarray) -> None:
        """Add units of one level with at most ``SMALL`` effects."""
        q = layout.size
        if q == 1:
            self._add_scalar(within[:, 0, 0], data[:, 0, :])
            return
        basis = layout.elements.reshape(-1, q * q)
        for start in range(0, len(data), _CHUNK):
            self._add_single(basis, within[start : start + _CHUNK], data[start : start + _CHUNK])

    def _add_scalar(self, within: np.ndarray, data: np.ndarray) -> None:
        self.trace[0] += within.sum()
        self.traces[0, 0] += within @ within
        self.first[0] += data.T @ data
        second = data.T @ (data * within[:, None])
        self.second_data[0, 0] += second[-1, -1]
        self.second_fixed[0, 0] += second.trace() - second[-1, -1]
        if self.second is not None:
            self.second[0, 0] += second

    def _add_single(self, basis: np.ndarray, within: np.ndarray, data: np.ndarray) -> None:
        """Blocks of one unit each: every sum is a product of two tables with a row for each unit.

        ``basis`` is ``(K, q * q)``: the derivative matrices of the covariance elements, flattened.
        """
        units, q, width = data.shape
        flat_c, flat = within.reshape(units, q * q), data.reshape(units, q * width)
        self.trace[:] += basis @ flat_c.sum(axis=0)
        outcome = data[:, :, -1]
        squares = (outcome[:, :, None] * outcome[:, None, :]).reshape(units, q * q)
        fixed = data[:, :, :-1]
        products = (fixed @ fixed.swapaxes(1, 2)).reshape(units, q * q)
        # sums over units of C[a, c] times C, the outcome's products and the fixed effects' products [b, d]; both
        # tr(E_k C E_l C) and W'E_k C E_l W take them in the order [a, b], [c, d]
        tables = flat_c.T @ np.concatenate([flat_c, squares, products], axis=1)
        turned = tables.reshape(q, q, 3, q, q).transpose(2, 0, 3, 1, 4).reshape(3, q * q, q * q)
        pairs, by_data, by_fixed = basis @ turned @ basis.T
        self.traces[:] += pairs
        self.second_data[:] += by_data
        self.second_fixed[:] += by_fixed
        grams = (flat.T @ flat).reshape(q, width, q, width).transpose(0, 2, 1, 3).reshape(q * q, width * width)
        self.first[:] += (basis @ grams).reshape(-1, width, width)
        if self.second is None:
            return
        triple = (flat_c[:, :, None] * flat[:, None, :]).reshape(units, -1)
        six = (flat.T @ triple).reshape(q, width, q, q, q, width).transpose(1, 5, 2, 0, 3, 4)
        six = six.reshape(width * width, q * q, q * q)
        self.second[:] += (basis @ six @ basis.T).transpose(1, 2, 0).reshape(self.second.shape)

    def _add_general(
        self, elements: tuple[LevelElement, ...], batch: Batch, within: np.ndarray, data: np.ndarray
    ) -> None:
        k, width = len(elements), data.shape[2]
        moved = np.stack([apply_element(e, batch, within) for e in elements])
        self.trace[:] += np.trace(moved, axis1=2, axis2=3).sum(axis=1)
        self.traces[:] += moved.reshape(k, -1) @ moved.swapaxes(2, 3).reshape(k, -1).T
        shifted = np.stack([apply_element(e, batch, data) for e in elements])
        self.add_seconds(shifted, within @ shifted, data, width)

    def add_dense(self, elements: np.ndarray, within: np.ndarray, data: np.ndarray) -> None:
        """Add blocks for derivative matrices ``(K, Q, Q)`` given whole."""
        k, width = len(elements), data.shape[2]
        moved = elements[:, None] @ within[None]
        self.trace[:] += np.trace(moved, axis1=2, axis2=3).sum(axis=1)
        self.traces[:] += moved.reshape(k, -1) @ moved.swapaxes(2, 3).reshape(k, -1).T
        shifted = elements[:, None] @ data[None]
        self.add_seconds(shifted, within @ shifted, data, width)

    def add_seconds(self, shifted: np.ndarray, weighted: np.ndarray, data: np.ndarray, width: int) -> None:
        """Add first and second products of ``shifted`` = V_k W and ``weighted`` = V0⁻¹ V_k W, rows flattened."""
        k = len(shifted)
        flat = shifted.reshape(k, -1, width)
        turned = weighted.reshape(k, -1, width)
        self.first[:] += flat.swapaxes(1, 2) @ data.reshape(-1, width)
        self.second_data[:] += flat[:, :, -1] @ turned[:, :, -1].T
        self.second_fixed[:] += flat[:, :, :-1].reshape(k, -1) @ turned[:, :, :-1].reshape(k, -1).T
        if self.second is not None:
            self.second[:] += flat.swapaxes(1, 2)[:, None] @ turned[None]
