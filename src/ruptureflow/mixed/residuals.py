"""Residual structures: spelling, parameters, and the relative covariance of rows with its derivatives."""

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from ruptureflow.mixed.errors import ModelError

# A correlation as near as this to 0 (of the nearest rows) or to 1 is at its bound, as the verdict on random effects.
_AT_ZERO = 1e-4
_AT_ONE = 1.0 - 1e-6
SPELLINGS = '"independent", "ar1(session)", "car1(weeks)", "varying(role)", "unstructured(role | session)"'


@dataclass(frozen=True)
class ResidualSpec:
    """A residual structure as asked for: its kind and the columns it reads."""

    kind: str
    columns: tuple[str, ...] = ()

    @property
    def independent(self) -> bool:
        """Whether residuals are independent with one variance."""
        return self.kind == "independent"


def parse_residual(text: str | None) -> ResidualSpec:
    """Read the spelling of a residual structure."""
    text = (text or "independent").strip()
    if text == "independent":
        return ResidualSpec("independent")
    match = re.fullmatch(r"(ar1|car1|varying)\(\s*([^()|]+?)\s*\)", text)
    if match:
        return ResidualSpec(match[1], (match[2],))
    match = re.fullmatch(r"unstructured\(\s*([^()|]+?)\s*\|\s*([^()|]+?)\s*\)", text)
    if match:
        return ResidualSpec("unstructured", (match[1], match[2]))
    raise ModelError(f"No residual structure is spelt {text!r}: use one of {SPELLINGS}.")


@dataclass(frozen=True)
class Slopes:
    """Relative covariance of stacked blocks and its first and second derivatives by the parameters."""

    value: np.ndarray
    first: tuple[np.ndarray, ...]
    second: tuple[tuple[np.ndarray | None, ...], ...]


class ResidualStructure(Protocol):
    """Relative residual covariance as a function of unbounded parameters (all 0: nearly independent)."""

    count: int

    def slopes(self, eta: np.ndarray, rows: np.ndarray, same: np.ndarray) -> Slopes:
        """Covariance and derivatives for blocks of ``rows`` ``(blocks, n)``; ``same``: same innermost unit."""

    def parameters(self, eta: np.ndarray, sigma2: float) -> dict[str, float]:
        """Parameters in the words of the field."""

    def bounds(self, eta: np.ndarray) -> dict[int, str]:
        """Parameters at the edge of what is possible: their number and where they are, ``"correlation at 0"``."""


def _power(base: float, exponent: np.ndarray) -> np.ndarray:
    """``base ** exponent`` with 0 for negative exponents (their factor is zero)."""
    return np.where(exponent >= 0, np.power(base, np.maximum(exponent, 0)), 0.0)


@dataclass(frozen=True)
class Autoregressive:
    """AR(1) over the order of the occasions: correlation ``rho ** |steps|``, ``rho = tanh(eta)``."""

    position: np.ndarray
    count: int = 1

    def slopes(self, eta: np.ndarray, rows: np.ndarray, same: np.ndarray) -> Slopes:
        """See ResidualStructure."""
        rho = float(np.tanh(eta[0]))
        turn = 1.0 - rho**2
        here = self.position[rows]
        lag = np.abs(here[:, :, None] - here[:, None, :])
        first = lag * _power(rho, lag - 1)
        second = lag * (lag - 1) * _power(rho, lag - 2) * turn**2 - 2.0 * rho * turn * first
        return Slopes(same * _power(rho, lag), (same * first * turn,), ((same * second,),))

    def parameters(self, eta: np.ndarray, sigma2: float) -> dict[str, float]:
        """See ResidualStructure."""
        return {"variance": sigma2, "correlation": float(np.tanh(eta[0]))}

    def bounds(self, eta: np.ndarray) -> dict[int, str]:
        """See ResidualStructure."""
        rho = float(np.tanh(eta[0]))
        return {0: f"correlation at {'-' if rho < 0 else ''}1"} if abs(rho) >= _AT_ONE else {}


