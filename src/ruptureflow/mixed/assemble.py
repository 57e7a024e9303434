"""From a design to the cross-products of its blocks."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ruptureflow.mixed import blocks
from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.sums import SMALL
from ruptureflow.mixed.two_level import TwoLevelBatches

# Outer units whose dense block would have more columns than this are eliminated level by level.
_WIDE_BLOCK = 10
# Numbers in the table of cross-products of crossed factors beyond which one dense block is smaller.
_LARGEST_TABLE = 20_000_000


def assemble_batches(
    design: Design, sizes: list[int], rows_of: Callable[[object], np.ndarray]
) -> tuple[Batch, ...] | TwoLevelBatches:
    """Cross-products of ``[Z | rest]`` for every independent block of a design.

    Parameters
    ----------
    sizes
        Number of random-effects columns of each level (outermost first).
    rows_of
        Gives ``[effects of each level | rest]`` for a slice or an array of row numbers; rest is the fixed effects,
        followed by the outcome where the likelihood is wanted.
    """
    levels = design.levels
    if not design.nested:
        wide = rows_of(slice(None))
        at = np.concatenate([[0], np.cumsum(sizes)])
        effects = [wide[:, a:b] for a, b in pairwise(at)]
        return _crossed(design, effects, wide[:, at[-1] :])
    inner = levels[-1]
    products = blocks.unit_products(inner.codes, inner.units, rows_of)
    if len(levels) == 1:
        return blocks.single_level(products, sizes[0])
    parents = []
    for level in levels:
        parent = np.zeros(inner.units, dtype=np.int64)
        parent[inner.codes] = level.codes
        parents.append(parent)

    def dense() -> tuple[Batch, ...]:
        return blocks.nested_levels(products, parents, sizes)

    if len(levels) == 2 and all(0 < size <= SMALL for size in sizes):
        inner_of_outer = np.bincount(parents[0])
        if inner_of_outer.max() * sizes[1] + sizes[0] > _WIDE_BLOCK:
            order = np.argsort(parents[0], kind="stable")
            return TwoLevelBatches(products[order], parents[0][order], order, (sizes[0], sizes[1]), dense)
    return dense()


def _crossed(design: Design, effects: list[np.ndarray], rest: np.ndarray) -> tuple[Batch, ...] | TwoLevelBatches:
    """All rows as one block; the factor with the most effects is eliminated first where that pays."""
    levels = design.levels
    codes, counts = [x.codes for x in levels], [x.units for x in levels]
    sizes = [values.shape[1] for values in effects]

    def dense() -> tuple[Batch, ...]:
        return blocks.crossed_levels(codes, counts, effects, rest)

    inner = max(range(len(levels)), key=lambda number: counts[number] * sizes[number])
    others = [number for number in range(len(levels)) if number != inner]
    wide = sum(counts[number] * sizes[number] for number in others)
    columns = wide + sizes[inner] + rest.shape[1]
    few = wide + counts[inner] * sizes[inner] <= _WIDE_BLOCK
    if few or not 0 < sizes[inner] <= SMALL or counts[inner] * columns**2 > _LARGEST_TABLE:
        return dense()
    spread = [blocks.spread_effects(codes[number], counts[number], effects[number]) for number in others]
    table = np.concatenate([*spread, effects[inner], rest], axis=1)
    products = blocks.unit_products(codes[inner], counts[inner], lambda index: table[index])
    parent = np.zeros(counts[inner], dtype=np.int64)
    repeats, each = tuple(counts[number] for number in others), tuple(sizes[number] for number in others)
    return TwoLevelBatches(
        products, parent, np.arange(counts[inner]), (wide, sizes[inner]), dense, inner, repeats, each
    )
