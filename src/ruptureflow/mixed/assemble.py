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
        return blocks.crossed_levels([x.codes for x in levels], [x.units for x in levels], effects, wide[:, at[-1] :])
    inner = levels[-1]
    products = blocks.unit_products(inner.codes, inner.units, rows_of)
    if len(levels) == 1:
        return blocks.single_level(products, sizes[0])
    parents = []
    for level in levels:
        parent = np.zeros(inner.units, dtype=np.int64)
        parent[inner.codes] = level.codes
        parents.append(parent)
    if len(levels) == 2 and all(0 < size <= SMALL for size in sizes):
        inner_of_outer = np.bincount(parents[0])
        if inner_of_outer.max() * sizes[1] + sizes[0] > _WIDE_BLOCK:
            order = np.argsort(parents[0], kind="stable")
            return TwoLevelBatches(products[order], parents[0][order], order, (sizes[0], sizes[1]))
    return blocks.nested_levels(products, parents, sizes)
