"""What is modelled: outcome, fixed effects, grouping levels with their random effects, residual rows."""

import warnings
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ruptureflow.mixed import formula as formulas
from ruptureflow.mixed.columns import intercept_column
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.errors import ModelError, ModelWarning
from ruptureflow.mixed.formula import Matrix

CROSSED_ROWS = 3000
# A column whose part outside the columns before it is below this share of its own length is aliased.
_ALIASED = 1e-10


@dataclass(frozen=True)
class Level:
    """One grouping factor: the unit of every row and the random-effects columns.

    ``codes`` number the units 0 .. ``len(labels) - 1`` in the sorted order of their labels; for a nested factor the
    label is the path of outer labels (``"T1/3"``) and ``path`` names the columns it is made of.
    """

    name: str
    codes: np.ndarray
    labels: tuple
    effects: Matrix
    layout: FactorLayout
    path: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.labels)


@dataclass(frozen=True)
class Design:
    """All an engine needs to fit one model, rows in the caller's order."""

    response: str
    outcome: np.ndarray
    fixed: Matrix
    levels: tuple[Level, ...]
    nested: bool
    index: np.ndarray | pd.Index
    dropped: tuple = ()
    aliased: tuple[str, ...] = ()
    sampling_variance: np.ndarray | None = None
    description: str = ""
    frame: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """Number of rows used."""
        return len(self.outcome)

    @property
    def columns(self) -> int:
        """Number of estimable fixed effects."""
        return self.fixed.values.shape[1]

    @cached_property
    def has_intercept(self) -> bool:
        """Whether some column of the fixed effects is constant."""
        return intercept_column(self.fixed.values) is not None


def design_of_rows(design: Design, rows: np.ndarray, copies: np.ndarray | None = None) -> Design:
    """Some rows of a design, units numbered anew; rows of one unit with different ``copies`` become different units.

    Row labels, dropped rows and the data frame do not come along.
    """
    levels = []
    for level in design.levels:
        codes = level.codes[rows].astype(np.int64)
        labels, codes = np.unique(codes if copies is None else copies * level.units + codes, return_inverse=True)
        effects = Matrix(level.effects.values[rows], level.effects.names, level.effects.terms)
        levels.append(Level(level.name, codes, tuple(labels.tolist()), effects, level.layout))
    variance = None if design.sampling_variance is None else design.sampling_variance[rows]
    fixed = Matrix(design.fixed.values[rows], design.fixed.names, design.fixed.terms)
    return Design(
        design.response, design.outcome[rows], fixed, tuple(levels), design.nested, np.arange(len(rows)),
        sampling_variance=variance,
    )  # fmt: skip


def factor_codes(column: pd.Series, name: str) -> tuple[np.ndarray, np.ndarray]:
    codes, labels = pd.factorize(column, sort=True)
    if (codes < 0).any():
        bad = column.index[codes < 0][:5].tolist()
        raise ModelError(
            f"The group column {name!r} has {int((codes < 0).sum())} missing values (rows {bad}): "
            f"give every row its group, or leave those rows out yourself."
        )
    return codes, np.asarray(labels)


