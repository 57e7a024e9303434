"""A user's mistake ends in one clear message and no traceback."""

import pytest

from ruptureflow.simulate import write_wave

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("messages")]


def _failure(project, *arguments: str) -> str:
    answer = project.snakemake(*arguments)
    assert answer.returncode != 0
    assert "Traceback" not in answer.stdout
    return answer.stdout


def test_a_bad_wave_table_would_be_a_riddle(empty_project):
    empty_project.list_waves(("tiny", "reel"))
    message = _failure(empty_project)
    assert "config/waves.tsv: row 2: origin 'reel' of wave 'tiny' is unknown; did you mean 'real'?" in message
    assert "results/run_config.yaml" in message
    assert (empty_project.path / "results" / "run_config.yaml").is_file()


def test_a_missing_file_would_be_a_riddle(empty_project):
    folder = empty_project.path / "data" / "tiny"
    write_wave("tiny", folder)
    empty_project.list_waves(("tiny", "simulated"))
    (folder / "participants.csv").rename(folder / "particpants.csv")
    message = _failure(empty_project)
    assert (
        "data/tiny/wave.yaml: file 'participants.csv' is not in the folder; did you mean 'particpants.csv'?" in message
    )


def test_a_wrong_column_would_be_a_riddle(empty_project):
    folder = empty_project.path / "data" / "tiny"
    write_wave("tiny", folder)
    empty_project.list_waves(("tiny", "simulated"))
    participants = folder / "participants.csv"
    text = participants.read_text(encoding="utf-8")
    participants.write_text(text.replace("therapist", "therapst", 1), encoding="utf-8")
    message = _failure(empty_project, "intake")
    assert "participants.csv" in message
    assert "therapst" in message
    assert "defect of ruptureflow" not in message


def test_a_misspelt_option_would_be_ignored(empty_project):
    write_wave("tiny", empty_project.path / "data" / "tiny")
    empty_project.list_waves(("tiny", "simulated"))
    message = _failure(empty_project, "--config", "asay={}")
    assert "unknown key 'asay'; did you mean 'assay'?" in message
