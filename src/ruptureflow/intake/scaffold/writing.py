"""The guesses as a commented `wave.yaml`."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import yaml

from ruptureflow.config.instruments import CodingSystem, Questionnaire
from ruptureflow.intake.scaffold.assays import guess_concentrations, guess_plate, guess_samples, guess_tubes
from ruptureflow.intake.scaffold.guess import Guess
from ruptureflow.intake.scaffold.persons import guess_codes, guess_participants, guess_responses, guess_scores
from ruptureflow.intake.scaffold.survey import Sheet
from ruptureflow.intake.scaffold.words import MATRICES, parts

Instruments = Mapping[str, Questionnaire | CodingSystem]
HEAD = """\
# What the files of this folder are. Written by `ruptureflow new-wave`, which guessed: read every line and correct it.
# Lines with CHECK are what it was least sure of. docs/intake.md explains every key.
"""


def wave_text(name: str, sheets: list[Sheet], unread: list[str], instruments: Instruments) -> str:
    """The text of a `wave.yaml` for the surveyed sheets.

    Parameters
    ----------
    name : the folder's name, for the title.
    sheets, unread : as `survey_folder` gives them.
    """
    guesses, strange = _guesses(sheets, instruments)
    by_file = {sheet.file: sheet for sheet in sheets}
    locale = _usual_locale(sheets)
    lines = [HEAD, f"title: {_scalar(name)}", 'description: ""', "", "# How the text files write numbers and dates."]
    lines += [f"locale: {_flow(locale | {'date_format': '%Y-%m-%d', 'missing': ['', 'NA', 'N/A']})}", ""]
    lines += _design(guesses)
    lines += _analytes(guesses, _matrix(sheets))
    lines += ["files:"]
    for guess in guesses:
        lines += [f"  # CHECK: {remark}" for remark in guess.remarks]
        entry = dict(guess.entry)
        sheet = by_file.get(entry["path"]) or next(s for s in sheets if fnmatchcase(s.file, entry["path"]))
        own = _own_locale(sheet, locale)
        entry |= {"locale": own} if own else {}
        if sheet.heading_row > 1 and entry["kind"] != "plate":
            entry["header_row"] = sheet.heading_row
        lines += _entry(entry)
    if not any(guess.entry["kind"] == "participants" for guess in guesses):
        lines += [
            "  # CHECK: no participants table was recognised; one is needed, one row a patient:",
            "  # - {kind: participants, path: participants.csv}",
        ]
    for file in dict.fromkeys([*strange, *unread]):
        sheets_of_it = strange.get(file, [])
        which = f", sheet {sheets_of_it[0]}" if sheets_of_it else ""
        which += f" and {len(sheets_of_it) - 1} more" if len(sheets_of_it) > 1 else ""
        lines.append(f"  # CHECK: not recognised, not read: {file}{which}")
    return "\n".join(lines) + "\n"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _guesses(sheets: list[Sheet], instruments: Instruments) -> tuple[list[Guess], dict[str, list[str]]]:
    """A guess for each sheet, and the sheets without one by file; coders' files that are alike become one entry."""
    guesses: list[Guess] = []
    strange: dict[str, list[str]] = {}
    files: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        files.setdefault(sheet.file, []).append(sheet)
    for file, its_sheets in files.items():
        plate = guess_plate(its_sheets)
        if plate:
            guesses.append(plate)
            continue
        for sheet in its_sheets:
            guess = _guess(sheet, instruments)
            if guess is None:
                strange.setdefault(file, []).extend([sheet.sheet] if sheet.sheet is not None else [])
                continue
            entry = guess.entry | ({"sheet": sheet.sheet} if sheet.sheets > 1 else {})
            guesses.append(replace(guess, entry=entry))
    return _joined(guesses), strange


def _guess(sheet: Sheet, instruments: Instruments) -> Guess | None:
    if not sheet.headings:
        return None
    return (
        guess_codes(sheet, instruments)
        or guess_tubes(sheet)
        or guess_concentrations(sheet)
        or guess_responses(sheet, instruments)
        or guess_scores(sheet, instruments)
        or guess_samples(sheet)
        or guess_participants(sheet, instruments)
    )


def _joined(guesses: list[Guess]) -> list[Guess]:
    """Files of one folder that are alike as one entry: runs of an assay, and coder sheets that name no coder."""
    done: list[Guess] = []
    for guess in guesses:
        entry = guess.entry
        if entry["kind"] in ("tubes", "plate"):
            alike = [each for each in guesses if _without_place(each.entry) == _without_place(entry)]
            if guess is alike[0]:
                done.append(_runs(alike))
            continue
        if entry["kind"] != "codes" or guess.names_coders:
            done.append(guess)
            continue
        alike = [each for each in guesses if _without_place(each.entry) == _without_place(entry)]
        if guess is not alike[0]:
            continue
        paths = list(dict.fromkeys(each.entry["path"] for each in alike))
        sessions = frozenset().union(*(each.sessions for each in alike))
        named = dict(entry)
        remarks = list(guess.remarks)
        if len(paths) > 1 or "sheet" not in entry or "sheet_name" in entry:
            path, pattern = _common(paths)
            if "sheet_name" in entry:
                named["sheet"] = entry["sheet_name"].replace("{patient}", "*").replace("{session}", "*")
            named |= {"path": path, "file_name": pattern}
            remarks.append("the coder was taken from the file's name")
        else:
            named |= {"sheet": "*", "sheet_name": "{coder}"}
            remarks.append("the coder was taken from the sheet's name")
        done.append(replace(guess, entry=named, remarks=remarks, sessions=sessions))
    return done


