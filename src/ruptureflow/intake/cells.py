"""Cells as text to numbers, whole numbers, flags, times: what does not convert becomes a problem, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.raw import NamedSheet
from ruptureflow.intake.unreadable import NUMBER, why_no_number

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FIRST_YEAR, LAST_YEAR = 1950, 2100


def missing(text: pd.Series, locale: Locale) -> pd.Series:
    """Where a cell means: no value."""
    return text.isin(["", *locale.missing])


def numbers(sheet: NamedSheet, name: str, locale: Locale, findings: Findings) -> pd.Series:
    """A column as float64; unreadable cells are errors and missing."""
    text = sheet.text(name)
    return read_numbers(text, sheet, sheet.heading(name), locale, findings)


def read_numbers(
    text: pd.Series,
    sheet: NamedSheet,
    heading: str | np.ndarray,
    locale: Locale,
    findings: Findings,
    written: pd.Series | None = None,
) -> pd.Series:
    """Text cells of one column as float64; unreadable ones are errors and missing.

    `written` shows the cells as they stand in the file, where `text` is a part of them.
    """
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
    endless = read.isin([float("inf"), float("-inf")])
    read = read.where(~endless)
    coded = cells.isin(locale.missing) & cells.str.contains("[0-9]", regex=True)
    for low, high in locale.missing_ranges:
        coded |= (read >= low) & (read <= high)
        read = read.where((read < low) | (read > high))
    if coded.any():
        where, blank = coded.to_numpy()[codes], pd.Series("", index=text.index, dtype="str")
        findings.ledger("changed", sheet, where, heading, text, "a code declared to mean: no value", blank)
    bad = (~readable & ~empty) | endless
    if bad.any():
        where = bad.to_numpy()[codes]
        reasons = {cell: why_no_number(cell, locale) for cell in cells[bad]}
        told = [reasons[cell] for cell in text[where]]
        problems, fixes = [each.problem for each in told], [each.fix for each in told]
        findings.about_cells("error", sheet, where, heading, text if written is None else written, problems, fixes)
    return pd.Series(read.to_numpy()[codes], index=text.index)


def looked_up(text: pd.Series, table: Mapping[str, object], dtype: str = "string") -> pd.Series:
    """What a table gives for each cell; missing where it holds none."""
    import pandas as pd

    codes, different = pd.factorize(text, use_na_sentinel=False)
    found = pd.array([table.get(each) if isinstance(each, str) else None for each in different], dtype=dtype)
    return pd.Series(found.take(codes), index=text.index)


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
    # Clock times of several zones can be compared in one of them only.
    in_one_zone = "%z" in locale.date_format
    parsed = pd.to_datetime(asked, format=locale.date_format, errors="coerce", utc=in_one_zone)
    parsed = parsed.dt.tz_localize(None) if in_one_zone else parsed
    if sheet.typed:
        as_cell = asked.where(asked.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+)?"), None)
        parsed = parsed.fillna(pd.to_datetime(as_cell, format="ISO8601", errors="coerce"))
    bad = (parsed.isna() & ~empty).to_numpy()
    serial = bad & text.str.fullmatch("[0-9]{5}([.,][0-9]+)?").fillna(False).to_numpy(dtype=bool)
    findings.about_cells(
        "error",
        sheet,
        serial,
        sheet.heading(name),
        text,
        "a spreadsheet's number of a date, shown without its date format",
        "format the column as a date, save again",
    )
    findings.about_cells(
        "error",
        sheet,
        bad & ~serial,
        sheet.heading(name),
        text,
        f"not a date or time in the format {locale.date_format}",
        "correct the cell, or declare date_format in wave.yaml",
    )
    far = ((parsed.dt.year < FIRST_YEAR) | (parsed.dt.year > LAST_YEAR)).fillna(False).to_numpy(dtype=bool)
    findings.about_cells(
        "error",
        sheet,
        far,
        sheet.heading(name),
        text,
        f"a date outside the years {FIRST_YEAR}–{LAST_YEAR}",
        "correct the cell, or declare date_format in wave.yaml (%y for years of two digits)",
    )
    parsed = parsed.where(~far)
    iso = parsed.dt.strftime("%Y-%m-%dT%H:%M:%S").astype("string")
    return iso.str.removesuffix("T00:00:00")


def present(sheet: NamedSheet, name: str, locale: Locale, findings: Findings) -> np.ndarray:
    """Mask of the rows that have a value in a column they need; the others are errors."""
    empty = missing(sheet.text(name), locale).to_numpy()
    findings.about_cells(
        "error", sheet, empty, sheet.heading(name), sheet.text(name), "empty where a value is needed", "fill the cell"
    )
    return ~empty
