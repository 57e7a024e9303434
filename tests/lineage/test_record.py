"""A job's record leads from any result back to its raw files, and its errors are words, not tracebacks."""

from types import SimpleNamespace

import pytest

from ruptureflow.config import ConfigError
from ruptureflow.lineage import JobRecord, Lineage, file_hash, job, read_records, write_record


def _lineage() -> Lineage:
    return Lineage(
        (
            JobRecord(
                "read_wave", "s/read_wave.py", "c1", {"data/w/a.csv": "h1", "data/w/b.csv": "h2"}, ["r/intake.csv"]
            ),
            JobRecord("measure", "s/measure.py", "c2", {"r/intake.csv": "h3"}, ["r/assay.csv"]),
            JobRecord("fit", "s/fit.py", "c3", {"r/assay.csv": "h4", "config/i.yaml": "h5"}, ["r/estimates.csv"]),
        )
    )


def test_a_number_could_not_be_followed_to_its_raw_files():
    assert _lineage().raw_inputs("r/estimates.csv") == {
        "config/i.yaml": "h5",
        "data/w/a.csv": "h1",
        "data/w/b.csv": "h2",
    }


def test_a_file_of_unknown_origin_would_pass_as_made():
    assert _lineage().maker("r/assay.csv").rule == "measure"
    with pytest.raises(KeyError, match="no recorded job"):
        _lineage().maker("r/typed_by_hand.csv")


def test_a_record_would_not_survive_its_file(tmp_path):
    record = _lineage().records[0]
    write_record(record, tmp_path / "lineage.json")
    assert read_records([tmp_path / "lineage.json"]) == [record]


class _Outputs(list):
    lineage = "lineage.json"


def _snakemake() -> SimpleNamespace:
    return SimpleNamespace(
        log=["job.log"],
        rule="measure",
        scriptdir="scripts",
        params=SimpleNamespace(code="c"),
        input=["raw.csv"],
        output=_Outputs(["made.csv", "lineage.json"]),
    )


def test_a_job_would_leave_no_record_of_what_it_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text("a\n1\n", encoding="utf-8")
    with job(_snakemake()):
        (tmp_path / "made.csv").write_text("b\n2\n", encoding="utf-8")
    (record,) = read_records(["lineage.json"])
    assert record == JobRecord("measure", "scripts/measure.py", "c", {"raw.csv": file_hash("raw.csv")}, ["made.csv"])


def test_a_users_mistake_would_end_in_a_traceback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(SystemExit), job(_snakemake()):
        raise ConfigError("config/waves.tsv: row 2: folder is empty")
    assert (tmp_path / "job.log").read_text(encoding="utf-8") == "config/waves.tsv: row 2: folder is empty\n"


def test_a_defect_of_ours_would_pass_as_the_users_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(SystemExit), job(_snakemake()):
        raise KeyError("x")
    log = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "defect of ruptureflow" in log


def test_a_file_changed_while_it_was_read_would_get_its_new_hash_for_old_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(SystemExit), job(_snakemake()):
        (tmp_path / "made.csv").write_text("b\n1\n", encoding="utf-8")
        (tmp_path / "raw.csv").write_text("a\n2\n", encoding="utf-8")
    assert "an input changed while the job read it" in (tmp_path / "job.log").read_text(encoding="utf-8")
    assert not (tmp_path / "lineage.json").exists()


def _with_parts() -> Lineage:
    handed_over = JobRecord(
        "read_evidence",
        "s/e.py",
        "c1",
        {"data/a.csv": "h1", "data/b.csv": "h2"},
        ["r/a.csv", "r/b.csv"],
        {"r/a.csv": ["data/a.csv"], "r/b.csv": ["data/b.csv"]},
    )
    inputs = {"r/a.csv": "h1", "r/b.csv": "h2", "data/w.csv": "h3"}
    parts = {"r/pooled.csv#one": ["r/a.csv"], "r/pooled.csv#two": ["data/w.csv", "r/b.csv"]}
    return Lineage((handed_over, JobRecord("pool", "s/p.py", "c2", inputs, ["r/pooled.csv"], parts)))


def test_a_part_of_a_file_names_raw_files_that_it_does_not_rest_on():
    assert _with_parts().raw_inputs("r/pooled.csv", "one") == {"data/a.csv": "h1"}
    assert _with_parts().raw_inputs("r/pooled.csv", "two") == {"data/b.csv": "h2", "data/w.csv": "h3"}


def test_a_part_that_nobody_declared_rests_on_nothing():
    everything = {"data/a.csv": "h1", "data/b.csv": "h2", "data/w.csv": "h3"}
    assert _with_parts().raw_inputs("r/pooled.csv", "three") == everything
    assert _with_parts().raw_inputs("r/pooled.csv") == everything


def test_a_job_cannot_say_what_its_outputs_rest_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.csv").write_text("a\n1\n", encoding="utf-8")
    with job(_snakemake()) as rests_on:
        (tmp_path / "made.csv").write_text("b\n2\n", encoding="utf-8")
        rests_on["made.csv#one"] = [tmp_path / "raw.csv"]
    (record,) = read_records(["lineage.json"])
    assert record.rests_on == {"made.csv#one": ["raw.csv"]}
