"""Spiked pools: what was added before extraction and what was measured after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import RecoveriesFile
from ruptureflow.intake.cells import numbers, present
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.raw import RawSheet

if TYPE_CHECKING:
    import pandas as pd


def read_recoveries(raw: RawSheet, declared: RecoveriesFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table recoveries."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    sheet = name_columns(
        raw, declared, Expected(("pool", "spike", "measured"), ("run", "endogenous", "unit")), findings
    )
    if sheet is None:
        return {}
    kept = present(sheet, "pool", locale, findings) & present(sheet, "spike", locale, findings)
    findings.ledger("refused", sheet, ~kept, None, None, "no pool or no spike")
    sheet = sheet.keep(kept)
    pool, run, spike = sheet.text("pool"), sheet.text("run"), numbers(sheet, "spike", locale, findings)
    unit = context.wave.analyte(declared.analyte).unit
    if sheet.has("unit"):
        text = sheet.text("unit")
        findings.about_cells(
            "error", sheet, (~text.isin(["", unit])).to_numpy(), sheet.heading("unit"), text,
            f"another unit than the assay's, {unit}", "convert the values in the file",
        )  # fmt: skip
    nothing = pd.Series(float("nan"), index=sheet.cells.index, dtype="float64")
    frame = pd.DataFrame(
        {
            "analyte": declared.analyte,
            "pool": pool,
            "run": run.where(run != "", None),
            "endogenous": numbers(sheet, "endogenous", locale, findings) if sheet.has("endogenous") else nothing,
            "spike": spike,
            "measured": numbers(sheet, "measured", locale, findings),
            "replicate": pool.groupby([pool, run, spike]).cumcount() + 1,
            **sheet.source(),
        }
    )
    return {"recoveries": frame[frame["spike"].notna()]}
