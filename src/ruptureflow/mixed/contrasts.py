"""Estimated means over a reference grid, and contrasts between them."""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from ruptureflow.mixed.design import Design
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.formula import new_rows, variables


@dataclass(frozen=True)
class Grid:
    """Rows of the hypothesis matrix of estimated means and the labels of each."""

    labels: pd.DataFrame
    matrix: np.ndarray


def _is_factor(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)


def _levels(column: pd.Series) -> list:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return sorted(column.unique().tolist())


def reference_grid(design: Design, by: list[str], at: dict) -> Grid:
    """Estimated means for every combination of ``by`` (and ``at``), as emmeans: equal weights, numbers at their mean.

    Factors not named are averaged over their levels; numeric columns not named are held at their mean over the rows.
    """
    if design.frame is None:
        raise ModelError("Estimated means need a model fitted from a formula.")
    frame = design.frame
    used = [c for c in frame.columns if c in variables(design.fixed)]
    for name in [*by, *at]:
        if name not in used:
            raise ModelError(f"{name!r} is no predictor of this model: its predictors are {', '.join(used)}.")
    values: dict[str, list] = {}
    for name in used:
        if name in at:
            values[name] = list(np.atleast_1d(np.asarray(at[name], dtype=object)))
        elif _is_factor(frame[name]):
            values[name] = _levels(frame[name])
        elif name in by:
            values[name] = sorted(frame[name].unique().tolist())
        else:
            values[name] = [float(frame[name].mean())]
    rows = list(product(*values.values()))
    grid = pd.DataFrame({name: [row[j] for row in rows] for j, name in enumerate(values)})
    for name in used:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            grid[name] = pd.Categorical(grid[name], categories=frame[name].cat.categories)
        elif not _is_factor(frame[name]):
            grid[name] = grid[name].astype(float)
    matrix = fixed_rows(design, grid)
    keys = list(dict.fromkeys([*by, *at]))
    if not keys:
        return Grid(pd.DataFrame({"mean": ["overall"]}), matrix.mean(axis=0, keepdims=True))
    groups = grid.groupby(keys, sort=False, observed=True).indices
    labels = [key if isinstance(key, tuple) else (key,) for key in groups]
    table = pd.DataFrame(labels, columns=keys)
    return Grid(table, np.array([matrix[index].mean(axis=0) for index in groups.values()]))


def fixed_rows(design: Design, frame: pd.DataFrame) -> np.ndarray:
    """Rows of the fixed-effects matrix for new data, without aliased columns."""
    if design.frame is None:
        raise ModelError("Predictions for new data need a model fitted from a formula.")
    return new_rows(design.fixed, frame)


def pairwise(grid: Grid) -> Grid:
    """Differences between all pairs of means, first minus second."""
    text = [" ".join(str(v) for v in row) for row in grid.labels.itertuples(index=False)]
    pairs = list(combinations(range(len(text)), 2))
    if not pairs:
        raise ModelError("A contrast needs two means or more.")
    labels = pd.DataFrame({"contrast": [f"{text[a]} - {text[b]}" for a, b in pairs]})
    return Grid(labels, np.array([grid.matrix[a] - grid.matrix[b] for a, b in pairs]))
