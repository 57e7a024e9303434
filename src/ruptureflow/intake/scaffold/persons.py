"""Guesses at the clinic's and the coders' files: participants, questionnaires, scores, coder sheets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from ruptureflow.config.instruments import CodingSystem, Questionnaire
from ruptureflow.intake.scaffold.guess import (
    PERSONAL,
    Guess,
    columns_entry,
    rest_entry,
    role_of,
    timepoints_entry,
    whole,
)
from ruptureflow.intake.scaffold.survey import Sheet
from ruptureflow.intake.scaffold.words import END, MISSING, headings_by_name, parts, plain

Instruments = Mapping[str, Questionnaire | CodingSystem]
# A sheet a session: P01_S4, P01 4, 101-4.
SHEET_OF_A_SESSION = re.compile(r"(?P<patient>[^\W\d_]*\d+)(?P<between>[\s_-]+[^\W\d_]*[\s_-]*)(?P<session>\d+)")


def guess_codes(sheet: Sheet, instruments: Instruments) -> Guess | None:
    """A coder sheet: a column a code, or a code a row."""
    systems = [each for each in instruments.values() if isinstance(each, CodingSystem)]
    found = headings_by_name(sheet.headings, ("patient", "session", "segment", "coder", "coded_on"))
    long = headings_by_name([h for h in sheet.headings if h not in found.values()], ("code", "measure", "value"))
    best: tuple[int, CodingSystem, dict[str, str]] | None = None
    for system in systems:
        if "code" in long and "value" in long:
            cells = set(sheet.column(long["code"]))
            matched = {code.code: code.code for code in system.codes if code.code in cells}
        else:
            matched = _codes_by_heading(sheet, system)
        # Of two versions with the same codes the later one is named, and the remark names the others.
        if len(matched) >= 2 and (best is None or len(matched) >= best[0]):
            best = (len(matched), system, matched)
    named = None if "patient" in found else SHEET_OF_A_SESSION.fullmatch(sheet.sheet or "")
    if best is None or ("patient" not in found and named is None):
        return None
    _, system, matched = best
    is_long = "code" in long and "value" in long
    used = {*found.values(), *(long.values() if is_long else matched.values())}
    columns = columns_entry(found | (long if is_long else matched))
    entry: dict[str, Any] = {"kind": "codes", "path": sheet.file, "instrument": system.id, "version": system.version}
    entry |= {"layout": "long" if is_long else "wide"}
    if any(len(code.measures) > 1 for code in system.codes if code.code in matched) and "measure" not in long:
        entry["measure"] = next(code.measures[0] for code in system.codes if len(code.measures) > 1)
    entry["blank"] = "refuse"
    entry |= {"columns": columns} if columns else {}
    ignored, remarks = rest_entry(sheet, used)
    alike = [s.id for s in systems if s is not system and len({c.code for c in s.codes} & set(matched)) == len(matched)]
    if alike:
        remarks.append(f"which version of the manual was used cannot be seen: {system.id}, or {', '.join(alike)}?")
    remarks.append("blank: say what an empty cell means: zero, or not coded")
    sessions = whole(sheet.column(found["session"])) if "session" in found else frozenset()
    if named:
        entry["sheet_name"] = f"{{patient}}{named['between']}{{session}}"
        sessions = frozenset({int(named["session"])})
        remarks.append("patient and session were taken from the sheets' names")
    return Guess(entry | ignored, remarks, sessions, names_coders="coder" in found)


def _codes_by_heading(sheet: Sheet, system: CodingSystem) -> dict[str, str]:
    matched = {}
    for code in system.codes:
        names = {plain(code.code), plain(code.label)} - {""}
        heading = next((heading for heading in sheet.headings if plain(heading) in names), None)
        if heading:
            matched[code.code] = heading
    return matched


def guess_responses(sheet: Sheet, instruments: Instruments) -> Guess | None:
    """A questionnaire: a column an item, or an item a row."""
    forms = [each for each in instruments.values() if isinstance(each, Questionnaire) and each.items]
    found = headings_by_name(sheet.headings, ("patient", "session", "timepoint", "role"))
    if "patient" not in found:
        return None
    free = [heading for heading in sheet.headings if heading and heading not in found.values()]
    long = headings_by_name(free, ("item", "value"))
    if set(long) == {"item", "value"}:
        items, prefix, pattern = {each.lstrip("0") for each in sheet.column(long["item"])}, "", None
        used = {*found.values(), *long.values()}
        cells = sheet.column(long["value"])
    else:
        template = _template(free)
        if template is None:
            return None
        pattern, headings, items = template
        prefix = pattern.split("{")[0]
        used = {*found.values(), *headings}
        cells = [cell for heading in headings for cell in sheet.column(heading)]
    candidates = _forms(forms, items, f"{sheet.file} {sheet.sheet or ''}", prefix, cells)
    if not candidates:
        return None
    form = candidates[0]
    role = role_of(sheet)
    entry: dict[str, Any] = {"kind": "responses", "path": sheet.file, "instrument": form.id}
    entry |= {} if role == "patient" else {"role": role}
    entry |= {"layout": "long" if pattern is None else "wide"}
    entry |= {"pattern": pattern} if pattern not in (None, f"{form.id}_{{item}}") else {}
    when = found.get("session") or found.get("timepoint")
    timepoints = timepoints_entry(sheet.column(when)) if when else {}
    entry |= {"timepoints": timepoints} if timepoints else {}
    columns = columns_entry(found | ({} if pattern else long))
    entry |= {"columns": columns} if columns else {}
    ignored, remarks = rest_entry(sheet, used)
    absent = sorted({cell for cell in cells if cell in MISSING and _outside(cell, form)})
    if absent:
        # Only a file without delimiter and decimal sign may get a locale of its own by this.
        entry |= {"locale": {"missing": ["", *absent]}} if not sheet.encoding and sheet.sheet is None else {}
        remarks.append(f"{', '.join(absent)} was taken for: no answer; list it under missing of the file's locale")
    if len(candidates) > 1:
        others = ", ".join(each.id for each in candidates[1:4])
        remarks.append(f"which form it is cannot be seen from the answers: {form.id}, or {others}?")
    if "session" not in found and "timepoint" not in found and "{session}" not in (pattern or ""):
        entry["constants"] = {"timepoint": "end" if any(w in END for w in parts(sheet.file)) else "intake"}
        remarks.append("the file does not say when it was answered: correct constants")
    sessions = whole(sheet.column(found["session"])) - {0} if "session" in found else frozenset()
    roles = frozenset(sheet.column(found["role"])) if "role" in found else frozenset({role})
    return Guess(entry | ignored, remarks, sessions, roles=roles)


def _outside(cell: str, form: Questionnaire) -> bool:
    highest = max(form.range_of(item).maximum for item in form.items)
    return bool(re.fullmatch(r"-?\d+", cell)) and not form.response.minimum <= float(cell) <= highest


def _template(headings: list[str]) -> tuple[str, list[str], set[str]] | None:
    """The pattern most numbered headings share, those headings, and their items."""
    groups: dict[str, list[str]] = {}
    for heading in headings:
        groups.setdefault(re.sub(r"\d+", "#", heading), []).append(heading)
    shape, members = max(groups.items(), key=lambda item: len(item[1]), default=("", []))
    if "#" not in shape or len(members) < 3:
        return None
    runs = [re.findall(r"\d+", heading) for heading in members]
    varying = [place for place in range(len(runs[0])) if len({run[place] for run in runs}) > 1]
    if not 1 <= len(varying) <= 2:
        return None
    names = dict(zip(varying, ["item"] if len(varying) == 1 else ["session", "item"], strict=True))
    pieces = shape.split("#")
    pattern = pieces[0]
    for place, piece in enumerate(pieces[1:]):
        pattern += f"{{{names[place]}}}" if place in names else runs[0][place]
        pattern += piece
    return pattern, members, {run[varying[-1]].lstrip("0") for run in runs}


def _forms(
    forms: list[Questionnaire], items: set[str], place: str, prefix: str, cells: list[str]
) -> list[Questionnaire]:
    """Forms that have these items and allow these answers, the likeliest by name first."""
    numbers = [float(cell.replace(",", ".")) for cell in cells if re.fullmatch(r"-?\d+([.,]\d+)?", cell)]
    answers = [number for number in numbers if number not in (-9, -99, 9, 99, 999)]
    scored = []
    for form in forms:
        if not items <= set(form.items):
            continue
        highest = max(form.range_of(item).maximum for item in form.items)
        if answers and (max(answers) > highest or min(answers) < form.response.minimum):
            continue
        names = [plain(text) for text in (prefix, place) if text]
        likeness = max((difflib.SequenceMatcher(None, form.id, name).ratio() for name in names), default=0)
        # A whole id counts: wai_sr.sav holds the letters of wai_s too.
        likeness += sum((f"_{form.id}_" in f"_{name}_") + (form.id.split("_")[0] in name.split("_")) for name in names)
        scored.append((len(items) / len(form.items), likeness, form))
    scored.sort(key=lambda item: (-item[1], -item[0]))
    near = [form for complete, likeness, form in scored if complete > 0.7]
    return near or [form for _, _, form in scored]


def guess_scores(sheet: Sheet, instruments: Instruments) -> Guess | None:
    """Scale scores without items."""
    found = headings_by_name(sheet.headings, ("patient", "session", "timepoint", "role"))
    if "patient" not in found:
        return None
    if not {"session", "timepoint"} & set(found):
        return _scores_by_heading(sheet, found, instruments)
    when = found.get("session") or found["timepoint"]
    for form in instruments.values():
        if not isinstance(form, Questionnaire):
            continue
        free = [heading for heading in sheet.headings if heading not in found.values()]
        scores = {heading: scale for heading in free if (scale := _scale(heading, form))}
        if scores:
            entry: dict[str, Any] = {"kind": "scores", "path": sheet.file, "instrument": form.id, "scores": scores}
            columns = columns_entry(found)
            entry |= {"columns": columns} if columns else {}
            timepoints = timepoints_entry(sheet.column(when))
            entry |= {"timepoints": timepoints} if timepoints else {}
            ignored, remarks = rest_entry(sheet, {*found.values(), *scores})
            remarks.append("check the instrument: scale names do not tell forms apart")
            return Guess(entry | ignored, remarks, whole(sheet.column(when)) - {0})
    return None


def _scores_by_heading(sheet: Sheet, found: dict[str, str], instruments: Instruments) -> Guess | None:
    """A row a patient and nothing but totals of one form, whose headings say when: HRSD intake, HRSD end."""
    free = [heading for heading in sheet.headings if heading and heading not in found.values()]
    targets = {heading: target.partition(".") for heading in free if (target := _score(heading, instruments))}
    if not free or len(targets) < len(free) or len({form for form, _, _ in targets.values()}) > 1:
        return None
    form = next(iter(targets.values()))[0]
    entry: dict[str, Any] = {"kind": "scores", "path": sheet.file, "instrument": form}
    entry |= {"scores": {heading: scale for heading, (_, _, scale) in targets.items()}}
    columns = columns_entry(found)
    entry |= {"columns": columns} if columns else {}
    return Guess(entry, ["check instrument and occasion of each score"])


def _scale(heading: str, form: Questionnaire) -> str | None:
    """The scale a heading names: by its own name, or by the form's where that has only one scale."""
    words = plain(heading).removeprefix(f"{form.id}_")
    if words in {scale.name for scale in form.scales}:
        return words
    if len(form.scales) == 1 and any(word in (form.id, re.sub(r"\d+$", "", form.id)) for word in parts(heading)):
        return form.scales[0].name
    return None


