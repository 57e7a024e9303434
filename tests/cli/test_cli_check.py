"""`ruptureflow check` prints every problem and what to do; nothing a person does ends in a traceback."""

import csv

import pytest

from ruptureflow.cli import main


def test_a_faultless_wave_would_be_refused(project, capsys):
    assert main(["check", "mywave"]) == 0
    printed = capsys.readouterr().out
    assert "1 warning; 4 rows read, 4 handed over, 0 set aside" in printed
    assert "no column for 9 of 12 items of wai_s: 4, 5, 6, 7, 8, 9, 10, 11, 12" in " ".join(printed.split())


def test_a_problem_would_not_say_where_and_what_to_do(project, capsys):
    path = project / "data" / "mywave" / "wai.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("8,1,2", "8,9,2"), encoding="utf-8")
    assert main(["check", "mywave"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    for part in ("wai.csv", "error 3 wai_s_1 9", "outside the range of item 1 of wai_s, 1–7", "→ correct the cell"):
        assert part in printed
    assert "1 error, 1 warning" in printed
    with (project / "results" / "mywave" / "intake" / "problems.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["severity"] for row in rows] == ["error", "warning"]
    assert "all problems: results/mywave/intake/problems.csv" in printed


def test_many_alike_would_scroll_the_rest_away(project, capsys):
    path = project / "data" / "mywave" / "wai.csv"
    lines = ["patient,session,wai_s_1", *(f"P{number:03d},4,3" for number in range(9))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    main(["check", "mywave"])
    assert "and 4 more like it (--all shows them)" in " ".join(capsys.readouterr().out.split())
    main(["check", "mywave", "--all"])
    assert "more like it" not in capsys.readouterr().out


def test_a_folder_could_not_be_checked_before_it_is_listed(project, capsys):
    (project / "config" / "waves.tsv").unlink()
    assert main(["check", "data/mywave"]) == 0
    assert "4 rows read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "mywvae"], "config/waves.tsv: no wave 'mywvae'; did you mean 'mywave'?"),
        (["check", "data"], "data has no wave.yaml; `ruptureflow new-wave data` writes one"),
        (["new-wave", "data/mywave"], "data/mywave/wave.yaml is there already; edit it, or overwrite it with --force"),
        (["new-wave", "data/other"], "data/other is not a folder"),
        (["check", "mywave", "--config", "plan.yaml"], "plan.yaml: no such file"),
    ],
)
def test_a_slip_of_the_hand_would_end_in_a_traceback(arguments, message, project, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.strip() == message


def test_a_missing_file_and_a_misspelt_key_would_be_riddles(project, capsys):
    (project / "data" / "mywave" / "wai.csv").rename(project / "data" / "mywave" / "wia.csv")
    assert main(["check", "mywave"]) == 2
    assert "file 'wai.csv' is not in the folder; did you mean 'wia.csv'?" in capsys.readouterr().err
    path = project / "data" / "mywave" / "wave.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("layout:", "layuot:"), encoding="utf-8")
    assert main(["check", "mywave"]) == 2
    assert "unknown key 'files.1.responses.layuot'; did you mean 'layout'?" in capsys.readouterr().err


def test_a_missing_key_of_pseudonyms_would_end_in_a_traceback(project, capsys, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    path = project / "data" / "mywave" / "wave.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "pseudonyms: {key_variable: NO_SUCH_KEY}\n", encoding="utf-8")
    assert main(["check", "mywave"]) == 2
    assert "the environment variable NO_SUCH_KEY is not set" in capsys.readouterr().err
