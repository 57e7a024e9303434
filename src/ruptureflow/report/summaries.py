"""Counts, shares and means that the manuscript states of a wave and no earlier stage writes down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruptureflow.report.parts import dotted
from ruptureflow.tables.report import SUMMARIES

if TYPE_CHECKING:
    import pandas as pd

ORDER = {"intake": 0, "session": 1, "end": 2}
Row = tuple[str, str, str, float | None, str, str]


@dataclass(frozen=True)
class WaveTables:
    """The result tables of one wave that are summarised; each keeps its schema in `ruptureflow.tables`."""

    participants: pd.DataFrame
    manifest: pd.DataFrame
    ledger: pd.DataFrame
    concentrations: pd.DataFrame
    changes: pd.DataFrame
    coder_values: pd.DataFrame
    coded: pd.DataFrame
    scores: pd.DataFrame
    sessions: pd.DataFrame


def summarise(tables: WaveTables) -> pd.DataFrame:
    """Every summary of a wave.

    Returns
    -------
    DataFrame
        as `ruptureflow.tables.report.SUMMARIES`: subject, quantity, label, value, unit, source. A subject the wave
        has nothing of has no row. Standard deviations divide by n − 1 and are empty for n = 1.
    """
    import pandas as pd

    rows: list[Row] = [
        *_sample(tables.participants),
        *_joined(tables.sessions),
        *_raw_files(tables.manifest, tables.ledger),
        *_assays(tables.concentrations, tables.changes),
        *_coding(tables.coder_values, tables.coded),
        *_measures(tables.scores),
    ]
    return SUMMARIES.conform(pd.DataFrame(rows, columns=SUMMARIES.names))


def _sample(people: pd.DataFrame) -> Iterator[Row]:
    source = "intake/participants.csv"
    n = len(people)
    yield "sample", "n_patients", "patients", n, "", source
    if people["therapist"].notna().any():
        yield "sample.therapist", "n", "therapists", people["therapist"].nunique(), "", source
    if people["age"].notna().any():
        yield from _moments("sample.age", "age", people["age"], "years", source)
    for column in ("gender", "arm"):
        for category, number in people[column].dropna().value_counts().sort_index().items():
            yield from _share(f"sample.{column}.{dotted(category)}", str(category), number, n, source)
    for column, label in (("personality_disorder", "comorbid personality disorder"), ("dropout", "dropout")):
        known = people[column].dropna()
        if len(known):
            yield from _share(f"sample.{column}", label, int(known.sum()), len(known), source)


def _joined(sessions: pd.DataFrame) -> Iterator[Row]:
    yield "sample", "n_sessions", "session rows", len(sessions), "", "models/sessions.csv"


def _raw_files(manifest: pd.DataFrame, ledger: pd.DataFrame) -> Iterator[Row]:
    source = "intake/manifest.csv, intake/ledger.csv"
    yield "intake", "n_files", "raw files", manifest["file"].nunique(), "", source
    for column in ("rows_in", "rows_out", "rows_set_aside"):
        yield "intake", column, column.replace("_", " "), int(manifest[column].sum()), "", source
    for action in ("changed", "set aside", "refused"):
        yield "intake", f"n_{dotted(action)}", f"entries {action}", int((ledger["action"] == action).sum()), "", source


def _assays(concentrations: pd.DataFrame, changes: pd.DataFrame) -> Iterator[Row]:
    for analyte, samples in concentrations.groupby("analyte", sort=True):
        subject, source = f"assay.{dotted(analyte)}", "assay/concentrations.csv"
        n = len(samples)
        yield subject, "n_samples", "samples", n, "", source
        yield subject, "n_used", "samples used", int(samples["used"].sum()), "", source
        yield subject, "n_runs", "assay runs", samples["run"].nunique(), "", source
        for side in ("below", "above"):
            yield from _share(
                f"{subject}.{side}", f"{side} the limit", int((samples["censored"] == side).sum()), n, source
            )
        flagged = int(samples["flags"].notna().sum())
        yield from _share(f"{subject}.flagged", "samples with a flag", flagged, n, source)
        measured = samples["cv"].dropna()
        if len(measured):
            yield from _moments(f"{subject}.cv", "CV of replicates", measured, "%", source)
    for (analyte, role), pairs in changes.groupby(["analyte", "role"], sort=True):
        subject, source = f"assay.{dotted(analyte)}.role.{dotted(role)}", "assay/changes.csv"
        used = pairs[pairs["used"].fillna(False)]
        unit = str(pairs["unit"].iloc[0])
        yield subject, "n_pairs", str(role), len(pairs), "", source
        yield subject, "n_used", str(role), len(used), "", source
        yield subject, "n_set_aside", str(role), len(pairs) - len(used), "", source
        for column in ("pre", "post", "change", "log_ratio"):
            yield from _moments(
                f"{subject}.{column}", column, used[column], "" if column == "log_ratio" else unit, source
            )


def _coding(coder_values: pd.DataFrame, coded: pd.DataFrame) -> Iterator[Row]:
    source = "agreement/coder_values.csv, agreement/coded.csv"
    for instrument, values in coder_values.groupby("instrument", sort=True):
        subject = f"agreement.{dotted(instrument)}"
        sessions = coded[coded["instrument"] == instrument].groupby(["patient", "session"])["n_coders"].max()
        yield subject, "n_coders", "coders", values["coder"].nunique(), "", source
        yield subject, "n_sessions", "coded sessions", len(sessions), "", source
        yield subject, "n_several", "sessions with two or more coders", int((sessions > 1).sum()), "", source
        yield subject, "n_patients", "patients with a coded session", values["patient"].nunique(), "", source


def _measures(scores: pd.DataFrame) -> Iterator[Row]:
    source = "agreement/scores.csv"
    keys = ["instrument", "scale", "role", "timepoint"]
    ordered = scores.dropna(subset=["score"]).assign(place=lambda frame: frame["timepoint"].map(ORDER))
    for names, group in ordered.sort_values([*keys[:3], "place"], kind="stable").groupby(keys, sort=False):
        instrument, scale, role, timepoint = (dotted(name) for name in names)
        subject = f"measure.{instrument}.{scale}.{role}.{timepoint}"
        yield from _moments(subject, f"{names[1]}, {names[2]}, {names[3]}", group["score"], "", source)
        yield subject, "n_patients", "patients", group["patient"].nunique(), "", source
    # Change from intake to end, of patients who have both.
    wide = scores.pivot_table(index=[*keys[:3], "patient"], columns="timepoint", values="score", aggfunc="first")
    if {"intake", "end"} <= set(wide.columns):
        change = (wide["end"] - wide["intake"]).dropna()
        for names, group in change.groupby(level=keys[:3], sort=True):
            subject = "measure." + ".".join(dotted(name) for name in names) + ".change"
            yield from _moments(subject, f"{names[1]}, end − intake", group, "", source)


def _share(subject: str, label: str, number: Any, total: int, source: str) -> Iterator[Row]:
    yield subject, "n", label, int(number), "", source
    yield subject, "percent", label, 100 * int(number) / total if total else None, "%", source


def _moments(subject: str, label: str, values: pd.Series, unit: str, source: str) -> Iterator[Row]:
    known = values.dropna()
    yield subject, "n", label, len(known), "", source
    yield subject, "mean", label, float(known.mean()) if len(known) else None, unit, source
    yield subject, "sd", label, float(known.std()) if len(known) > 1 else None, unit, source
