"""One thing under two spellings: P01, p1 and Р01 (with a Cyrillic letter) are one patient to a person, three to us."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from ruptureflow.intake.checks.keys import SOURCE, row_names
from ruptureflow.intake.context import Context
from ruptureflow.intake.findings import Severity

if TYPE_CHECKING:
    import pandas as pd

LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters that look like Latin ones."""

IDS = {"participants": ("patient", "therapist"), "codes": ("coder",), "signals": ("run",)}
WORDS = {"participants": ("gender", "arm")}


def spelling(name: str) -> tuple[str, ...]:
    """What a name is apart from capitals, separators, leading zeros, width and alphabet of its letters.

    Its runs of letters and of digits, so that 1-11 and 11-1 stay two names: `P-01`, `p1` and `Ｐ１` are ("p", "1").
    """
    plain = unicodedata.normalize("NFKC", name).translate(LOOK_ALIKES).casefold()
    return tuple(each.lstrip("0") or "0" for each in re.findall(r"[^\W\d_]+|\d+", plain))


def foreign_letters(name: str) -> str:
    """The letters of a name that look Latin and are not."""
    return "".join(dict.fromkeys(letter for letter in name if ord(letter) in LOOK_ALIKES))


def tell_two_spellings(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Ids and words of one column that differ in nothing a person would mean; the rarer spelling is told."""
    for severity, columns in (("error", IDS), ("warning", WORDS)):
        for table, names in columns.items():
            for name in names:
                _tell(clean[table], name, severity, context)


def _tell(frame: pd.DataFrame, name: str, severity: Severity, context: Context) -> None:
    if name not in frame or not len(frame):
        return
    counts = frame[name].dropna().value_counts()
    by_spelling: dict[tuple[str, ...], list[str]] = {}
    for each in counts.index.astype(str):
        by_spelling.setdefault(spelling(each) or (each,), []).append(each)
    for alike in by_spelling.values():
        usual, *others = alike
        for other in others:
            rows = frame[frame[name] == other].drop_duplicates(SOURCE[:2])
            place = row_names(frame[frame[name] == usual].iloc[:1]).iloc[0]
            letters = foreign_letters(other) or foreign_letters(usual)
            which = f" ({letters} {'is' if len(letters) == 1 else 'are'} of another alphabet)" if letters else ""
            context.findings.about_rows(
                severity,
                rows,
                other,
                f"another spelling of the {name} {usual!r} ({place}){which}",
                f"write {usual!r}, or give the other a name that differs in more than its spelling",
                (name, "label"),
            )
