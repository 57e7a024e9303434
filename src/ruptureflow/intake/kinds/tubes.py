"""A gamma counter's list: one row a tube."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import TubesFile
from ruptureflow.intake.cells import numbers, present
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.contents import content_columns
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd


def read_tubes(raw: RawSheet, declared: TubesFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table signals; a list without runs is one run, named as its file."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    sheet = name_columns(raw, declared, Expected(("position", "label", "signal"), ("run",)), findings)
    if sheet is None:
        return {}
    kept = present(sheet, "position", locale, findings) & present(sheet, "label", locale, findings)
    findings.ledger("refused", sheet, ~kept, None, None, "no position or no label")
    sheet = sheet.keep(kept)
    stem = raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    run = sheet.text("run", stem)
    labels = sheet.text("label")
    holds = content_columns(labels, declared.contents, declared.doses)
    _tell_standards_without_dose(sheet, holds, labels, context)
    frame = pd.DataFrame(
        {
            "analyte": declared.analyte,
            "run": run,
            "position": sheet.text("position"),
            **{name: holds[name] for name in holds.columns},
            "replicate": run.groupby([run, labels]).cumcount() + 1,
            "signal": numbers(sheet, "signal", locale, findings),
            "signal_unit": context.wave.analyte(declared.analyte).signal,
            **sheet.source(),
        }
    )
    return {"signals": frame}


def _tell_standards_without_dose(sheet, holds, labels, context: Context) -> None:
    bare = (holds["content"] == "standard") & holds["dose"].isna()
    context.findings.about_cells(
        "error",
        sheet,
        bare.to_numpy(),
        sheet.heading("label"),
        labels,
        "a standard without a nominal dose",
        "give its dose by label under doses in wave.yaml",
    )
