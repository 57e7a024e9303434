"""A raw sheet as text, before anything is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class RawSheet:
    """One sheet of a file: every cell text, each row with its number in the file.

    Parameters
    ----------
    file : path relative to the wave folder, POSIX.
    sheet : sheet of a workbook, None for a text file.
    headings : column headings, blanks at their ends removed.
    cells : the cells as text, columns numbered 0 … in the order of `headings`, "" where empty.
    rows : number of each row as a spreadsheet shows it.
    heading_row : number of the row of the headings; None where a file's variables stand in no row.
    typed : whether the file's own cells have types (workbook, SPSS, parquet): its dates come as ISO text.
    """

    file: str
    sheet: str | None
    headings: list[str]
    cells: pd.DataFrame
    rows: np.ndarray
    heading_row: int | None = 1
    typed: bool = False


@dataclass(frozen=True)
class NamedSheet:
    """A raw sheet whose columns have our names; rows that hold nothing are gone.

    `headings` gives the file's heading by our name, for messages; `matched` what a patterned heading names.
    """

    file: str
    sheet: str | None
    cells: pd.DataFrame
    rows: np.ndarray
    headings: dict[str, str]
    matched: dict[str, dict[str, str]]
    typed: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, name: str) -> bool:
        """Whether the sheet has a column of ours."""
        return name in self.cells.columns

    def text(self, name: str, default: str = "") -> pd.Series:
        """A column as text; a constant where the sheet has none."""
        import pandas as pd

        if self.has(name):
            return self.cells[name]
        return pd.Series(default, index=self.cells.index, dtype="str")

    def heading(self, name: str) -> str:
        """The file's own heading of a column of ours."""
        return self.headings.get(name, name)

    def source(self) -> dict[str, object]:
        """The columns that say where each row came from."""
        return {"source_file": self.file, "source_sheet": self.sheet, "source_row": self.rows}

    def keep(self, mask: np.ndarray) -> NamedSheet:
        """The rows of a mask."""
        return replace(self, cells=self.cells[mask].reset_index(drop=True), rows=self.rows[mask])

    def stacked(self, names: Sequence[str], carried: Sequence[str] = ()) -> NamedSheet:
        """The cells of several columns below each other, as the column `value`; the carried columns repeat."""
        import numpy as np
        import pandas as pd

        cells = pd.DataFrame({"value": pd.concat([self.cells[name] for name in names], ignore_index=True)})
        for name in carried:
            if self.has(name):
                cells[name] = pd.concat([self.cells[name]] * len(names), ignore_index=True)
        return replace(self, cells=cells, rows=np.tile(self.rows, len(names)), headings={}, matched={})

    def repeated_headings(self, names: Sequence[str]) -> np.ndarray:
        """The file's heading of each cell of `stacked`."""
        import numpy as np

        return np.repeat(np.array([self.heading(name) for name in names], dtype=object), len(self))

    def with_columns(self, **columns: pd.Series) -> NamedSheet:
        """The sheet with further columns."""
        return replace(self, cells=self.cells.assign(**columns))
