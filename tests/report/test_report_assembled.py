"""The manuscript of waves that have only some kinds of results: what is there is told, what is not leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ruptureflow.config import Wave, WaveRow, WaveSettings, parse, read_instruments, read_plan, read_yaml
from ruptureflow.report.collected import collect
from ruptureflow.report.document import Sources, assemble
from ruptureflow.report.labels import Labels, labels_of
from ruptureflow.report.parts import Sheet
from ruptureflow.report.tables import TableSpecifications, write_tables
from ruptureflow.report.values.everything import Shown, gather, pooled_file, wave_file
from ruptureflow.tables import Table, agreement, assay, models, pooling, report

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "workflow" / "report"


def _frame(table: Table, *rows: dict) -> pd.DataFrame:
    """Rows of a hand-over table; what a row does not say is filled in or empty."""
    filler = {"text": "x", "integer": 1, "number": 0.5, "flag": False}
    full = [
        {c.name: row.get(c.name, None if c.nullable else (c.allowed or (filler[c.kind],))[0]) for c in table.columns}
        for row in rows
    ]
    return table.conform(pd.DataFrame(full, columns=table.names)) if full else table.empty()


def _summary(subject: str, quantity: str, value: float) -> dict:
    return {"subject": subject, "quantity": quantity, "label": subject.split(".")[-1], "value": value}


PEOPLE = (
    _summary("sample", "n_patients", 12),
    _summary("sample", "n_sessions", 40),
    *(_summary("intake", name, 7) for name in ("n_files", "rows_in", "rows_out", "rows_set_aside", "n_changed")),
)
ASSAYED = (
    *(_summary("assay.cortisol", name, 80) for name in ("n_samples", "n_used", "n_runs")),
    *(
        _summary(f"assay.cortisol.{side}", name, 3)
        for side in ("below", "above", "flagged")
        for name in ("n", "percent")
    ),
    *(_summary("assay.cortisol.role.patient", name, 40) for name in ("n_pairs", "n_used", "n_set_aside")),
    *(_summary("assay.cortisol.role.patient.change", name, 1.5) for name in ("n", "mean", "sd")),
)
FIT = {"analysis": "oxytocin_and_rupture", "model": "within_between", "outcome": "bond"}


def _wave(name: str, origin: str, analytes: list[dict]) -> WaveSettings:
    wave = Wave.model_validate(
        {
            "title": f"The wave {name}",
            "design": {"sessions": [1, 2], "assay_sessions": [1, 2]},
            "analytes": analytes,
            "files": [{"kind": "participants", "path": "p.csv"}],
        }
    )
    return WaveSettings(row=WaveRow(wave=name, folder=f"data/{name}", origin=origin), wave=wave)


def _assembled(waves: list[WaveSettings], frames: dict[str, pd.DataFrame], tmp_path: Path, format: str = "html") -> str:
    """The text that would be rendered, from the project's own document and plan."""
    plan = read_plan(ROOT / "config" / "config.yaml")
    shown = Shown(plan, waves, labels_of(read_instruments(ROOT / "config" / "instruments"), waves))
    chapter = gather(shown, lambda path, table: Sheet(path, frames.get(path, table.empty())))
    collected = collect(chapter)
    tables = parse(TableSpecifications, read_yaml(FOLDER / "tables.yml"), "tables.yml")
    for name, text in write_tables(tables, collected).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    makers = {"rule": "r", "script": "s", "code_hash": "c", "input_hashes": {}}
    values = [{**vars(value), **makers} for value in chapter.values]
    text = assemble(Sources.read(FOLDER, tmp_path, {}), values, collected, format).text
    return text.replace("&nbsp;", " ").replace("\u00a0", " ")


CORTISOL = {"name": "cortisol", "matrix": "plasma", "unit": "nmol/L", "method": "LC-MS"}


def test_a_wave_with_nothing_but_people_would_have_no_manuscript(tmp_path):
    frames = {wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE)}
    text = _assembled([_wave("lab", "real", [CORTISOL])], frames, tmp_path, "docx")
    assert "12 patients and 40 session rows" in text
    for absent in ("No wave has assayed samples.", "No wave gave an effect to pool.", "No model of the plan could be"):
        assert absent in text
    assert "cortisol" not in text.lower()
    assert "{{<" not in text
    assert "[[" not in text


def test_a_wave_without_signals_would_be_said_to_have_curves(tmp_path):
    frames = {wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE, *ASSAYED)}
    text = _assembled([_wave("lab", "real", [CORTISOL])], frames, tmp_path, "docx")
    assert "Cortisol in plasma by LC-MS" in text
    assert "The laboratory reported concentrations without signals" in text
    assert "@tbl-runs" not in text
    assert "@fig-curves" not in text


