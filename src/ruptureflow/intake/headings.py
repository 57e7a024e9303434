"""A sheet's headings to our column names: renamed, filled from constants, unknown and missing ones told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.invisible import cleaned, has_unseen
from ruptureflow.intake.raw import NamedSheet, RawSheet
from ruptureflow.intake.unreadable import SPREADSHEET_ERRORS

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = frozenset(
    ("patient", "therapist", "gender", "arm", "role", "sample", "occasion", "planned_run", "run", "label", "position",
     "coder", "code", "measure", "version", "pool", "item", "timepoint", "unit")
)  # fmt: skip
"""Our names of columns that hold words."""

HEADINGS_SOUGHT = 20


@dataclass(frozen=True)
class Expected:
    """Which columns a kind of file has.

    Parameters
    ----------
    required, optional : our names.
    pattern : a patterned heading such as `{instrument}_{item}`, or None.
    words : the values each placeholder of the pattern may take; digits where it names none.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    pattern: str | None = None
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


PLACEHOLDER = re.compile(r"\{(\w+)\}")


def pattern_expression(pattern: str, words: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """The regular expression of a pattern such as `{patient}_S{session}_{occasion}`.

    A placeholder with known words matches those (numbers also with leading zeros); one named session, item, segment
    or replicate matches digits; any other matches any text.
    """
    parts: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        name = match.group(1)
        known = words.get(name)
        if known:
            choices = sorted(known, key=len, reverse=True)
            body = "|".join(f"0*{word}" if word.isdecimal() else re.escape(word) for word in choices)
        else:
            body = "[0-9]+" if name in ("session", "item", "segment", "replicate") else r".+?"
        parts.append(f"(?P<{name}>{body})")
        end = match.end()
    parts.append(re.escape(pattern[end:]))
    return re.compile("".join(parts))


def name_columns(raw: RawSheet, declared: RawFile, expected: Expected, findings: Findings) -> NamedSheet | None:
    """A raw sheet with our column names, blank rows set aside; None where a needed column is missing."""
    renamed = {" ".join(heading.split()): ours for ours, heading in declared.columns.items()}
    expression = pattern_expression(expected.pattern, expected.words) if expected.pattern else None
    known = {*expected.required, *expected.optional}
    filled = {**_from_name(raw, declared, findings), **declared.constants}
    _tell_unknown_names(raw, declared, expected, expression, filled, findings)
    if _tell_headings_below(raw, renamed, expected, expression, filled, findings):
        return None
    places: dict[str, int] = {}
    matched: dict[str, dict[str, str]] = {}
    unknown: list[str] = []
    doubled = {heading for heading in raw.headings if heading and raw.headings.count(heading) > 1}
    for heading in sorted(doubled):
        _about(findings, raw, heading, "the heading stands twice", "rename or remove one of the columns")
    for place, heading in enumerate(raw.headings):
        ours = renamed.get(heading, heading)
        if heading in declared.ignore or (not heading and not raw.cells[place].ne("").any()):
            continue
        match = expression.fullmatch(ours) if expression else None
        if ours in known and ours not in places:
            places[ours] = place
        elif match is not None:
            places[ours] = place
            matched[ours] = {name: _plain(text, expected.words.get(name)) for name, text in match.groupdict().items()}
        elif ours in places and heading and heading not in doubled:
            rival = raw.headings[places[ours]]
            problem = f"stands for {ours}, as the column {rival!r} does"
            _about(findings, raw, heading, problem, "list the one that does not count under ignore in wave.yaml")
        elif ours not in places and heading:
            unknown.append(heading)
    promised = {name for text in (declared.file_name, declared.sheet_name) for name in PLACEHOLDER.findall(text or "")}
    missing = [name for name in expected.required if name not in places and name not in filled]
    _tell_unknown(raw, declared, unknown, sorted(known), findings)
    for name in missing:
        if name not in promised:
            _tell_missing(raw, declared, name, unknown, findings)
    for name in _declared(declared):
        if name not in places and name not in filled and name not in missing:
            _tell_missing(raw, declared, name, unknown, findings)
    for name in filled:
        if name in places:
            heading = declared.columns.get(name, name)
            fix = "remove the column, or the constant from wave.yaml"
            _about(findings, raw, heading, f"wave.yaml also gives {name} for the whole file", fix)
    if missing or doubled:
        return None
    return _named(raw, declared, places, matched, filled, findings)


def _declared(declared: RawFile) -> list[str]:
    """Columns that wave.yaml says are there, by our names."""
    lists = (declared.columns, declared.fill_down, *(getattr(declared, name, ()) for name in ("covariates", "carry")))
    names = [name for each in lists for name in each]
    scores = getattr(declared, "scores", {})
    return list(dict.fromkeys([*names, *scores]))


def _plain(text: str, words: Sequence[str] | None) -> str:
    """A matched number without leading zeros."""
    if text.isdigit() and not (words and text in words):
        return text.lstrip("0") or "0"
    return text


def _named(
    raw: RawSheet,
    declared: RawFile,
    places: dict[str, int],
    matched: dict[str, dict[str, str]],
    filled: Mapping[str, str],
    findings: Findings,
) -> NamedSheet:
    headings = {ours: raw.headings[place] for ours, place in places.items()}
    cells = raw.cells[list(places.values())].copy()
    cells.columns = list(places)
    blank = (raw.cells == "").all(axis=1).to_numpy() if raw.cells.shape[1] else np.ones(len(raw.rows), bool)
    findings.know_headings(raw.file, raw.sheet, headings)
    if blank.all():
        findings.about_file(
            "warning",
            raw.file,
            "no row below the headings",
            "copy the file again if rows are missing, or take it out of wave.yaml",
            raw.sheet,
            raw.heading_row,
        )
    findings.ledger("set aside", raw, blank, None, None, "blank row")
    sheet = NamedSheet(raw.file, raw.sheet, cells, raw.rows, headings, matched, raw.typed).keep(~blank)
    cells = sheet.cells
    for name in cells.columns:
        cells[name] = _without_unseen(sheet, name, findings)
    _tell_spreadsheet_errors(sheet, declared, findings)
    for name in declared.fill_down:
        if name in cells:
            below = cells[name].where(cells[name] != "").ffill().fillna("")
            changed = (below != cells[name]).to_numpy()
            findings.ledger(
                "changed", sheet, changed, headings[name], cells[name], "a blank repeats the cell above", below
            )
            cells[name] = below
    for name, value in filled.items():
        if name not in places:
            cells[name] = np.full(len(cells), value, dtype=object)
            cells[name] = cells[name].astype("str")
    return NamedSheet(sheet.file, sheet.sheet, cells, sheet.rows, headings, matched, raw.typed)


def _without_unseen(sheet: NamedSheet, name: str, findings: Findings) -> pd.Series:
    """A column without blanks at the ends of its cells and without unseen characters; each change is in the ledger."""
    import pandas as pd

    text = sheet.cells[name]
    codes, different = pd.factorize(text, use_na_sentinel=False)
    plain = pd.array([cleaned(each) for each in different], dtype="str")
    touched = plain != different
    if not touched.any():
        return text
    result = pd.Series(plain.take(codes), index=text.index)
    unseen = np.array([has_unseen(each) for each in different])[codes]
    for mask, what in (
        (touched[codes] & ~unseen, "blanks at the ends"),
        (unseen, "characters that nobody sees"),
    ):
        count = int(mask.sum())
        if count:
            heading = sheet.heading(name)
            findings.ledger("changed", sheet, mask, heading, text, what, result)
            first = int(np.flatnonzero(mask)[0])
            findings.about_file(
                "note",
                sheet.file,
                f"{what} of {count} cell{'s' if count > 1 else ''} of the column; removed",
                "nothing to do; the ledger lists every cell",
                sheet.sheet,
                int(sheet.rows[first]),
                heading,
                text.iloc[first],
            )
    return result


def _tell_spreadsheet_errors(sheet: NamedSheet, declared: RawFile, findings: Findings) -> None:
    """`#REF!` and its like are no value in any column; where a number belongs, its reader tells them."""
    for name in sheet.cells.columns:
        if (
            name in TEXT_COLUMNS
            or name in getattr(declared, "covariates", ())
            or name in getattr(declared, "carry", ())
        ):
            text = sheet.cells[name]
            broken = text.isin(list(SPREADSHEET_ERRORS)).to_numpy()
            findings.about_cells(
                "error",
                sheet,
                broken,
                sheet.heading(name),
                text,
                "an error value of a spreadsheet",
                "correct the formula, or empty the cell",
            )


def _tell_unknown_names(
    raw: RawSheet,
    declared: RawFile,
    expected: Expected,
    expression: re.Pattern[str] | None,
    filled: Mapping[str, str],
    findings: Findings,
) -> None:
    """Names of ours in wave.yaml that such a file does not have: nothing would ever read them."""
    known = [*expected.required, *expected.optional]
    given = (
        ("columns", declared.columns),
        ("constants or a name's pattern", filled),
        ("fill_down", declared.fill_down),
    )
    for key, names in given:
        for name in names:
            if name in known or (expression is not None and expression.fullmatch(name)):
                continue
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            problem = f"wave.yaml gives {name!r} under {key}, which no file of this kind has"
            findings.about_file("error", raw.file, problem, hint, raw.sheet, None, None, name)


def _tell_headings_below(
    raw: RawSheet,
    renamed: Mapping[str, str],
    expected: Expected,
    expression: re.Pattern[str] | None,
    filled: Mapping[str, str],
    findings: Findings,
) -> bool:
    """Whether the headings stand in a row below, as under a title or a second header row."""

    def hits(cells: Sequence[str]) -> int:
        ours = {renamed.get(cell.strip(), cell.strip()) for cell in cells}
        wanted = [name for name in expected.required if name not in filled]
        matched = sum(bool(expression.fullmatch(each)) for each in ours) if expression is not None else 0
        return sum(name in ours for name in wanted) + min(matched, 1)

    if raw.heading_row is None or not len(raw.cells):
        return False
    above = hits(raw.headings)
    best = max(
        ((hits(row), -place) for place, row in enumerate(raw.cells.iloc[:HEADINGS_SOUGHT].to_numpy(dtype=object))),
        default=(0, 0),
    )
    if best[0] < 2 or best[0] <= above:
        return False
    row = int(raw.rows[-best[1]])
    findings.about_file(
        "error",
        raw.file,
        f"row {raw.heading_row} does not hold the headings; they seem to stand in row {row}",
        f"write header_row: {row} for this file in wave.yaml",
        raw.sheet,
        raw.heading_row,
        None,
        ", ".join(heading for heading in raw.headings if heading)[:80],
    )
    return True


def _from_name(raw: RawSheet, declared: RawFile, findings: Findings) -> dict[str, str]:
    """What the names of the file and of the sheet say, by their declared patterns."""
    found: dict[str, str] = {}
    stem = raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    for pattern, name, what in ((declared.file_name, stem, "file"), (declared.sheet_name, raw.sheet, "sheet")):
        if pattern is None:
            continue
        match = pattern_expression(pattern, {}).fullmatch(name or "")
        if match is None:
            findings.about_file(
                "error",
                raw.file,
                f"the name of the {what} does not have the form {pattern}",
                f"rename the {what}, or correct {what}_name in wave.yaml",
                raw.sheet,
                value=name,
            )
        else:
            found |= {name: _plain(text, None) for name, text in match.groupdict().items()}
    return found


def _tell_unknown(raw: RawSheet, declared: RawFile, unknown: list[str], known: list[str], findings: Findings) -> None:
    if declared.ignore == ["*"]:
        return
    for heading in unknown:
        near = difflib.get_close_matches(heading, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? Else name" if near else "name"
        fix = f"{hint} it under columns in wave.yaml, or under ignore if it is not to be read"
        _about(findings, raw, heading, "unknown column", fix)


def _tell_missing(raw: RawSheet, declared: RawFile, name: str, unknown: list[str], findings: Findings) -> None:
    heading = declared.columns.get(name, name)
    near = difflib.get_close_matches(heading, unknown or raw.headings, n=1, cutoff=0.6)
    hint = (
        f"did you mean {near[0]!r}? Write columns: {{{name}: {near[0]}}} in wave.yaml"
        if near
        else (
            f"say under columns in wave.yaml which heading holds {name}; the sheet has: "
            + ", ".join(heading for heading in raw.headings if heading)
        )
    )
    _about(findings, raw, heading, "the column is missing", hint)


def _about(findings: Findings, raw: RawSheet, heading: str, problem: str, fix: str) -> None:
    findings.about_file("error", raw.file, problem, fix, raw.sheet, raw.heading_row, heading)
