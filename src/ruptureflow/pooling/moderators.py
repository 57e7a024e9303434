"""Design matrices for meta-regression: numbers as they are, factors by treatment coding."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import is_missing, numbers

_HUGE = 1e100


@dataclass(frozen=True)
class Design:
    """A design with its terms named as formulaic names them; `levels` holds each factor's levels, reference first."""

    matrix: np.ndarray
    terms: tuple
    names: tuple
    levels: dict
    intercept: bool = True

    @property
    def intercept_only(self):
        return self.intercept and len(self.terms) == 1

    def rows(self, moderators):
        """The same coding applied to new values of the moderators."""
        if isinstance(moderators, Mapping):
            moderators = {name: [one] if np.ndim(one) == 0 else one for name, one in moderators.items()}
        return _code(_columns(moderators), self.intercept, self.levels, self.names).matrix


def build_design(moderators, k, intercept=True, effects=None) -> Design:
    """Design of `moderators` (a DataFrame, a mapping of named arrays, or None).

    Text, category and true/false columns are factors with their first level (in sorted or category
    order) as the reference; their terms are named ``name[T.level]``. Where `effects` have rows left out
    for a missing value, the moderators of all rows are given and lose the same ones.

    Raises
    ------
    PoolingError
        On a wrong length, a missing value, a constant moderator or collinear ones.
    """
    if moderators is None:
        if not intercept:
            raise PoolingError("intercept=False needs moderators: give them, or leave the intercept in.")
        return Design(np.ones((k, 1)), ("Intercept",), (), {})
    columns = _columns(moderators)
    given = k if effects is None else k + len(effects.dropped)
    for name, values in columns.items():
        if len(values) != given:
            raise PoolingError(f"moderator {name!r} has {len(values)} values for {given} effects: give one per effect.")
    if given > k:
        columns = {name: values[effects.kept] for name, values in columns.items()}
    design = _code(columns, intercept)
    _refuse_dependent(design)
    return design


def too_many(design, k):
    """The message where `k` effects can't carry the design, with the factors that cost most."""
    p = len(design.terms)
    factors = ", ".join(f"{name!r} has {len(levels)} levels" for name, levels in design.levels.items())
    return f"{p} coefficients but {k} effects{f' ({factors})' * bool(factors)}: drop moderators until there are fewer."


def _columns(moderators):
    if hasattr(moderators, "columns") or isinstance(moderators, Mapping):
        names = [str(name) for name in moderators]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise PoolingError(f"moderators has the column {twice[0]!r} twice: rename one of them.")
        items = {str(name): moderators[name] for name in moderators}
    else:
        name = getattr(moderators, "name", None)
        if name is None:
            raise PoolingError(
                f"moderators is a {type(moderators).__name__} without names: give a DataFrame or a dict of arrays."
            )
        items = {str(name): moderators}
    if not items:
        raise PoolingError("moderators has no column: give at least one, or None.")
    if "Intercept" in items:
        raise PoolingError("a moderator is named 'Intercept', as the model's own term is: rename it.")
    return {name: _column(name, values) for name, values in items.items()}


def _column(name, values):
    """One moderator as an array: a categorical keeps its type, numbers in an object array become numbers."""
    if getattr(values, "ndim", None) != 1 or not hasattr(values, "dtype"):
        values = np.asarray(values, dtype=object) if isinstance(values, list | tuple) else np.asarray(values)
    if values.ndim != 1:
        raise PoolingError(f"moderator {name!r} has {values.ndim} dimensions: give one value per effect.")
    if getattr(values.dtype, "categories", None) is not None:
        return values.array if hasattr(values, "array") else values
    values = np.asarray(values)
    if values.dtype.kind in "Mmc" or (values.dtype.kind == "O" and any(hasattr(one, "isoformat") for one in values)):
        raise PoolingError(f"moderator {name!r} holds dates, times or complex numbers: give a number such as the year.")
    if values.dtype.kind == "O":
        present = [one for one in values if not is_missing(one)]
        if present and all(isinstance(one, Real) and not isinstance(one, bool | np.bool_) for one in present):
            return np.array([np.nan if is_missing(one) else float(one) for one in values])
    return values


def _code(columns, intercept, known=None, order=None):
    k = len(next(iter(columns.values())))
    parts, terms, levels = ([np.ones(k)], ["Intercept"], {}) if intercept else ([], [], {})
    for name in order or columns:
        if name not in columns:
            raise PoolingError(f"moderator {name!r} is missing: give {', '.join(map(repr, order))}.")
        values = columns[name]
        factor = name in known if known is not None else values.dtype.kind not in "iuf"
        if not factor:
            number = numbers(f"moderator {name!r}", values)
            _refuse_missing(name, ~np.isfinite(number))
            if np.abs(number).max(initial=0.0) > _HUGE:
                raise PoolingError(f"moderator {name!r} reaches {np.abs(number).max():g}: beyond computing.")
            parts.append(number)
            terms.append(name)
            continue
        text, own = _factor(name, values)
        levels[name] = known[name] if known is not None else own
        for value in dict.fromkeys(text):
            if value not in levels[name]:
                seen = ", ".join(map(repr, levels[name]))
                raise PoolingError(f"moderator {name!r} has the new level {value!r}: use one of {seen}.")
        if len(levels[name]) < 2 and known is None:
            raise PoolingError(f"moderator {name!r} is {text[0]!r} for every effect: leave it out.")
        # Without an intercept the first factor takes its place, with all its levels.
        full = not intercept and not parts
        for level in levels[name][0 if full else 1 :]:
            parts.append(np.array([value == level for value in text], dtype=float))
            terms.append(f"{name}[{level}]" if full else f"{name}[T.{level}]")
    return Design(np.column_stack(parts), tuple(terms), tuple(order or columns), levels, intercept)


def _factor(name, values):
    categories = getattr(values.dtype, "categories", None)
    raw = np.asarray(values, dtype=object)
    _refuse_missing(name, np.array([is_missing(value) for value in raw]))
    text = [str(value) for value in raw]
    if categories is None:
        return text, tuple(sorted(set(text)))
    return text, tuple(str(level) for level in categories if str(level) in set(text))


def _refuse_missing(name, missing):
    if missing.any():
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(missing)[:5])
        raise PoolingError(f"moderator {name!r} is missing in row {rows}: fill it in, or leave those effects out.")


def _refuse_dependent(design):
    scaled = design.matrix / np.where((norm := np.linalg.norm(design.matrix, axis=0)) > 0, norm, 1.0)
    if design.intercept:
        for column, term in zip(design.matrix.T[1:], design.terms[1:], strict=True):
            if np.ptp(column) <= 1e-12 * np.abs(column).max():
                raise PoolingError(f"moderator {term!r} is {column[0]:g} for every effect: leave it out.")
    # What is left of each column beside those before it, in one go; 1e-9 leaves the close calls to the loop.
    if scaled.shape[0] >= scaled.shape[1] and np.abs(np.diagonal(np.linalg.qr(scaled, "r"))).min() > 1e-9:
        return
    kept = []
    for index, term in enumerate(design.terms):
        # Checked one after another so that the message can name the first term that adds nothing.
        column = scaled[:, index]
        if kept:
            basis = np.linalg.qr(scaled[:, kept])[0]
            column = column - basis @ (basis.T @ column)
            column = column - basis @ (basis.T @ column)
        if np.linalg.norm(column) < 1e-10:
            others = ", ".join(repr(design.terms[i]) for i in kept)
            raise PoolingError(f"moderator {term!r} is a combination of {others}: leave one of them out.")
        kept.append(index)
