"""Hand-over tables as files: plain CSV, UTF-8, `.`, full precision, the same bytes for the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.tables.schema import PANDAS_TYPES, Table

if TYPE_CHECKING:
    import pandas as pd


def write_table(frame: pd.DataFrame, path: str | Path, table: Table) -> None:
    """Check a frame against its schema and write it as CSV (floats in their shortest exact form).

    Raises
    ------
    TableError
        if the frame does not keep the schema; nothing is written then.
    """
    checked = table.conform(frame)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    checked.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def read_table(path: str | Path, table: Table) -> pd.DataFrame:
    """Read a hand-over table with the types of its schema; open columns get the type their values have.

    Numbers come back bit for bit: from 3.1 on pandas reads the shortest form of a float exactly by default.
    """
    import pandas as pd

    types = {c.name: PANDAS_TYPES[c.kind] for c in table.columns}
    frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    for name in frame.columns:
        if name not in types and str(frame[name].dtype) in ("object", "str"):
            frame[name] = frame[name].astype("string")
    return frame
