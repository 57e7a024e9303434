"""How the columns of a matrix lie to each other: an intercept among them, means, sizes, correlations."""

from dataclasses import dataclass

import numpy as np

# Least pivot of the correlations at which cross-products still keep 13 digits.
_PIVOT = 0.03
_PIECE = 16_384


def intercept_column(values: np.ndarray) -> int | None:
    """Position of the first constant, non-zero column."""
    if not len(values):
        return None
    for j, (first, last) in enumerate(zip(values[0].tolist(), values[-1].tolist(), strict=True)):
        if first != 0 and last == first and (values[:, j] == first).all():
            return j
    return None


def correlation_root(values: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Root mean squares of the centred columns and the Cholesky factor of their scaled cross-products.

    None for the factor where a column is nearly a combination of others, so that cross-products cannot tell.
    """
    gram = np.zeros((values.shape[1],) * 2)
    for start in range(0, len(values), _PIECE):
        piece = values[start : start + _PIECE] - mean
        gram += piece.T @ piece
    gram /= len(values)
    square = gram.diagonal()
    size = np.sqrt(square)
    # a column that hardly moves about its mean has lost its digits
    if not (square > 1e-12 * (square + mean * mean)).all():
        return size, None
    try:
        lower = np.linalg.cholesky(gram / (size[:, None] * size))
    except np.linalg.LinAlgError:
        return size, None
    return size, lower if lower.diagonal().min() > _PIVOT else None


@dataclass(frozen=True)
class ColumnSpread:
    """Intercept column, means (0 for the intercept and where there is none), root mean squares and the Cholesky factor
    of the correlations of the centred columns (None where they are too close to combinations of each other)."""

    base: int | None
    mean: np.ndarray
    size: np.ndarray
    lower: np.ndarray | None


def column_spread(values: np.ndarray) -> ColumnSpread:
    """See ColumnSpread."""
    base = intercept_column(values)
    mean = np.zeros(values.shape[1])
    if base is not None:
        mean = values.sum(axis=0) / len(values)
        mean[base] = 0.0
    size, lower = correlation_root(values, mean)
    return ColumnSpread(base, mean, size, lower)
