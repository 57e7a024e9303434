"""What intake finds in raw files: problems for the person, and the ledger of what was changed or set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ruptureflow.intake.raw import NamedSheet, RawSheet
from ruptureflow.tables import intake

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass
class Findings:
    """Collects problems and ledger rows of a whole wave, in blocks, so that a million cells cost no loop."""

    _problems: list[dict[str, Any]] = field(default_factory=list)
    _ledger: list[dict[str, Any]] = field(default_factory=list)
    _headings: dict[tuple[str, str | None], Mapping[str, str]] = field(default_factory=dict)

    def know_headings(self, file: str, sheet: str | None, headings: Mapping[str, str]) -> None:
        """Remember a sheet's headings by our names, so that a problem of a clean row can name its column."""
        self._headings[(file, sheet)] = headings

    def about_file(
        self,
        severity: Severity,
        file: str,
        problem: str,
        fix: str,
        sheet: str | None = None,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """One problem of a file, a sheet, a row or a heading."""
        self._problems.append(
            {
                "severity": severity,
                "file": file,
                "sheet": sheet,
                "row": [row],
                "column": column,
                "value": value,
                "problem": problem,
                "fix": fix,
            }
        )

    def about_cells(
        self,
        severity: Severity,
        sheet: NamedSheet | RawSheet,
        mask: Any,
        column: str | np.ndarray | None,
        values: Any,
        problem: str | Sequence[str],
        fix: str | Sequence[str],
    ) -> None:
        """One problem a masked row.

        `values` are the cells of all rows, `column` their heading or the heading of each; problem and fix may differ by
        masked row.
        """
        rows = sheet.rows[mask]
        if len(rows):
            shown = None if values is None else values[mask].to_numpy(dtype=object)
            self._problems.append(
                {
                    "severity": severity,
                    "file": sheet.file,
                    "sheet": sheet.sheet,
                    "row": rows,
                    "column": _masked(column, mask),
                    "value": shown,
                    "problem": problem,
                    "fix": fix,
                }
            )

    def about_rows(
        self, severity: Severity, frame: pd.DataFrame, value: Any, problem: Any, fix: Any, column: Sequence[str] = ()
    ) -> None:
        """One problem for each row of a clean frame, placed by its source columns.

        `column` gives our names of the column at fault; the heading is the first of them that the row's sheet has.
        """
        if len(frame):
            places = zip(frame["source_file"], frame["source_sheet"], strict=True)
            headings = [self._headings.get((file, None if sheet != sheet else sheet), {}) for file, sheet in places]
            self._problems.append(
                {
                    "severity": severity,
                    "file": frame["source_file"].to_numpy(dtype=object),
                    "sheet": frame["source_sheet"].to_numpy(dtype=object),
                    "row": frame["source_row"].to_numpy(),
                    "column": [next((known[name] for name in column if name in known), None) for known in headings],
                    "value": value,
                    "problem": problem,
                    "fix": fix,
                }
            )

    def ledger(
        self,
        action: Literal["changed", "set aside", "refused"],
        sheet: NamedSheet | RawSheet,
        mask: Any,
        column: str | np.ndarray | None,
        values: Any,
        reason: str,
        new_values: Any = None,
    ) -> None:
        """One ledger row a masked row (a whole row where `column` is None)."""
        rows = sheet.rows[mask]
        if len(rows):
            self._ledger.append(
                {
                    "file": sheet.file,
                    "sheet": sheet.sheet,
                    "row": rows,
                    "column": _masked(column, mask),
                    "value": None if values is None else values[mask].to_numpy(dtype=object),
                    "action": action,
                    "new_value": None if new_values is None else new_values[mask].to_numpy(dtype=object),
                    "reason": reason,
                }
            )

    def rows_aside(self, file: str, sheet: str | None) -> set[int]:
        """Numbers of the whole rows of a sheet that were set aside or refused."""
        return {
            int(row)
            for block in self._ledger
            if block["file"] == file and block["sheet"] == sheet and block["column"] is None
            for row in block["row"]
        }

    def cells_in_error(self) -> set[tuple[str, str | None, int, str | None]]:
        """File, sheet, row and column of every error; None for the column that holds a tube's signal."""
        from pandas import NA

        table = self.problems_table()
        errors = table[table["severity"] == "error"]
        cells = set()
        for each in errors[["file", "sheet", "row", "column"]].astype("object").itertuples(index=False):
            file, sheet, row, column = (None if value is NA or value != value else value for value in each)
            signal = self._headings.get((file, sheet), {}).get("signal")
            cells.add((file, sheet, row, None if column == signal else column))
        return cells

    def problems_table(self) -> pd.DataFrame:
        """All problems: errors first, then by file, sheet, row."""
        frame = _stack(self._problems, intake.PROBLEMS)
        rank = frame["severity"].map({name: place for place, name in enumerate(SEVERITIES)})
        order = frame.assign(_rank=rank).sort_values(
            ["_rank", "file", "sheet", "row"], kind="stable", na_position="first"
        )
        return order.drop(columns="_rank").drop_duplicates().reset_index(drop=True)

    def ledger_table(self) -> pd.DataFrame:
        """All ledger rows by file, sheet, row."""
        frame = _stack(self._ledger, intake.LEDGER)
        return frame.sort_values(["file", "sheet", "row"], kind="stable", na_position="first").reset_index(drop=True)

    def has_errors(self) -> bool:
        """Whether anything found so far is an error."""
        return any(block["severity"] == "error" for block in self._problems)


def _masked(column: str | np.ndarray | None, mask: Any) -> Any:
    return column if column is None or isinstance(column, str) else column[mask]


def _stack(blocks: list[dict[str, Any]], table: Any) -> pd.DataFrame:
    import pandas as pd

    frames = [pd.DataFrame(block) for block in blocks]
    if not frames:
        return table.empty()
    return table.conform(pd.concat(frames, ignore_index=True)[table.names])
