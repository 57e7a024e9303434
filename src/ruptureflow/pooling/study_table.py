"""A user's table of studies: its cells as text, then as checked numbers, every problem with its place and fix."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.pooling.errors import PoolingError

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.studies import PublishedPool

SEPARATORS = {";": "';'", "\t": '"\\t"', ",": "','"}
FIRST_ROW = 2  # as a spreadsheet counts: the headings stand in row 1


def read_cells(content: bytes, file: str, delimiter: str = ",") -> pd.DataFrame:
    """The cells of a CSV as text, without the blanks around them; the index counts rows from the first below the head.

    Raises
    ------
    PoolingError
        if the file is not UTF-8, has no or doubled headings, or a row of another length than the headings.
    """
    import pandas as pd

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PoolingError(f"{file}: not UTF-8 text (byte {error.start + 1}); save it as CSV UTF-8") from None
    lines = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    if not lines or not any(lines[0]):
        raise PoolingError(f"{file}: row 1 has no headings; write the columns' names there")
    head = lines[0]
    other = next((sign for sign in SEPARATORS if sign != delimiter and sign in head[0]), None)
    if len(head) == 1 and other:
        raise PoolingError(
            f"{file}: row 1 is one heading, {head[0]!r}; if cells are separated by {SEPARATORS[other]}, "
            f"write delimiter: {SEPARATORS[other]} in the pool"
        )
    doubled = sorted({name for name in head if name and head.count(name) > 1})
    if doubled:
        raise PoolingError(f"{file}: row 1: heading {doubled[0]!r} stands twice; rename one of the columns")
    filled = [(number, cells) for number, cells in enumerate(lines[1:]) if any(cells)]
    for number, cells in filled:
        if len(cells) > len(head) and any(cells[len(head) :]):
            raise PoolingError(
                f"{file}: row {number + FIRST_ROW}: {len(cells)} cells under {len(head)} headings; put cells that "
                f"hold a {delimiter!r} in quotes, or declare another delimiter"
            )
    rows = [(cells + [""] * len(head))[: len(head)] for _, cells in filled]
    return pd.DataFrame(rows, columns=head, index=[number for number, _ in filled], dtype="str")


@dataclass
class StudyCells:
    """The columns that a pool declares of a table, read cell by cell; what is wrong collects in `problems`."""

    asked: PublishedPool
    frame: pd.DataFrame
    problems: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether the table has one of our columns; one that the pool names and the table lacks is a problem."""
        heading = self.asked.heading(name)
        if heading in self.frame:
            return True
        if name in self.asked.columns:
            self._missing(heading)
        return False

    def text(self, heading: str) -> list[str]:
        """Cells of a heading; empty ones where the table lacks it, which is a problem."""
        if heading not in self.frame:
            self._missing(heading)
            return [""] * len(self.frame)
        return [str(cell) for cell in self.frame[heading]]

    def number(
        self,
        name: str,
        rule: Callable[[float], str] | None = None,
        blank: bool = False,
        skip: np.ndarray | None = None,
    ) -> np.ndarray:
        """One of our columns as numbers.

        Parameters
        ----------
        rule : says what is wrong with a number and how to mend it, or "".
        blank : whether a cell may be empty (NaN).
        skip : rows that are left out (NaN).
        """
        heading = self.asked.heading(name)
        values = np.full(len(self.frame), np.nan)
        for i, cell in enumerate(self.text(heading)):
            if heading not in self.frame or (skip is not None and skip[i]) or (blank and not cell):
                continue
            values[i] = self.value(heading, i, cell, rule, blank)
        return values

    def value(
        self, heading: str, i: int, cell: str, rule: Callable[[float], str] | None = None, blank: bool = False
    ) -> float:
        """A cell as a number; NaN and a problem where it is none, or not a possible one."""
        text = cell.replace("−", "-")
        if self.asked.decimal == ",":
            text = text.replace(",", ".") if "." not in text else "no number"
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            fix = self._fix(heading, cell, blank)
            self.problem(i, heading, cell, f"is not a number; {fix}" if cell else f"is empty; {fix}")
            return np.nan
        wrong = rule(value) if rule else ""
        if wrong:
            self.problem(i, heading, cell, wrong)
            return np.nan
        return value

    def _fix(self, heading: str, cell: str, blank: bool) -> str:
        """What to do about a cell that is no number."""
        from ruptureflow.config.studies import NEEDED

        sign, other = (",", "point") if self.asked.decimal == "." else (".", "comma")
        fix = f"write it with a {other}, or declare decimal: '{sign}' in the pool"
        # A first 0 separates no thousands: 0,123 is a decimal comma, 1,040 may be either.
        if re.fullmatch(rf"[-−]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+", cell):
            name = "comma" if sign == "," else "point"
            thousands = f"if the {name} separates thousands, write {cell.replace(sign, '')}"
            return f"{thousands}; if it is a decimal {name}, {fix}" if cell.count(sign) == 1 else thousands
        if cell.count(sign) == 1 and _is_number(cell.replace(sign, ".")):
            return fix if sign == "," else f"the pool declares decimal: ','; {fix}"
        first = self.asked.heading(NEEDED[self.asked.effect][0])
        if blank or (self.asked.blank_rows == "leave out" and heading == first and cell):
            return "write a number, or leave the cell empty"
        if self.asked.blank_rows == "leave out" and heading != first:
            return f"write a number, or leave out the row: leave its cell in column {first!r} empty"
        return "write a number, or leave out the row"

    def problem(self, i: int, heading: str, cell: str, what: str) -> None:
        """Note a problem of a cell with its place as a spreadsheet shows it."""
        row = int(self.frame.index[i]) + FIRST_ROW
        line = f"{self.asked.file}: row {row}, column {heading!r}: {cell!r} {what}"
        if line not in self.problems:
            self.problems.append(line)

    def stop(self) -> None:
        """Raise what has been noted."""
        if self.problems:
            raise PoolingError("\n".join(f"pool {self.asked.pool}: {one}" for one in self.problems))

    def _missing(self, heading: str) -> None:
        known = {str(name).lower(): str(name) for name in self.frame.columns}
        near = difflib.get_close_matches(heading.lower(), known, n=1)
        hint = f"did you mean {known[near[0]]!r}?" if near else f"the file has {', '.join(known.values())}."
        line = f"{self.asked.file}: no column {heading!r}; {hint}"
        if heading not in (self.asked.subgroups, *self.asked.moderators):
            ours = "label" if heading == self.asked.heading("label") else heading
            ours = next((name for name, own in self.asked.columns.items() if own == heading), ours)
            line += f" Say in the pool which column holds it: columns: {{{ours}: …}}"
        if line not in self.problems:
            self.problems.append(line)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def above_zero(what: str) -> Callable[[float], str]:
    """A rule: the number lies above zero."""
    return lambda value: "" if value > 0 else f"is no {what}, which is above 0; correct it, or leave out the row"


def at_least(least: float, what: str) -> Callable[[float], str]:
    """A rule: the number is not below `least`."""
    return lambda value: (
        "" if value >= least else f"is too small a {what} for this effect, which needs {least:g}; leave out the row"
    )


def whole(value: float) -> str:
    """A rule: the number counts something."""
    return "" if value == round(value) else "is no whole number; write how many, without a separator of thousands"


def counted(least: float, what: str) -> Callable[[float], str]:
    """A rule: the number counts something and is not below `least`."""
    enough = at_least(least, what)
    return lambda value: whole(value) or enough(value)


def correlation(value: float) -> str:
    """A rule: the number is a correlation that has a Fisher's z."""
    return "" if abs(value) < 1 else "is no correlation between -1 and 1; correct it, or leave out the row"
