"""Problems as plain text for a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ALIKE = 5


def problems_text(problems: pd.DataFrame, shown_alike: int = SHOWN_ALIKE) -> str:
    """Every problem with its place, value and fix; of many alike in one column the first few and their number."""
    lines: list[str] = []
    alike = problems.groupby(["severity", "file", "sheet", "column", "problem"], dropna=False, sort=False)
    for (severity, file, sheet, column, problem), group in alike:
        where = file if _absent(sheet) else f"{file}, sheet {sheet}"
        for row, value, fix in group[["row", "value", "fix"]].head(shown_alike).itertuples(index=False):
            place = where
            if not _absent(row):
                place += f", row {row}"
            if not _absent(column):
                place += f", column {column!r}"
            shown = "" if _absent(value) else f" {value!r}:"
            lines.append(f"{severity}: {place}:{shown} {problem}\n    fix: {fix}")
        more = len(group) - shown_alike
        if more > 0:
            rows = ", ".join(str(row) for row in group["row"].iloc[shown_alike : shown_alike + 10].dropna())
            lines.append(
                f"    … and {more} more like it" + (f" (rows {rows}{' …' if more > 10 else ''})" if rows else "")
            )
    return "\n".join(lines)


def _absent(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value
