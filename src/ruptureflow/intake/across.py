"""What only all files together show: doubled keys, ids that stand in one file alone, the planned design."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from ruptureflow.intake.context import Context
from ruptureflow.tables import intake

if TYPE_CHECKING:
    import pandas as pd


def check_across(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Add the problems of the clean tables taken together to the findings."""
    for table in intake.CLEAN:
        _tell_doubled(clean[table.name], table, context)
    for name in ("samples", "codes", "responses", "reported_scores"):
        _tell_unknown_patients(clean[name], clean["participants"], context)
        _tell_unplanned_sessions(clean[name], context)
    for name in ("samples", "responses", "reported_scores"):
        _tell_unknown_roles(clean[name], context)
    for name in ("signals", "reported_concentrations"):
        _tell_unlisted_samples(clean[name], clean["samples"], context)
    _tell_unmeasured_samples(clean, context)
    _tell_unpaired_samples(clean["samples"], context)


def _place(frame: pd.DataFrame) -> pd.Series:
    sheet = frame["source_sheet"].astype("string")
    return (
        frame["source_file"].astype("string")
        + (" sheet " + sheet).fillna("")
        + " row "
        + frame["source_row"].astype(str)
    )


def _tell_doubled(frame: pd.DataFrame, table: intake.Table, context: Context) -> None:
    """Two rows with the same key: both are named."""
    if not len(frame):
        return
    key = list(table.key)
    doubled = frame[frame.duplicated(key, keep=False)]
    if not len(doubled):
        return
    places = (
        _place(doubled)
        .groupby([doubled[name] for name in key], dropna=False)
        .transform(lambda rows: " and ".join(rows.unique()) if rows.nunique() > 1 else rows.iloc[0] + " twice")
    )
    shown = doubled[key].astype("string").fillna("–").agg(" ".join, axis=1)
    # One row of a wide sheet makes many rows of a long table: one problem a raw row and place is enough.
    first = ~pd_frame(doubled, places).duplicated().to_numpy()
    context.findings.about_rows(
        "error",
        doubled[first],
        shown[first].to_numpy(dtype=object),
        [f"the same {', '.join(key)} stands twice: {place}" for place in places[first]],
        "keep one of the rows, or correct the one with the wrong key",
    )


def pd_frame(doubled: pd.DataFrame, places: pd.Series) -> pd.DataFrame:
    """Raw row and wording of each doubled row."""
    return doubled[["source_file", "source_sheet", "source_row"]].assign(places=places)


def _first_rows(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The first clean row of each value of some columns: one problem a value, not one a cell."""
    return frame.drop_duplicates(by)


def _tell_unknown_patients(frame: pd.DataFrame, participants: pd.DataFrame, context: Context) -> None:
    if not len(frame) or not len(participants):
        return
    known = participants["patient"].astype(str).unique().tolist()
    stray = _first_rows(frame[~frame["patient"].isin(known)], ["source_file", "source_sheet", "patient"])
    fixes = []
    for patient in stray["patient"]:
        near = difflib.get_close_matches(str(patient), known, n=1, cutoff=0.6)
        fixes.append(f"did you mean {near[0]!r}?" if near else "add the patient to the participants, or correct the id")
    context.findings.about_rows(
        "error",
        stray,
        stray["patient"].to_numpy(dtype=object),
        "a patient who is not among the participants",
        fixes,
    )


def _tell_unplanned_sessions(frame: pd.DataFrame, context: Context) -> None:
    if not len(frame):
        return
    planned = context.wave.design.sessions
    dated = frame[frame["session"].notna()]
    if "timepoint" in dated:
        dated = dated[dated["timepoint"] == "session"]
    stray = _first_rows(
        dated[~dated["session"].isin(planned)], ["source_file", "source_sheet", "source_row", "session"]
    )
    shown = ", ".join(map(str, planned)) if len(planned) <= 12 else f"{planned[0]} … {planned[-1]}"
    context.findings.about_rows(
        "error",
        stray,
        stray["session"].astype(str).to_numpy(dtype=object),
        f"a session out of the plan ({shown})",
        "correct the session, or add it under design in wave.yaml",
    )


def _tell_unknown_roles(frame: pd.DataFrame, context: Context) -> None:
    if not len(frame):
        return
    roles = context.wave.design.roles
    stray = _first_rows(frame[~frame["role"].isin(roles)], ["source_file", "source_sheet", "source_row"])
    context.findings.about_rows(
        "error",
        stray,
        stray["role"].to_numpy(dtype=object),
        f"a role out of the design ({', '.join(roles)})",
        "correct the cell, or add the role under design in wave.yaml",
    )


def _tell_unlisted_samples(frame: pd.DataFrame, samples: pd.DataFrame, context: Context) -> None:
    measured = frame[frame["sample"].notna()]
    for analyte, group in measured.groupby("analyte"):
        listed = samples.loc[samples["analyte"] == analyte, "sample"].astype(str).unique().tolist()
        stray = _first_rows(group[~group["sample"].isin(listed)], ["source_file", "source_sheet", "sample"])
        fixes = []
        for sample in stray["sample"]:
            near = difflib.get_close_matches(str(sample), listed, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}? Else add" if near else "add"
            fixes.append(f"{hint} it to the sample manifest, or to contents in wave.yaml if it is no sample")
        context.findings.about_rows(
            "error",
            stray,
            stray["sample"].to_numpy(dtype=object),
            "measured, but not in the sample manifest",
            fixes,
        )


def _tell_unmeasured_samples(clean: dict[str, pd.DataFrame], context: Context) -> None:
    samples = clean["samples"]
    for analyte, group in samples.groupby("analyte"):
        measured: set[str] = set()
        for name in ("signals", "reported_concentrations"):
            frame = clean[name]
            measured |= set(frame.loc[(frame["analyte"] == analyte) & frame["sample"].notna(), "sample"].astype(str))
        lost = group[~group["sample"].isin(list(measured))]
        context.findings.about_rows(
            "warning",
            lost,
            lost["sample"].to_numpy(dtype=object),
            "in the sample manifest, but not measured",
            "look for it in the assay's files; without it its session has no change",
        )


def _tell_unpaired_samples(samples: pd.DataFrame, context: Context) -> None:
    """A sample before a session without one after it, or the other way round."""
    if not len(samples):
        return
    person = ["patient", "role", "session", "analyte"]
    occasions = samples.groupby(person)["occasion"].transform("nunique")
    alone = samples[occasions == 1]
    context.findings.about_rows(
        "warning",
        alone,
        alone["sample"].to_numpy(dtype=object),
        [f"a {occasion} sample without its {'post' if occasion == 'pre' else 'pre'}" for occasion in alone["occasion"]],
        "look for the other sample; without it the session has no change",
    )
