"""Figures of the manuscript: nobody can be named in them, and the same data give the same bytes."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from ruptureflow.audit.gates import _influence_gates
from ruptureflow.config.plan import PoolingSettings
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.report import figures
from ruptureflow.report.values.audit import _without_ids
from ruptureflow.tables import models, pooling, write_table

PEOPLE = ["SIM-P01", "SIM-P02", "SIM-P03"]


def _changes() -> pd.DataFrame:
    rows = [(patient, "patient", session, 10.0 + session, 11.0) for patient in PEOPLE for session in (1, 2)]
    frame = pd.DataFrame(rows, columns=["patient", "role", "session", "pre", "post"])
    return frame.assign(analyte="oxytocin", unit="pg/mL", used=True, change=frame["post"] - frame["pre"])


def _ruptures() -> pd.DataFrame:
    rows = [(patient, session, 4.0 + session) for patient in PEOPLE for session in (1, 2, 3)]
    frame = pd.DataFrame(rows, columns=["patient", "session", "value"])
    return frame.assign(variable="bond", perspective="patient", criterion="point-drop", rupture=True, resolved=False)


def _sessions() -> pd.DataFrame:
    frame = _ruptures().rename(columns={"value": "bond"})
    return frame.assign(oxytocin_change_within=frame["session"] - 2.0)


def _texts(figure) -> str:
    import matplotlib.text

    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: figures.change_by_session(_changes(), "oxytocin", "patient", "simulated"),
        lambda: figures.trajectories(_ruptures(), "bond", "patient", str, "simulated"),
        lambda: figures.within_slopes(_sessions(), "oxytocin_change_within", {"bond": -0.2}, str, "simulated"),
    ],
)
def test_a_figure_would_name_a_person_or_change_from_run_to_run(drawn, tmp_path):
    figure = drawn()
    assert not any(patient in _texts(figure) for patient in PEOPLE)
    figures.save(figure, tmp_path / "first.png")
    figures.save(drawn(), tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def _pools_drawn(folder: Path, monkeypatch) -> Path:
    """The folder that the script draws a pool of correlations in two subgroups into."""
    text = "study,r,n,arm\n" + "".join(f"s{i},{0.1 + 0.07 * i:.2f},{30 + i},{'ab'[i % 2]}\n" for i in range(6))
    pool = {"pool": "mine", "title": "Mine", "file": "r.csv", "effect": "r", "subgroups": "arm"}
    plan = {"methods": ["reml"], "tests": ["knapp-hartung"], "published": [pool]}
    settings = PoolingSettings.model_validate(plan)
    none = WaveEvidence(models.ESTIMATES.empty(), [])
    tables = pool_evidence(none, {"r.csv": read_cells(text.encode(), "r.csv")}, settings).tables
    folder.mkdir()
    monkeypatch.chdir(folder)
    given = {table: f"{table}.csv" for table in ("effects", "pooled", "references", "subgroups")}
    for table, path in given.items():
        write_table(tables[table], path, getattr(pooling, table.upper()))
    snakemake = SimpleNamespace(
        input=SimpleNamespace(**given),
        output=SimpleNamespace(figures="figures"),
        params=SimpleNamespace(code="c", settings=settings.model_dump_json()),
        log=["draw_pools.log"],
    )
    script = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "report" / "draw_pools.py"
    runpy.run_path(str(script), init_globals={"snakemake": snakemake})
    return folder / "figures"


def test_a_forest_of_the_manuscript_lacks_subgroups_or_a_kind_for_print_or_changes(tmp_path, monkeypatch):
    first, second = (_pools_drawn(tmp_path / name, monkeypatch) for name in ("first", "second"))
    names = [f"forest-mine.{kind}" for kind in ("pdf", "png", "svg")]
    assert sorted(path.name for path in first.iterdir()) == names
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    drawn = (first / "forest-mine.svg").read_text(encoding="utf-8")  # its letters are paths, named in comments
    for said in ("Subgroup (k = 3)", "95 % prediction", "r (Fisher's z back-transformed)", "Effect [95 % CI]"):
        assert f"<!-- {said} -->" in drawn.replace("<!--   ", "<!-- "), said


def test_an_advice_would_name_the_patients_that_audit_names():
    model = {"analysis": "a", "model": "m", "outcome": "bond"}
    ids = ["SIM-P01", "A:7", "b; c"]
    influence = pd.DataFrame([{**model, "term": "x", "group": each, "decision_changes": True} for each in ids])
    fitted = pd.DataFrame([{**model, "primary_term": "x"}])
    (gate,) = _influence_gates(SimpleNamespace(fitted=fitted, influence=influence))
    assert all(each in gate["advice"] for each in ids)
    advice = _without_ids(gate["advice"])
    assert not any(each in advice for each in ids)
    assert advice == "the decision on x turns on single patients: report it without them too"
