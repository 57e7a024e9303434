"""From a design to the cross-products of its blocks."""

import numpy as np

from ruptureflow.mixed import blocks
from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.design import Design


def assemble_batches(design: Design, effects: list[np.ndarray], rest: np.ndarray) -> tuple[Batch, ...]:
    """Cross-products of ``[Z | rest]`` for every independent block of a design.

    Parameters
    ----------
    effects
        Random-effects columns of each level (outermost first).
    rest
        Fixed effects, followed by the outcome where the likelihood is wanted.
    """
    levels = design.levels
    if not levels:
        return (Batch((rest.T @ rest)[None], (), (), 0),)
    sizes = [values.shape[1] for values in effects]
    if not design.nested:
        return blocks.crossed_levels([x.codes for x in levels], [x.units for x in levels], list(effects), rest)
    inner = levels[-1]
    products = blocks.unit_products(inner.codes, inner.units, [*effects, rest])
    if len(levels) == 1:
        return blocks.single_level(products, sizes[0])
    parents = []
    for level in levels:
        parent = np.zeros(inner.units, dtype=np.int64)
        parent[inner.codes] = level.codes
        parents.append(parent)
    return blocks.nested_levels(products, parents, sizes)
