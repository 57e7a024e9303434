"""Samples that were measured and not listed, listed and not measured, or listed for one occasion twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.checks.keys import row_names
from ruptureflow.intake.checks.people import likely_id
from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

OCCASION = ["patient", "role", "session", "occasion", "analyte"]


def tell_unlisted_samples(frame: pd.DataFrame, samples: pd.DataFrame, context: Context) -> None:
    """Measured samples that no manifest lists, once a sheet, with the likely match."""
    measured = frame[frame["sample"].notna()]
    for analyte, group in measured.groupby("analyte"):
        listed = samples.loc[samples["analyte"] == analyte, "sample"].astype(str).unique().tolist()
        stray = group[~group["sample"].isin(listed)].drop_duplicates(["source_file", "source_sheet", "sample"])
        unmeasured = sorted(set(listed) - set(group["sample"].unique())) if len(stray) else []
        fixes = []
        for sample in stray["sample"].astype(str):
            near = likely_id(sample, listed, unmeasured)
            hint = f"did you mean {near!r}? Else add" if near else "add"
            fixes.append(f"{hint} it to the sample manifest, or to contents in wave.yaml if it is no sample")
        context.findings.about_rows(
            "error",
            stray,
            stray["sample"].to_numpy(dtype=object),
            "measured, but not in the sample manifest",
            fixes,
            ("sample", "label"),
        )


def tell_unmeasured_samples(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Listed samples that no file of the assay measures."""
    for analyte, group in clean["samples"].groupby("analyte"):
        measured: set[str] = set()
        for name in ("signals", "reported_concentrations"):
            frame = clean[name]
            measured |= set(frame.loc[(frame["analyte"] == analyte) & frame["sample"].notna(), "sample"].unique())
        lost = group[~group["sample"].isin(list(measured))]
        context.findings.about_rows(
            "warning",
            lost,
            lost["sample"].to_numpy(dtype=object),
            "in the sample manifest, but not measured",
            "look for it in the assay's files; without it its session has no change",
            ("sample",),
        )


def tell_occasions_twice(samples: pd.DataFrame, context: Context) -> None:
    """Two tubes of one occasion that differ in neither dilution (a series) nor planned run (a repeat)."""
    apart = [*OCCASION, *(name for name in ("dilution", "planned_run") if name in samples)]
    listed = samples.drop_duplicates(["sample", *apart])
    several = listed[listed.groupby(apart, dropna=False)["sample"].transform("nunique") > 1]
    if not len(several):
        return
    by_occasion = row_names(several).groupby([several[name] for name in apart], dropna=False, sort=False)
    places = by_occasion.transform(lambda rows: " and ".join(dict.fromkeys(rows)))
    context.findings.about_rows(
        "warning",
        several,
        several["sample"].to_numpy(dtype=object),
        [f"another sample of the same patient, role, session and occasion: {each}" for each in places],
        "correct patient, session or occasion of one; if both are right, write in the manifest the dilutions of a "
        "series, or the run of each as planned_run",
        ("sample",),
    )


def use_planned_runs(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Runs that the manifest names: given to concentrations without one; an error where the assay's file differs."""
    import pandas as pd

    samples = clean["samples"]
    if "planned_run" not in samples or not len(samples):
        return
    planned = samples.drop_duplicates(["sample", "analyte"]).set_index(["sample", "analyte"])["planned_run"]
    for name in ("signals", "reported_concentrations"):
        frame = clean[name]
        if not len(frame):
            continue
        key = pd.MultiIndex.from_frame(frame[["sample", "analyte"]].astype("object"))
        theirs = pd.Series(planned.reindex(key).to_numpy(), index=frame.index)
        differing = frame[theirs.notna() & frame["run"].notna() & (theirs != frame["run"]).fillna(False)]
        context.findings.about_rows(
            "error",
            differing,
            differing["run"].to_numpy(dtype=object),
            [f"the manifest says run {each}" for each in theirs[differing.index]],
            "correct the run in one of the files",
            ("run",),
        )
        clean[name] = frame.assign(run=frame["run"].where(frame["run"].notna(), theirs))
