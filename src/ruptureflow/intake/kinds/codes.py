"""Coder sheets, long or wide, of any coding system that is an instrument file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ruptureflow.config.instruments import CodingSystem
from ruptureflow.config.wave import CodesFile, Locale
from ruptureflow.intake.cells import missing, read_numbers, whole_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.raw import NamedSheet, RawSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WHO = ("patient", "session", "coder")
# x, ✓, ✓−, ✓+, and tallies: III, ||||, //.
MARK = "[xX×✗✓✔√☑☒✕][-−–+]?|[Il|/1]*[I|/l][Il|/1 ]*"


def read_codes(raw: RawSheet, declared: CodesFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table codes."""
    system = context.instruments[declared.instrument]
    if not isinstance(system, CodingSystem) or not _version_fits(raw, declared, system, context):
        return {}
    frame = (
        _read_wide(raw, declared, system, context)
        if declared.layout == "wide"
        else _read_long(raw, declared, system, context)
    )
    return {} if frame is None else {"codes": frame}


def _version_fits(raw: RawSheet, declared: CodesFile, system: CodingSystem, context: Context) -> bool:
    if declared.version == system.version:
        return True
    context.findings.about_file(
        "error",
        raw.file,
        f"declared as coded with version {declared.version}, but {system.id} is version {system.version}",
        "versions are not mixed: name the instrument of that version in wave.yaml, or correct version",
        raw.sheet,
        value=declared.version,
    )
    return False


def _read_wide(raw: RawSheet, declared: CodesFile, system: CodingSystem, context: Context) -> pd.DataFrame | None:
    import pandas as pd

    words = {"code": [code.code for code in system.codes], "measure": list(system.measures)}
    expected = Expected(WHO, ("segment", "version", "coded"), declared.pattern, words)
    sheet = name_columns(raw, declared, expected, context.findings)
    if sheet is None:
        return None
    who, complete = _who(sheet, declared, system, context)
    frames = []
    for name, match in sheet.matched.items():
        measure = _measure(name, match, declared, system, sheet, context)
        if measure is None:
            continue
        frame = who.copy()
        if "segment" in match:
            frame["segment"] = pd.array([int(match["segment"])] * len(sheet), dtype="Int64")
        frame["code"] = [match["code"]] * len(sheet)
        frame["measure"] = [measure] * len(sheet)
        text = sheet.text(name)
        session_level = system.measures[measure].per == "session"
        if session_level:
            # A rating of the whole session stands in one of its segments' rows only.
            has_segments = frame["segment"].notna()
            frame["segment"] = pd.array([pd.NA] * len(sheet), dtype="Int64")
            keep = complete & (~has_segments.to_numpy() | (text != "").to_numpy())
        else:
            keep = complete
        part = sheet.keep(keep)
        values = _values(part, name, declared, system, measure, context)
        frames.append(frame[keep].reset_index(drop=True).assign(value=values))
    if not frames:
        context.findings.about_file(
            "error",
            raw.file,
            f"no heading has the form {declared.pattern} with a code of {system.id}",
            f"correct pattern, or name the headings under columns in wave.yaml; codes: {', '.join(words['code'])}",
            raw.sheet,
            raw.heading_row,
        )
        return None
    absent = [code for code in words["code"] if code not in {match["code"] for match in sheet.matched.values()}]
    if absent:
        context.findings.about_file(
            "warning",
            raw.file,
            f"no column for {len(absent)} of {len(words['code'])} codes: {_shortened(absent)}",
            "add them, or leave them: totals are over the columns that are there",
            raw.sheet,
            raw.heading_row,
        )
    return pd.concat(frames, ignore_index=True)


def _shortened(names: list[str], shown: int = 6) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _measure(
    heading: str,
    match: dict[str, str],
    declared: CodesFile,
    system: CodingSystem,
    sheet: NamedSheet,
    context: Context,
) -> str | None:
    """What a column holds: as its heading says, as the wave declares, or the only thing its code has."""
    code = next(code for code in system.codes if code.code == match["code"])
    measure = match.get("measure") or (declared.measure if declared.measure in code.measures else None)
    if measure is None and len(code.measures) == 1:
        measure = code.measures[0]
    if measure in code.measures:
        return measure
    context.findings.about_file(
        "error",
        sheet.file,
        f"what the column holds is not declared: {code.code} has {', '.join(code.measures)}",
        "declare measure in wave.yaml, or a pattern with {measure}",
        sheet.sheet,
        None,
        sheet.heading(heading),
    )
    return None


def _read_long(raw: RawSheet, declared: CodesFile, system: CodingSystem, context: Context) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd

    findings = context.findings
    sheet = name_columns(
        raw, declared, Expected((*WHO, "code", "value"), ("segment", "measure", "version", "coded")), findings
    )
    if sheet is None:
        return None
    who, complete = _who(sheet, declared, system, context)
    code = sheet.text("code")
    known = {each.code: each for each in system.codes}
    stray = ~code.isin(list(known)).to_numpy()
    if stray.any():
        import difflib

        hints = {
            word: f"did you mean {near[0]!r}?" if near else f"codes: {', '.join(known)}"
            for word in code[stray].unique()
            for near in [difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)]
        }
        problem = f"not a code of {system.id}"
        findings.about_cells(
            "error", sheet, stray, sheet.heading("code"), code, problem, [hints[w] for w in code[stray]]
        )
        findings.ledger("refused", sheet, stray & complete, None, None, problem)
    single = {each.code: each.measures[0] if len(each.measures) == 1 else declared.measure for each in system.codes}
    given = sheet.text("measure")
    measure = given.where(given != "", code.map(single)).astype("string")
    allowed = pd.MultiIndex.from_tuples([(each.code, m) for each in system.codes for m in each.measures])
    fits = pd.MultiIndex.from_arrays([code.astype("string"), measure]).isin(allowed)
    wrong = ~fits & ~stray
    findings.about_cells(
        "error",
        sheet,
        wrong,
        sheet.heading("measure"),
        given,
        f"not a measure that {system.id} takes of this code",
        "correct the cell, or declare measure in wave.yaml",
    )
    findings.ledger("refused", sheet, wrong & complete, None, None, "unknown measure")
    keep = complete & ~stray & ~wrong
    frame = who.assign(code=code, measure=measure, value=np.nan)
    for name in system.measures:
        chosen = keep & (measure == name).fillna(False).to_numpy()
        if chosen.any():
            values = _values(sheet.keep(chosen), "value", declared, system, name, context)
            frame.loc[chosen, "value"] = values.to_numpy()
        if system.measures[name].per == "session":
            frame.loc[chosen, "segment"] = pd.NA
    return frame[keep].reset_index(drop=True)


