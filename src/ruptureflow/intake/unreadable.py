"""Why a cell is no number: what people and programs write where one belongs, each with its own fix."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ruptureflow.config.locale import Locale

NUMBER = {
    ".": r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    ",": r"[+-]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?",
}
# What spreadsheets make of "3-5" or "1.5": a date, shown as ISO (real date cells), 5-Mar, Mar-05 or 05.Mrz.
MONTHS = r"[A-Za-zÄäéû]{3,4}"
MANGLED_DATE = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?|"
    rf"[0-9]{{1,2}}[-./ ]?{MONTHS}[-./ ]?(?:[0-9]{{2,4}})?|{MONTHS}[-./ ][0-9]{{2,4}}|"
    r"[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}"
)
MONTH_NAMES = re.compile(
    "jan|feb|m[aäe]r|mrz|apr|avr|ma[yi]|jun|jui|jul|aug|ao[uû]|sep|o[ck]t|nov|de[cz]|d[eé]c|f[eé]v", re.IGNORECASE
)
SPREADSHEET_ERRORS = frozenset(
    [
        "#N/A",
        "#NV",
        "#DIV/0!",
        "#REF!",
        "#BEZUG!",
        "#VALUE!",
        "#WERT!",
        "#NAME?",
        "#NUM!",
        "#ZAHL!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#ERROR!",
    ]
)
"""What Excel shows of a formula that failed, in English and German."""

WORD = {",": "comma", ".": "point"}
THOUSANDS = ",.'’ \u00a0\u202f\u2009"


@dataclass(frozen=True)
class Reason:
    """What is wrong with a cell, and what to do."""

    problem: str
    fix: str


def why_no_number(cell: str, locale: Locale) -> Reason:
    """The likeliest reason why a cell is no number under a locale."""
    for reason in REASONS:
        found = reason(cell, locale)
        if found is not None:
            return found
    return Reason("not a number", "correct the cell, or list the word under missing in wave.yaml if it means: no value")


def _spreadsheet_error(cell: str, locale: Locale) -> Reason | None:
    if cell.upper() in SPREADSHEET_ERRORS or re.fullmatch("#+", cell):
        return Reason("an error value of a spreadsheet", "correct the formula, or empty the cell")
    return None


def _thousands(cell: str, locale: Locale) -> Reason | None:
    mark = "[" + THOUSANDS + "]"
    if not re.fullmatch(rf"[+-]?[0-9]{{1,3}}(?:({mark})[0-9]{{3}})(?:\1[0-9]{{3}})*(?:[.,][0-9]+)?", cell):
        return None
    separator = re.search(r"[^0-9+-]", cell).group()
    head, _, tail = cell.replace(separator, "").partition("," if separator == "." else ".")
    plain = head + (locale.decimal + re.sub("[,.]", "", tail) if tail else "")
    if separator in WORD and cell.count(separator) == 1 and not tail:
        return Reason(
            f"a decimal {WORD[separator]} where the file declares a decimal {WORD[locale.decimal]}, or a mark between "
            "thousands",
            f"write {plain} if it stands between thousands; else write {locale.decimal!r}, or declare decimal: "
            f"{separator!r} for this file in wave.yaml",
        )
    return Reason("marks between thousands", f"write {plain}")


def _other_decimal(cell: str, locale: Locale) -> Reason | None:
    other = "," if locale.decimal == "." else "."
    if not re.fullmatch(NUMBER[other], cell):
        return None
    return Reason(
        f"a decimal {WORD[other]} where the file declares a decimal {WORD[locale.decimal]}",
        f"write {locale.decimal!r}, or declare decimal: {other!r} for this file in wave.yaml",
    )


def _date(cell: str, locale: Locale) -> Reason | None:
    if not re.fullmatch(MANGLED_DATE, cell) or (re.search("[^0-9 T:./-]", cell) and not MONTH_NAMES.search(cell)):
        return None
    return Reason(
        "a date where a number belongs; a spreadsheet may have turned the number into a date",
        "format the column as text and type the number again",
    )


def _dash(cell: str, locale: Locale) -> Reason | None:
    if re.fullmatch(r"[−–—﹣－‐‑]\s*[0-9.,]+", cell):
        return Reason("a dash where a minus sign belongs", f"write -{cell[1:].strip()}")
    return None


def _other_digits(cell: str, locale: Locale) -> Reason | None:
    if any(letter.isdigit() and not letter.isascii() for letter in cell):
        return Reason("digits of another script", "type the number again with the digits 0 to 9")
    return None


def _look_alike(cell: str, locale: Locale) -> Reason | None:
    if re.search("[0-9]", cell) and re.fullmatch(r"[0-9OoIlSО.,]+", cell):
        return Reason("letters that look like digits", "type the number again with the digits 0 to 9")
    return None


def _percent(cell: str, locale: Locale) -> Reason | None:
    if re.fullmatch(r"[+-]?[0-9.,]+\s*[%‰]", cell):
        return Reason("a percent sign", f"write the number alone: {cell.rstrip('%‰').strip()}")
    return None


def _apostrophe(cell: str, locale: Locale) -> Reason | None:
    bare = cell.strip("'’`\"")
    if bare != cell and re.fullmatch(NUMBER[locale.decimal], bare):
        return Reason("an apostrophe or quotation mark around a number", f"write {bare}")
    return None


def _overflow(cell: str, locale: Locale) -> Reason | None:
    if re.fullmatch(r"o?ver|o(ve?r)?[ ._-]?(fl\w*|range\w*|limit)|sat\w*|max|\*{2,}|-{2,}|\?{2,}", cell, re.IGNORECASE):
        return Reason(
            "an overflow mark: beyond what the reader measures",
            "dilute and measure again; or list the mark under missing in wave.yaml: the well then counts as not "
            "measured",
        )
    return None


def _limit(cell: str, locale: Locale) -> Reason | None:
    if re.match("[<>≤≥＜＞]", cell):
        return Reason(
            "a limit where a number belongs",
            "a limit is read in concentrations only: < or > before the number, or before LOD, LOQ, ULOQ",
        )
    return None


def _truth_value(cell: str, locale: Locale) -> Reason | None:
    if cell.casefold() in ("true", "false", "wahr", "falsch"):
        return Reason("a truth value where a number belongs", "write the number")
    return None


def _unit(cell: str, locale: Locale) -> Reason | None:
    match = re.fullmatch(rf"({NUMBER[locale.decimal]})\s*([^\W\d_][^0-9]*)", cell)
    if match:
        return Reason(
            "a number with words behind it", f"write the number alone: {match.group(1)}, in the unit that is declared"
        )
    return None


REASONS: tuple[Callable[[str, Locale], Reason | None], ...] = (
    _spreadsheet_error,
    _date,
    _thousands,
    _other_decimal,
    _dash,
    _other_digits,
    _percent,
    _apostrophe,
    _overflow,
    _limit,
    _truth_value,
    _look_alike,
    _unit,
)
