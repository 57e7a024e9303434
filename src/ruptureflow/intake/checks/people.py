"""Patients who stand in one file and not in another."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

WITH_PATIENTS = ("samples", "codes", "responses", "reported_scores")


def nearest_id(name: str, known: list[str]) -> str | None:
    """The known id that a misspelt one most likely is."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return near[0] if near else None


def tell_unknown_patients(frame: pd.DataFrame, participants: pd.DataFrame, context: Context) -> None:
    """Patients of another table who are not among the participants, once a sheet, with the likely match."""
    if not len(frame) or not len(participants):
        return
    known = participants["patient"].astype(str).unique().tolist()
    stray = frame[~frame["patient"].isin(known)].drop_duplicates(["source_file", "source_sheet", "patient"])
    if not len(stray):
        return
    # An id that only differs from one that this table lacks is likeliest that one.
    lacking = [patient for patient in known if patient not in set(frame["patient"])]
    fixes = []
    for patient in stray["patient"].astype(str):
        near = nearest_id(patient, lacking) or nearest_id(patient, known)
        hint = f"did you mean {near!r}? Else add" if near else "add"
        fixes.append(f"{hint} the patient to the participants, or correct the id")
    context.findings.about_rows(
        "error",
        stray,
        stray["patient"].to_numpy(dtype=object),
        "a patient who is not among the participants",
        fixes,
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
        seen |= set(frame.loc[~frame["source_file"].isin(list(own)), "patient"].astype(str))
    absent = participants[~participants["patient"].isin(list(seen))]
    context.findings.about_rows(
        "warning",
        absent,
        absent["patient"].to_numpy(dtype=object),
        "a participant of whom no other file says anything",
        "look for the patient's data under another id; without any the patient is in no model",
    )
