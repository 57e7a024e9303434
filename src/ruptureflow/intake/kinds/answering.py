"""Who answered when: patient, role, timepoint and session of a questionnaire's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import ResponsesFile, ScoresFile
from ruptureflow.intake.cells import looked_up, missing, read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.raw import NamedSheet

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WHEN = ("session", "timepoint")
TIMEPOINTS = ("intake", "session", "end")


def who_answered(
    sheet: NamedSheet,
    instrument: str,
    declared: ResponsesFile | ScoresFile,
    context: Context,
    session_elsewhere: bool,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Who answered when, and a mask of the rows where both are known."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    patient = sheet.text("patient")
    empty = missing(patient, locale).to_numpy()
    findings.about_cells(
        "error", sheet, empty, sheet.heading("patient"), patient, "empty where a value is needed", "fill the cell"
    )
    role = sheet.text("role", declared.role)
    role = role.where(~missing(role, locale), declared.role)
    if session_elsewhere:
        timepoint = pd.Series("session", index=sheet.cells.index, dtype="string")
        session = pd.Series(pd.NA, index=sheet.cells.index, dtype="Int64")
        known = pd.Series(True, index=sheet.cells.index)
    else:
        timepoint, session, known = _when(sheet, declared.timepoints, locale, context)
    findings.ledger("refused", sheet, empty | ~known.to_numpy(), None, None, "patient or session not known")
    frame = pd.DataFrame(
        {
            "instrument": instrument,
            "role": role,
            "patient": patient,
            "timepoint": timepoint,
            "session": session,
            **sheet.source(),
        }
    )
    return frame, ~empty & known.to_numpy()


def _when(
    sheet: NamedSheet, words: Mapping[str, str], locale: Locale, context: Context
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Timepoint and session of each row, and where they are known.

    A number is a session, unless it is 0 and the design has no session 0: then it is the intake. A word is a
    timepoint, as declared or by its own name. Without a column of either the file is not dated: an error.
    """
    import pandas as pd

    findings = context.findings
    name = "session" if sheet.has("session") else "timepoint"
    if not sheet.has(name):
        findings.about_file(
            "error",
            sheet.file,
            "the sheet does not say when: it has neither a column session nor timepoint",
            "name the column under columns in wave.yaml, or give constants: {timepoint: intake} for the whole file",
            sheet.sheet,
        )
    known_words = {**{each: each for each in TIMEPOINTS}, **words}
    text = sheet.text(name)
    if sheet.has("session") and sheet.has("timepoint"):
        stated = looked_up(sheet.text("timepoint"), known_words)
        text = text.where(~stated.isin(["intake", "end"]), stated).astype("str")
    word = looked_up(text, known_words)
    word = word.where(word != "session", pd.NA)
    number = read_numbers(text.where(word.isna(), "").astype("str"), sheet, sheet.heading(name), locale, findings)
    fraction = number.notna() & (number % 1 != 0)
    findings.about_cells(
        "error", sheet, fraction.to_numpy(), sheet.heading(name), text, "not a whole number", "correct the cell"
    )
    number = number.where(~fraction).astype("Int64")
    at_intake = (number == 0).fillna(False) & (0 not in context.wave.design.sessions)
    timepoint = word.where(word.notna(), "session")
    timepoint = timepoint.where(~at_intake, "intake")
    session = number.where(timepoint == "session", pd.NA)
    session = session.where(timepoint != "intake", 0)
    known = (timepoint != "session") | session.notna()
    if sheet.has(name):
        lacking = missing(text, locale).to_numpy()
        findings.about_cells(
            "error", sheet, lacking, sheet.heading(name), text, "empty where a value is needed", "fill the cell"
        )
    return timepoint, session.astype("Int64"), known.fillna(False).astype(bool)
