"""Whose sample, which session, before or after: from columns, or out of a sample's id by a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.intake.cells import looked_up, missing, whole_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import pattern_expression
from ruptureflow.intake.raw import NamedSheet

if TYPE_CHECKING:
    import pandas as pd

PLACE = ("patient", "session", "occasion")


def from_sample_ids(sheet: NamedSheet, pattern: str, occasions: Mapping[str, str], context: Context) -> NamedSheet:
    """The sheet with columns patient, session, occasion and role read out of the sample's id."""
    words = {"occasion": list(occasions), "role": context.wave.design.roles}
    expression = pattern_expression(pattern, words).pattern
    samples = sheet.text("sample")
    named = samples.str.extract(f"^{expression}$")
    bad = named.isna().any(axis=1).to_numpy()
    context.findings.about_cells(
        "error",
        sheet,
        bad,
        sheet.heading("sample"),
        samples,
        f"the sample's id does not have the form {pattern}",
        "correct the id, or the pattern in wave.yaml",
    )
    context.findings.ledger("refused", sheet, bad, None, None, "sample id without the declared form")
    read = {name: named[name].fillna("").astype("str") for name in named.columns}
    return sheet.with_columns(**read).keep(~bad)


def occasion_columns(
    sheet: NamedSheet,
    occasions: Mapping[str, str],
    role: str,
    locale: Locale,
    context: Context,
) -> tuple[pd.DataFrame, pd.Series]:
    """Columns patient, role, session, occasion, and a mask of the rows where all are there."""
    import pandas as pd

    findings = context.findings
    patient = sheet.text("patient")
    session = whole_numbers(sheet, "session", locale, findings)
    word = sheet.text("occasion")
    occasion = looked_up(word, occasions)
    for name, text in (("patient", patient), ("session", sheet.text("session")), ("occasion", word)):
        empty = missing(text, locale).to_numpy()
        findings.about_cells(
            "error", sheet, empty, sheet.heading(name), text, "empty where a value is needed", "fill the cell"
        )
    unknown = occasion.isna() & ~missing(word, locale)
    findings.about_cells(
        "error",
        sheet,
        unknown.to_numpy(),
        sheet.heading("occasion"),
        word,
        f"not an occasion; known: {', '.join(occasions)}",
        "correct the cell, or declare the word under occasions in wave.yaml",
    )
    roles = sheet.text("role", role)
    roles = roles.where(~missing(roles, locale), role)
    complete = ~missing(patient, locale) & session.notna() & occasion.notna()
    frame = pd.DataFrame({"patient": patient, "role": roles, "session": session, "occasion": occasion})
    return frame, complete.astype(bool)