def guess_participants(sheet: Sheet, instruments: Instruments) -> Guess | None:
    """The participants table: ids once each, with what is known of each person."""
    names = ("patient", "therapist", "age", "gender", "arm", "personality_disorder", "dropout")
    found = headings_by_name(sheet.headings, names)
    if "patient" not in found or len(found) < 2:
        return None
    ids = sheet.column(found["patient"])
    if len(set(ids)) < len(ids):
        return None
    scores: dict[str, str] = {}
    covariates: dict[str, str] = {}
    personal: list[str] = []
    for heading in sheet.headings:
        if not heading or heading in found.values():
            continue
        if PERSONAL.search(plain(heading)):
            personal.append(heading)
            continue
        target = _score(heading, instruments)
        if target:
            scores[heading] = target
        else:
            covariates[re.sub(r"^\d+", "", plain(heading)) or "covariate"] = heading
    entry: dict[str, Any] = {"kind": "participants", "path": sheet.file}
    columns = columns_entry(found | covariates)
    entry |= {"columns": columns} if columns else {}
    entry |= {"covariates": list(covariates)} if covariates else {}
    entry |= {"scores": scores} if scores else {}
    entry |= {"ignore": personal} if personal else {}
    remarks = [f"{', '.join(personal)} may identify persons: remove such columns from the file"] if personal else []
    remarks += [f"{heading} was taken for {target}" for heading, target in scores.items()]
    for name in ("personality_disorder", "dropout"):
        if name in found:
            words = sorted(set(sheet.column(found[name])))
            remarks.append(f"{found[name]} holds {', '.join(words[:4])}: say under yes and no what they mean")
    return Guess(entry, remarks)


def _score(heading: str, instruments: Instruments) -> str | None:
    """A total that stands in the participants table, such as hrsd_intake."""
    for form in instruments.values():
        if isinstance(form, Questionnaire) and len(form.scales) == 1 and _scale(heading, form):
            timepoint = "end" if any(word in END for word in parts(heading)) else "intake"
            return f"{form.id}.{form.scales[0].name}@{timepoint}"
    return None
