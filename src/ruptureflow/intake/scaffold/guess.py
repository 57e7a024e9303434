"""What a guess is: the entry of `wave.yaml`, what a person should check of it, what it tells of the design."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruptureflow.intake.scaffold.survey import Sheet
from ruptureflow.intake.scaffold.words import END, POST, PRE, START, parts, plain

PERSONAL = re.compile(r"(^|_)(name|vorname|nachname|surname|firstname|lastname|dob|birth|birthday|geburtsdatum|e?mail)")


@dataclass(frozen=True)
class Guess:
    """One entry of `files`.

    Parameters
    ----------
    entry : keys and values as they stand in `wave.yaml`.
    remarks : what a person should check.
    sessions, assay_sessions, roles : what the file tells of the design.
    analyte : analyte and unit as far as the file names them, or None.
    names_coders : whether a coder sheet has a column that says who coded.
    """

    entry: dict[str, Any]
    remarks: list[str] = field(default_factory=list)
    sessions: frozenset[int] = frozenset()
    assay_sessions: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    analyte: tuple[str, str, str] | None = None
    names_coders: bool = False


def columns_entry(found: dict[str, str]) -> dict[str, str]:
    """The part of a heading map that says something: headings that are not our names already."""
    return {ours: heading for ours, heading in found.items() if ours != heading}


def rest_entry(sheet: Sheet, used: set[str]) -> tuple[dict[str, Any], list[str]]:
    """The headings that nothing was made of, as `ignore`, and what to say of them."""
    rest = [heading for heading in sheet.headings if heading and heading not in used]
    if not rest:
        return {}, []
    remarks = [f"not read: {', '.join(rest)}"]
    personal = [heading for heading in rest if PERSONAL.search(plain(heading))]
    if personal:
        remarks.append(f"{', '.join(personal)} may identify persons: remove such columns from the file")
    return {"ignore": rest}, remarks


def whole(cells: list[str]) -> frozenset[int]:
    """The whole numbers among cells."""
    return frozenset(int(float(cell)) for cell in cells if re.fullmatch(r"\d+(\.0)?", cell))


def occasion_of(word: str) -> str | None:
    """pre or post, if a word or a heading says so."""
    words = parts(word)
    if any(each in PRE for each in words):
        return "pre"
    if any(each in POST for each in words):
        return "post"
    return None


def occasions_entry(cells: list[str]) -> dict[str, str]:
    """The file's words for before and after, where they are not pre and post."""
    known = {word: occasion_of(word) for word in dict.fromkeys(cells)}
    found = {word: occasion for word, occasion in known.items() if occasion}
    return {} if set(found) <= {"pre", "post"} else found


def timepoints_entry(cells: list[str]) -> dict[str, str]:
    """The file's words for intake and end in a column that else holds session numbers."""
    found: dict[str, str] = {}
    for word in dict.fromkeys(cells):
        if word not in ("intake", "session", "end"):
            if any(each in START for each in parts(word)):
                found[word] = "intake"
            elif any(each in END for each in parts(word)):
                found[word] = "end"
    return found


def role_of(sheet: Sheet) -> str:
    """therapist, if the file's or the sheet's name says so."""
    text = plain(f"{sheet.file} {sheet.sheet or ''}")
    return "therapist" if re.search(r"therapist|therapeut|counsel", text) else "patient"
