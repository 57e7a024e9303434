"""What a run should hold: standards to make a curve of, the labels that wave.yaml declares, signals that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

CURVE = 2
"""Fewest levels of a standard that say anything of a dose; how many a good curve needs is assay's question."""

CONTROLS = ("total", "nsb", "b0", "blank")


def check_runs(signals: pd.DataFrame, context: Context) -> None:
    """Add what is wrong with runs of signals to the findings."""
    if not len(signals):
        return
    _tell_impossible_signals(signals, context)
    _tell_absent_signals(signals, context)
    for analyte, of_analyte in signals.groupby("analyte"):
        usual = {each for each in CONTROLS if (of_analyte["content"] == each).any()}
        for run, rows in of_analyte.groupby("run", sort=False):
            _tell_lacking(str(run), rows, usual, context)
        _tell_unused_labels(str(analyte), of_analyte, context)


def _tell_impossible_signals(signals: pd.DataFrame, context: Context) -> None:
    negative = signals[signals["signal"] < 0]
    counts = (negative["signal_unit"] == "cpm").to_numpy()
    for rows, severity, problem, fix in (
        (negative[counts], "error", "a negative count", "correct the cell"),
        (
            negative[~counts],
            "warning",
            "a negative optical density",
            "see that the blank was subtracted once only; a well below the blank stays as it is",
        ),
    ):
        shown = rows["signal"].map("{:g}".format).to_numpy(dtype=object)
        context.findings.about_rows(severity, rows, shown, problem, fix, ("signal",))


def _tell_absent_signals(signals: pd.DataFrame, context: Context) -> None:
    absent = signals[signals["signal"].isna()]
    told = context.findings.cells_in_error()
    places = absent[["source_file", "source_sheet", "source_row", "position"]].astype("object")
    known = [
        bool({(file, sheet, row, well), (file, sheet, row, None)} & told)
        for file, sheet, row, well in places.where(places.notna(), None).itertuples(index=False)
    ]
    absent = absent[~np.array(known, dtype=bool)]
    labels = absent["sample"].fillna(absent["level"]).fillna(absent["content"])
    context.findings.about_rows(
        "warning",
        absent,
        [f"{label} in {position}" for label, position in zip(labels, absent["position"], strict=True)],
        "a tube or well without a signal",
        "fill it if it was measured; it counts as not measured",
        ("signal",),
    )


def _tell_lacking(run: str, rows: pd.DataFrame, usual: set[str], context: Context) -> None:
    """A run without what other runs of the analyte have, or without levels to make a curve of."""
    first = rows.iloc[:1]
    # A standard without a dose is told where it stands.
    levels = rows.loc[(rows["content"] == "standard") & ~(rows["dose"] == 0), "level"].nunique()
    if levels < CURVE:
        what = "no standard" if levels == 0 else "one level of the standard only"
        context.findings.about_rows(
            "warning",
            first,
            run,
            f"the run {run} holds {what}: its samples get no concentration",
            "see that its standards' labels are declared under contents, with their doses",
            ("run",),
        )
    for content in sorted(usual - set(rows["content"])):
        context.findings.about_rows(
            "warning",
            first,
            run,
            f"the run {run} holds no {content}, which other runs have",
            "see that its labels are declared under contents in wave.yaml",
            ("run",),
        )


def _tell_unused_labels(analyte: str, rows: pd.DataFrame, context: Context) -> None:
    """Declared labels of standards and QCs that no tube carries: one may be misspelt here or there."""
    there = set(rows["level"].dropna())
    held = set(rows["content"])
    for file in context.wave.files:
        if file.kind in ("tubes", "plate") and file.analyte == analyte:
            for label, content in file.contents.items():
                if label not in there if content in ("standard", "qc") else content not in held:
                    context.findings.about_file(
                        "warning",
                        file.path,
                        f"wave.yaml declares the {file.contents[label]} {label!r}, and no tube carries that label",
                        "correct the label in wave.yaml or in the file",
                        value=label,
                    )
