"""Blocks of columns, one a run, as one frame: a frame a run would cost more than all of its mathematics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def stacked(blocks: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of all blocks in order.

    Parameters
    ----------
    blocks : columns by name, each an array or list of the block's length; a plain value is repeated. All blocks have
        the same columns, and the first column is never a plain value.
    """
    import pandas as pd

    lengths = [len(next(iter(block.values()))) for block in blocks]  # type: ignore[arg-type]
    columns = {}
    for name in blocks[0]:
        parts = [
            np.full(length, block[name], dtype=object if isinstance(block[name], str) else None)
            if np.isscalar(block[name])
            else block[name]
            for block, length in zip(blocks, lengths, strict=True)
        ]
        lists = isinstance(parts[0], list)
        columns[name] = [item for part in parts for item in part] if lists else np.concatenate(parts)
    return pd.DataFrame(columns)
