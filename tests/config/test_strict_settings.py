"""Settings files: unknown keys are errors with the nearest known name, all problems at once, with their place."""

from pathlib import Path

import pytest

from ruptureflow.config import ConfigError, Plan, Wave, load_project, parse, read_plan, read_yaml, write_run_config
from ruptureflow.config.strict import with_typed_words

ROOT = Path(__file__).resolve().parents[2]


def _lines(model, content) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(model, content, "f.yaml")
    return str(caught.value).splitlines()


def test_the_committed_plan_would_be_refused():
    plan = read_plan(ROOT / "config" / "config.yaml")
    assert plan.models.df_methods


def test_a_misspelt_key_would_be_ignored_or_unexplained():
    content = read_yaml(ROOT / "config" / "config.yaml")
    content["asay"] = content.pop("assay")
    content["models"]["levle"] = 0.9
    content["pooling"]["waves"][0]["outcme"] = content["pooling"]["waves"][0].pop("outcome")
    lines = _lines(Plan, content)
    assert "f.yaml: unknown key 'asay'; did you mean 'assay'?" in lines
    assert "f.yaml: unknown key 'models.levle'; did you mean 'level'?" in lines
    assert "f.yaml: unknown key 'pooling.waves.0.outcme'; did you mean 'outcome'?" in lines
    assert "f.yaml: key 'pooling.waves.0.outcome' is missing; add it" in lines


def test_a_misspelt_key_of_a_tagged_file_entry_would_get_no_hint():
    content = {
        "title": "x",
        "design": {"sessions": {"first": 1, "last": 4}},
        "files": [{"kind": "codes", "path": "x", "instrumnt": "3rs_2015", "version": "2015", "layout": "wide"}],
    }
    assert "f.yaml: unknown key 'files.0.codes.instrumnt'; did you mean 'instrument'?" in _lines(Wave, content)


def test_a_value_out_of_range_would_be_taken():
    content = read_yaml(ROOT / "config" / "config.yaml")
    content["models"]["level"] = 95
    content["assay"]["model"] = "6pl"
    lines = _lines(Plan, content)
    assert any(line.startswith("f.yaml: models.level: input should be less than 1") for line in lines)
    assert any("'4pl'" in line and "found '6pl'" in line for line in lines)