def _join_codes(outer: np.ndarray, inner: np.ndarray, inner_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of outer × inner pairs that occur, and for each the first row it occurs in."""
    pairs = outer.astype(np.int64) * inner_count + inner
    _, first, codes = np.unique(pairs, return_index=True, return_inverse=True)
    return codes, first


def nested_codes(columns: list[tuple[str, np.ndarray, np.ndarray]]) -> list[tuple[str, np.ndarray, tuple]]:
    """Codes and labels of nested factors, outermost first; inner labels are made unique by their outer ones."""
    out: list[tuple[str, np.ndarray, tuple]] = []
    for name, codes, labels in columns:
        if not out:
            out.append((name, codes, tuple(labels.tolist())))
            continue
        _, outer_codes, outer_labels = out[-1]
        joined, first = _join_codes(outer_codes, codes, len(labels))
        paths = tuple(f"{outer_labels[o]}/{labels[i]}" for o, i in zip(outer_codes[first], codes[first], strict=True))
        out.append((name, joined, paths))
    return out


def is_nested(inner: np.ndarray, outer: np.ndarray, inner_count: int) -> bool:
    """Whether every unit of ``inner`` lies in one unit of ``outer``."""
    parent = np.full(inner_count, -1, dtype=np.int64)
    parent[inner] = outer
    return bool(np.array_equal(parent[inner], outer))


def check_finite(values: np.ndarray, what: str, index: np.ndarray, names: tuple[str, ...] = ()) -> None:
    """Error that names the column and the first rows in which ``values`` is not a finite number."""
    if np.isfinite(values.sum()) or np.isfinite(values).all():
        return
    if values.ndim == 2:
        column = int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])
        what = f"{what} {names[column]!r}"
        values = values[:, column]
    rows = np.asarray(index)[~np.isfinite(values)][:5].tolist()
    raise ModelError(f"{what} is not a finite number in rows {rows}: correct or leave out those rows.")


def aliased_columns(matrix: Matrix) -> list[int]:
    """Columns that are linear combinations of columns before them, judged after centring and scaling."""
    values, spread = matrix.values, matrix.spread
    base = spread.base
    if len(values) >= values.shape[1] and spread.lower is not None:
        return []
    centred = values
    if base is not None:
        centred = values - values.mean(axis=0)
        centred[:, base] = 1.0
        order = [base, *[j for j in range(values.shape[1]) if j != base]]
    else:
        order = list(range(values.shape[1]))
    size = np.sqrt((centred * centred).sum(axis=0))
    raw = np.sqrt((values * values).sum(axis=0))
    constant = size <= 1e-13 * np.maximum(raw, 1e-300)
    safe = np.where(constant | (size == 0), 1.0, size)
    scaled = np.where(constant, 0.0, centred / safe)[:, order]
    triangle = np.linalg.qr(scaled, mode="r")
    diagonal = np.abs(np.diag(triangle))
    if len(diagonal) == len(order) and (diagonal > _ALIASED).all():
        return []
    kept: list[int] = []
    out: list[int] = []
    basis = np.zeros((len(values), 0))
    for position, j in enumerate(order):
        rest = scaled[:, position] - basis @ (basis.T @ scaled[:, position])
        rest -= basis @ (basis.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length <= _ALIASED or len(kept) >= len(values):
            out.append(j)
        else:
            kept.append(j)
            basis = np.column_stack([basis, rest / length])
    return sorted(out)


def drop_aliased(fixed: Matrix) -> tuple[Matrix, tuple[str, ...]]:
    """Fixed effects without their aliased columns, and the names of those; a warning names them."""
    bad = aliased_columns(fixed)
    if not bad:
        return fixed, ()
    names = tuple(fixed.names[j] for j in bad)
    warnings.warn(
        f"Fixed effects {', '.join(names)} are linear combinations of the columns before them and are left out.",
        ModelWarning,
        stacklevel=4,
    )
    keep = [j for j in range(len(fixed.names)) if j not in bad]
    place = {j: i for i, j in enumerate(keep)}
    terms = tuple(
        formulas.Term(t.name, t.factors, columns)
        for t in fixed.terms
        if (columns := tuple(place[j] for j in t.columns if j in place))
    )
    return Matrix(fixed.values[:, keep], tuple(fixed.names[j] for j in keep), terms, fixed.spec), names


def check_design(design: Design, residual_scale: bool) -> None:
    """The errors every model can have: too few rows or groups, as many groups as rows, a constant outcome.

    Fixed effects were found finite before their aliased columns were looked for.
    """
    rows, columns = design.rows, design.columns
    if columns == 0:
        raise ModelError("The model has no fixed effect: write at least '1' on the right of '~'.")
    check_finite(design.outcome, f"The outcome {design.response!r}", design.index)
    if rows <= columns:
        raise ModelError(f"{rows} complete rows cannot estimate {columns} fixed effects: more rows are needed.")
    spread = design.outcome - design.outcome[0]
    if not spread.any():
        raise ModelError(f"The outcome {design.response!r} is constant ({design.outcome[0]:g}): nothing to model.")
    for level in design.levels:
        what = f"The random-effects column of {level.name!r}"
        check_finite(level.effects.values, what, design.index, level.effects.names)
        if level.units < 2:
            raise ModelError(
                f"The group column {level.name!r} has fewer than two groups ({level.units}): "
                f"its variance cannot be estimated."
            )
        size = level.layout.size
        if residual_scale and size and level.units >= rows:
            raise ModelError(
                f"The group column {level.name!r} has {level.units} groups on {rows} rows, one row each: "
                f"its variance cannot be told from the residual variance."
            )
        if residual_scale and size > 1 and level.units * size >= rows:
            raise ModelError(
                f"The group column {level.name!r} has {level.units} groups × {size} random effects on {rows} rows: "
                f"the variances cannot be told from the residual variance; use fewer random effects."
            )
        if size > 1 and (bad := aliased_columns(level.effects)):
            names = ", ".join(level.effects.names[j] for j in bad)
            raise ModelError(
                f"Random effects {names} of {level.name!r} are linear combinations of the others: leave them out."
            )
    if not design.nested and rows > CROSSED_ROWS:
        raise ModelError(
            f"Crossed groups are fitted as one dense block of at most {CROSSED_ROWS} rows, these data have {rows}: "
            f"use nested groups or fewer rows."
        )
