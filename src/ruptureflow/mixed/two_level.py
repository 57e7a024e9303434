"""Two nested levels, or crossed factors, without a dense block of all effects.

Inner units are eliminated first, then outer ones; every sum Moments needs follows from small arrays of inner and of
outer units, so the cost grows with the number of units, not with the cube of the inner units of an outer one.
Notation: for inner unit u of outer unit o, ``Z_u'V⁻¹Z_v = [u = v] c_u - f_u H_o f_v'`` and ``Z_u'V⁻¹Z_o = f_u J_o``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.sums import Sums, solve_relative


@dataclass(frozen=True)
class TwoLevelBatches:
    """Cross-products of the inner units of two levels; dense blocks are made only if asked for.

    Crossed factors are the same with one outer unit that holds the effects of all units of all factors but one.

    Attributes
    ----------
    products
        ``(inner units, q1 + q2 + p + 1, ...)``, columns ``[Z outer | Z inner | X | y]``, sorted by outer unit.
    parent
        Outer unit of every inner unit, ascending.
    order
        Code of every inner unit, as they are sorted here.
    sizes
        Number of effects of the outer and of an inner unit.
    make_dense
        Makes the dense blocks.
    inner_level
        Number of the inner level among the levels of the design.
    repeats
        For crossed factors the units of every other level, in the design's order; empty for nested levels.
    outer_effects
        For crossed factors the effects of one unit of every other level.
    """

    products: np.ndarray
    parent: np.ndarray
    order: np.ndarray
    sizes: tuple[int, int]
    make_dense: Callable[[], tuple[Batch, ...]]
    inner_level: int = 1
    repeats: tuple[int, ...] = ()
    outer_effects: tuple[int, ...] = ()

    @cached_property
    def dense(self) -> tuple[Batch, ...]:
        """Dense blocks."""
        return self.make_dense()

    def outer_psi(self, psis: list[np.ndarray]) -> np.ndarray:
        """Relative covariance of all effects of an outer unit."""
        others = [psi for number, psi in enumerate(psis) if number != self.inner_level]
        if not self.repeats:
            return others[0]
        out = np.zeros((self.sizes[0],) * 2)
        for place, psi in zip(self.outer_places, others, strict=True):
            out[place[:, :, None], place[:, None, :]] = psi
        return out

    @cached_property
    def outer_places(self) -> tuple[np.ndarray, ...]:
        """For crossed factors and every other level ``(units, effects)``: the columns of its effects."""
        out, start = [], 0
        for units, q in zip(self.repeats, self.outer_effects, strict=True):
            out.append(start + np.arange(units * q).reshape(units, q))
            start += units * q
        return tuple(out)

    def outer_elements(self, layouts: list[FactorLayout]) -> np.ndarray:
        """``(K, q1, q1)``: derivatives of ``outer_psi`` by the covariance elements of the outer levels."""
        if not self.repeats:
            return layouts[0].elements
        out = np.zeros((sum(layout.count for layout in layouts), *(self.sizes[0],) * 2))
        start = 0
        for place, layout in zip(self.outer_places, layouts, strict=True):
            stop = start + layout.count
            out[start:stop, place[:, :, None], place[:, None, :]] = layout.elements[:, None]
            start = stop
        return out

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.dense)

    def __len__(self) -> int:
        return len(self.dense)

    def __getitem__(self, number: int) -> Batch:
        return self.dense[number]

    @cached_property
    def starts(self) -> np.ndarray:
        """First inner unit of every outer unit."""
        return np.concatenate([[0], np.flatnonzero(np.diff(self.parent)) + 1])

    @cached_property
    def within(self) -> np.ndarray:
        """``(inner units, q2, q2)``."""
        q1, q2 = self.sizes
        return np.ascontiguousarray(self.products[:, q1 : q1 + q2, q1 : q1 + q2])

    @cached_property
    def cross(self) -> np.ndarray:
        """``(inner units, q2, q1 + p + 1)``: inner effects with ``[Z outer | X | y]``."""
        q1, q2 = self.sizes
        inner = self.products[:, q1 : q1 + q2]
        return np.concatenate([inner[:, :, :q1], inner[:, :, q1 + q2 :]], axis=2)

    @cached_property
    def rest(self) -> np.ndarray:
        """``(outer units, q1 + p + 1, q1 + p + 1)``: ``[Z outer | X | y]`` with itself."""
        q1, q2 = self.sizes
        keep = np.r_[0:q1, q1 + q2 : self.products.shape[1]]
        return self.add(self.products[:, keep[:, None], keep[None, :]])

    def add(self, values: np.ndarray) -> np.ndarray:
        """Sums of inner units within outer ones."""
        return np.add.reduceat(values, self.starts, axis=0)


@dataclass(frozen=True)
class Eliminated:
    """Arrays left by the elimination at given relative covariances."""

    total: np.ndarray
    log_det: float
    inner: np.ndarray
    inner_outer: np.ndarray
    inner_rest: np.ndarray
    outer: np.ndarray
    outer_rest: np.ndarray
    shared: np.ndarray
    turned: np.ndarray


def eliminate(batches: TwoLevelBatches, psis: list[np.ndarray]) -> Eliminated | None:
    """Eliminate inner, then outer effects."""
    q1, q2 = batches.sizes
    outer_psi, inner_psi = batches.outer_psi(psis), psis[batches.inner_level]
    right = np.concatenate([batches.within, batches.cross], axis=2)
    solved, inner_dets = solve_relative(batches.within, inner_psi, right)
    c, f = solved[:, :, :q2], solved[:, :, q2:]
    reduced = batches.rest - batches.add(batches.cross.swapaxes(1, 2) @ (inner_psi @ f))
    eye = np.broadcast_to(np.eye(q1), (len(reduced), q1, q1))
    within = np.ascontiguousarray(reduced[:, :q1, :q1])
    solved, outer_dets = solve_relative(within, outer_psi, np.concatenate([reduced[:, :q1], eye], axis=2))
    log_det = float(inner_dets.sum() + outer_dets.sum())
    if not np.isfinite(log_det):
        return None
    width = reduced.shape[1] - q1
    outer_rest = solved[:, :, q1 : q1 + width]
    inverse = solved[:, :, q1 + width :]
    total = reduced[:, q1:, q1:].sum(axis=0)
    total = total - (reduced[:, :q1, q1:].swapaxes(1, 2) @ (outer_psi @ outer_rest)).sum(axis=0)
    f_outer = np.ascontiguousarray(f[:, :, :q1])
    f_rest = f[:, :, q1:] - f_outer @ (outer_psi @ outer_rest)[batches.parent]
    shared = outer_psi @ inverse
    return Eliminated(
        (total + total.T) / 2, log_det, c, f_outer, f_rest, solved[:, :, :q1], outer_rest,
        (shared + shared.swapaxes(1, 2)) / 2, inverse.swapaxes(1, 2),
    )  # fmt: skip


def two_level_sums(
    batches: TwoLevelBatches, layouts: tuple[FactorLayout, ...], left: Eliminated, turn: np.ndarray, full: bool
) -> Sums:
    """All sums of Moments, in the design's order of levels."""
    inner = layouts[batches.inner_level]
    outer = [layout for number, layout in enumerate(layouts) if number != batches.inner_level]
    k1, k2, width = sum(layout.count for layout in outer), inner.count, len(turn)
    top, below = slice(0, k1), slice(k1, k1 + k2)
    outer_elements = batches.outer_elements(outer)
    w1 = left.outer_rest @ turn
    w2 = np.ascontiguousarray(left.inner_rest @ turn)
    one = Sums.empty(k1, width, full)
    if batches.repeats:
        one.add_dense(outer_elements, left.outer, w1)
    else:
        one.add_units(outer[0], np.ascontiguousarray(left.outer), w1)
    two = Sums.empty(k2, width, full)
    two.add_units(inner, np.ascontiguousarray(left.inner), w2)
    out = Sums.empty(k1 + k2, width, full)
    for part, here in ((one, top), (two, below)):
        out.trace[here] = part.trace
        out.traces[here, here] = part.traces
        out.first[here] = part.first
        out.second_fixed[here, here] = part.second_fixed
        out.second_data[here, here] = part.second_data
        if full:
            out.second[here, here] = part.second

    f, shared, turned = left.inner_outer, left.shared, left.turned
    moved = [element @ f for element in inner.elements]
    gram = np.stack([batches.add(f.swapaxes(1, 2) @ m) for m in moved])
    # E is symmetric: f'E W = (E f)'W
    reach = np.stack([batches.add(m.swapaxes(1, 2) @ w2) for m in moved])
    by_shared = shared @ gram
    flat = by_shared.reshape(k2, -1)
    out.trace[below] -= np.trace(by_shared, axis1=2, axis2=3).sum(axis=1)
    out.traces[below, below] += flat @ by_shared.swapaxes(2, 3).reshape(k2, -1).T
    q2 = inner.size
    low_rank = (f @ shared[batches.parent] @ f.swapaxes(1, 2)).reshape(-1, q2 * q2)
    basis = inner.elements.reshape(-1, q2 * q2)
    table = (left.inner.reshape(-1, q2 * q2).T @ low_rank).reshape(q2, q2, q2, q2)
    cross = basis @ table.transpose(0, 2, 1, 3).reshape(q2 * q2, q2 * q2) @ basis.T
    out.traces[below, below] -= cross + cross.T
    between = turned.swapaxes(1, 2) @ gram @ turned
    mixed = outer_elements.reshape(k1, -1) @ between.sum(axis=1).reshape(k2, -1).T
    out.traces[top, below] = mixed
    out.traces[below, top] = mixed.T

    weighted = shared @ reach
    joined = turned.swapaxes(1, 2) @ reach
    raised = np.stack([element @ w1 for element in outer_elements])
    _add_products(out, below, below, reach, weighted, -1.0)
    _add_products(out, top, below, raised, joined, 1.0)
    out.second_fixed[below, top] = out.second_fixed[top, below].T
    out.second_data[below, top] = out.second_data[top, below].T
    if full:
        out.second[below, top] = out.second[top, below].transpose(1, 0, 3, 2)
    before = sum(layout.count for layout in layouts[: batches.inner_level])
    # outer elements were put first: the inner ones go where their level stands in the design
    return out.reordered(np.r_[0:before, k1 : k1 + k2, before:k1]) if before < k1 else out


def _add_products(out: Sums, rows: slice, cols: slice, left: np.ndarray, right: np.ndarray, sign: float) -> None:
    """Add ``sign * sum over outer units of left_k' right_l`` to the second products."""
    k, m, width = len(left), len(right), left.shape[-1]
    a, b = left.reshape(k, -1, width), right.reshape(m, -1, width)
    out.second_data[rows, cols] += sign * (a[:, :, -1] @ b[:, :, -1].T)
    out.second_fixed[rows, cols] += sign * (a[:, :, :-1].reshape(k, -1) @ b[:, :, :-1].reshape(m, -1).T)
    if out.second is not None:
        out.second[rows, cols] += sign * (a.swapaxes(1, 2)[:, None] @ b[None])