@dataclass(frozen=True)
class ContinuousAutoregressive:
    """Continuous-time AR(1): correlation ``rho ** |time difference|``, ``rho = exp(-exp(eta) / unit)``.

    ``unit`` is the median, ``least`` the least time between two rows of a group.
    """

    time: np.ndarray
    unit: float
    least: float
    count: int = 1

    def slopes(self, eta: np.ndarray, rows: np.ndarray, same: np.ndarray) -> Slopes:
        """See ResidualStructure."""
        here = self.time[rows] / self.unit
        reach = np.exp(np.minimum(eta[0], 50.0)) * np.abs(here[:, :, None] - here[:, None, :])
        value = same * np.exp(-reach)
        return Slopes(value, (-reach * value,), (((reach**2 - reach) * value,),))

    def parameters(self, eta: np.ndarray, sigma2: float) -> dict[str, float]:
        """See ResidualStructure."""
        return {"variance": sigma2, "correlation": float(np.exp(-np.exp(eta[0]) / self.unit))}

    def bounds(self, eta: np.ndarray) -> dict[int, str]:
        """See ResidualStructure."""
        rate = np.exp(eta[0])
        if np.exp(-rate * self.least / self.unit) <= _AT_ZERO:
            return {0: "correlation at 0"}
        return {0: "correlation at 1"} if np.exp(-rate) >= _AT_ONE else {}


@dataclass(frozen=True)
class Varying:
    """A variance for each stratum, the first as the residual variance: ``exp(eta)`` relative to it."""

    stratum: np.ndarray
    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of parameters."""
        return len(self.labels) - 1

    def slopes(self, eta: np.ndarray, rows: np.ndarray, same: np.ndarray) -> Slopes:
        """See ResidualStructure."""
        n = rows.shape[1]
        where = self.stratum[rows]
        relative = np.exp(np.concatenate([[0.0], eta]))
        diagonal = np.arange(n)

        def spread(values: np.ndarray) -> np.ndarray:
            out = np.zeros((len(rows), n, n))
            out[:, diagonal, diagonal] = values
            return out

        first = tuple(spread((where == k + 1) * relative[k + 1]) for k in range(self.count))
        second = tuple(tuple(first[k] if k == m else None for m in range(self.count)) for k in range(self.count))
        return Slopes(spread(relative[where]), first, second)

    def parameters(self, eta: np.ndarray, sigma2: float) -> dict[str, float]:
        """See ResidualStructure."""
        relative = np.exp(np.concatenate([[0.0], eta]))
        return {f"variance[{name}]": float(sigma2 * r) for name, r in zip(self.labels, relative, strict=True)}

    def bounds(self, eta: np.ndarray) -> dict[int, str]:
        """See ResidualStructure."""
        relative = np.exp(np.concatenate([[0.0], eta]))
        zero = np.flatnonzero(relative <= _AT_ZERO**2 * relative.max())
        # the first stratum is what the others are relative to: it takes the place of the first of them
        return {max(int(j) - 1, 0): f"variance[{self.labels[j]}] at 0" for j in zero}


@dataclass(frozen=True)
class Occasion:
    """Unstructured within an occasion: a covariance matrix over roles, occasions independent.

    The relative matrix is ``L L'`` with ``L[0, 0] = 1``; ``eta`` holds the log of the other diagonal entries and
    the entries below it, row by row.
    """

    role: np.ndarray
    occasion: np.ndarray
    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of parameters."""
        size = len(self.labels)
        return size * (size + 1) // 2 - 1

    def _factor(self, eta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        size = len(self.labels)
        lower = np.zeros((size, size))
        lower[0, 0] = 1.0
        first, bend = [], []
        k = 0
        for a in range(1, size):
            for b in range(a + 1):
                lower[a, b] = np.exp(eta[k]) if a == b else eta[k]
                one, two = np.zeros((size, size)), np.zeros((size, size))
                one[a, b] = lower[a, b] if a == b else 1.0
                two[a, b] = lower[a, b] if a == b else 0.0
                first.append(one)
                bend.append(two)
                k += 1
        return lower, first, bend

    def matrix(self, eta: np.ndarray) -> np.ndarray:
        """Relative covariance over roles."""
        lower = self._factor(eta)[0]
        return lower @ lower.T

    def slopes(self, eta: np.ndarray, rows: np.ndarray, same: np.ndarray) -> Slopes:
        """See ResidualStructure."""
        role, occasion = self.role[rows], self.occasion[rows]
        together = same * (occasion[:, :, None] == occasion[:, None, :])
        a, b = role[:, :, None], role[:, None, :]
        lower, one, two = self._factor(eta)

        def spread(matrix: np.ndarray) -> np.ndarray:
            return together * matrix[a, b]

        def symmetric(matrix: np.ndarray) -> np.ndarray:
            return matrix + matrix.T

        first = tuple(spread(symmetric(d @ lower.T)) for d in one)
        second = []
        for k in range(self.count):
            row = []
            for m in range(self.count):
                curve = symmetric(one[k] @ one[m].T)
                if k == m:
                    curve = curve + symmetric(two[k] @ lower.T)
                row.append(spread(curve) if curve.any() else None)
            second.append(tuple(row))
        return Slopes(spread(lower @ lower.T), first, tuple(second))

    def parameters(self, eta: np.ndarray, sigma2: float) -> dict[str, float]:
        """See ResidualStructure."""
        matrix = sigma2 * self.matrix(eta)
        size = np.sqrt(np.diag(matrix))
        out = {f"variance[{name}]": float(matrix[j, j]) for j, name in enumerate(self.labels)}
        for j in range(len(self.labels)):
            for i in range(j):
                out[f"correlation[{self.labels[i]}, {self.labels[j]}]"] = float(matrix[i, j] / size[i] / size[j])
        return out

    def bounds(self, eta: np.ndarray) -> dict[int, str]:
        """See ResidualStructure."""
        matrix = self.matrix(eta)
        variance = np.diag(matrix)
        out, k = {}, 0
        for a in range(1, len(self.labels)):
            for b in range(a + 1):
                if a == b:
                    if variance[a] <= _AT_ZERO**2 * variance.max():
                        out[k] = f"variance[{self.labels[a]}] at 0"
                elif abs(matrix[a, b]) >= _AT_ONE * np.sqrt(variance[a] * variance[b]):
                    sign = "-" if matrix[a, b] < 0 else ""
                    out[k] = f"correlation[{self.labels[b]}, {self.labels[a]}] at {sign}1"
                k += 1
        return out


def _refuse_doubles(unit: np.ndarray, *keys: np.ndarray, what: str, frame: pd.DataFrame) -> None:
    table = pd.DataFrame({"unit": unit, **{f"key{j}": key for j, key in enumerate(keys)}})
    double = table.duplicated(keep=False).to_numpy()
    if double.any():
        rows = frame.index[double][:4].tolist()
        raise ModelError(f"Two rows of one group have the same {what} (rows {rows}): keep one of them.")


def _numeric(frame: pd.DataFrame, name: str, kind: str) -> np.ndarray:
    """A column as numbers; dates and time differences in days."""
    column = frame[name]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column - column.min()
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        column = column / pd.Timedelta(days=1)
    try:
        values = column.to_numpy(dtype=float)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"{kind}({name}) needs numbers in column {name!r}: convert it first.") from problem
    if not np.isfinite(values).all():
        raise ModelError(f"{kind}({name}) needs finite numbers in column {name!r}.")
    return values


