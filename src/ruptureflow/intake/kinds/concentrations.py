"""Concentrations as the lab reports them, without signals: plain values, below a limit, above one, not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import ConcentrationsFile
from ruptureflow.intake.cells import missing, present, read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import Expected, name_columns
from ruptureflow.intake.kinds.occasions import PLACE, from_sample_ids, occasion_columns
from ruptureflow.intake.kinds.samples import sample_rows
from ruptureflow.intake.raw import NamedSheet, RawSheet
from ruptureflow.intake.unreadable import NUMBER

if TYPE_CHECKING:
    import pandas as pd

OPTIONAL = ("role", "run", "unit", "replicate")
SAMPLE_NAME = "{patient}_S{session}_{occasion}"


def read_concentrations(raw: RawSheet, declared: ConcentrationsFile, context: Context) -> dict[str, pd.DataFrame]:
    """Rows of the table reported_concentrations, and of samples where no manifest lists them."""
    if declared.layout == "wide":
        return _read_wide(raw, declared, context)
    findings, locale = context.findings, context.locale(declared)
    listed = context.has_manifest(declared.analyte)
    if declared.pattern:
        elsewhere = tuple(name for name in PLACE if f"{{{name}}}" not in declared.pattern)
        expected = Expected(("sample", *elsewhere, "concentration"), OPTIONAL)
    elif listed:
        expected = Expected(("sample", "concentration"), (*OPTIONAL, *PLACE))
    else:
        expected = Expected((*PLACE, "concentration"), ("sample", *OPTIONAL))
    sheet = name_columns(raw, declared, expected, findings)
    if sheet is None:
        return {}
    if "sample" in expected.required:
        kept = present(sheet, "sample", locale, findings)
        findings.ledger("refused", sheet, ~kept, None, None, "no sample id")
        sheet = sheet.keep(kept)
    if declared.pattern:
        sheet = from_sample_ids(sheet, declared.pattern, declared.occasions, context)
    if listed and not declared.pattern:
        return {"reported_concentrations": _reported(sheet, "concentration", declared, context)}
    place, complete = occasion_columns(sheet, declared.occasions, declared.role, locale, context)
    findings.ledger("refused", sheet, ~complete.to_numpy(), None, None, "patient, session or occasion not known")
    if not sheet.has("sample"):
        sheet = _with_sample_ids(sheet, place, declared)
    return {
        "samples": sample_rows(sheet, place, declared.analyte, context)[complete],
        "reported_concentrations": _reported(sheet, "concentration", declared, context)[complete],
    }


def _read_wide(raw: RawSheet, declared: ConcentrationsFile, context: Context) -> dict[str, pd.DataFrame]:
    """One row a patient × session with a column before and one after it: two samples a row."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    value_columns = declared.value_columns or {"pre": "pre", "post": "post"}
    expected = Expected(("patient", "session", *value_columns.values()), ("role", "run", "unit"))
    sheet = name_columns(raw, declared, expected, findings)
    if sheet is None:
        return {}
    samples, reported = [], []
    for number, (occasion, heading) in enumerate(value_columns.items()):
        half = sheet.with_columns(occasion=pd.Series(occasion, index=sheet.cells.index, dtype="str"))
        # Both halves share patient and session: their problems are told once.
        told = context if number == 0 else Context(context.wave, context.instruments)
        place, complete = occasion_columns(half, {occasion: occasion}, declared.role, locale, told)
        if number == 0:
            findings.ledger("refused", sheet, ~complete.to_numpy(), None, None, "patient or session not known")
        half = _with_sample_ids(half, place, declared)
        samples.append(sample_rows(half, place, declared.analyte, context)[complete])
        reported.append(_reported(half, heading, declared, context)[complete])
    return {
        "samples": pd.concat(samples, ignore_index=True),
        "reported_concentrations": pd.concat(reported, ignore_index=True),
    }


def _with_sample_ids(sheet: NamedSheet, place: pd.DataFrame, declared: ConcentrationsFile) -> NamedSheet:
    """Sample ids made of whose sample it is, where the lab names none."""
    session = place["session"].astype("string").fillna("")
    ids = place["patient"].astype("string") + "_S" + session + "_" + place["occasion"].astype("string").fillna("")
    role = place["role"].astype("string")
    ids = ids.where(role == "patient", ids + "_" + role)
    return sheet.with_columns(sample=ids.astype("str"))


def _reported(sheet: NamedSheet, name: str, declared: ConcentrationsFile, context: Context) -> pd.DataFrame:
    """Value, qualifier and limit of every cell: `12.3`, `<15.67`, `< 15.67 pg/mL`, `<LOD`, `N/A`."""
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    analyte = context.wave.analyte(declared.analyte)
    unit = analyte.reported_unit or analyte.unit
    text = sheet.text(name)
    parts = text.str.extract(r"^(?P<qualifier>[<>])?\s*(?P<rest>.*)$")
    qualifier = parts["qualifier"].astype("string")
    rest = parts["rest"].fillna("").astype("str").str.removesuffix(unit).str.strip()
    limited = qualifier.notna()
    named_limit = limited & rest.str.casefold().isin(["", "lod", "loq", "llod", "lloq"])
    plain = rest.where(~named_limit, "")
    readable = plain.str.fullmatch(NUMBER[locale.decimal]).fillna(False).astype(bool)
    # A limit is told apart from what is wrong with its number: < 15.67 under a decimal comma.
    shown = plain.where(readable | limited | missing(plain, locale), text)
    values = read_numbers(shown, sheet, sheet.heading(name), locale, findings, text)
    limit = values.where(limited)
    if analyte.lod is not None:
        limit = limit.where(~(named_limit & (qualifier == "<")), analyte.lod)
    findings.about_cells(
        "error",
        sheet,
        (values < 0).to_numpy(),
        sheet.heading(name),
        text,
        "a negative concentration",
        "correct the cell, or empty it if the sample was not measured",
    )
    _tell_zeros(sheet, name, text, values, bool(limited.any()) or analyte.lod is not None, context)
    _tell_other_units(sheet, unit, context)
    replicate = (
        read_numbers(sheet.text("replicate"), sheet, sheet.heading("replicate"), locale, findings)
        if sheet.has("replicate")
        else sheet.text("sample").groupby(sheet.text("sample")).cumcount() + 1
    )
    return pd.DataFrame(
        {
            "sample": sheet.text("sample"),
            "analyte": declared.analyte,
            "run": sheet.text("run").where(sheet.text("run") != "", None),
            "concentration": values.where(~limited),
            "qualifier": qualifier,
            "limit": limit,
            "unit": unit,
            "replicate": replicate,
            **sheet.source(),
        }
    )


def _tell_zeros(sheet, name, text, values, limits_known: bool, context: Context) -> None:
    """A zero is the lab's way to say: below the limit of detection. No assay measures none."""
    context.findings.about_cells(
        "error" if limits_known else "warning",
        sheet,
        (values == 0).to_numpy(),
        sheet.heading(name),
        text,
        "0 where a limit of detection is known" if limits_known else "0 is below any limit: no assay measures a zero",
        "write < and the limit if the sample was below it, or N/A if it was not measured"
        + ("" if limits_known else "; declare lod in wave.yaml"),
    )


def _tell_other_units(sheet, unit: str, context: Context) -> None:
    if sheet.has("unit"):
        text = sheet.text("unit")
        context.findings.about_cells(
            "error",
            sheet,
            (~text.isin(["", unit])).to_numpy(),
            sheet.heading("unit"),
            text,
            f"another unit than the analyte's, {unit}",
            "correct the cell, declare reported_unit in wave.yaml, or convert the values in the file",
        )