def test_broken_yaml_would_be_a_traceback(tmp_path):
    (tmp_path / "c.yaml").write_text("a: [1, 2\nb: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"c\.yaml: line \d+, column \d+ not valid YAML"):
        read_yaml(tmp_path / "c.yaml")


def test_an_empty_section_would_be_an_attribute_error():
    content = read_yaml(ROOT / "config" / "config.yaml")
    content["models"] = None
    assert any(line.startswith("f.yaml: models:") for line in _lines(Plan, content))


def test_an_unchanged_run_config_would_look_new(tmp_path):
    path = tmp_path / "results" / "run_config.yaml"
    write_run_config({"b": 1, "a": {"x": "ü"}}, path)
    before = path.stat().st_mtime_ns
    write_run_config({"a": {"x": "ü"}, "b": 1}, path)
    assert path.stat().st_mtime_ns == before
    write_run_config({"a": {"x": "ü"}, "b": 2}, path)
    assert "b: 2" in path.read_text(encoding="utf-8")


@pytest.fixture
def small_project(tmp_path, monkeypatch):
    """A project folder with one wave whose only file is its participants."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "instruments").mkdir(parents=True)
    wai = ROOT / "config" / "instruments" / "wai_s.yaml"
    (tmp_path / "config" / "instruments" / "wai_s.yaml").write_bytes(wai.read_bytes())
    (tmp_path / "data" / "w").mkdir(parents=True)
    (tmp_path / "data" / "w" / "people.csv").write_text("patient\np1\n", encoding="utf-8")
    (tmp_path / "data" / "w" / "wave.yaml").write_text(
        "title: t\ndesign: {sessions: [1]}\nfiles: [{kind: participants, path: people.csv}]\n", encoding="utf-8"
    )
    (tmp_path / "config" / "waves.tsv").write_text("wave\tfolder\torigin\nw\tdata/w\treal\n", encoding="utf-8")
    return read_yaml(ROOT / "config" / "config.yaml") | {"evidence": str(ROOT / "data" / "evidence")}


def test_a_usable_project_would_be_refused(small_project):
    project = load_project(small_project)
    assert project.shown == ["w"]
    assert project.raw_files("w") == ["data/w/people.csv", "data/w/wave.yaml"]


def test_a_missing_file_would_surface_as_a_workflow_riddle(small_project):
    Path("data/w/people.csv").rename("data/w/peopel.csv")
    with pytest.raises(ConfigError) as caught:
        load_project(small_project)
    assert str(caught.value) == ("data/w/wave.yaml: file 'people.csv' is not in the folder; did you mean 'peopel.csv'?")


def test_a_table_of_studies_that_is_not_there_would_surface_as_a_workflow_riddle(small_project):
    Path("data/studies").mkdir()
    Path("data/studies/mine.csv").write_text("study,r,n\na,.2,30\n", encoding="utf-8")
    own = {"pool": "own", "title": "Own", "file": "data/studies/mien.csv", "effect": "r"}
    small_project["pooling"]["published"].append(own)
    with pytest.raises(ConfigError) as caught:
        load_project(small_project)
    assert str(caught.value) == (
        "config/config.yaml: pooling: no file 'data/studies/mien.csv'; did you mean 'mine.csv'?"
    )
    own["file"] = "data/studies/mine.csv"
    assert "data/studies/mine.csv" in load_project(small_project).plan.pooling.files


def test_a_missing_wave_folder_would_be_a_traceback(small_project):
    Path("config/waves.tsv").write_text("wave\tfolder\torigin\nw\tdata/v\treal\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"data/v/wave\.yaml: no such file"):
        load_project(small_project)


def test_the_words_yes_and_no_would_become_truth_values(tmp_path):
    from ruptureflow.config.strict import read_yaml

    path = tmp_path / "words.yaml"
    path.write_text("yes: [ja, y]\nno: [no, off]\nflag: true\ntruest: truest\n", encoding="utf-8")
    assert read_yaml(path) == {"yes": ["ja", "y"], "no": ["no", "off"], "flag": True, "truest": "truest"}


def test_a_key_that_stands_twice_would_drop_the_first_in_silence(tmp_path):
    (tmp_path / "wave.yaml").write_text("title: a\nfiles: [x]\nfiles: [y]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 3, column 1 not valid YAML: key 'files' stands twice"):
        read_yaml(tmp_path / "wave.yaml")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc/x.csv", "name a file or pattern inside the wave folder"),
        ("../other/x.csv", "name a file or pattern inside the wave folder"),
        (".", "name a file or pattern inside the wave folder"),
        ("a\\b.csv", "not a backslash"),
        ("**.csv", "** stands alone between slashes"),
    ],
)
def test_a_path_that_leaves_the_wave_folder_would_be_read(path, message):
    content = {"title": "x", "design": {"sessions": [1]}, "files": [{"kind": "participants", "path": path}]}
    assert any(message in line for line in _lines(Wave, content))


def test_a_misspelt_kind_would_be_told_in_the_libraries_words():
    content = {"title": "x", "design": {"sessions": [1]}, "files": [{"kind": "particpants", "path": "p.csv"}, {}]}
    lines = _lines(Wave, content)
    assert "f.yaml: files.0.kind: unknown kind 'particpants'; did you mean 'participants'?" in lines
    assert "f.yaml: key 'files.1.kind' is missing; add it" in lines


def test_numbers_of_the_command_line_would_be_texts():
    # Snakemake hands over what stands behind --config as text.
    written = {"pooling": {"level": 0.95, "note": "12"}, "names": ["1", "a"]}
    merged = {"pooling": {"level": "0.9", "note": "12", "floor": "true", "what": "{outcome} ~ 1"}, "names": ["1", "a"]}
    found = with_typed_words(merged, [written])
    assert found["pooling"] == {"level": 0.9, "note": "12", "floor": True, "what": "{outcome} ~ 1"}
    assert found["names"] == ["1", "a"]
