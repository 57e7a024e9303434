"""Two front doors: a formula over a data frame, or arrays; both end in a Design."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ruptureflow.mixed import formula as formulas
from ruptureflow.mixed.covariance import factor_layout
from ruptureflow.mixed.design import (
    Design,
    Level,
    check_design,
    check_finite,
    drop_aliased,
    factor_codes,
    is_nested,
    nested_codes,
)
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.formula import Matrix

COVARIANCES = ("unstructured", "diagonal")


@dataclass(frozen=True)
class Grouping:
    """Names of the grouping columns, their random parts and covariance kinds, and whether nesting was asked for."""

    names: tuple[str, ...]
    random: tuple
    covariance: tuple[str, ...]
    nested: bool


def _spread(value, count: int, what: str) -> tuple:
    if value is None or isinstance(value, str):
        return (value,) * count
    if isinstance(value, Sequence) and len(value) == count:
        return tuple(value)
    raise ModelError(f"{what} {value!r} does not fit {count} grouping columns: give one entry, or one for each.")


def read_grouping(groups, random, covariance) -> Grouping:
    """Sort out the spellings of ``groups``, ``random`` and ``covariance``."""
    if isinstance(groups, Mapping):
        names, parts, nested = tuple(groups), tuple(groups.values()), False
        if random not in ("1", None):
            raise ModelError(f"groups = {groups!r} names its random parts: leave out random = {random!r}.")
    elif isinstance(groups, str):
        names, nested = (groups,), True
        parts = _spread(random, 1, "random =")
    elif isinstance(groups, Sequence) and groups and all(isinstance(name, str) for name in groups):
        names, nested = tuple(groups), True
        parts = _spread(random, len(names), "random =")
    else:
        raise ModelError(
            f"groups = {groups!r} names no grouping column: give a column name, a list of nested columns "
            f"(outermost first), or a dict of column: random part for crossed ones."
        )
    if len(set(names)) != len(names):
        raise ModelError(f"groups = {groups!r} names a column twice: name each once.")
    kinds = _spread(covariance, len(names), "covariance =")
    for kind in kinds:
        if kind not in COVARIANCES:
            raise ModelError(f"No covariance of random effects is called {kind!r}: use {' or '.join(COVARIANCES)}.")
    return Grouping(names, parts, kinds, nested)


def _order_levels(
    columns: list[tuple[str, np.ndarray, np.ndarray]], nested: bool
) -> tuple[list[tuple[str, np.ndarray, tuple]], list[int], bool]:
    """Codes of the levels outermost first, their order, and whether they are nested."""
    count = len(columns)
    if nested or count == 1:
        return nested_codes(columns), list(range(count)), True
    order = sorted(range(count), key=lambda j: len(columns[j][2]))
    chain = all(is_nested(columns[b][1], columns[a][1], len(columns[b][2])) for a, b in pairwise(order))
    if not chain:
        order = list(range(count))
    return [(columns[j][0], columns[j][1], tuple(columns[j][2].tolist())) for j in order], order, chain


def _with_effects(level, codes, labels, effects: Matrix, kind: str, path: tuple[str, ...] = ()) -> Level:
    size = effects.values.shape[1]
    return Level(level, codes, labels, effects, factor_layout(size, kind == "diagonal"), path or (level,))


def _check_sampling_variance(values: np.ndarray, index: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    check_finite(values, f"The sampling variance {name!r}", index)
    if (values <= 0).any():
        bad = np.asarray(index)[values <= 0][:5].tolist()
        raise ModelError(f"The sampling variance {name!r} is not positive in rows {bad}: correct or drop those rows.")
    return values


def design_from_formula(
    formula: str,
    data: pd.DataFrame,
    grouping: Grouping,
    sampling_variance: str | None,
    residual_columns: Sequence[str],
    residual_scale: bool,
) -> Design:
    """Design of a formula over a data frame: complete rows only, those left out listed."""
    if not isinstance(data, pd.DataFrame):
        raise ModelError(f"data is a {type(data).__name__}: give a pandas DataFrame.")
    parsed, needed = formulas.parse_two_sided(formula, data)
    absent = [name for name in (*grouping.names, *residual_columns) if name not in data.columns]
    if sampling_variance is not None and sampling_variance not in data.columns:
        absent.append(sampling_variance)
    if absent:
        raise ModelError(
            f"The data have no column {', '.join(map(repr, absent))}: the columns are "
            f"{', '.join(map(str, data.columns))}."
        )
    for part in grouping.random:
        if part is not None:
            needed = needed + formulas.required_columns(part, data)
    needed = list(dict.fromkeys([*needed, *residual_columns]))
    if sampling_variance is not None and sampling_variance not in needed:
        needed.append(sampling_variance)
    for name in grouping.names:
        _refuse_missing_group(data[name], name)
    used = data.copy(deep=False)
    dropped: tuple = ()
    complete = _complete(data, needed)
    if complete is not None:
        dropped = tuple(data.index[~complete].tolist())
        used = data.loc[complete, list(dict.fromkeys([*needed, *grouping.names]))]
    if not len(used):
        raise ModelError(f"No row is complete in {', '.join(needed)}: nothing to fit.")
    used = _without_unused_categories(used, needed)
    fixed = formulas.fixed_part(parsed, formula, used)
    index = used.index
    columns = [(name, *factor_codes(used[name], name)) for name in grouping.names]
    coded, order, nested = _order_levels(columns, grouping.nested)
    made: dict[str, Matrix] = {}
    levels = []
    for (name, codes, labels), place in zip(coded, order, strict=True):
        part = grouping.random[place]
        key = "0" if part is None else part
        if key not in made:
            made[key] = formulas.random_matrix(key, used)
        path = grouping.names[: place + 1] if grouping.nested else (name,)
        levels.append(_with_effects(name, codes, labels, made[key], grouping.covariance[place], path))
    variance = None
    if sampling_variance is not None:
        variance = _check_sampling_variance(used[sampling_variance].to_numpy(), index, sampling_variance)
    check_finite(fixed.fixed.values, "The fixed-effects column", index, fixed.fixed.names)
    kept, aliased = drop_aliased(fixed.fixed)
    design = Design(
        fixed.response, fixed.outcome, kept, tuple(levels), nested, index, dropped, aliased, variance,
        f"{formula} | {', '.join(grouping.names)}", used,
    )  # fmt: skip
    check_design(design, residual_scale and variance is None)
    return design


def _missing(column: pd.Series) -> np.ndarray:
    values = column.to_numpy() if isinstance(column.dtype, np.dtype) else None
    if values is not None and values.dtype.kind in "iub":
        return np.zeros(0, dtype=bool)
    if values is not None and values.dtype.kind == "f":
        return np.isnan(values)
    return column.isna().to_numpy()


def _complete(data: pd.DataFrame, names: list[str]) -> np.ndarray | None:
    """Which rows have no missing value in the columns; None where all are complete."""
    complete = None
    for name in names:
        missing = _missing(data[name])
        if missing.any():
            complete = ~missing if complete is None else complete & ~missing
    return complete


def _refuse_missing_group(column: pd.Series, name: str) -> None:
    missing = _missing(column)
    if missing.any():
        raise ModelError(
            f"The group column {name!r} has {int(missing.sum())} missing values "
            f"(rows {column.index[missing][:5].tolist()}): give every row its group, or leave those rows out yourself."
        )


def _without_unused_categories(used: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        kind = used[name].dtype
        if isinstance(kind, pd.CategoricalDtype) and len(kind.categories) != used[name].nunique():
            used = used.assign(**{name: used[name].cat.remove_unused_categories()})
    return used


def design_from_arrays(
    outcome,
    fixed,
    groups,
    effects=None,
    *,
    covariance="unstructured",
    sampling_variance=None,
    names: Sequence[str] | None = None,
    check_aliased: bool = True,
) -> Design:
    """Design of arrays; see ``fit_arrays``."""
    outcome = np.ascontiguousarray(outcome, dtype=float)
    rows = len(outcome)
    matrix = formulas.plain_matrix(fixed, None if names is None else tuple(names))
    if isinstance(groups, Mapping):
        given, nested = list(groups.items()), False
    elif isinstance(groups, list | tuple) and len(groups) and np.ndim(groups[0]) == 1:
        given, nested = [(f"level{j + 1}", values) for j, values in enumerate(groups)], True
    else:
        given, nested = [("group", groups)], True
    columns = []
    for name, values in given:
        values = np.asarray(values)
        if values.shape != (rows,):
            raise ModelError(f"The groups {name!r} have shape {values.shape}, the outcome has {rows} rows.")
        columns.append((name, *_array_codes(values, name)))
    parts = list(effects) if isinstance(effects, list | tuple) else [effects] * len(columns)
    kinds = _spread(covariance, len(columns), "covariance =")
    coded, order, nested = _order_levels(columns, nested)
    levels = []
    for (name, codes, labels), place in zip(coded, order, strict=True):
        values = np.ones((rows, 1)) if parts[place] is None else np.asarray(parts[place], dtype=float)
        levels.append(_with_effects(name, codes, labels, formulas.plain_matrix(values), kinds[place]))
    if matrix.values.shape[0] != rows:
        raise ModelError(f"The fixed effects have {matrix.values.shape[0]} rows, the outcome has {rows}.")
    index = np.arange(rows)
    check_finite(matrix.values, "The fixed-effects column", index, matrix.names)
    aliased: tuple[str, ...] = ()
    if check_aliased:
        matrix, aliased = drop_aliased(matrix)
    variance = None
    if sampling_variance is not None:
        variance = _check_sampling_variance(sampling_variance, index, "sampling_variance")
    design = Design("y", outcome, matrix, tuple(levels), nested, index, (), aliased, variance, "arrays")
    check_design(design, variance is None)
    return design


def _array_codes(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        if low >= 0 and high < 4 * len(values):
            seen = np.bincount(values, minlength=high + 1) > 0
            labels = np.flatnonzero(seen)
            if len(labels) == high + 1:
                return values, labels
            place = np.cumsum(seen) - 1
            return place[values], labels
    return factor_codes(pd.Series(values), name)
