"""Formulas to matrices (formulaic), read only when a formula is given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from ruptureflow.mixed.columns import ColumnSpread, column_spread
from ruptureflow.mixed.errors import ModelError


@dataclass(frozen=True)
class Term:
    """A term of a formula: its name, the factors it multiplies, and its columns."""

    name: str
    factors: frozenset[str]
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Matrix:
    """A design matrix with its column names and terms."""

    values: np.ndarray
    names: tuple[str, ...]
    terms: tuple[Term, ...]
    spec: object = None

    @cached_property
    def spread(self) -> ColumnSpread:
        """How the columns lie to each other."""
        return column_spread(self.values)


@dataclass(frozen=True)
class FixedPart:
    """Outcome and fixed-effects matrix."""

    response: str
    outcome: np.ndarray
    fixed: Matrix


_INTERCEPT = frozenset({"1"})
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLAIN = re.compile(r"\s*([^\W\d]\w*)\s*~([\w\s.+:*]+)")


def plain_matrix(values: np.ndarray, names: tuple[str, ...] | None = None) -> Matrix:
    """Matrix given as an array: every column is a term of its own."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 2:
        raise ModelError(f"A design matrix has two dimensions, this one has {values.ndim}: give rows x columns.")
    if names is None:
        names = tuple(f"x{j}" for j in range(values.shape[1]))
        if values.size and values[0, 0] == 1.0 and (values[:, 0] == 1.0).all():
            names = ("Intercept", *names[1:])
    if len(names) != values.shape[1]:
        raise ModelError(f"{len(names)} names for {values.shape[1]} columns: give one name for each column.")
    terms = tuple(
        Term(name, _INTERCEPT if name in ("Intercept", "1") else frozenset(name.split(":")), (j,))
        for j, name in enumerate(names)
    )
    return Matrix(values, tuple(names), terms)


def _matrix(model_matrix) -> Matrix:
    spec = model_matrix.model_spec
    terms = []
    for term, columns in spec.term_indices.items():
        factors = frozenset(str(factor) for factor in term.factors)
        name = "Intercept" if factors == _INTERCEPT else str(term)
        terms.append(Term(name, factors, tuple(columns)))
    values = np.asarray(model_matrix, dtype=float)
    if values.ndim == 1:
        values = values[:, None]
    return Matrix(values, tuple(str(name) for name in spec.column_names), tuple(terms), spec)


@lru_cache(maxsize=128)
def _parse(formula: str):
    from formulaic import Formula

    try:
        return Formula(formula)
    except Exception as problem:
        if "|" in formula:
            raise ModelError(
                f"The formula {formula!r} has a '|': give random effects by groups= and random=, not in the formula."
            ) from problem
        raise ModelError(f"The formula {formula!r} cannot be read: {_said(problem, lines=1)}") from problem


def _said(problem: Exception, lines: int | None = None) -> str:
    """What a library says (in its first lines), on one line and without the colours it writes for terminals."""
    text = "\n".join(_COLOUR.sub("", str(problem)).splitlines()[:lines])
    return " ".join(text.split()) or type(problem).__name__


def _plain_text(data: pd.DataFrame) -> pd.DataFrame:
    """Text of pandas' nullable and Arrow types as plain objects: formulaic takes those columns for numbers."""
    text = {
        name: data[name].astype(object)
        for name, kind in zip(data.columns, data.dtypes, strict=True)
        if isinstance(name, str) and getattr(kind, "na_value", None) is pd.NA and pd.api.types.is_string_dtype(kind)
    }
    return data.assign(**text) if text else data


def _build(parsed, text: str, data: pd.DataFrame):
    data = _plain_text(data)
    try:
        return parsed.get_model_matrix(data, output="numpy", na_action="ignore", context=None)
    except Exception as problem:
        raise ModelError(f"The formula {text!r} cannot be evaluated on the data: {_said(problem)}") from problem


def required_columns(text: str, data: pd.DataFrame) -> list[str]:
    """Columns of ``data`` a formula (two-sided or one-sided) reads; a name that is no column is an error."""
    plain = _plain_terms(text, data)
    if plain is not None:
        return plain.columns
    parsed = _parse(text)
    return check_columns(sorted(parsed.required_variables), data, text)


def check_columns(names: list[str], data: pd.DataFrame, text: str) -> list[str]:
    """The names, or an error that lists those which are no column, or hold dates."""
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise ModelError(
            f"The formula {text!r} names {', '.join(map(repr, missing))}, which the data do not have: "
            f"the columns are {', '.join(map(str, data.columns))}."
        )
    for name in names:
        if pd.api.types.is_datetime64_any_dtype(data[name].dtype):
            raise ModelError(
                f"The formula {text!r} reads {name!r}, which holds dates: give days or weeks since a start as numbers."
            )
    return names


def _is_plain_number(column: pd.Series) -> bool:
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"


@dataclass(frozen=True)
class PlainTerms:
    """A one-sided formula that is only a sum of numeric columns and products of them: its intercept and its products.

    Read without formulaic, which takes longer than the fit.
    """

    intercept: bool
    products: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> list[str]:
        """Columns the formula reads."""
        return list(dict.fromkeys(name for product in self.products for name in product))


