"""Coder sheets, long or wide, of any coding system that is an instrument file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.instruments import CodingSystem
from ruptureflow.config.raw_files import CodesFile
from ruptureflow.intake.cells import looked_up, missing, times, whole_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.marks import coded_values
from ruptureflow.intake.raw import NamedSheet, RawSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WHO = ("patient", "session", "coder")


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
    words = {"code": [code.code for code in system.codes], "measure": list(system.measures)}
    expected = Expected(WHO, ("segment", "version", "coded", "coded_on"), declared.pattern, words)
    sheet = name_columns(raw, declared, expected, context.findings)
    if sheet is None:
        return None
    if not sheet.matched:
        context.findings.about_file(
            "error",
            raw.file,
            f"no heading has the form {declared.pattern} with a code of {system.id}",
            f"correct pattern, or name the headings under columns in wave.yaml; codes: {_shortened(words['code'])}",
            raw.sheet,
            raw.heading_row,
        )
        return None
    measures = {name: _measure(match, declared, system) for name, match in sheet.matched.items()}
    unclear = [sheet.heading(name) for name, measure in measures.items() if measure is None]
    if unclear:
        context.findings.about_file(
            "error",
            raw.file,
            f"what {_shortened(unclear)} hold is not declared: {' or '.join(system.measures)}",
            "declare measure in wave.yaml, or a pattern with {measure}",
            raw.sheet,
            raw.heading_row,
        )
    _tell_absent_codes(raw, sheet, words["code"], context)
    names = [name for name, measure in measures.items() if measure is not None]
    who, complete = _who(sheet, declared, system, context)
    return _stacked(sheet, names, measures, who, complete, declared, system, context) if names else None


def _stacked(
    sheet: NamedSheet,
    names: list[str],
    measures: dict[str, str | None],
    who: pd.DataFrame,
    complete: np.ndarray,
    declared: CodesFile,
    system: CodingSystem,
    context: Context,
) -> pd.DataFrame:
    """Rows of the table codes from the columns of a wide sheet, one below the other."""
    import numpy as np
    import pandas as pd

    tall = sheet.stacked(names, ("coded",))
    headings = sheet.repeated_headings(names)
    frame = pd.concat([who] * len(names), ignore_index=True)
    matches = [sheet.matched[name] for name in names]
    frame["code"] = np.repeat(np.array([match["code"] for match in matches], dtype=object), len(sheet))
    frame["measure"] = np.repeat(np.array([measures[name] for name in names], dtype=object), len(sheet))
    if all("segment" in match for match in matches):
        segments = np.repeat(np.array([int(match["segment"]) for match in matches]), len(sheet))
        frame["segment"] = pd.array(segments, dtype="Int64")
    # A rating of the whole session stands in one of its segments' rows, or in all of them alike.
    of_session = frame["measure"].isin([name for name, each in system.measures.items() if each.per == "session"])
    spread = (of_session & frame["segment"].notna()).to_numpy()
    frame["segment"] = frame["segment"].mask(of_session)
    keep = np.tile(complete, len(names)) & ~(spread & (tall.text("value") == "").to_numpy())
    frame = frame[keep].reset_index(drop=True)
    frame["value"] = coded_values(tall.keep(keep), headings[keep], frame["measure"], declared, system, context)
    repeated = frame.duplicated(["patient", "session", "coder", "code", "measure", "value"]) & spread[keep]
    return frame[~repeated].reset_index(drop=True)


def _tell_absent_codes(raw: RawSheet, sheet: NamedSheet, codes: list[str], context: Context) -> None:
    there = {match["code"] for match in sheet.matched.values()}
    absent = [code for code in codes if code not in there]
    if absent:
        context.findings.about_file(
            "warning",
            raw.file,
            f"no column for {len(absent)} of {len(codes)} codes: {_shortened(absent)}",
            "add them, or leave them: totals are over the columns that are there",
            raw.sheet,
            raw.heading_row,
        )


def _shortened(names: list[str], shown: int = 6) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _measure(match: dict[str, str], declared: CodesFile, system: CodingSystem) -> str | None:
    """What a column holds: as its heading says, as the wave declares, or the only thing its code has."""
    code = next(code for code in system.codes if code.code == match["code"])
    measure = match.get("measure") or (declared.measure if declared.measure in code.measures else None)
    if measure is None and len(code.measures) == 1:
        measure = code.measures[0]
    return measure if measure in code.measures else None


def _read_long(raw: RawSheet, declared: CodesFile, system: CodingSystem, context: Context) -> pd.DataFrame | None:
    import pandas as pd

    findings = context.findings
    optional = ("segment", "measure", "version", "coded", "coded_on")
    sheet = name_columns(raw, declared, Expected((*WHO, "code", "value"), optional), findings)
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
    measure = given.where(given != "", looked_up(code, single)).astype("string")
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
    frame = who.assign(code=code, measure=measure)[keep].reset_index(drop=True)
    of_session = frame["measure"].isin([name for name, each in system.measures.items() if each.per == "session"])
    frame["segment"] = frame["segment"].mask(of_session)
    part = sheet.keep(keep)
    frame["value"] = coded_values(part, sheet.heading("value"), frame["measure"], declared, system, context)
    return frame


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
            "instrument": declared.instrument,
            "patient": sheet.text("patient"),
            "session": session,
            "coder": sheet.text("coder"),
            "segment": whole_numbers(sheet, "segment", locale, findings),
            "coded_on": times(sheet, "coded_on", locale, findings),
            **sheet.source(),
        }
    )
    return frame, ~empty
