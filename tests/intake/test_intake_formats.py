"""The same answers, counts and signals in every format a lab, a clinic or a statistics program leaves them in."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from newcomer import write_workbook

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import ParticipantsFile
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.readers import read_sheets
from ruptureflow.intake.readers.workbooks import open_grids

HEAD = """\
title: Formats
locale: {locale}
design: {{sessions: [4, 8], roles: [patient, therapist]}}
analytes:
  - {{name: oxytocin, matrix: saliva, unit: pg/mL, method: ELISA, signal: {signal}}}
  - {{name: cortisol, matrix: saliva, unit: nmol/L, method: ELISA}}
files:
  - {{kind: participants, path: participants.csv, locale: {{}}}}
"""


def _wave(folder: Path, files: str, locale: str = "{}", signal: str = "none") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wave.yaml").write_text(HEAD.format(locale=locale, signal=signal) + files, encoding="utf-8")
    (folder / "participants.csv").write_text("patient\nP01\nP02\n", encoding="utf-8")
    return folder


def _errors(tables) -> list[dict]:
    return tables.problems[tables.problems["severity"] == "error"].to_dict("records")


ANSWERS = [["patient", "session", "wai_s_1", "wai_s_2"], ["P01", 4, 1.0, 7], ["P01", 8, None, 6], ["P02", 4, 3, 2]]


def _write_answers(folder: Path, ending: str) -> None:
    frame = pd.DataFrame(ANSWERS[1:], columns=ANSWERS[0])
    path = folder / f"wai{ending}"
    if ending == ".csv":
        frame.to_csv(path, index=False)
    elif ending == ".tsv":
        frame.to_csv(path, index=False, sep="\t")
    elif ending == ".xlsx":
        write_workbook(path, ("Answers", ANSWERS))
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        pyreadstat.write_sav(frame, str(path))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet", ".sav"])
def test_a_format_would_give_other_answers(ending, tmp_path, read):
    folder = _wave(tmp_path / "wave", f"  - {{kind: responses, path: wai{ending}, instrument: wai_s, layout: wide}}\n")
    _write_answers(folder, ending)
    tables = read(folder)
    assert _errors(tables) == []
    found = tables.responses.sort_values(["patient", "session", "item"])
    assert found["value"].fillna(-1).tolist() == [1, 7, -1, 6, 3, 2]
    first_row = 1 if ending == ".sav" else 2
    assert tables.responses["source_row"].min() == first_row


def test_user_missing_codes_of_spss_would_become_answers(tmp_path, read):
    folder = _wave(tmp_path / "wave", "  - {kind: responses, path: wai.sav, instrument: wai_s, layout: wide}\n")
    frame = pd.DataFrame(
        {"patient": ["P01", "P01", "P02"], "session": [4.0, 8, 4], "wai_s_1": [99.0, -9, 5], "wai_s_2": [2.0, 97, 3]}
    )
    pyreadstat.write_sav(
        frame, str(folder / "wai.sav"), missing_ranges={"wai_s_1": [99, -9], "wai_s_2": [{"lo": 90, "hi": 98}]}
    )
    tables = read(folder)
    assert _errors(tables) == []
    values = tables.responses.set_index(["item", "source_row"])["value"]
    assert values.isna().tolist() == [True, True, False, False, True, False]
    ledger = tables.ledger[["row", "column", "value", "reason"]].to_numpy().tolist()
    reason = "a user-missing code of the SPSS file"
    assert ledger == [[1, "wai_s_1", "99", reason], [2, "wai_s_1", "-9", reason], [2, "wai_s_2", "97", reason]]


def test_labels_and_dates_of_spss_would_come_as_numbers(tmp_path, read):
    import datetime as dt

    files = (
        "  - {kind: samples, path: manifest.sav, analyte: oxytocin, value_labels: [occasion], "
        "occasions: {before: pre, after: post}}\n"
        "  - {kind: concentrations, path: oxytocin.csv, analyte: oxytocin}\n"
    )
    folder = _wave(tmp_path / "wave", files)
    frame = pd.DataFrame(
        {
            "sample": ["A", "B"],
            "patient": ["P01", "P01"],
            "session": [4.0, 4],
            "occasion": [1.0, 2],
            "collected_at": [dt.datetime(2021, 3, 4, 9, 0), dt.datetime(2021, 3, 4, 10, 30)],
        }
    )
    pyreadstat.write_sav(
        frame, str(folder / "manifest.sav"), variable_value_labels={"occasion": {1.0: "before", 2.0: "after"}}
    )
    (folder / "oxytocin.csv").write_text("sample,concentration\nA,12\nB,13\n", encoding="utf-8")
    tables = read(folder)
    assert _errors(tables) == []
    assert tables.samples["occasion"].tolist() == ["pre", "post"]
    assert tables.samples["collected_at"].tolist() == ["2021-03-04T09:00:00", "2021-03-04T10:30:00"]


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_of_a_workbook_would_depend_on_the_locale(decimal, tmp_path, read):
    files = "  - {kind: concentrations, path: ot.xlsx, analyte: oxytocin, layout: wide}\n"
    folder = _wave(tmp_path / "wave", files, locale=f"{{decimal: '{decimal}', delimiter: ';'}}")
    # A number cell, and a text cell as the lab typed it.
    write_workbook(folder / "ot.xlsx", ("1", [["patient", "session", "pre", "post"], ["P01", 4, 1.25, f"2{decimal}5"]]))
    tables = read(folder)
    assert _errors(tables) == []
    assert tables.reported_concentrations["concentration"].tolist() == [1.25, 2.5]


@pytest.mark.parametrize(
    ("cell", "concentration", "qualifier", "limit"),
    [
        ("12.5", 12.5, None, None),
        ("12.5 pg/mL", 12.5, None, None),
        ("<15.67", None, "<", 15.67),
        ("< 15.67 pg/mL", None, "<", 15.67),
        ("<LOD", None, "<", None),
        ("> 1000", None, ">", 1000),
        ("N/A", None, None, None),
        ("", None, None, None),
        ("0", 0, None, None),
    ],
)
def test_a_labs_way_to_write_limits_would_be_misread(cell, concentration, qualifier, limit, tmp_path, read):
    files = "  - {kind: concentrations, path: ot.csv, analyte: oxytocin}\n"
    folder = _wave(tmp_path / "wave", files)
    (folder / "ot.csv").write_text(
        f"patient,session,occasion,concentration\nP01,4,pre,{cell}\nP01,4,post,3\n", encoding="utf-8"
    )
    tables = read(folder)
    # A zero stays a value where no limit is known, and is told; beside a limit it is an error (see the damages).
    assert _errors(tables) == []
    row = tables.reported_concentrations.astype(object).where(tables.reported_concentrations.notna(), None).iloc[0]
    assert (row["concentration"], row["qualifier"], row["limit"]) == (concentration, qualifier, limit)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("< 15.67", "a decimal point where the file declares a decimal comma"),
        ("<15.67 pg/mL", "a decimal point where the file declares a decimal comma"),
        ("<5 ng/mL", "a number with words behind it"),
        ("<little", "not a number"),
    ],
)
def test_a_limit_that_cannot_be_read_would_be_told_to_be_no_limit(cell, problem, tmp_path, read):
    files = "  - {kind: concentrations, path: ot.csv, analyte: oxytocin}\n"
    folder = _wave(tmp_path / "wave", files, locale="{decimal: ',', delimiter: ';'}")
    (folder / "ot.csv").write_text(
        f"patient;session;occasion;concentration\nP01;4;pre;{cell}\nP01;4;post;3,5\n", encoding="utf-8"
    )
    told = [(row["row"], row["column"], row["value"], row["problem"]) for row in _errors(read(folder))]
    assert told == [(2, "concentration", cell, problem)]


MANIFEST = """\
  - {kind: samples, path: manifest.csv, analyte: oxytocin}
  - {kind: concentrations, path: ot.csv, analyte: oxytocin}