def test_real_waves_would_be_called_simulated_or_simulated_ones_not(tmp_path):
    frames = {
        wave_file(name, report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE, *ASSAYED) for name in ("lab", "demo")
    }
    real = _assembled([_wave("lab", "real", [CORTISOL])], frames, tmp_path)
    assert "simulated data" not in real.lower()
    simulated = _assembled([_wave("demo", "simulated", [CORTISOL])], frames, tmp_path)
    assert "(SIMULATED DATA)" in simulated.split("---")[1]
    assert "::: {.watermark}" in simulated
    captions = [line for line in simulated.splitlines() if line.startswith(": ") and "tbl-claims" not in line]
    assert captions
    assert all("SIMULATED DATA" in line for line in captions)


def test_one_wave_alone_would_be_said_to_be_pooled_over_waves(tmp_path):
    pool = {"pool": "oxytocin_bond", "metric": "standardised_within"}
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        pooled_file(pooling.EFFECTS): _frame(pooling.EFFECTS, {**pool, "label": "lab", "origin": "real"}),
        pooled_file(pooling.POOLED): _frame(
            pooling.POOLED,
            {**pool, "method": "fixed", "test": "z", "primary": True, "term": "Intercept", "k": 1, "shown": -0.37,
             "shown_low": -0.59, "shown_high": -0.16, "p_value": 0.0007},
        ),
    }  # fmt: skip
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    assert (
        r"−0.37, 95 % CI \[−0.59, −0.16\], *p* \< .001, *k* = 1 (fixed effect, z)".replace("\\[", "[").replace(
            "\\]", "]"
        )
        in text
    )
    assert "pooled over 1 waves" not in text


def test_published_studies_beside_a_wave_would_be_counted_as_waves(tmp_path):
    pool = {"pool": "repair", "metric": "fisher_z"}
    labels = (("lab", "real"), ("Stiles et al. (2004)", "published"), ("Strauss et al. (2006)", "published"))
    result = {**pool, "method": "reml", "test": "knapp-hartung", "primary": True, "term": "Intercept", "k": 3,
              "shown": 0.22, "shown_low": -0.06, "shown_high": 0.46, "p_value": 0.1, "tau2": 0.01}  # fmt: skip
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        pooled_file(pooling.EFFECTS): _frame(
            pooling.EFFECTS, *({**pool, "label": label, "origin": origin} for label, origin in labels)
        ),
        pooled_file(pooling.POOLED): _frame(pooling.POOLED, result),
    }
    text = " ".join(_assembled([_wave("lab", "real", [])], frames, tmp_path, "docx").split())
    assert "pooled over 3 studies" in text
    assert "over 3 waves" not in text


def test_a_model_that_was_not_fitted_would_vanish(tmp_path):
    plan = {**FIT, "wave": "lab", "method": "reml", "fate": "not available", "reason": "no bond in this wave"}
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        wave_file("lab", models.PLAN): _frame(models.PLAN, plan),
    }
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    assert "no bond in this wave" in text
    assert "No model of the plan could be fitted." in text


def test_a_fitted_model_would_lack_a_df_method(tmp_path):
    estimate = {**FIT, "wave": "lab", "term": "oxytocin_change_within", "metric": "raw", "estimate": -0.25,
                "statistic": -3.13, "p_value": 0.0027}  # fmt: skip
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        wave_file("lab", models.PLAN): _frame(
            models.PLAN, {**FIT, "wave": "lab", "method": "reml", "fate": "fitted", "n_obs": 86, "n_groups": 22}
        ),
        wave_file("lab", models.ESTIMATES): _frame(
            models.ESTIMATES,
            {**estimate, "df_method": "containment", "df": 62.0},
            {**estimate, "df_method": "kenward-roger", "df": 61.9},
        ),
        wave_file("lab", models.VARIANCES): _frame(
            models.VARIANCES, {**FIT, "wave": "lab", "level": "patient", "term": "Intercept", "other_term": "Intercept"}
        ),
    }
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    # The plan's primary method, not the first row, speaks in the prose; both stand in the table.
    assert "*t*(61.9) = −3.13, *p* = .003" in text
    assert "| Outcome | Term | containment: *df*; *p* |" in text
    assert "| 62; .003 |" in text
    assert "62; .003" in text