def _who(
    sheet: NamedSheet, declared: CodesFile, system: CodingSystem, context: Context
) -> tuple[pd.DataFrame, np.ndarray]:
    """Who was coded by whom in which session and segment, and a mask of the rows where all of it is known."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    session = whole_numbers(sheet, "session", locale, findings)
    empty = session.isna().to_numpy()
    for name in WHO:
        text = sheet.text(name)
        lacking = missing(text, locale).to_numpy()
        findings.about_cells(
            "error", sheet, lacking, sheet.heading(name), text, "empty where a value is needed", "fill the cell"
        )
        empty = empty | lacking
    if sheet.has("version"):
        version = sheet.text("version")
        other = (version != system.version).to_numpy()
        findings.about_cells(
            "error",
            sheet,
            other,
            sheet.heading("version"),
            version,
            f"another version than {system.version}, with which the sheet is declared",
            "versions are not mixed: keep sheets of each version in files of their own",
        )
        empty = empty | other
    findings.ledger("refused", sheet, empty, None, None, "patient, session, coder or version not known")
    frame = pd.DataFrame(
        {
            "instrument": [declared.instrument] * len(sheet),
            "patient": sheet.text("patient"),
            "session": session,
            "coder": sheet.text("coder"),
            "segment": whole_numbers(sheet, "segment", locale, findings),
            **sheet.source(),
        }
    )
    return frame, ~empty


def _values(
    sheet: NamedSheet, name: str, declared: CodesFile, system: CodingSystem, measure: str, context: Context
) -> pd.Series:
    """Cells as numbers: marks by the declared map, blanks by the declared meaning, range checked."""
    import numpy as np

    findings, locale = context.findings, context.locale(declared)
    text = sheet.text(name)
    heading = sheet.heading(name)
    limits = system.measures[measure]
    read = _marks_as_numbers(sheet, text, heading, declared, locale, findings)
    # A blank count can mean zero; a blank rating never can.
    blank = (text == "").to_numpy() & (limits.minimum == 0)
    if sheet.has("coded"):
        was_coded = sheet.text("coded").str.casefold().isin([word.casefold() for word in declared.yes]).to_numpy()
        zero, unclear = blank & was_coded, np.zeros(len(sheet), dtype=bool)
    elif declared.blank == "zero":
        zero, unclear = blank, np.zeros(len(sheet), dtype=bool)
    else:
        zero, unclear = np.zeros(len(sheet), dtype=bool), blank & (declared.blank == "refuse")
    read = read.where(~zero, "0")
    findings.ledger("changed", sheet, zero, heading, text, "a blank declared to mean zero", read)
    findings.about_cells(
        "error",
        sheet,
        unclear,
        heading,
        text,
        "a blank, which may mean zero or not coded",
        "fill it, or declare blank: zero or blank: not coded in wave.yaml",
    )
    values = read_numbers(read.astype("str"), sheet, heading, locale, findings)
    high = limits.maximum if limits.maximum is not None else float("inf")
    outside = (values < limits.minimum) | (values > high)
    shown = f"{limits.minimum:g}–{high:g}" if high != float("inf") else f"{limits.minimum:g} or more"
    findings.about_cells(
        "error",
        sheet,
        outside.to_numpy(),
        heading,
        text,
        f"outside the range of a {measure}, {shown}",
        "correct the cell",
    )
    return values


def _marks_as_numbers(
    sheet: NamedSheet, text: pd.Series, heading: str, declared: CodesFile, locale: Locale, findings: Findings
) -> pd.Series:
    """Declared marks and tallies as the numbers they stand for; other marks are errors and become missing."""
    marks = {mark: f"{value:g}".replace(".", locale.decimal) for mark, value in declared.marks.items()}
    marked = text.isin(list(marks))
    read = text.where(~marked, text.map(marks)).astype("str")
    if declared.tallies:
        strokes = text.str.fullmatch(f"[{re.escape(declared.tallies)} ]+").fillna(False).astype(bool) & ~marked
        count = text.str.count(f"[{re.escape(declared.tallies)}]")
        read = read.where(~strokes, count.astype("str"))
        marked |= strokes
    findings.ledger("changed", sheet, marked.to_numpy(), heading, text, "a mark with a declared value", read)
    unknown = ~marked & text.str.fullmatch(MARK).fillna(False).astype(bool) & ~missing(text, locale)
    hints = [f"declare marks: {{{each!r}: 1}} (or its number) or tallies in wave.yaml" for each in text[unknown]]
    problem = "a mark without a declared number"
    findings.about_cells("error", sheet, unknown.to_numpy(), heading, text, problem, hints)
    return read.where(~unknown, "")
