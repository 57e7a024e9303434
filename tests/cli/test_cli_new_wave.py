"""`ruptureflow new-wave` leads from a bare folder to a checked wave."""

from ruptureflow.cli import main


def test_a_newcomer_would_be_left_without_a_next_step(project, capsys):
    folder = project / "data" / "mywave"
    (folder / "wave.yaml").unlink()
    assert main(["new-wave", "data/mywave"]) == 0
    printed = capsys.readouterr().out
    assert "wrote data/mywave/wave.yaml: read it and correct the" in printed
    assert "mywave\tdata/mywave\treal\t\n" in printed
    assert "and run: ruptureflow check mywave" in printed
    assert main(["check", "mywave"]) == 0


def test_an_unfinished_description_would_look_finished(project, capsys):
    folder = project / "data" / "other"
    folder.mkdir()
    (folder / "wai.csv").write_text("patient,session,wai_s_1,wai_s_2,wai_s_3\nP01,4,5,6,7\n", encoding="utf-8")
    assert main(["new-wave", "data/other"]) == 1
    printed = capsys.readouterr().out
    assert "not usable yet:" in printed
    assert "data/other/wave.yaml: files: exactly one file of kind participants is needed" in printed


def test_an_empty_folder_would_get_an_empty_description(project, capsys):
    (project / "data" / "empty").mkdir()
    assert main(["new-wave", "data/empty"]) == 2
    assert "holds no file that could be read; copy the raw files there first" in capsys.readouterr().err
    assert not (project / "data" / "empty" / "wave.yaml").exists()