def _in_order(column: pd.Series, name: str) -> pd.Series:
    """A column that has an order; numbers written as text are numbers (as text, "12" comes before "4")."""
    kind = column.dtype
    ordered = isinstance(kind, pd.CategoricalDtype) and kind.ordered
    if ordered or pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return column
    try:
        return pd.to_numeric(column.astype(object))
    except (TypeError, ValueError) as problem:
        raise ModelError(
            f"ar1({name}) needs an order: make column {name!r} numbers or an ordered categorical."
        ) from problem


def residual_structure(spec: ResidualSpec, frame: pd.DataFrame, unit: np.ndarray) -> ResidualStructure:
    """Structure for the rows of a design; ``unit`` is the innermost group of each row."""
    name = spec.columns[0]
    if spec.kind == "ar1":
        position, _ = pd.factorize(_in_order(frame[name], name), sort=True)
        _refuse_doubles(unit, position, what=name, frame=frame)
        return Autoregressive(position.astype(float))
    if spec.kind == "car1":
        time = _numeric(frame, name, "car1")
        _refuse_doubles(unit, time, what=name, frame=frame)
        order = np.lexsort((time, unit))
        gaps = np.diff(time[order])[np.diff(unit[order]) == 0]
        if not len(gaps):
            raise ModelError(f"car1({name}) needs groups with two rows or more: no group has them.")
        return ContinuousAutoregressive(time, float(np.median(gaps)), float(gaps.min()))
    role, labels = pd.factorize(frame[name], sort=True)
    labels = tuple(str(label) for label in labels)
    if len(labels) < 2:
        raise ModelError(f"{spec.kind}({name}) needs two values or more in column {name!r}, it has {len(labels)}.")
    if spec.kind == "varying":
        return Varying(role, labels)
    occasion, _ = pd.factorize(frame[spec.columns[1]], sort=True)
    _refuse_doubles(unit, role, occasion, what=f"{name} and {spec.columns[1]}", frame=frame)
    if not pd.DataFrame({"unit": unit, "occasion": occasion}).duplicated().any():
        raise ModelError(
            f"unstructured({name} | {spec.columns[1]}) needs groups with two rows in one {spec.columns[1]}: none has."
        )
    return Occasion(role, occasion, labels)
