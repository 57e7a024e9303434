"""A refused wave stops the workflow with its problems told and kept; a mended one goes through."""

import csv

import damages
import pytest
from newcomer import write_newcomers_wave

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("intake")]


def test_what_was_found_in_a_refused_wave_would_be_deleted_with_the_failed_job(empty_project):
    wave = write_newcomers_wave(empty_project.path / "data" / "newcomer")
    intact = (wave / "wai.csv").read_bytes()
    empty_project.list_waves(("newcomer", "real"))
    damages.item_out_of_range(wave)
    damages.blank_row(wave)
    answer = empty_project.snakemake("results/newcomer/intake/responses.csv")
    assert answer.returncode != 0
    assert "Traceback" not in answer.stdout
    assert "defect of ruptureflow" not in answer.stdout
    assert "error: wai.csv, row 4, column 'wai_s_2': '8': outside the range of item 2 of wai_s, 1–7" in answer.stdout
    results = empty_project.path / "results" / "newcomer" / "intake"
    assert {path.name for path in results.iterdir()} == {"problems.csv", "refused_ledger.csv"}
    with (results / "problems.csv").open(encoding="utf-8") as stream:
        assert next(csv.DictReader(stream))["severity"] == "error"
    assert "blank row" in (results / "refused_ledger.csv").read_text(encoding="utf-8")

    (wave / "wai.csv").write_bytes(intact)
    answer = empty_project.snakemake("intake")
    assert answer.returncode == 0, answer.stdout
    made = {path.name for path in results.iterdir()}
    assert {"responses.csv", "ledger.csv", "manifest.csv", "problems.csv", "lineage.json"} <= made
    assert "refused_ledger.csv" not in made
    assert "error," not in (results / "problems.csv").read_text(encoding="utf-8")
    for source in (empty_project.path / "data" / "evidence").glob("*.csv"):
        made = empty_project.path / "results" / "intake" / "evidence" / source.name
        assert made.read_bytes() == source.read_bytes(), "printed digits such as 0.50 must stay as they are"