"""


@pytest.mark.parametrize(
    ("extra", "cells", "told"),
    [
        ("dilution", (2, 4), []),
        ("dilution", (2, 2), [2, 3]),
        ("planned_run", ("run1", "run2"), []),
        ("planned_run", ("run1", "run1"), [2, 3]),
    ],
)
def test_a_dilution_series_or_a_planned_repeat_would_be_taken_for_a_mistake(extra, cells, told, tmp_path, read):
    folder = _wave(tmp_path / "wave", MANIFEST)
    tubes = [("R1", "pre", cells[0]), ("R2", "pre", cells[1]), ("R3", "post", cells[0])]
    lines = [f"{tube},P01,4,{occasion},{cell}" for tube, occasion, cell in tubes]
    (folder / "manifest.csv").write_text(
        "\n".join([f"sample,patient,session,occasion,{extra}", *lines]) + "\n", encoding="utf-8"
    )
    (folder / "ot.csv").write_text("sample,concentration\nR1,3\nR2,4\nR3,5\n", encoding="utf-8")
    problems = read(folder).problems
    assert problems.loc[problems["problem"].str.startswith("another sample"), "row"].tolist() == told


def test_a_zero_beside_an_ignored_note_would_pass_as_a_concentration(tmp_path, read):
    files = (
        "  - {kind: concentrations, path: ot.csv, analyte: oxytocin, ignore: [note], columns: {concentration: oxt}}\n"
    )
    folder = _wave(tmp_path / "wave", files, locale="{delimiter: ';'}")
    (folder / "ot.csv").write_text(
        "patient;session;occasion;oxt;note\nP01;4;pre;0;<LOD\nP01;4;post;3;\n", encoding="utf-8"
    )
    problems = read(folder).problems
    told = problems.loc[problems["file"] == "ot.csv", ["severity", "row", "column", "value", "problem", "fix"]]
    assert told.to_numpy().tolist() == [
        [
            "warning",
            2,
            "oxt",
            "0",
            "0 is below any limit: no assay measures a zero",
            "write < and the limit if the sample was below it, or N/A if it was not measured; declare lod in wave.yaml",
        ]
    ]


def test_another_analyte_and_a_therapists_samples_would_be_lost(tmp_path, read):
    files = (
        "  - {kind: concentrations, path: ot.csv, analyte: oxytocin}\n"
        "  - {kind: concentrations, path: ot.csv, analyte: cortisol, columns: {concentration: cortisol}, "
        "ignore: [concentration]}\n"
    )
    folder = _wave(tmp_path / "wave", files.replace("oxytocin}", "oxytocin, ignore: [cortisol]}", 1))
    (folder / "ot.csv").write_text(
        "patient,role,session,occasion,concentration,cortisol\n"
        "P01,patient,4,pre,1,10\nP01,patient,4,post,2,20\nP01,therapist,4,pre,3,30\nP01,therapist,4,post,4,40\n",
        encoding="utf-8",
    )
    tables = read(folder)
    assert _errors(tables) == []
    samples = tables.samples[["sample", "role", "analyte"]].to_numpy().tolist()
    assert ["P01_S4_pre_therapist", "therapist", "cortisol"] in samples
    assert len(samples) == 8


def test_sessions_in_headings_would_be_lost(tmp_path, read):
    files = (
        "  - {kind: responses, path: wai.csv, instrument: wai_s, layout: wide, "
        'pattern: "{role}_wai_s{session}_i{item}"}\n'
    )
    folder = _wave(tmp_path / "wave", files)
    (folder / "wai.csv").write_text(
        "patient,patient_wai_s04_i03,patient_wai_s08_i03,therapist_wai_s04_i03\nP01,1,2,3\nP02,4,5,6\n",
        encoding="utf-8",
    )
    tables = read(folder)
    assert _errors(tables) == []
    found = tables.responses[["patient", "role", "session", "item", "value"]].to_numpy().tolist()
    assert ["P02", "patient", 8, "3", 5.0] in found
    assert ["P01", "therapist", 4, "3", 3.0] in found


def test_a_block_of_a_readers_export_would_be_mixed_with_the_next(tmp_path, read):
    files = """\
  - kind: tubes
    path: plate7.csv
    analyte: oxytocin
    block: ["DataType:", "Median"]
    columns: {position: Location, label: Sample, signal: Oxytocin}
    ignore: [Total Events]
    contents: {Standard1: standard, Background0: blank}
    doses: {Standard1: 1000}
