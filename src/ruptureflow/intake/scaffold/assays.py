"""Guesses at the lab's files: plates, counter lists, sample manifests, concentrations."""

from __future__ import annotations

import re
from typing import Any

from ruptureflow.intake.scaffold.guess import Guess, columns_entry, occasion_of, occasions_entry, rest_entry, whole
from ruptureflow.intake.scaffold.survey import Sheet
from ruptureflow.intake.scaffold.words import headings_by_name, plain

CONTENTS = (
    ("total", re.compile(r"t|tc|tot|total.*", re.IGNORECASE)),
    ("nsb", re.compile(r"nsb.*", re.IGNORECASE)),
    ("b0", re.compile(r"b[0o]|zero.*", re.IGNORECASE)),
    ("blank", re.compile(r"bl(an)?k.*", re.IGNORECASE)),
    ("standard", re.compile(r"s\d+|st(an)?d.*", re.IGNORECASE)),
    ("qc", re.compile(r"qc.*|control.*", re.IGNORECASE)),
)
UNITS = re.compile(r"pg/ml|ng/ml|pmol/l|nmol/l|µg/dl|ug/dl", re.IGNORECASE)
ANALYTES = {"oxytocin": "oxytocin", "oxy": "oxytocin", "ot": "oxytocin", "oxt": "oxytocin", "cortisol": "cortisol",
            "vasopressin": "vasopressin", "avp": "vasopressin", "testosterone": "testosterone"}  # fmt: skip
PATTERNS = ("{patient}_S{session}_{occasion}", "{patient}_{session}_{occasion}", "{patient}-{session}-{occasion}",
            "{patient}_S{session}_{role}_{occasion}", "{patient}-S{session}-{occasion}")  # fmt: skip


def guess_plate(sheets: list[Sheet]) -> Guess | None:
    """Two sheets of one workbook with an 8 × 12 grid each: signals, and what the wells hold."""
    grids = [(sheet, corner) for sheet in sheets for corner in [_corner(sheet.grid)] if corner]
    if len(grids) < 2:
        return None
    numeric = sorted(grids, key=lambda item: -_share_of_numbers(item[0].grid))
    (signal, corner), (layout, layout_corner) = numeric[0], numeric[-1]
    labels = {cell for row in layout.grid for cell in row[1:] if cell and not cell.isdigit()}
    entry: dict[str, Any] = {"kind": "plate", "path": signal.file, "analyte": _analyte(signal)[0]}
    entry |= {"sheet": signal.sheet, "layout_sheet": layout.sheet}
    entry |= {} if corner == "A1" else {"corner": corner}
    entry |= {} if layout_corner == "A1" else {"layout_corner": layout_corner}
    entry |= {"contents": _contents(labels), "doses": {}}
    return Guess(entry, ["give the dose of each standard and QC by its label under doses"], analyte=_analyte(signal))


def _corner(grid: list[list[str]]) -> str | None:
    heads = [str(number) for number in range(1, 13)]
    for number, row in enumerate(grid[:40]):
        for place in range(max(0, len(row) - 12)):
            if row[place + 1 : place + 13] == heads:
                sides = [below[place].upper() for below in grid[number + 1 : number + 9]]
                if sides == list("ABCDEFGH"):
                    return f"{chr(ord('A') + place)}{number + 1}"
    return None


def _share_of_numbers(grid: list[list[str]]) -> float:
    cells = [cell for row in grid for cell in row if cell]
    return sum(bool(re.fullmatch(r"-?[\d.,]+", cell)) for cell in cells) / max(1, len(cells))


def guess_tubes(sheet: Sheet) -> Guess | None:
    """A counter's list: a label and a count a row."""
    found = headings_by_name(sheet.headings, ("signal", "run", "position", "label"))
    if not {"signal", "label"} <= set(found) or "position" not in found:
        return None
    labels = set(sheet.column(found["label"]))
    entry: dict[str, Any] = {"kind": "tubes", "path": sheet.file, "analyte": _analyte(sheet)[0]}
    entry |= _columns(found) | {"contents": _contents(labels), "doses": {}}
    ignored, remarks = rest_entry(sheet, set(found.values()))
    remarks.append("give the dose of each standard and QC by its label under doses")
    return Guess(entry | ignored, remarks, analyte=(*_analyte(sheet)[:2], "cpm"))


def _contents(labels: set[str]) -> dict[str, str]:
    found = {}
    for label in sorted(labels):
        for content, words in CONTENTS:
            if words.fullmatch(label):
                found[label] = content
                break
    return found


