"""Files whose cells have types: SPSS and parquet, to the text a person would see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers.sheets import clean_headings

if TYPE_CHECKING:
    import pandas as pd


def read_spss_file(path: Path, file: str, declared: RawFile, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The cases of an SPSS file; rows are case numbers, user-missing codes become empty and are in the ledger."""
    import pandas as pd
    import pyreadstat

    try:
        data, meta = pyreadstat.read_sav(str(path), user_missing=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError) as error:
        findings.about_file("error", file, f"not an SPSS file that can be read: {error}", "save it again in SPSS")
        return []
    columns = []
    user_missing: list[tuple[int, Any]] = []
    for place, name in enumerate(data.columns):
        values = data[name]
        text = as_text(values, locale)
        missing = _user_missing(values, meta.missing_ranges.get(name, []))
        if name in declared.value_labels:
            labels = meta.variable_value_labels.get(name, {})
            text = values.map(labels).astype("str").where(values.isin(list(labels)), text)
        if missing.any():
            user_missing.append((place, missing))
        columns.append(text.fillna("").astype("str"))
    cells = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    cells.columns = range(len(columns))
    rows = np.arange(1, len(cells) + 1)
    headings = clean_headings([str(name) for name in data.columns], file, None, None, findings)
    raw = RawSheet(file, None, headings, cells, rows, None, typed=True)
    emptied = cells.copy()
    for place, missing in user_missing:
        emptied[place] = emptied[place].where(~missing, "")
        findings.ledger(
            "changed",
            raw,
            missing,
            data.columns[place],
            cells[place],
            "a user-missing code of the SPSS file",
            emptied[place],
        )
    return [RawSheet(file, None, raw.headings, emptied, rows, None, typed=True)]


def _user_missing(values: pd.Series, ranges: list[dict[str, Any]]) -> np.ndarray:
    """Where a value is one of the variable's user-missing codes or in one of its ranges."""
    found = np.zeros(len(values), dtype=bool)
    for each in ranges:
        low, high = each["lo"], each["hi"]
        if isinstance(low, str):
            found |= (values == low).to_numpy()
        else:
            number = values.to_numpy(dtype="float64", na_value=np.nan)
            found |= (number >= low) & (number <= high)
    return found


def read_parquet_file(path: Path, file: str, locale: Locale, findings: Findings) -> list[RawSheet]:
    """The rows of a parquet file, numbered as if its headings stood in row 1."""
    import pandas as pd

    try:
        data = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        first = str(error).split("\n")[0]
        findings.about_file("error", file, f"not a parquet file that can be read: {first}", "write it again")
        return []
    if any(name is not None for name in data.index.names):
        # Columns that pandas kept as an index are columns of the file.
        data = data.reset_index()
    headings = clean_headings([str(name) for name in data.columns], file, None, 1, findings)
    columns = [as_text(data.iloc[:, place], locale).reset_index(drop=True) for place in range(data.shape[1])]
    cells = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    cells.columns = range(len(columns))
    return [RawSheet(file, None, headings, cells, np.arange(2, len(cells) + 2), 1, typed=True)]


def as_text(values: pd.Series, locale: Locale) -> pd.Series:
    """Typed values as the text their program shows: 5 for 5.0, ISO dates, empty for missing."""
    import pandas as pd

    empty = values.isna()
    if pd.api.types.is_bool_dtype(values):
        text = values.map({True: "TRUE", False: "FALSE"}).astype("str")
    elif pd.api.types.is_integer_dtype(values):
        text = values.astype("string").fillna("").astype("str")
    elif pd.api.types.is_numeric_dtype(values):
        number = values.to_numpy(dtype="float64", na_value=np.nan)
        whole = (np.floor(number) == number) & (np.abs(number) < 1e15)
        text = pd.Series(number, index=values.index).astype("str")
        if whole.any():
            text = text.mask(
                whole, pd.Series(np.where(whole, number, 0).astype("int64"), index=values.index).astype("str")
            )
        text = text.str.replace(".", locale.decimal, regex=False) if locale.decimal != "." else text
    elif pd.api.types.is_datetime64_any_dtype(values):
        text = values.dt.strftime("%Y-%m-%d %H:%M:%S").astype("str").str.removesuffix(" 00:00:00")
    else:
        text = values.astype("str")
    return text.mask(empty, "").astype("str")
