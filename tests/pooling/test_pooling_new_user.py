"""A new user's own table beside a real wave: added to the plan, run, and told plainly what is wrong with a cell."""

import csv
import json

import pytest

from ruptureflow.simulate import write_wave

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("new_user")]
TABLE = "Studie;Jahr;t;FG\nAdler;2010;-2,1;50\nBauer;2014;-1,2;40\nClausen;2012;-2,9;61\n"
POOL = """    - pool: my_slopes
      title: My three studies
      construct: oxytocin change and bond, within patients
      file: data/studies/mine.csv
      delimiter: ";"
      decimal: ","
      effect: partial_r
      columns: {label: Studie, year: Jahr, df: FG}
"""


def _rows(project, name):
    with (project.path / "results" / "pooled" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_table_of_one_s_own_is_not_pooled_with_a_real_wave_or_is_with_a_simulated_one(empty_project):
    project = empty_project
    for wave in ("trial", "pretended"):
        write_wave("tiny", project.path / "data" / wave)
    project.list_waves(("trial", "real"), ("pretended", "simulated"))
    table = project.path / "data" / "studies" / "mine.csv"
    table.parent.mkdir()
    table.write_text(TABLE, encoding="utf-8")
    plan = project.path / "config" / "config.yaml"
    text = plan.read_text(encoding="utf-8").replace("beside: oxytocin_bond_2018", "beside: my_slopes")
    plan.write_text(text.replace("  published:\n", f"  published:\n{POOL}", 1), encoding="utf-8")

    answer = project.snakemake("results/pooled/pooled.csv")
    assert answer.returncode == 0, answer.stdout
    joined = [row for row in _rows(project, "effects.csv") if row["pool"] == "oxytocin_bond_partial_r"]
    assert [row["label"] for row in joined] == ["Adler", "Bauer", "Clausen", "trial"]
    assert "simulated" not in {row["origin"] for row in _rows(project, "effects.csv")}
    assert {row["k"] for row in _rows(project, "pooled.csv") if row["pool"] == "oxytocin_bond_partial_r"} == {"4"}
    looks = [row for row in _rows(project, "cumulative.csv") if row["pool"] == "oxytocin_bond_partial_r"]
    assert [row["added"] for row in looks] == ["Adler", "Clausen", "Bauer", "trial"]
    # A number of a pool names the files of that pool: the table alone, or the table and the wave.
    record = json.loads((project.path / "results" / "pooled" / "lineage.json").read_text(encoding="utf-8"))
    assert record["rests_on"]["results/pooled/pooled.csv#my_slopes"] == ["data/studies/mine.csv"]
    both = record["rests_on"]["results/pooled/pooled.csv#oxytocin_bond_partial_r"]
    assert "data/studies/mine.csv" in both and "results/trial/models/estimates.csv" in both
    assert not any("pretended" in path or "evidence" in path for path in both)

    table.write_text(TABLE.replace("-1,2", "n.s.").replace(";61", ""), encoding="utf-8")
    answer = project.snakemake("results/pooled/pooled.csv")
    assert answer.returncode != 0 and "Traceback" not in answer.stdout
    place = "pool my_slopes: data/studies/mine.csv: row"
    assert f"{place} 3, column 't': 'n.s.' is not a number; write a number, or leave out the row" in answer.stdout
    assert f"{place} 4, column 'FG': '' is empty" in answer.stdout
