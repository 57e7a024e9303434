"""All chapters of the manuscript, from the result tables of the shown waves and of what is pooled over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ruptureflow.config import Plan, WaveSettings
from ruptureflow.report.labels import Labels
from ruptureflow.report.parts import Chapter, Sheet
from ruptureflow.report.values.agreement import agreement
from ruptureflow.report.values.assay import assays
from ruptureflow.report.values.audit import audit
from ruptureflow.report.values.growing import beside_pools
from ruptureflow.report.values.models import DF_METHODS, descriptives, models
from ruptureflow.report.values.pooling import breakdown, pooling
from ruptureflow.report.values.ruptures import ruptures
from ruptureflow.report.values.sample import CAPTION_MARK, summaries, wave_node
from ruptureflow.tables import Table
from ruptureflow.tables import agreement as agreement_tables
from ruptureflow.tables import assay as assay_tables
from ruptureflow.tables import audit as audit_tables
from ruptureflow.tables import models as models_tables
from ruptureflow.tables import pooling as pooling_tables
from ruptureflow.tables import report as report_tables
from ruptureflow.tables import ruptures as ruptures_tables

MARK = "SIMULATED DATA"
WAVE_TABLES: tuple[Table, ...] = (
    report_tables.SUMMARIES,
    assay_tables.CURVES,
    assay_tables.QUALITY_CONTROLS,
    assay_tables.PRECISION,
    agreement_tables.COEFFICIENTS,
    agreement_tables.RELIABILITIES,
    ruptures_tables.BASE_RATES,
    ruptures_tables.PERSPECTIVE_AGREEMENT,
    models_tables.DESCRIPTIVES,
    models_tables.PLAN,
    models_tables.ESTIMATES,
    models_tables.VARIANCES,
)
POOLED_TABLES: tuple[Table, ...] = (
    *pooling_tables.TABLES,
    audit_tables.CLAIMS,
    audit_tables.SECOND_ENGINE,
    audit_tables.GATES,
)
FOLDERS = {"pooling": "pooled", "audit": "audit"}


@dataclass(frozen=True)
class Shown:
    """What the manuscript is about.

    Parameters
    ----------
    plan : the analysis plan.
    waves : settings of the shown waves, in their order.
    labels : words for ids.
    """

    plan: Plan
    waves: list[WaveSettings]
    labels: Labels


def wave_file(wave: str, table: Table) -> str:
    """Where a wave's table lies."""
    return f"results/{wave}/{table.stage}/{table.file}"


def pooled_file(table: Table) -> str:
    """Where a table that belongs to no wave lies."""
    return f"results/{FOLDERS[table.stage]}/{table.file}"


TALLIES = "results/report/tallies.csv"

BELOW_LIMIT = {"warn": "is flagged", "stop": "stops the analysis"}
ANALYSED = {
    "mean of coders": "mean of a session’s coders",
    "single coder": "value of one coder a session",
    "consensus": "coders’ consensus",
}
LIMIT_TREATMENTS = {
    "lod/sqrt2": "the limit divided by √2",
    "lod/2": "half the limit",
    "missing": "no value",
    "censored likelihood": "its expectation given the limit and the patient’s other samples",
    "multiple imputation": "its imputations, drawn from below the limit",
}
"""The plan's words for a policy, for the analysed value and for samples below a limit, as prose."""


def gather(shown: Shown, read: Callable[[str, Table], Sheet]) -> Chapter:
    """Every number and word of the manuscript.

    Parameters
    ----------
    shown : what the manuscript is about.
    read : (path, schema) → the sheet.
    """
    chapter = Chapter()
    is_simulated = any(wave.row.origin == "simulated" for wave in shown.waves)
    level = f"{100 * shown.plan.models.level:g}"
    chapter.node(
        "report",
        "report",
        title=shown.plan.report.title,
        authors=", ".join(shown.plan.report.authors),
        mark=MARK if is_simulated else "",
        title_mark=CAPTION_MARK if is_simulated else "",
        caption_mark=CAPTION_MARK if is_simulated else "",
        level=f"{level}\u00a0%",
        df_method=DF_METHODS[shown.plan.models.df_methods[0]],
        icc_limit=f"{shown.plan.agreement.icc_limit:.2f}".removeprefix("0"),
        within_patient_limit=f"{shown.plan.agreement.within_patient_limit:.2f}".removeprefix("0"),
        icc_policy=BELOW_LIMIT[shown.plan.agreement.icc_policy],
        within_patient_policy=BELOW_LIMIT[shown.plan.agreement.within_patient_policy],
        analysed_value=ANALYSED[shown.plan.agreement.analysed_value],
        curve=shown.plan.assay.model,
        below_limit=LIMIT_TREATMENTS[shown.plan.assay.below_limit],
    )
    if is_simulated:
        chapter.node("simulated", "report")
    for analysis in shown.plan.models.analyses:
        chapter.node("question", f"report.question.{shown.labels.slug(analysis.analysis)}", text=analysis.question)
    for settings in shown.waves:
        chapter.extend(_wave(settings, shown, read))
    sheets = {table.name: read(pooled_file(table), table) for table in POOLED_TABLES}
    effects, reproductions = sheets["effects"], sheets["reproductions"]
    chapter.extend(pooling(shown.plan.pooling, effects, sheets["pooled"], reproductions))
    chapter.extend(breakdown(sheets["subgroups"], sheets["moderators"]))
    chapter.extend(beside_pools(sheets))
    tallies = read(TALLIES, report_tables.SUMMARIES)
    names = [settings.row.wave for settings in shown.waves]
    chapter.extend(audit(sheets["claims"], sheets["second_engine"], sheets["gates"], tallies, names, shown.labels))
    return chapter


def _wave(settings: WaveSettings, shown: Shown, read: Callable[[str, Table], Sheet]) -> Chapter:
    wave, labels = settings.row.wave, shown.labels
    sheets = {table.name: read(wave_file(wave, table), table) for table in WAVE_TABLES}
    measured = {
        analyte.name
        for analyte in settings.wave.analytes
        if f"assay.{labels.slug(analyte.name)}" in set(sheets["summaries"].frame["subject"])
    }
    outcomes = {name for each in shown.plan.models.analyses for model in each.models for name in model.outcomes}
    chapter = wave_node(settings, labels)
    for part in (
        assays(settings, sheets["curves"], sheets["quality_controls"], sheets["precision"], measured),
        summaries(wave, sheets["summaries"], labels),
        agreement(wave, sheets["coefficients"], sheets["reliabilities"], outcomes, labels),
        ruptures(wave, sheets["base_rates"], sheets["perspective_agreement"], labels),
        descriptives(wave, shown.plan.models, sheets["descriptives"], sheets["estimates"], labels),
        models(wave, shown.plan.models, sheets["plan"], sheets["estimates"], sheets["variances"], labels),
    ):
        chapter.extend(part)
    return chapter