def _expanded(token: str) -> list[tuple[str, ...]]:
    """Products that ``a:b`` and ``a*b`` stand for, in formulaic's order."""
    out: list[tuple[str, ...]] = []
    for part in token.split("*"):
        own = tuple(name.strip() for name in part.split(":"))
        out += [own, *(product + own for product in out)]
    return out


def _plain_terms(text: str, data: pd.DataFrame) -> PlainTerms | None:
    """Plain terms of a one-sided formula; None for any other formula."""
    constants: set[str] = set()
    products: dict[frozenset[str], tuple[str, ...]] = {}
    for token in text.split("+"):
        if token.strip() in ("0", "1"):
            constants.add(token.strip())
            continue
        for product in _expanded(token):
            names = frozenset(product)
            if len(names) < len(product):
                return None
            for name in product:
                if not name.isidentifier() or name not in data.columns or not _is_plain_number(data[name]):
                    return None
            products.setdefault(names, product)
    if len(constants) > 1:
        return None
    return PlainTerms("0" not in constants, tuple(sorted(products.values(), key=len)))


def _plain_columns(products: Iterable[tuple[str, ...]], data: pd.DataFrame) -> np.ndarray:
    """Products of numeric columns, one column each; the empty product is 1."""
    products = list(products)
    values = np.ones((len(data), len(products)))
    for j, product in enumerate(products):
        for name in product:
            values[:, j] *= data[name].to_numpy(dtype=float)
    return values


def _plain_terms_matrix(plain: PlainTerms, data: pd.DataFrame) -> Matrix:
    """Matrix of plain terms, as formulaic would make it."""
    products = ((), *plain.products) if plain.intercept else plain.products
    names = tuple(":".join(product) or "Intercept" for product in products)
    terms = tuple(
        Term(name, frozenset(product) or _INTERCEPT, (j,))
        for j, (name, product) in enumerate(zip(names, products, strict=True))
    )
    return Matrix(_plain_columns(products, data), names, terms)


def random_matrix(text: str, data: pd.DataFrame) -> Matrix:
    """Random-effects matrix of a one-sided formula such as ``"1 + time"``; it may have no column."""
    plain = _plain_terms(text, data)
    if plain is None:
        return _matrix(_build(_parse(text), text, data))
    return _plain_terms_matrix(plain, data)


@dataclass(frozen=True)
class PlainFormula:
    """A two-sided formula whose outcome is a numeric column and whose right side is plain."""

    response: str
    right: PlainTerms


def parse_two_sided(text: str, data: pd.DataFrame):
    """Parsed formula and the columns it reads."""
    if "~" not in text:
        raise ModelError(f"The formula {text!r} has no '~': write 'outcome ~ predictors'.")
    plain = _PLAIN.fullmatch(text)
    if plain and plain[1] in data.columns and _is_plain_number(data[plain[1]]):
        right = _plain_terms(plain[2], data)
        if right is not None:
            return PlainFormula(plain[1], right), [plain[1], *right.columns]
    parsed = _parse(text)
    return parsed, check_columns(sorted(parsed.required_variables), data, text)


def fixed_part(parsed, text: str, data: pd.DataFrame) -> FixedPart:
    """Outcome and fixed-effects matrix of a two-sided formula on complete rows."""
    if isinstance(parsed, PlainFormula):
        outcome = data[parsed.response].to_numpy(dtype=float)
        return FixedPart(parsed.response, outcome, _plain_terms_matrix(parsed.right, data))
    built = _build(parsed, text, data)
    if not hasattr(built, "lhs"):
        raise ModelError(f"The formula {text!r} names no outcome: write 'outcome ~ predictors'.")
    outcome = _matrix(built.lhs)
    if any(f"{term.name}[" in name for term in outcome.terms for name in outcome.names):
        raise ModelError(f"The outcome of {text!r} is text, not numbers: convert the column first.")
    if outcome.values.shape[1] != 1:
        raise ModelError(
            f"The outcome of {text!r} becomes {outcome.values.shape[1]} columns "
            f"({', '.join(outcome.names)}): it must be one numeric column."
        )
    return FixedPart(outcome.names[0], outcome.values[:, 0], _matrix(built.rhs))


def new_rows(fixed: Matrix, data: pd.DataFrame) -> np.ndarray:
    """Rows of a fixed-effects matrix for new data (columns left out as aliased are left out)."""
    if fixed.spec is None:
        products = [() if name == "Intercept" else tuple(name.split(":")) for name in fixed.names]
        check_columns(sorted(variables(fixed)), data, " + ".join(fixed.names))
        return _plain_columns(products, data)
    data = _plain_text(data)
    try:
        built = fixed.spec.get_model_matrix(data, output="numpy", na_action="ignore", context=None)
    except Exception as problem:
        raise ModelError(f"The formula cannot be evaluated on the new data: {_said(problem)}") from problem
    names = [str(name) for name in fixed.spec.column_names]
    return np.asarray(built, dtype=float)[:, [names.index(name) for name in fixed.names]]


def variables(fixed: Matrix) -> set[str]:
    """Names a fixed-effects matrix reads."""
    if fixed.spec is None:
        return {part for name in fixed.names if name != "Intercept" for part in name.split(":")}
    return {str(name) for name in fixed.spec.variables}
