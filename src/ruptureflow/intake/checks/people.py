"""Patients who stand in one file and not in another."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from ruptureflow.intake.checks.spelling import spelling
from ruptureflow.intake.context import Context
from ruptureflow.intake.unreadable import SPREADSHEET_ERRORS

if TYPE_CHECKING:
    import pandas as pd

WITH_PATIENTS = ("samples", "codes", "responses", "reported_scores")


def likely_id(name: str, known: list[str], lacking: list[str]) -> str | None:
    """The known id that a misspelt one most likely is.

    One that differs only in capitals, separators or leading zeros (`p-3`, `P03`); else the nearest of those that this
    table lacks. Another id that the table has too is never meant: R002 is not a misspelt R008.
    """
    alike = [each for each in known if spelling(each) == spelling(name) or _bare(each) == _bare(name)]
    near = difflib.get_close_matches(name, lacking, n=1, cutoff=0.6)
    return (alike or near or [None])[0]


def _bare(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "", name.casefold()))


def tell_unknown_patients(frame: pd.DataFrame, participants: pd.DataFrame, context: Context) -> None:
    """Patients of another table who are not among the participants, once a sheet, with the likely match."""
    if not len(frame) or not len(participants):
        return
    known = participants["patient"].astype(str).unique().tolist()
    frame = frame[~frame["patient"].isin(list(SPREADSHEET_ERRORS))]
    stray = frame[~frame["patient"].isin(known)].drop_duplicates(["source_file", "source_sheet", "patient"])
    if not len(stray):
        return
    lacking = sorted(set(known) - set(frame["patient"].unique()))
    fixes = []
    for patient in stray["patient"].astype(str):
        near = likely_id(patient, known, lacking)
        hint = f"did you mean {near!r}? Else add" if near else "add"
        fixes.append(f"{hint} the patient to the participants, or correct the id")
    context.findings.about_rows(
        "error",
        stray,
        stray["patient"].to_numpy(dtype=object),
        "a patient who is not among the participants",
        fixes,
        ("patient", "sample"),
    )


def tell_absent_patients(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Participants of whom no other file says anything."""
    participants = clean["participants"]
    if not any(len(clean[name]) for name in WITH_PATIENTS):
        return
    # Scores that stand in the participants table itself are no other file's word.
    own = set(participants["source_file"])
    seen: set[str] = set()
    for name in WITH_PATIENTS:
        frame = clean[name]
        seen |= set(frame.loc[~frame["source_file"].isin(list(own)), "patient"].unique())
    absent = participants[~participants["patient"].isin(list(seen))]
    context.findings.about_rows(
        "warning",
        absent,
        absent["patient"].to_numpy(dtype=object),
        "a participant of whom no other file says anything",
        "look for the patient's data under another id; without any the patient is in no model",
        ("patient",),
    )
