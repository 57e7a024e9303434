"""Cells as text to numbers, whole numbers, flags, times: what does not convert becomes a problem, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import NamedSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NUMBER = {
    ".": r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?",
    ",": r"[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?",
}
# What spreadsheets make of "3-5" or "1.5": a date, shown as ISO (real date cells), 5-Mar, Mar-05 or 05.Mrz.
MONTHS = r"[A-Za-zÄäéû]{3,4}"
MANGLED_DATE = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}(?:[ T].*)?|\d{{1,2}}[-./ ]?{MONTHS}[-./ ]?(?:\d{{2,4}})?|{MONTHS}[-./ ]\d{{2,4}}"
)


def missing(text: pd.Series, locale: Locale) -> pd.Series:
    """Where a cell means: no value."""
    return text.isin(["", *locale.missing])


def numbers(sheet: NamedSheet, name: str, locale: Locale, findings: Findings) -> pd.Series:
    """A column as float64; unreadable cells are errors and missing."""
    text = sheet.text(name)
    return read_numbers(text, sheet, sheet.heading(name), locale, findings)


def read_numbers(
    text: pd.Series, sheet: NamedSheet, heading: str | np.ndarray, locale: Locale, findings: Findings
) -> pd.Series:
    """Text cells of one column as float64; unreadable ones are errors and missing."""
    import pandas as pd

    # Columns hold few different cells: each is read once, a million rows cost a lookup.
    codes, different = pd.factorize(text, use_na_sentinel=False)
    cells = pd.Series(different, dtype="str")
    empty = missing(cells, locale)
    readable = cells.str.fullmatch(NUMBER[locale.decimal]).fillna(False).astype(bool)
    plain = cells.where(readable & ~empty, "")
    if locale.decimal == ",":
        plain = plain.str.replace(",", ".", regex=False)
    read = pd.to_numeric(plain, errors="coerce").astype("float64")
    for low, high in locale.missing_ranges:
        read = read.where((read < low) | (read > high))
    bad = ~readable & ~empty
    if bad.any():
        where = pd.Series(bad.to_numpy()[codes], index=text.index)
        _explain_unreadable(text, where, sheet, heading, locale, findings)
    return pd.Series(read.to_numpy()[codes], index=text.index)


def looked_up(text: pd.Series, table: Mapping[str, object], dtype: str = "string") -> pd.Series:
    """What a table gives for each cell; missing where it holds none."""
    import pandas as pd

    codes, different = pd.factorize(text, use_na_sentinel=False)
    found = pd.array([table.get(each) if isinstance(each, str) else None for each in different], dtype=dtype)
    return pd.Series(found.take(codes), index=text.index)


def _explain_unreadable(
    text: pd.Series, bad: pd.Series, sheet: NamedSheet, heading: str | np.ndarray, locale: Locale, findings: Findings
) -> None:
    other = "," if locale.decimal == "." else "."
    word = {",": "comma", ".": "point"}
    other_locale = bad & text.str.fullmatch(NUMBER[other]).fillna(False).astype(bool)
    date = bad & ~other_locale & text.str.fullmatch(MANGLED_DATE).fillna(False).astype(bool)
    rest = bad & ~other_locale & ~date
    findings.about_cells(
        "error",
        sheet,
        other_locale.to_numpy(),
        heading,
        text,
        f"a decimal {word[other]} where the file declares a decimal {word[locale.decimal]}",
        f"write {locale.decimal!r}, or declare decimal: {other!r} for this file in wave.yaml",
    )
    findings.about_cells(
        "error",
        sheet,
        date.to_numpy(),
        heading,
        text,
        "a date where a number belongs; a spreadsheet may have turned the number into a date",
        "format the column as text and type the number again",
    )
    findings.about_cells(
        "error",
        sheet,
        rest.to_numpy(),
        heading,
        text,
        "not a number",
        "correct the cell, or list the word under missing in wave.yaml if it means: no value",
    )


def whole_numbers(
    sheet: NamedSheet, name: str, locale: Locale, findings: Findings, words: frozenset[str] = frozenset()
) -> pd.Series:
    """A column as Int64; fractions are errors. Cells in `words` are left missing without a problem."""
    text = sheet.text(name)
    if words:
        text = text.where(~text.isin(list(words)), "")
    values = read_numbers(text, sheet, sheet.heading(name), locale, findings)
    fraction = values.notna() & (values % 1 != 0)
    findings.about_cells(
        "error",
        sheet,
        fraction.to_numpy(),
        sheet.heading(name),
        text,
        "not a whole number",
        "correct the cell",
    )
    return values.where(~fraction).astype("Int64")


def flags(sheet: NamedSheet, name: str, yes: list[str], no: list[str], locale: Locale, findings: Findings) -> pd.Series:
    """A column as true or false, by declared words (capitals do not matter)."""
    import pandas as pd

    text = sheet.text(name).str.casefold()
    is_yes = text.isin([word.casefold() for word in yes])
    is_no = text.isin([word.casefold() for word in no])
    empty = missing(sheet.text(name), locale)
    bad = ~is_yes & ~is_no & ~empty
    findings.about_cells(
        "error",
        sheet,
        bad.to_numpy(),
        sheet.heading(name),
        sheet.text(name),
        f"neither yes ({', '.join(yes)}) nor no ({', '.join(no)})",
        "correct the cell, or declare the file's words under yes and no in wave.yaml",
    )
    values = pd.Series(pd.NA, index=text.index, dtype="boolean")
    values[is_yes & ~empty] = True
    values[is_no & ~empty] = False
    return values


def times(sheet: NamedSheet, name: str, locale: Locale, findings: Findings) -> pd.Series:
    """A column as ISO 8601 text; read by the declared date format, or as the date a workbook's cell is."""
    import pandas as pd

    text = sheet.text(name)
    empty = missing(text, locale)
    asked = text.where(~empty, None)
    parsed = pd.to_datetime(asked, format=locale.date_format, errors="coerce")
    if sheet.typed:
        parsed = parsed.fillna(pd.to_datetime(asked, format="ISO8601", errors="coerce"))
    bad = parsed.isna() & ~empty
    findings.about_cells(
        "error",
        sheet,
        bad.to_numpy(),
        sheet.heading(name),
        text,
        f"not a date or time in the format {locale.date_format}",
        "correct the cell, or declare date_format in wave.yaml",
    )
    iso = parsed.dt.strftime("%Y-%m-%dT%H:%M:%S").astype("string")
    return iso.str.removesuffix("T00:00:00")


def present(sheet: NamedSheet, name: str, locale: Locale, findings: Findings) -> np.ndarray:
    """Mask of the rows that have a value in a column they need; the others are errors."""
    empty = missing(sheet.text(name), locale).to_numpy()
    findings.about_cells(
        "error", sheet, empty, sheet.heading(name), sheet.text(name), "empty where a value is needed", "fill the cell"
    )
    return ~empty