def guess_concentrations(sheet: Sheet) -> Guess | None:
    """Concentrations: a column before and one after the session, or one row a sample."""
    found = headings_by_name(sheet.headings, ("patient", "session", "role", "run", "unit", "replicate"))
    free = [heading for heading in sheet.headings if heading and heading not in found.values()]
    halves = {occasion: heading for heading in free if (occasion := occasion_of(heading)) and _numeric(sheet, heading)}
    if {"patient", "session"} <= set(found) and set(halves) == {"pre", "post"}:
        entry: dict[str, Any] = {"kind": "concentrations", "path": sheet.file, "analyte": _analyte(sheet)[0]}
        found.pop("replicate", None)
        entry |= (
            {"layout": "wide"} | _columns(found) | {"value_columns": {"pre": halves["pre"], "post": halves["post"]}}
        )
        ignored, remarks = rest_entry(sheet, {*found.values(), *halves.values()})
        sessions = whole(sheet.column(found["session"]))
        return Guess(entry | ignored, remarks, sessions, sessions, _roles(sheet, found), (*_analyte(sheet)[:2], "none"))
    named = [heading for heading in free if _names_a_concentration(heading) and _numeric(sheet, heading)]
    if len(named) != 1:
        return None
    found |= headings_by_name([heading for heading in free if heading != named[0]], ("sample", "occasion"))
    found["concentration"] = named[0]
    return _by_sample(sheet, found, "concentrations", {"layout": "long"})


def guess_samples(sheet: Sheet) -> Guess | None:
    """The manifest that joins tubes to patients."""
    names = ("sample", "patient", "session", "occasion", "role", "collected_at", "dilution")
    found = headings_by_name(sheet.headings, names)
    if "sample" not in found or ("occasion" not in found and _pattern(sheet, found) is None):
        return None
    return _by_sample(sheet, found, "samples", {})


def _by_sample(sheet: Sheet, found: dict[str, str], kind: str, more: dict[str, Any]) -> Guess | None:
    entry: dict[str, Any] = {"kind": kind, "path": sheet.file, "analyte": _analyte(sheet)[0]} | more
    remarks: list[str] = []
    sessions: frozenset[int] = frozenset()
    if {"patient", "session", "occasion"} <= set(found):
        sessions = whole(sheet.column(found["session"]))
        occasions = occasions_entry(sheet.column(found["occasion"]))
        entry |= {"occasions": occasions} if occasions else {}
    elif "sample" in found:
        pattern = _pattern(sheet, found)
        if pattern:
            entry["pattern"] = pattern
            remarks.append(f"the pattern was guessed from ids such as {sheet.column(found['sample'])[0]}")
        elif kind == "samples":
            return None
    else:
        return None
    entry |= _columns(found)
    ignored, more_remarks = rest_entry(sheet, set(found.values()))
    return Guess(
        entry | ignored,
        remarks + more_remarks,
        sessions,
        sessions,
        _roles(sheet, found),
        (*_analyte(sheet)[:2], "none"),
    )


def _pattern(sheet: Sheet, found: dict[str, str]) -> str | None:
    if "sample" not in found:
        return None
    from ruptureflow.intake.headings import pattern_expression

    ids = sheet.column(found["sample"])
    words = {"occasion": ["pre", "post", "PRE", "POST", "Pre", "Post"], "role": ["patient", "therapist"]}
    for pattern in PATTERNS:
        expression = pattern_expression(pattern, words)
        if ids and all(expression.fullmatch(each) for each in ids):
            return pattern
    return None


def _roles(sheet: Sheet, found: dict[str, str]) -> frozenset[str]:
    return frozenset(sheet.column(found["role"])) if "role" in found else frozenset()


def _names_a_concentration(heading: str) -> bool:
    words = plain(heading)
    return bool(UNITS.search(heading)) or bool(re.search(r"conc|result|" + "|".join(ANALYTES), words))


def _numeric(sheet: Sheet, heading: str) -> bool:
    cells = sheet.column(heading)
    numbers = sum(bool(re.match(r"[<>]?\s*-?[\d.,]+", cell)) for cell in cells)
    return bool(cells) and numbers >= 0.5 * len(cells)


def _analyte(sheet: Sheet) -> tuple[str, str, str]:
    """Analyte, unit and kind of signal, as far as names tell; oxytocin where nothing does."""
    text = " ".join([sheet.file, sheet.sheet or "", *sheet.headings])
    words = plain(text).split("_")
    name = next((ANALYTES[word] for word in words if word in ANALYTES), "oxytocin")
    unit = UNITS.search(text)
    return name, unit.group(0) if unit else "", "od"


def _columns(found: dict[str, str]) -> dict[str, Any]:
    columns = columns_entry(found)
    return {"columns": columns} if columns else {}
