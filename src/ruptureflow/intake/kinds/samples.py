"""The sample manifest: which tube is whose, before or after which session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import SamplesFile
from ruptureflow.intake.cells import missing, numbers, present, times
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.occasions import PLACE, from_sample_ids, occasion_columns
from ruptureflow.intake.raw import NamedSheet, RawSheet

if TYPE_CHECKING:
    import pandas as pd

OPTIONAL = ("role", "collected_at", "dilution", "planned_run")


def read_samples(raw: RawSheet, declared: SamplesFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table samples."""
    findings, locale = context.findings, context.locale(declared)
    optional = (*OPTIONAL, *declared.carry)
    if declared.pattern:
        elsewhere = tuple(name for name in PLACE if f"{{{name}}}" not in declared.pattern)
        expected = Expected(("sample", *elsewhere), (*optional, *PLACE))
    else:
        expected = Expected(("sample", *PLACE), optional)
    sheet = name_columns(raw, declared, expected, findings)
    if sheet is None:
        return {}
    kept = present(sheet, "sample", locale, findings)
    findings.ledger("refused", sheet, ~kept, None, None, "no sample id")
    sheet = sheet.keep(kept)
    if declared.pattern:
        sheet = from_sample_ids(sheet, declared.pattern, declared.occasions, context)
    place, complete = occasion_columns(sheet, declared.occasions, "patient", locale, context)
    findings.ledger("refused", sheet, ~complete.to_numpy(), None, None, "patient, session or occasion not known")
    frame = sample_rows(sheet, place, declared.analyte, context)
    frame["collected_at"] = times(sheet, "collected_at", locale, findings)
    if sheet.has("dilution"):
        given = numbers(sheet, "dilution", locale, findings)
        findings.about_cells(
            "error",
            sheet,
            (given <= 0).to_numpy(),
            sheet.heading("dilution"),
            sheet.text("dilution"),
            "a dilution that is not above 0",
            "write 1 for an undiluted sample, 2 for one to two",
        )
        frame["dilution"] = given.fillna(frame["dilution"])
    for name in ("planned_run", *declared.carry):
        if sheet.has(name):
            text = sheet.text(name)
            frame[name] = text.where(~missing(text, locale), None)
    return {"samples": frame[complete]}


def sample_rows(sheet: NamedSheet, place: pd.DataFrame, analyte: str, context: Context) -> pd.DataFrame:
    """Rows of the table samples from ids and what is known of each."""
    import pandas as pd

    declared = context.wave.analyte(analyte)
    return pd.DataFrame(
        {
            "sample": sheet.text("sample"),
            **{name: place[name] for name in ("patient", "role", "session", "occasion")},
            "analyte": analyte,
            "matrix": declared.matrix,
            "collected_at": pd.Series(pd.NA, index=sheet.cells.index, dtype="string"),
            "dilution": declared.dilution,
            **sheet.source(),
        }
    )
