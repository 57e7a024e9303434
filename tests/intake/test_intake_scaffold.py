"""`new-wave` writes a description from which a faultless wave is read as its own description reads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from newcomer import write_workbook

from ruptureflow.config import read_wave
from ruptureflow.intake.scaffold import survey_folder, wave_text

SOURCE = ["source_file", "source_sheet", "source_row"]


def _describe(folder: Path, instruments) -> str:
    sheets, unread = survey_folder(folder)
    text = wave_text(folder.name, sheets, unread, instruments)
    (folder / "wave.yaml").write_text(text, encoding="utf-8")
    return text


def _entry(folder: Path, path: str) -> dict:
    files = yaml.safe_load((folder / "wave.yaml").read_text(encoding="utf-8"))["files"]
    return next(entry for entry in files if entry["path"] == path)


def test_a_newcomers_guessed_description_would_read_another_wave(newcomer, read, instruments):
    declared = read(newcomer)
    (newcomer / "wave.yaml").unlink()
    text = _describe(newcomer, instruments)
    # The one thing that no program can see: what a blank cell means.
    assert "# CHECK: blank: say what an empty cell means: zero, or not coded" in text
    (newcomer / "wave.yaml").write_text(text.replace("blank: refuse", "blank: zero"), encoding="utf-8")
    guessed = read(newcomer)
    assert not (guessed.problems["severity"] == "error").any()
    for name in ("participants", "samples", "codes", "responses"):
        expected, found = getattr(declared, name), getattr(guessed, name)
        order = [*SOURCE, *(c for c in ("code", "item", "occasion") if c in expected)]
        pd.testing.assert_frame_equal(
            expected.sort_values(order).reset_index(drop=True), found.sort_values(order).reset_index(drop=True)
        )


def test_a_laboratorys_files_would_be_taken_for_others(lab, instruments):
    (lab / "wave.yaml").unlink()
    text = _describe(lab, instruments)
    wave = read_wave(lab)
    kinds = {file.path: file.kind for file in wave.files}
    assert kinds == {
        "answers.csv": "responses",
        "coding.csv": "codes",
        "manifest.csv": "samples",
        "participants.csv": "participants",
        "runs/run1.csv": "tubes",
        "scores.csv": "scores",
    }
    assert (wave.locale.delimiter, wave.locale.decimal) == (";", ",")
    assert wave.design.roles == ["patient", "therapist"]
    assert wave.design.sessions == [1, 4, 8]
    assert wave.analytes[0].signal == "cpm"
    assert _entry(lab, "manifest.csv")["occasions"] == {"nach": "post", "vor": "pre"}
    assert _entry(lab, "runs/run1.csv")["contents"] == {
        "B0": "b0", "NSB": "nsb", "S1": "standard", "S2": "standard", "T": "total",
    }  # fmt: skip
    assert _entry(lab, "participants.csv")["scores"] == {"HRSD start": "hrsd17.hrsd17@intake"}
    assert _entry(lab, "scores.csv")["scores"] == {"BDI": "bdi2"}
    assert _entry(lab, "scores.csv")["timepoints"] == {"Beginn": "intake", "Ende": "end"}
    assert "not recognised" not in text


def test_a_column_of_names_would_be_carried(newcomer, instruments):
    path = newcomer / "participants.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("gender", "Last name"), encoding="utf-8")
    (newcomer / "wave.yaml").unlink()
    text = _describe(newcomer, instruments)
    assert _entry(newcomer, "participants.csv")["ignore"] == ["Last name"]
    assert "# CHECK: Last name may identify persons: remove such columns from the file" in text


def test_a_plate_and_wide_sessions_would_not_be_recognised(tmp_path, instruments):
    grid = [["", *range(1, 13)], *([row, *([0.5] * 12)] for row in "ABCDEFGH")]
    layout = [
        ["", *range(1, 13)],
        *([row, "S1", *([f"P0{number}_S4_pre"] * 11)] for number, row in enumerate("ABCDEFGH")),
    ]
    write_workbook(tmp_path / "plate1.xlsx", ("OD", [["Reader"], *grid]), ("Layout", layout))
    (tmp_path / "wai.csv").write_text(
        "id;wai_s04_i01;wai_s04_i02;wai_s08_i01;wai_s08_i02\nP01;1;2;3;4\n", encoding="utf-8"
    )
    (tmp_path / "patients.csv").write_text("id;Alter;Geschlecht;site\nP01;31,5;w;Haifa\n", encoding="cp1252")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF")
    text = _describe(tmp_path, instruments)
    plate = _entry(tmp_path, "plate1.xlsx")
    assert (plate["kind"], plate["corner"], plate["sheet"], plate["layout_sheet"]) == ("plate", "A2", "OD", "Layout")
    assert plate["contents"] == {"S1": "standard"}
    answers = _entry(tmp_path, "wai.csv")
    assert (answers["instrument"], answers["pattern"]) == ("wai_s", "wai_s{session}_i{item}")
    participants = _entry(tmp_path, "patients.csv")
    assert participants["columns"] == {"patient": "id", "age": "Alter", "gender": "Geschlecht"}
    assert participants["covariates"] == ["site"]
    assert "# CHECK: not recognised, not read: letter.pdf" in text
    read_wave(tmp_path)


def test_every_run_of_an_assay_would_be_an_entry_of_its_own(tmp_path, instruments):
    folder = tmp_path / "plasma"
    folder.mkdir()
    for run, label in (("a", "S1"), ("b", "S2")):
        (folder / f"run_{run}.csv").write_text(f"Pos,Label,CPM\n1,T,20000\n2,{label},4000\n3,X,300\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("a note", encoding="utf-8")
    text = _describe(tmp_path, instruments)
    entry = _entry(tmp_path, "plasma/run_*.csv")
    assert entry["contents"] == {"T": "total", "S1": "standard", "S2": "standard"}
    assert "    matrix: plasma\n" in text
    assert "README" not in text


def test_coders_in_file_names_would_be_one_coder(tmp_path, instruments):
    sheet = [["patient", "session", "denial", "minimal_response", "defends_self"], ["P01", 4, 1, 0, 2]]
    for coder in ("anna", "anja"):
        write_workbook(tmp_path / f"3RS_{coder}.xlsx", ("Sheet1", sheet))
    _describe(tmp_path, instruments)
    entry = _entry(tmp_path, "3RS_*.xlsx")
    assert entry["file_name"] == "3RS_{coder}"
    assert entry["instrument"] == "3rs_2015"


def test_a_folder_without_participants_would_look_complete(tmp_path, instruments):
    (tmp_path / "wai.csv").write_text("id,session,wai_1,wai_2,wai_3\nP01,4,1,2,3\nP01,8,1,2,3\n", encoding="utf-8")
    text = _describe(tmp_path, instruments)
    assert "# CHECK: no participants table was recognised; one is needed, one row a patient:" in text


@pytest.mark.parametrize("content", ["", "only one cell", "a,b\n"])
def test_an_odd_file_would_stop_the_guessing(content, tmp_path, instruments):
    (tmp_path / "odd.csv").write_text(content, encoding="utf-8")
    assert "odd.csv" in _describe(tmp_path, instruments)


def test_a_workbook_with_a_sheet_a_session_would_be_a_hundred_riddles(tmp_path, instruments, read):
    marks = [
        ["Segment", "denial", "defends_self", "Kodiert am"],
        [1, 1, None, "2024-01-08"],
        [2, None, 2, "2024-01-08"],
    ]
    ratings = [["patient", "session", "withdrawal_impact", "resolution_degree"], ["P01", 4, 2, 3], ["P01", 8, 1, 2]]
    for coder in ("AK", "BM"):
        sheets = [(name, [[name, "of", "notes"]]) for name in ("Notes", "More notes")]
        sheets += [("Total", ratings), ("P01_S4", marks), ("P01_S8", marks)]
        write_workbook(tmp_path / "coders" / f"3RS_{coder}.xlsx", *sheets)
    (tmp_path / "participants.csv").write_text("patient,age\nP01,30\n", encoding="utf-8")
    text = _describe(tmp_path, instruments)
    entries = [each for each in yaml.safe_load(text)["files"] if each["kind"] == "codes"]
    assert [each["sheet"] for each in entries] == ["Total", "*_S*"]
    assert entries[1]["sheet_name"] == "{patient}_S{session}"
    assert entries[1]["columns"]["coded_on"] == "Kodiert am"
    assert text.count("not recognised") == 2, "one line a workbook"
    (tmp_path / "wave.yaml").write_text(text.replace("blank: refuse", "blank: zero"), encoding="utf-8")
    tables = read(tmp_path)
    assert tables.problems[tables.problems["severity"] == "error"].empty
    counts = tables.codes[tables.codes["measure"] == "count"]
    assert counts.groupby(["coder", "patient", "session"])["value"].sum().tolist() == [3, 3, 3, 3]


def test_lines_above_a_runs_headings_would_be_overlooked_beside_another_file(tmp_path, instruments):
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "list.csv").write_text("tube;patient;session;occasion\n101;P01;4;pre\n", encoding="utf-8")
    tubes = "".join(
        f"{place};{label};{5000 + place}\n" for place, label in enumerate(["T", "B0", "Std1", "101"] * 3, 1)
    )
    for run in ("ria_1", "ria_2"):
        (lab / f"{run}.csv").write_text(f"Counter;RIA\n\nPos;Bezeichnung;CPM\n{tubes}", encoding="utf-8")
    _describe(tmp_path, instruments)
    assert _entry(tmp_path, "lab/ria_*.csv")["header_row"] == 3


def test_totals_with_their_occasion_and_a_short_revised_form_would_be_taken_for_others(tmp_path, instruments):
    (tmp_path / "hrsd.csv").write_text("Code;HRSD Aufnahme;HRSD Ende\nP01;18,5;9,0\nP02;20,0;\n", encoding="utf-8")
    items = [f"wai{item}" for item in range(1, 13)]
    rows = [["patient", "session", *items], ["P01", 4, *[3] * 11, -9], ["P01", 8, *[5] * 12]]
    (tmp_path / "WAI_SR.csv").write_text("\n".join(";".join(map(str, row)) for row in rows), encoding="utf-8")
    text = _describe(tmp_path, instruments)
    assert _entry(tmp_path, "hrsd.csv")["scores"] == {"HRSD Aufnahme": "hrsd17@intake", "HRSD Ende": "hrsd17@end"}
    assert _entry(tmp_path, "WAI_SR.csv")["instrument"] == "wai_sr"
    assert "-9 was taken for: no answer" in text
