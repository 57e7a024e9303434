"""Cross-products of every independent block of rows: all that independent residuals ever need of the data.

A block is a unit of the outermost factor with everything nested in it (or all rows, where factors are crossed).
Its columns are ``[Z | X | y]``: the effects of each level and unit inside the block, the fixed effects, the outcome.
Blocks of equal make-up are stacked, so one batched operation serves them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

_PIECE = 4_096


@dataclass(frozen=True)
class Batch:
    """Stacked cross-products of equally made blocks.

    Attributes
    ----------
    products
        ``(blocks, Q + p + 1, Q + p + 1)``, columns ``[Z | X | y]``.
    places
        For each level an ``(units in a block, effects)`` array: the column of every effect.
    units
        For each level a ``(blocks, units in a block)`` array of unit codes.
    size
        Q, the number of random-effects columns of one block.
    """

    products: np.ndarray
    places: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]
    size: int

    @cached_property
    def within(self) -> np.ndarray:
        """``(blocks, Q, Q)``: Z'Z."""
        return np.ascontiguousarray(self.products[:, : self.size, : self.size])

    @cached_property
    def with_effects(self) -> np.ndarray:
        """``(blocks, Q, Q + p + 1)``: Z'[Z | X | y]."""
        return np.ascontiguousarray(self.products[:, : self.size])

    @cached_property
    def cross(self) -> np.ndarray:
        """``(blocks * Q, p + 1)``: Z'[X | y], blocks below each other."""
        part = self.products[:, : self.size, self.size :]
        return np.ascontiguousarray(part).reshape(-1, part.shape[2])

    @cached_property
    def rest(self) -> np.ndarray:
        """``(p + 1, p + 1)``: [X | y]'[X | y] summed over blocks."""
        return self.products[:, self.size :, self.size :].sum(axis=0)


def unit_products(codes: np.ndarray, count: int, rows_of: Callable[[object], np.ndarray]) -> np.ndarray:
    """``(count, d, d)`` cross-products of the rows within every unit.

    ``rows_of`` gives the columns for a slice or an array of row numbers; rows are taken in pieces of whole units, so
    that little more than the result is ever in memory.
    """
    rows = len(codes)
    steps = np.diff(codes)
    order = None
    if (steps < 0).any():
        order = np.argsort(codes, kind="stable")
        steps = np.diff(codes[order])
    starts = np.concatenate([[0], np.flatnonzero(steps) + 1])
    if len(starts) != count:
        raise AssertionError("every unit has rows")
    if rows <= _PIECE:
        return _piece_products(rows_of(slice(None) if order is None else order), starts)
    ends = np.append(starts[1:], rows)
    out = None
    first = 0
    while first < count:
        last = max(int(np.searchsorted(ends, starts[first] + _PIECE, side="right")), first + 1)
        here = slice(int(starts[first]), int(ends[last - 1]))
        wide = rows_of(here if order is None else order[here])
        if out is None:
            out = np.empty((count, wide.shape[1], wide.shape[1]))
        out[first:last] = _piece_products(wide, starts[first:last] - starts[first])
        first = last
    return out


def _piece_products(wide: np.ndarray, starts: np.ndarray) -> np.ndarray:
    rows, d = wide.shape
    count = len(starts)
    if count == 1:
        return (wide.T @ wide)[None]
    size = int(starts[1])
    if size * count == rows and (np.diff(starts) == size).all():
        stacked = wide.reshape(count, size, d)
        return np.matmul(stacked.swapaxes(1, 2), stacked)
    return np.add.reduceat(wide[:, :, None] * wide[:, None, :], starts, axis=0)


def single_level(products: np.ndarray, effects: int) -> tuple[Batch, ...]:
    """Blocks of one grouping factor: all alike whatever their numbers of rows."""
    count = len(products)
    place = np.arange(effects)[None, :]
    return (Batch(products, (place,), (np.arange(count)[:, None],), effects),)


def nested_levels(products: np.ndarray, parents: list[np.ndarray], effects: list[int]) -> tuple[Batch, ...]:
    """Blocks of nested factors, from the cross-products of the innermost units.

    Parameters
    ----------
    products
        ``(innermost units, sum(effects) + p + 1, ...)``: columns outermost level first, then X and y.
    parents
        For each level (outermost first) the unit every innermost unit belongs to; the last is ``arange``.
    effects
        Number of effects of each level.
    """
    depth = len(parents)
    inner = len(products)
    rest = products.shape[1] - sum(effects)
    top = parents[0]
    blocks = int(top.max()) + 1
    counts = np.zeros((depth, blocks), dtype=np.int64)
    local = np.zeros((depth, inner), dtype=np.int64)
    for level, parent in enumerate(parents):
        units, first = np.unique(parent, return_index=True)
        owner = top[first]
        counts[level] = np.bincount(owner, minlength=blocks)
        start = np.concatenate([[0], np.cumsum(counts[level])[:-1]])
        order = np.argsort(owner, kind="stable")
        rank = np.empty(len(units), dtype=np.int64)
        rank[order] = np.arange(len(units)) - start[owner[order]]
        local[level] = rank[parent]
    kinds, kind_of = np.unique(counts.T, axis=0, return_inverse=True)
    kind_of = kind_of.ravel()
    batches = []
    for kind, numbers in enumerate(kinds):
        members = np.flatnonzero(kind_of == kind)
        position = np.full(blocks, -1, dtype=np.int64)
        position[members] = np.arange(len(members))
        chosen = np.flatnonzero(kind_of[top] == kind)
        places, offset = [], 0
        for number, q in zip(numbers, effects, strict=True):
            places.append(offset + np.arange(number)[:, None] * q + np.arange(q)[None, :])
            offset += number * q
        size = offset
        index = np.concatenate(
            [places[level][local[level, chosen]] for level in range(depth)]
            + [np.broadcast_to(size + np.arange(rest), (len(chosen), rest))],
            axis=1,
        )
        full = np.zeros((len(members), size + rest, size + rest))
        block = position[top[chosen]]
        np.add.at(full, (block[:, None, None], index[:, :, None], index[:, None, :]), products[chosen])
        units = []
        for level, parent in enumerate(parents):
            table = np.zeros((len(members), numbers[level]), dtype=np.int64)
            table[block, local[level, chosen]] = parent[chosen]
            units.append(table)
        batches.append(Batch(full, tuple(places), tuple(units), size))
    return tuple(batches)


def crossed_levels(
    codes: list[np.ndarray], counts: list[int], effects: list[np.ndarray], rest: np.ndarray
) -> tuple[Batch, ...]:
    """All rows as one block, for factors that are not nested in each other."""
    places, offset = [], 0
    for count, values in zip(counts, effects, strict=True):
        places.append(offset + np.arange(count * values.shape[1]).reshape(count, -1))
        offset += count * values.shape[1]
    wide = np.concatenate([*map(spread_effects, codes, counts, effects), rest], axis=1)
    units = tuple(np.arange(count)[None, :] for count in counts)
    return (Batch((wide.T @ wide)[None], tuple(places), units, offset),)


def spread_effects(codes: np.ndarray, count: int, effects: np.ndarray) -> np.ndarray:
    """``(rows, count * q)``: the effects of every row at the columns of its unit."""
    rows, q = effects.shape
    wide = np.zeros((rows, count * q))
    np.put_along_axis(wide, codes[:, None] * q + np.arange(q), effects, axis=1)
    return wide