def _runs(alike: list[Guess]) -> Guess:
    """Several runs as one entry that knows every run's labels."""
    paths = [each.entry["path"] for each in alike]
    if len(paths) == 1:
        return alike[0]
    contents = {label: content for each in alike for label, content in each.entry["contents"].items()}
    return replace(alike[0], entry=alike[0].entry | {"path": _common(paths)[0], "contents": contents})


def _without_place(entry: dict[str, Any]) -> dict[str, Any]:
    """What must be alike in two files to be one entry; a plate's sheets count, a coder's sheet may be its name."""
    place = ("path", "contents") if entry["kind"] in ("tubes", "plate") else ("path", "sheet")
    return {key: value for key, value in entry.items() if key not in place} | {"folder": _folder(entry["path"])}


def _common(paths: list[str]) -> tuple[str, str]:
    """The glob of several files, and the pattern of their names: `coders/3rs_*.xlsx`, `3rs_{coder}`."""
    folder = _folder(paths[0])
    stems = [os.path.splitext(path.rpartition("/")[2])[0] for path in paths]
    ending = os.path.splitext(paths[0])[1]
    if len(stems) == 1:
        head, mark, _ = stems[0].rpartition("_")
        return paths[0], f"{head}{mark}{{coder}}"
    length = next((n for n, letters in enumerate(zip(*stems, strict=False)) if len(set(letters)) > 1), 0)
    head = stems[0][:length]
    # Cut at a separator: ann and anna have the head "", not "ann".
    head = re.sub(r"[A-Za-z0-9]+$", "", head)
    return "/".join(filter(None, [folder, f"{head}*{ending}"])), f"{head}{{coder}}"


def _usual_locale(sheets: list[Sheet]) -> dict[str, str]:
    """What most text files are written in."""
    text = [sheet for sheet in sheets if sheet.sheet is None]
    usual = {"delimiter": ",", "decimal": ".", "encoding": "utf-8"}
    for name in usual:
        counted = Counter(each for sheet in text if (each := getattr(sheet, name)))
        if counted:
            usual[name] = counted.most_common(1)[0][0]
    return _told_apart(usual)


def _told_apart(locale: dict[str, str]) -> dict[str, str]:
    """A locale whose decimal sign is not its delimiter; numbers in quotes that are so written are told when read."""
    return locale | {"decimal": "."} if locale["decimal"] == locale["delimiter"] else locale


def _own_locale(sheet: Sheet, usual: dict[str, str]) -> dict[str, str]:
    """The locale of a file that differs from the usual one, or nothing."""
    own = _told_apart({name: getattr(sheet, name) or usual[name] for name in usual})
    return own if sheet.sheet is None and own != usual else {}


def _design(guesses: list[Guess]) -> list[str]:
    sessions = sorted(set().union(*(guess.sessions for guess in guesses))) if guesses else []
    assayed = sorted(set().union(*(guess.assay_sessions for guess in guesses))) if guesses else []
    roles = {"patient", *(role for guess in guesses for role in guess.roles)}
    ordered = ["patient", *sorted(roles - {"patient"})]
    lines = [
        "design:",
        "  # CHECK: every planned session of the treatment that any file may name, such as [4, 8] or",
        "  # {first: 1, last: 30}; these are the ones found.",
        f"  sessions: {_span(sessions or [1])}",
    ]
    if assayed:
        lines += ["  # Sessions with samples.", f"  assay_sessions: {_span(assayed)}"]
    lines += [f"  roles: {_flow(ordered)}"] if len(ordered) > 1 else []
    lines += ["  # Time in models is (session − time_origin) ÷ time_step.", f"  time_origin: {(sessions or [1])[0]}"]
    return [*lines, ""]


def _span(numbers: list[int]) -> str:
    contiguous = numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{{first: {numbers[0]}, last: {numbers[-1]}}}" if contiguous and len(numbers) > 6 else _flow(numbers)


def _matrix(sheets: list[Sheet]) -> str:
    """What was sampled, if a path or a heading says so."""
    words = {word for sheet in sheets for text in (sheet.file, *sheet.headings) for word in parts(text)}
    return next((matrix for matrix in MATRICES if matrix in words), "saliva")


def _analytes(guesses: list[Guess], matrix: str) -> list[str]:
    found: dict[str, dict[str, str]] = {}
    for guess in guesses:
        if guess.analyte:
            name, unit, signal = guess.analyte
            known = found.setdefault(name, {"unit": "", "signal": "none"})
            known["unit"] = known["unit"] or unit
            known["signal"] = signal if signal != "none" else known["signal"]
    if not found:
        return []
    lines = ["analytes:"]
    for name, known in found.items():
        lines += [
            "  # CHECK: matrix, unit and method of the assay; what the lab did not report may be left out.",
            f"  - name: {name}",
            f"    matrix: {matrix}",
            f"    unit: {known['unit'] or 'pg/mL'}",
            "    method: not reported",
            f"    signal: {known['signal']}",
        ]
    return [*lines, ""]


def _entry(entry: dict[str, Any]) -> list[str]:
    lines = []
    for number, (key, value) in enumerate(entry.items()):
        mark = "  - " if number == 0 else "    "
        lines.append(f"{mark}{key}: {_flow(value) if isinstance(value, (dict, list)) else _scalar(value)}")
    return [*lines, ""]


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000).strip()


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, width=10_000).removesuffix("...\n").strip()
