"""What a hand-over table is: its columns, their kinds and units, its key, and the check it must pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "integer", "number", "flag"]
"""Dates and times are ISO text: a CSV has no other kind, and ISO text sorts as time does."""

PANDAS_TYPES: dict[str, str] = {"text": "string", "integer": "Int64", "number": "float64", "flag": "boolean"}


class TableError(ValueError):
    """A hand-over table does not keep its schema; the message lists every offending column and row."""


@dataclass(frozen=True)
class Column:
    """One column of a hand-over table.

    Parameters
    ----------
    name : the column's name in the CSV.
    kind : "text", "integer", "number" or "flag" (true/false).
    description : what it holds, in words a reviewer reads in the data dictionary.
    unit : unit of measurement, or "" where it has none or where another column names it.
    nullable : whether an empty cell is allowed.
    allowed : the only values allowed, or () for any.
    minimum, maximum : inclusive limits of a number.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def measured(name: str, description: str, unit: str = "") -> Column:
    """A number that may be missing: what most columns of a result are."""
    return Column(name, "number", description, unit, nullable=True)


def coefficient(description: str, statistic: str, infinite: str) -> tuple[Column, ...]:
    """An estimate with its test and interval; `statistic` names the statistic, `infinite` the test without df."""
    return (
        measured("estimate", description),
        measured("std_error", "its standard error"),
        measured("df", f"degrees of freedom (inf for {infinite})"),
        measured("statistic", statistic),
        measured("p_value", "two-sided p"),
        measured("ci_low", "lower end of the interval"),
        measured("ci_high", "upper end of the interval"),
    )


@dataclass(frozen=True)
class Table:
    """A hand-over table: where it lies, what a row is, its columns and key.

    `open_columns` says what further columns may follow (a wave's own variables), or is "" where none may; `part` names
    the column whose values are parts of the table with raw files of their own (a pool among pools), or is "".
    """

    name: str
    stage: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    open_columns: str = ""
    file_name: str = field(default="")
    part: str = ""

    @property
    def file(self) -> str:
        """File name inside the stage's results folder."""
        return self.file_name or f"{self.name}.csv"

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """A frame with this table's columns and types and no row."""
        import pandas as pd

        return pd.DataFrame({c.name: pd.Series(dtype=PANDAS_TYPES[c.kind]) for c in self.columns})

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with columns in the table's order and types, checked.

        Raises
        ------
        TableError
            if a column is missing, unknown or of another type, a value is out of range, or a key is doubled.
        """
        import pandas as pd

        problems = [f"column {name!r} is missing" for name in self.names if name not in frame.columns]
        extra = [name for name in frame.columns if name not in self.names]
        if extra and not self.open_columns:
            problems.append(f"unknown columns {extra}")
        if problems:
            raise TableError(f"table {self.stage}/{self.name}: " + "; ".join(problems))
        typed = frame[self.names + extra].copy().reset_index(drop=True)
        for column in self.columns:
            try:
                typed[column.name] = typed[column.name].astype(PANDAS_TYPES[column.kind])
            except (TypeError, ValueError) as error:
                problems.append(f"column {column.name!r} does not hold {column.kind}: {error}")
        for name in extra:
            if typed[name].dtype == object:
                typed[name] = typed[name].convert_dtypes()
        if problems:
            raise TableError(f"table {self.stage}/{self.name}: " + "; ".join(problems))
        if self.key and typed.duplicated(list(self.key)).any():
            doubled = typed[typed.duplicated(list(self.key), keep=False)][list(self.key)]
            problems.append(f"key {self.key} is doubled: {doubled.head(4).to_dict('records')}")
        problems += self._value_problems(typed)
        if problems:
            raise TableError(f"table {self.stage}/{self.name}: " + "; ".join(problems))
        return pd.DataFrame(typed)

    def _value_problems(self, typed: pd.DataFrame) -> list[str]:
        import pandera.pandas as pa
        from pandera.errors import SchemaErrors

        columns = {}
        for c in self.columns:
            checks = []
            if c.allowed:
                checks.append(pa.Check.isin(c.allowed))
            if c.minimum is not None:
                checks.append(pa.Check.ge(c.minimum))
            if c.maximum is not None:
                checks.append(pa.Check.le(c.maximum))
            columns[c.name] = pa.Column(checks=checks, nullable=c.nullable)
        try:
            pa.DataFrameSchema(columns, strict=False).validate(typed, lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases
            return [
                f"column {column!r}: {check} fails for {list(group['failure_case'].head(3))} in rows "
                f"{list(group['index'].head(3))}"
                for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False)
            ]
        return []