"""
    folder = _wave(tmp_path / "wave", files, signal="od")
    (folder / "plate7.csv").write_text(
        '"Program","xPONENT"\n"Date","05/03/2021","10:12"\n\n"Results"\n\n"DataType:","Median"\n'
        '"Location","Sample","Oxytocin","Total Events"\n"1 (A1)","Background0","12.5","100"\n'
        '"2 (B1)","Standard1","4000","101"\n"3 (C1)","Unk","800","99"\n\n"DataType:","Count"\n'
        '"Location","Sample","Oxytocin","Total Events"\n"1 (A1)","Background0","50","100"\n',
        encoding="utf-8",
    )
    tables = read(folder)
    # "Unk" is a sample that no manifest lists: told with its row in the file.
    assert [(row["row"], row["value"]) for row in _errors(tables)] == [(10, "Unk")]
    signals = tables.signals.astype(object).where(tables.signals.notna(), None)
    assert signals[["position", "content", "dose", "signal", "run", "source_row"]].to_numpy().tolist() == [
        ["1 (A1)", "blank", None, 12.5, "plate7", 8],
        ["2 (B1)", "standard", 1000, 4000, "plate7", 9],
        ["3 (C1)", "unknown", None, 800, "plate7", 10],
    ]


def _grid(cells: dict[str, object]) -> list[list[object]]:
    rows: list[list[object]] = [["", *range(1, 13)]]
    return rows + [[row, *(cells.get(f"{row}{column}") for column in range(1, 13))] for row in "ABCDEFGH"]


SIGNALS = {"A1": 2.1, "A2": 2.0, "B1": 0.4, "C1": 1.1, "C2": 1.2, "H12": 0.05}
LAYOUT = {"A1": "S1", "A2": "S1", "B1": "S2", "C1": "A", "C2": "B", "H12": "blank"}
PLATE = """\
  - {kind: concentrations, path: listed.csv, analyte: cortisol}
  - {kind: samples, path: manifest.csv, analyte: oxytocin}
  - kind: plate
    path: plates/*
    analyte: oxytocin
    %s
    contents: {S1: standard, S2: standard, blank: blank}
    doses: {S1: 0, S2: 100}
"""


def _plate_wave(folder: Path, place: str) -> Path:
    _wave(folder, PLATE % place, signal="od")
    (folder / "listed.csv").write_text(
        "patient,session,occasion,concentration\nP02,4,pre,5\nP02,4,post,6\n", encoding="utf-8"
    )
    (folder / "manifest.csv").write_text(
        "sample,patient,session,occasion\nA,P01,4,pre\nB,P01,4,post\n", encoding="utf-8"
    )
    (folder / "plates").mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("form", ["two sheets", "one text file"])
def test_a_plate_would_be_read_askew(form, tmp_path, read):
    if form == "two sheets":
        folder = _plate_wave(tmp_path / "wave", "sheet: OD\n    layout_sheet: Layout\n    layout_corner: B3")
        shifted = [[], [], *([None, *row] for row in _grid(LAYOUT))]
        write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(SIGNALS)), ("Layout", shifted))
        first = 2
    else:
        folder = _plate_wave(tmp_path / "wave", "corner: A3\n    layout_corner: A13")
        blocks = [["Reader", "Infinite"], ["Mode", "Absorbance"], *_grid(SIGNALS), ["Layout"], *_grid(LAYOUT)]
        text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in blocks)
        (folder / "plates" / "plate1.csv").write_text(text, encoding="utf-8")
        first = 4
    tables = read(folder)
    assert _errors(tables) == []
    signals = tables.signals.set_index("position")
    assert signals["signal"].to_dict() == SIGNALS
    assert signals.loc["C2", "sample"] == "B"
    assert signals.loc["A2", ["content", "level", "replicate", "dose"]].tolist() == ["standard", "S1", 2, 0]
    assert signals.loc["B1", "source_row"] == first + 1
    assert set(signals["run"]) == {"plate1"}


def test_a_plate_without_its_grid_would_be_a_riddle(tmp_path, read):
    folder = _plate_wave(tmp_path / "wave", "sheet: OD\n    layout_sheet: Layout\n    corner: B2")
    write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(SIGNALS)), ("Layout", _grid(LAYOUT)))
    problem = next(row for row in _errors(read(folder)) if row["file"] == "plates/plate1.xlsx")
    assert (problem["sheet"], problem["row"]) == ("OD", 2)
    assert problem["problem"] == (
        "no 8 × 12 grid with its corner at B2: columns 1–12 and rows A–H must stand around it"
    )
    assert problem["fix"] == "correct corner or layout_corner in wave.yaml"


def test_a_well_without_a_label_would_be_guessed(tmp_path, read):
    folder = _plate_wave(tmp_path / "wave", "sheet: OD\n    layout_sheet: Layout")
    layout = {well: label for well, label in LAYOUT.items() if well != "B1"}
    write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(SIGNALS)), ("Layout", _grid(layout)))
    tables = read(folder)
    assert [(row["sheet"], row["row"], row["column"], row["problem"]) for row in _errors(tables)] == [
        ("OD", 3, "B1", "well B1 has a signal and no label in the layout")
    ]
    assert "B1" not in set(tables.signals["position"])


def test_a_plate_row_without_any_label_would_be_missing_from_the_count_of_rows(tmp_path, read):
    folder = _plate_wave(tmp_path / "wave", "sheet: OD\n    layout_sheet: Layout")
    stray = SIGNALS | {"F11": 0.7, "F12": 0.8}
    write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(stray)), ("Layout", _grid(LAYOUT)))
    tables = read(folder)
    plate = tables.manifest[tables.manifest["kind"] == "plate"].iloc[0]
    assert plate["rows_set_aside"] == 1
    assert plate["rows_in"] == plate["rows_out"] + plate["rows_set_aside"]


@pytest.mark.parametrize("layout_file", ["wells.csv", "wells/{run}.csv"])
def test_a_layout_in_a_file_of_its_own_would_be_lost(layout_file, tmp_path, read):
    folder = _plate_wave(tmp_path / "wave", f'layout_file: "{layout_file}"')
    write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(SIGNALS)))
    path = folder / layout_file.replace("{run}", "plate1")
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in _grid(LAYOUT)),
        encoding="utf-8",
    )
    tables = read(folder)
    assert _errors(tables) == []
    assert tables.signals.set_index("position")["signal"].to_dict() == SIGNALS
    named = layout_file.replace("{run}", "plate1")
    assert not tables.problems["file"].eq(named).any()
    manifest = tables.manifest.set_index("file")
    assert manifest.loc[(folder / named).as_posix(), "kind"] == "layout"


def test_a_well_that_overflowed_or_was_left_empty_would_not_be_named(tmp_path, read):
    folder = _plate_wave(tmp_path / "wave", "sheet: OD\n    layout_sheet: Layout")
    signals = SIGNALS | {"C1": "OVRFLW", "C2": None}
    write_workbook(folder / "plates" / "plate1.xlsx", ("OD", _grid(signals)), ("Layout", _grid(LAYOUT)))
    told = read(folder).problems[["severity", "sheet", "row", "column", "value"]].astype("object")
    told = [tuple(None if cell is pd.NA else cell for cell in row) for row in told.to_numpy()]
    assert ("error", "OD", 4, "C1", "OVRFLW") in told
    assert ("warning", "OD", 4, None, "B in C2") in told
    assert ("warning", "OD", 4, None, "A in C1") not in told


OLD_BOOK = Path(__file__).with_name("workbook_of_1997.xls")


def test_an_old_workbook_would_give_other_rows(newcomer, read):
    new = read(newcomer)
    (newcomer / "oxytocin.xlsx").unlink()
    (newcomer / "oxytocin.xls").write_bytes(OLD_BOOK.read_bytes())
    text = (newcomer / "wave.yaml").read_text(encoding="utf-8")
    text = text.replace("path: oxytocin.xlsx", "path: oxytocin.xls\n    sheet: Results")
    (newcomer / "wave.yaml").write_text(text, encoding="utf-8")
    old = read(newcomer)
    assert _errors(old) == _errors(new) == []
    source = ["source_file", "source_sheet"]
    pd.testing.assert_frame_equal(
        old.reported_concentrations.drop(columns=source), new.reported_concentrations.drop(columns=source)
    )


def test_what_an_old_workbook_hides_would_stay_hidden():
    findings = Findings()
    grid = open_grids(OLD_BOOK, "old.xls", "Odd", Locale(), findings)["Odd"]
    assert grid.to_numpy().tolist() == [
        ["patient", "taken", "done", "half"],
        ["P01", "2021-03-04 09:05:00", "TRUE", "0.5"],
        # A formula that no program has computed yet: its writer left an empty value.
        ["P02", "2021-03-05", "", ""],
        ["", "", "", "7"],
    ]
    told = findings.problems_table()
    assert set(told["problem"]) == {
        "merged cells A3:A4; only the first of them holds the value",
        "1 hidden row (4); read like the others",
    }


def test_a_workbook_that_states_its_size_wrongly_would_lose_its_rows(newcomer, read):
    whole = read(newcomer).reported_concentrations
    path = newcomer / "oxytocin.xlsx"
    parts = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts[name] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', archive.read(name))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    pd.testing.assert_frame_equal(read(newcomer).reported_concentrations, whole)


def test_a_block_of_a_sheet_would_be_mixed_with_the_next(tmp_path):
    rows = [
        ["Reader"],
        ["DataType:", "Net"],
        ["a", "b"],
        [1, 2],
        [],
        ["DataType:", "Median"],
        ["a", "b"],
        [3, 4],
        [5, 6],
    ]
    write_workbook(tmp_path / "x.xlsx", ("S", rows))
    declared = ParticipantsFile(kind="participants", path="x.xlsx", block=["DataType:", "Median"])
    (sheet,) = read_sheets(tmp_path / "x.xlsx", "x.xlsx", declared, Locale(), Findings())
    assert (sheet.headings, sheet.heading_row, sheet.rows.tolist()) == (["a", "b"], 7, [8, 9])
    assert sheet.cells.to_numpy().tolist() == [["3", "4"], ["5", "6"]]


CODES = """\
  - kind: codes
    path: {path}
    instrument: 3rs_2015
    version: "2015"
    layout: wide
    measure: count
{more}
"""


def _codes_wave(folder: Path, rows: list[list[object]], more: str, sheets: tuple[str, ...] = ("anna",)) -> Path:
    _wave(folder, CODES.format(path="coding.xlsx", more="".join(f"    {line}\n" for line in more.split("; "))))
    write_workbook(folder / "coding.xlsx", *((name, rows) for name in sheets))
    return folder


def test_marks_and_tallies_with_a_declared_meaning_would_be_refused(tmp_path, read):
    rows = [["patient", "session", "denial"], ["P01", 4, "✓"], ["P01", 8, "IIII I"], ["P02", 4, "✓−"], ["P02", 8, 2]]
    more = 'marks: {"✓": 1, "✓−": 0.5}; tallies: I; constants: {coder: anna}; blank: zero'
    tables = read(_codes_wave(tmp_path / "wave", rows, more))
    assert _errors(tables) == []
    assert tables.codes["value"].tolist() == [1, 5, 0.5, 2]
    changed = tables.ledger[["row", "value", "new_value"]].to_numpy().tolist()
    assert changed == [[2, "✓", "1"], [3, "IIII I", "5"], [4, "✓−", "0.5"]]


def test_tallies_in_fives_would_be_taken_for_one_mark(tmp_path, read):
    rows = [["patient", "session", "denial"], ["P01", 4, "IIIII II"]]
    problem = next(iter(_errors(read(_codes_wave(tmp_path / "wave", rows, "constants: {coder: anna}")))))
    assert (problem["value"], problem["problem"]) == ("IIIII II", "a mark without a declared number")
    assert problem["fix"] == "declare tallies: I in wave.yaml if each stroke counts one"


def test_the_column_coded_would_not_tell_zero_from_not_coded(tmp_path, read):
    rows = [["patient", "session", "coded", "denial", "resolution_degree"], ["P01", 4, "yes", None, None],
            ["P01", 8, "no", None, None], ["P02", 4, "Coded", 3, 2]]  # fmt: skip
    tables = read(_codes_wave(tmp_path / "wave", rows, "constants: {coder: anna}"))
    assert _errors(tables) == []
    codes = tables.codes.set_index(["code", "patient", "session"])["value"]
    assert codes["denial"].fillna(-1).tolist() == [0, -1, 3]
    assert codes["resolution_degree"].fillna(-1).tolist() == [-1, -1, 2]


def test_the_day_of_coding_would_not_reach_the_order_of_coding(tmp_path, read):
    rows = [
        ["patient", "session", "coded on", "denial"],
        ["P01", 4, "3.9.2024", 1],
        ["P01", 8, "", 2],
        ["P02", 4, "x", 2],
    ]
    more = "columns: {coded_on: coded on}; constants: {coder: anna}; blank: zero; locale: {date_format: '%d.%m.%Y'}"
    tables = read(_codes_wave(tmp_path / "wave", rows, more))
    assert tables.codes["coded_on"].fillna("").tolist() == ["2024-09-03", "", ""]
    assert [(problem["row"], problem["value"]) for problem in _errors(tables)] == [(4, "x")]


def test_every_sheet_of_a_workbook_would_not_be_its_coders(tmp_path, read):
    rows = [["patient", "session", "denial"], ["P01", 4, 1]]
    more = "sheet: '*'; sheet_name: 'coder {coder}'; blank: zero"
    tables = read(_codes_wave(tmp_path / "wave", rows, more, ("coder anna", "coder ben")))
    assert _errors(tables) == []
    assert tables.codes[["coder", "source_sheet"]].to_numpy().tolist() == [["anna", "coder anna"], ["ben", "coder ben"]]


def test_sheets_of_two_visits_or_a_surname_would_be_taken_for_one_sheet_saved_twice(tmp_path, read):
    rows = [["session", "coder", "denial"], [4, "Agnew", 1]]
    more = "sheet: '*'; sheet_name: '{patient}_v{segment}'; blank: zero"
    problems = read(_codes_wave(tmp_path / "wave", rows, more, ("P01_v1", "P01_v2"))).problems
    assert not problems["problem"].str.contains("another state").any()


def test_a_coder_recoding_in_one_long_sheet_would_become_two_coders(tmp_path, read):
    rows = [["patient", "session", "coder", "denial"], ["P01", 4, "anna", 1], ["P01", 4, "Anna_v2", 2]]
    problem = next(iter(_errors(read(_codes_wave(tmp_path / "wave", rows, "blank: zero")))))
    assert (problem["row"], problem["column"], problem["value"]) == (3, "coder", "Anna_v2")
    assert problem["problem"] == "looks like another state of anna"


def test_a_rating_beside_segments_would_be_doubled_or_lost(tmp_path, read):
    rows = [["patient", "session", "segment", "denial", "resolution_degree"], ["P01", 4, 1, 0, 3], ["P01", 4, 2, 1, 3],
            ["P02", 4, 1, 2, None], ["P02", 4, 2, 0, 4]]  # fmt: skip
    tables = read(_codes_wave(tmp_path / "wave", rows, "constants: {coder: anna}; blank: not coded"))
    assert _errors(tables) == []
    codes = tables.codes
    assert codes.loc[codes["code"] == "resolution_degree", ["patient", "value"]].to_numpy().tolist() == [
        ["P01", 3.0],
        ["P02", 4.0],
    ]
    assert codes.loc[codes["code"] == "denial", "segment"].tolist() == [1, 2, 1, 2]


def test_a_rating_that_differs_between_segments_would_be_averaged(tmp_path, read):
    rows = [["patient", "session", "segment", "denial", "resolution_degree"], ["P01", 4, 1, 0, 3], ["P01", 4, 2, 1, 4]]
    problems = _errors(read(_codes_wave(tmp_path / "wave", rows, "constants: {coder: anna}; blank: zero")))
    assert [row["row"] for row in problems] == [2, 3]
    assert problems[0]["value"] == "3rs_2015, P01, 4, anna, –, resolution_degree, rating"


def test_headings_with_measures_and_labels_would_be_unknown(tmp_path, read):
    rows = [["ID", "session", "Denial of strain", "minimal_response"], ["P01", 4, 2, 1]]
    more = "columns: {patient: ID, denial: Denial of strain}; constants: {coder: anna}; blank: zero"
    assert read(_codes_wave(tmp_path / "wave", rows, more)).codes["value"].tolist() == [2, 1]
    rows = [["patient", "session", "denial_count", "denial_impact"], ["P01", 4, 2, 5]]
    more = 'pattern: "{code}_{measure}"; constants: {coder: anna}; blank: zero'
    codes = read(_codes_wave(tmp_path / "other", rows, more)).codes
    assert codes[["measure", "value"]].to_numpy().tolist() == [["count", 2.0], ["impact", 5.0]]


def test_session_totals_without_markers_would_have_no_place(tmp_path, read):
    files = """\
  - {kind: codes, path: totals.csv, instrument: 3rs_totals, version: totals, layout: wide}
"""
    folder = _wave(tmp_path / "wave", files)
    (folder / "totals.csv").write_text(
        "patient,session,coder,withdrawal,confrontation,resolution_attempts\nP01,4,C1,3,0,5\n", encoding="utf-8"
    )
    tables = read(folder)
    assert _errors(tables) == []
    assert tables.codes.set_index("code")["value"].to_dict() == {
        "withdrawal": 3,
        "confrontation": 0,
        "resolution_attempts": 5,
    }


def test_blanks_below_a_label_would_lose_it(tmp_path, read):
    files = """\
  - {kind: samples, path: manifest.csv, analyte: oxytocin}
  - {kind: tubes, path: runs.csv, analyte: oxytocin, fill_down: [label], contents: {B0: b0}, doses: {}}
"""
    folder = _wave(tmp_path / "wave", files, signal="cpm")
    (folder / "manifest.csv").write_text(
        "sample,patient,session,occasion\nA,P01,4,pre\nB,P01,4,post\n", encoding="utf-8"
    )
    (folder / "runs.csv").write_text(
        "run,position,label,signal\n1,1,B0,900\n1,2,,910\n1,3,A,500\n1,4,,510\n1,5,B,400\n", encoding="utf-8"
    )
    tables = read(folder)
    assert _errors(tables) == []
    assert tables.signals["sample"].fillna("").tolist() == ["", "", "A", "A", "B"]
    assert tables.signals["replicate"].tolist() == [1, 2, 1, 2, 1]


def test_headings_further_down_would_shift_the_rows(tmp_path, read):
    files = "  - {kind: responses, path: wai.csv, instrument: wai_s, layout: wide, header_row: 4}\n"
    folder = _wave(tmp_path / "wave", files)
    (folder / "wai.csv").write_text(
        'Clinic X\n"exported, by hand"\n\npatient,session,wai_s_1\nP01,4,3\n', encoding="utf-8"
    )
    assert read(folder).responses[["source_row", "value"]].to_numpy().tolist() == [[5, 3.0]]


def test_a_block_that_is_not_there_would_be_an_empty_file(tmp_path, read):
    files = "  - {kind: responses, path: wai.csv, instrument: wai_s, layout: wide, block: [Part, B]}\n"
    folder = _wave(tmp_path / "wave", files)
    (folder / "wai.csv").write_text("Part,A\npatient,session,wai_s_1\nP01,4,3\n", encoding="utf-8")
    problem = _errors(read(folder))[0]
    assert problem["file"] == "wai.csv"
    assert problem["problem"] == "no row starts with Part, B"
    assert problem["fix"] == "correct block in wave.yaml: the first cells of the row above the headings"
