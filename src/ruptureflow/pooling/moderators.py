"""Design matrices for meta-regression: numbers as they are, factors by treatment coding."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.errors import PoolingError


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
        return _code(_columns(moderators), self.intercept, self.levels, self.names).matrix


def build_design(moderators, k, intercept=True) -> Design:
    """Design of `moderators` (a DataFrame, a mapping of named arrays, or None).

    Text, category and true/false columns are factors with their first level (in sorted or category
    order) as the reference; their terms are named ``name[T.level]``.

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
    for name, values in columns.items():
        if len(values) != k:
            raise PoolingError(f"moderator {name!r} has {len(values)} values for {k} effects: give one per effect.")
    design = _code(columns, intercept)
    _refuse_dependent(design)
    return design


def _columns(moderators):
    if hasattr(moderators, "columns") or isinstance(moderators, Mapping):
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
    return {name: values if hasattr(values, "dtype") else np.asarray(values) for name, values in items.items()}


def _code(columns, intercept, known=None, order=None):
    k = len(next(iter(columns.values())))
    parts, terms, levels = ([np.ones(k)], ["Intercept"], {}) if intercept else ([], [], {})
    for name in order or columns:
        if name not in columns:
            raise PoolingError(f"moderator {name!r} is missing: give {', '.join(map(repr, order))}.")
        values = columns[name]
        factor = name in known if known is not None else not _is_number(values)
        if not factor:
            number = np.asarray(values, dtype=float)
            _refuse_missing(name, ~np.isfinite(number))
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


def _is_number(values):
    dtype = values.dtype
    return getattr(dtype, "kind", "O") in "iuf"


def _factor(name, values):
    categories = getattr(values.dtype, "categories", None)
    raw = np.asarray(values, dtype=object)
    _refuse_missing(name, np.array([value is None or value != value for value in raw]))
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
            if np.ptp(column) <= 1e-12 * max(1.0, np.abs(column).max()):
                raise PoolingError(f"moderator {term!r} is {column[0]:g} for every effect: leave it out.")
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