def test_a_model_of_samples_would_speak_of_sessions_or_hide_its_runs(tmp_path):
    term = "occasion[T.post]"
    of = {**FIT, "wave": "lab", "analysis": "oxytocin_of_samples", "model": "samples", "outcome": "log_concentration"}
    plan = {**of, "method": "reml", "fate": "fitted", "rows": "samples", "n_obs": 172, "n_groups": 22, "n_draws": 20}
    row = {**of, "term": term, "metric": "raw", "estimate": 0.053, "std_error": 0.0076, "statistic": 6.99}
    part = {**of, "term": "Intercept", "other_term": "Intercept"}
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        wave_file("lab", models.PLAN): _frame(models.PLAN, plan),
        wave_file("lab", models.ESTIMATES): _frame(
            models.ESTIMATES, {**row, "df_method": "kenward-roger", "df": 85.0, "p_value": 1e-9}
        ),
        wave_file("lab", models.VARIANCES): _frame(
            models.VARIANCES,
            {**part, "level": "patient", "share": 0.5},
            {**part, "level": "patient_session", "share": 0.2},
            {**part, "level": "run", "share": 0.3},
        ),
    }
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    assert "For log concentration (172 samples of 22 patients) the change from before to after the session is" in text
    assert "Shares of the variance: .50 patient, .20 session within patient and .30 assay run." in text
    assert "were drawn 20 times" in text
    assert "Models of single samples have the natural log" in text
    assert "the slope of log concentration" not in text


def test_another_df_method_would_speak_for_the_one_that_failed(tmp_path):
    of = {**FIT, "wave": "lab"}
    plan = {**of, "method": "reml", "fate": models.WITHOUT_PRIMARY, "rows": "sessions", "n_obs": 86, "n_groups": 22}
    row = {**of, "term": "oxytocin_change_within", "metric": "raw", "estimate": -0.25, "std_error": 0.08}
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        wave_file("lab", models.PLAN): _frame(
            models.PLAN, {**plan, "reason": "df method kenward-roger failed: singular matrix."}
        ),
        wave_file("lab", models.ESTIMATES): _frame(
            models.ESTIMATES, {**row, "df_method": "containment", "df": 62.0, "statistic": -3.13, "p_value": 0.0027}
        ),
        wave_file("lab", models.VARIANCES): _frame(
            models.VARIANCES, {**of, "level": "patient", "term": "Intercept", "other_term": "Intercept"}
        ),
    }
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    assert "the within-patient slope on oxytocin change is *b* =" in text
    assert "*t*(—) =" in text
    assert "*t*(62)" not in text
    assert "no other stands in its place (df method kenward" in text
    assert "| 62; .003 |" in text


def test_a_coding_system_without_totals_would_break_the_manuscript(tmp_path):
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE),
        wave_file("lab", agreement.COEFFICIENTS): _frame(
            agreement.COEFFICIENTS, {"instrument": "own", "code": "sighs", "form": "ICC(2,k)", "headline": True}
        ),
    }
    text = _assembled([_wave("lab", "real", [])], frames, tmp_path, "docx")
    assert "@tbl-coders" not in text


def test_runs_of_an_assay_would_be_left_out(tmp_path):
    frames = {
        wave_file("lab", report.SUMMARIES): _frame(report.SUMMARIES, *PEOPLE, *ASSAYED),
        wave_file("lab", assay.CURVES): _frame(assay.CURVES, {"analyte": "cortisol", "run": "Plate 1", "lod": 4.4718}),
        wave_file("lab", assay.QUALITY_CONTROLS): _frame(
            assay.QUALITY_CONTROLS, {"analyte": "cortisol", "run": "Plate 1", "level": "QC low", "concentration": 23.9}
        ),
    }
    # The figure is drawn by another job; without it the reference to it must be refused.
    with pytest.raises(ValueError, match="@fig-curves-lab: the document has no such"):
        _assembled([_wave("lab", "real", [CORTISOL])], frames, tmp_path, "docx")


def test_labels_would_change_on_their_way_through_a_rules_params():
    labels = labels_of(read_instruments(ROOT / "config" / "instruments"), [_wave("lab", "real", [])])
    assert Labels.from_text(labels.as_text()) == labels
    assert labels.scale_name("wai_s", "bond") == "Bond"
    assert labels.variable("therapist_oxytocin_change_within") == "therapist’s oxytocin change, within patients"
    assert labels.slope("oxytocin_change_within") == "within-patient slope on oxytocin change"
    assert labels.variable("rupture_point_drop_bond") == "rupture (point-drop, bond)"
    assert labels.slope("occasion[T.post]:x") == "interaction after the session × x"
    assert labels.slope("arm[T.cbt]") == "difference of arm: cbt"
    assert labels.group("patient_session") == "session within patient"
    assert labels.term("time:oxytocin_change_between") == "time × oxytocin change, between patients"
