"""Each thing that a `wave.yaml` cannot mean is one message with its place, what was found, and what to write."""

from pathlib import Path

import pytest

from ruptureflow.config import ConfigError, Wave, parse, read_instrument, read_instruments, read_wave, read_yaml
from ruptureflow.config.project import load_project, missing_from_folder

ROOT = Path(__file__).resolve().parents[2]
GOOD = """\
title: t
locale: {delimiter: ";", decimal: ",", date_format: "%d.%m.%Y"}
design: {sessions: [1, 2], assay_sessions: [1], roles: [patient], time_step: 1, duration_minutes: 50}
analytes:
  - {name: oxytocin, matrix: saliva, unit: pg/mL, method: RIA, signal: cpm}
files:
  - {kind: participants, path: p.csv}
  - {kind: samples, path: s.csv, analyte: oxytocin, pattern: "{patient}_{session}_{occasion}", occasions: {vor: pre}}
  - {kind: tubes, path: t.csv, analyte: oxytocin, contents: {S1: standard, B0: b0}, doses: {S1: 2.5}}
  - {kind: plate, path: g.xlsx, analyte: oxytocin, layout_sheet: wells, contents: {}, doses: {}}
  - {kind: concentrations, path: c.csv, analyte: oxytocin, layout: wide, value_columns: {pre: v, post: n}}
  - {kind: codes, path: k.csv, instrument: 3rs_2015, version: "2015", layout: wide, pattern: "{code}", marks: {x: 1}}
  - {kind: responses, path: r.csv, instrument: wai_s, layout: wide, pattern: "q{item}", timepoints: {Beginn: intake}}
"""


def _message(tmp_path, old: str, new: str) -> list[str]:
    assert old in GOOD, old
    (tmp_path / "wave.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_wave(tmp_path)
    return [
        line.removeprefix((tmp_path / "wave.yaml").as_posix() + ":").strip() for line in str(caught.value).splitlines()
    ]


def test_the_faultless_settings_would_be_refused(tmp_path):
    (tmp_path / "wave.yaml").write_text(GOOD, encoding="utf-8")
    assert len(read_wave(tmp_path).files) == 7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('";"', "''", "locale.delimiter: one mark separates the cells; write ',', ';', '|' or tab (found '')"),
        ('";"', '";;"', "locale.delimiter: one mark separates the cells; write ',', ';', '|' or tab (found ';;')"),
        (
            '";"',
            '","',
            "locale: delimiter and decimal are both ',', so that no number could be told from two cells; "
            "correct one of them",
        ),
        (
            '"%d.%m.%Y"',
            '"%Q"',
            "locale.date_format: %Q is no part of a date; write a format such as '%d.%m.%Y %H:%M' (found '%Q')",
        ),
        (
            '"%d.%m.%Y"',
            '""',
            "locale.date_format: day, month and year are needed; write a format such as '%d.%m.%Y %H:%M' (found '')",
        ),
        (
            '"%d.%m.%Y"',
            '"%d.%m.%Y %"',
            "locale.date_format: % is no part of a date; write a format such as '%d.%m.%Y %H:%M' (found '%d.%m.%Y %')",
        ),
        (
            '"%d.%m.%Y"',
            '"%d.%m.%Y %I:%M"',
            "locale.date_format: %I (hours to 12) and %p (AM or PM) go together; %H counts hours to 24 "
            "(found '%d.%m.%Y %I:%M')",
        ),
        (
            'decimal: ","',
            'decimal: ",", encoding: utf-88',
            "locale.encoding: an unknown encoding; write utf-8, cp1252 (Excel's csv in Western Europe) or utf-16 "
            "(found 'utf-88')",
        ),
        (
            'decimal: ","',
            'decimal: ",", encoding: base64',
            "locale.encoding: an unknown encoding; write utf-8, cp1252 (Excel's csv in Western Europe) or utf-16 "
            "(found 'base64')",
        ),
        (
            'decimal: ","',
            'decimal: ",", missing_ranges: [[99, 97]]',
            "locale.missing_ranges: [99, 97] runs backwards; write the smaller number first",
        ),
        (
            'decimal: ","',
            'decimal: ",", missing: [99, NA]',
            "locale.missing.0: a text is needed; write it in quotes (found 99)",
        ),
        ("sessions: [1, 2]", "sessions: [1, 2, 2]", "design: sessions: 2 stands twice; name each once"),
        ("sessions: [1, 2]", "sessions: []", "design.sessions: it is empty; at least one is needed"),
        (
            "sessions: [1, 2]",
            "sessions: [1, 2.5]",
            "design.sessions.1: a whole number is needed, without quotes (found 2.5)",
        ),
        (
            "sessions: [1, 2]",
            "sessions: [true, 2]",
            "design.sessions.0: a whole number is needed, without quotes (found true)",
        ),
        (
            "sessions: [1, 2]",
            "sessions: [-1, 2]",
            "design.sessions.0: input should be greater than or equal to 0 (found -1)",
        ),
        (
            "assay_sessions: [1]",
            "assay_sessions: [3]",
            "design: assay_sessions [3] are not among sessions; add them there",
        ),
        ("roles: [patient]", "roles: [patient, patient]", "design: roles: 'patient' stands twice; name each once"),
        ("time_step: 1", "time_step: .inf", "design.time_step: a finite number is needed (found .inf)"),
        ("time_step: 1", "time_step: .nan", "design.time_step: a finite number is needed (found .nan)"),
        ("time_step: 1", 'time_step: "1"', "design.time_step: a number is needed, without quotes (found '1')"),
        ("time_step: 1", "time_step: true", "design.time_step: a number is needed, without quotes (found true)"),
        ("time_step: 1", "time_step: 0", "design.time_step: input should be greater than 0 (found 0)"),
        (
            "duration_minutes: 50",
            "duration_minutes: -50",
            "design.duration_minutes: input should be greater than 0 (found -50)",
        ),
        (
            "duration_minutes: 50",
            "duration_minutes: yes",
            "design.duration_minutes: a number is needed, without quotes (found 'yes')",
        ),
        ("title: t", "title: 1", "title: a text is needed; write it in quotes (found 1)"),
        (
            "title: t",
            "title: t\ntitle: u",
            "line 2, column 1 not valid YAML: key 'title' stands twice; keep one of them",
        ),
        (
            "method: RIA, signal: cpm}",
            "method: RIA, signal: cpm}\n  - {name: oxytocin, matrix: plasma, unit: pg/mL, method: RIA}",
            "analytes: 'oxytocin' stands twice; name each once",
        ),
        (
            "signal: cpm",
            "signal: none",
            "files: t.csv: kind tubes holds signals, but analyte 'oxytocin' has signal: none; "
            "write signal: cpm or signal: od under analytes",
        ),
        (
            "name: oxytocin",
            "name: Oxytocin",
            "analytes.0.name: write lower-case letters, digits and _, a letter first (found 'Oxytocin')",
        ),
        (
            "t.csv, analyte: oxytocin",
            "t.csv, analyte: oxitocin",
            "files: t.csv: analyte 'oxitocin' is not among analytes; did you mean 'oxytocin'?",
        ),
        (
            '"{patient}_{session}_{occasion}"',
            '"{patient_{session}_{occasion}"',
            "files.1.samples.pattern: the braces are not balanced; each name stands between { and } "
            "(found '{patient_{session}_{occasion}')",
        ),
        (
            '"{patient}_{session}_{occasion}"',
            '"{patient}_{sesion}"',
            "files.1.samples.pattern: unknown name {sesion}; did you mean 'session'? (found '{patient}_{sesion}')",
        ),
        (
            '"{patient}_{session}_{occasion}"',
            '"{patient}_{patient}"',
            "files.1.samples.pattern: {patient} stands twice; a name can be read once only "
            "(found '{patient}_{patient}')",
        ),
        (
            '"{patient}_{session}_{occasion}"',
            '"(.*)_S"',
            "files.1.samples.pattern: it names nothing; write a name in braces, such as {patient} (found '(.*)_S')",
        ),
        (
            "{vor: pre}",
            "{vor: before}",
            "files.1.samples.occasions.vor: input should be 'pre' or 'post' (found 'before')",
        ),
        ("{vor: pre}", "{}", "files.1.samples.occasions: it is empty; at least one is needed"),
        ("{vor: pre}", "{1: pre}", "files.1.samples.occasions: the key 1 is no text; write it in quotes"),
        (
            "B0: b0",
            "B0: zero",
            "files.2.tubes.contents.B0: input should be 'total', 'nsb', 'b0', 'blank', 'standard' or 'qc' "
            "(found 'zero')",
        ),
        (
            "doses: {S1: 2.5}",
            "doses: {S1: much}",
            "files.2.tubes.doses.S1: a number is needed, without quotes (found 'much')",
        ),
        (
            "doses: {S1: 2.5}",
            "doses: {S1: -1}",
            "files.2.tubes.doses.S1: input should be greater than or equal to 0 (found -1)",
        ),
        (
            "doses: {S1: 2.5}",
            "doses: {S1: 1, S2: 2}",
            "files.2.tubes: doses: label 'S2' is not among contents; known: S1, B0",
        ),
        (
            "doses: {S1: 2.5}",
            "doses: {B0: 0}",
            "files.2.tubes: doses: label 'B0' is a b0; only a standard or a qc has a dose",
        ),
        (
            "layout_sheet: wells, ",
            "",
            "files.3.plate: where does the layout stand? Name its sheet under layout_sheet, its cell under "
            "layout_corner, or its file under layout_file",
        ),
        (
            "layout_sheet: wells",
            "layout_sheet: wells, corner: 7B",
            "files.3.plate.corner: name a cell as a spreadsheet does, such as B7 (found '7B')",
        ),
        (
            "layout_sheet: wells",
            "layout_file: ../w.xlsx",
            "files.3.plate.layout_file: name a file or pattern inside the wave folder, such as coders/*.xlsx "
            "(found '../w.xlsx')",
        ),
        (
            "{pre: v, post: n}",
            "{pre: v, after: n}",
            "files.4.concentrations.value_columns: the key 'after' is none of 'pre' or 'post'",
        ),
        (
            "{pre: v, post: n}",
            "{pre: v, post: v}",
            "files.4.concentrations: value_columns: heading: 'v' stands twice; name each once",
        ),
        (
            "layout: wide, value_columns",
            "layout: long, value_columns",
            "files.4.concentrations: value_columns belongs to layout: wide; name the column under columns: "
            "{concentration: …}",
        ),
        (
            '"{code}"',
            '"m{cod}"',
            "files.5.codes.pattern: unknown name {cod}; did you mean 'code'? (found 'm{cod}')",
        ),
        (
            '"{code}"',
            '"{segment}"',
            "files.5.codes.pattern: {code} is missing; it says where the code stands (found '{segment}')",
        ),
        ("marks: {x: 1}", 'marks: {x: "1"}', "files.5.codes.marks.x: a number is needed, without quotes (found '1')"),
        ("marks: {x: 1}", "marks: {x: .inf}", "files.5.codes.marks.x: a finite number is needed (found .inf)"),
        (
            'version: "2015"',
            "version: 2015",
            "files.5.codes.version: a text is needed; write it in quotes (found 2015)",
        ),
        (
            "{Beginn: intake}",
            "{Beginn: start}",
            "files.6.responses.timepoints.Beginn: input should be 'intake', 'session' or 'end' (found 'start')",
        ),
        (
            'layout: wide, pattern: "q',
            'role: therapist, layout: wide, pattern: "q',
            "files: r.csv: role 'therapist' is not among the design's roles; known: patient",
        ),
        (
            "path: p.csv}",
            "path: p.csv, columns: {patient: ID, therapist: ID}}",
            "files.0.participants: columns: heading: 'ID' stands twice; name each once",
        ),
        (
            "path: p.csv}",
            'path: p.csv, file_name: "x_{a-b}"}',
            "files.0.participants.file_name: {a-b} is no name; write one such as {coder} (found 'x_{a-b}')",
        ),
        (
            "kind: participants, path: p.csv",
            "kind: scores, path: p.csv, instrument: bdi2, scores: {B: bdi2}",
            "files: exactly one file of kind participants is needed; there is none",
        ),
    ],
)
def test_a_setting_without_meaning_would_be_taken_or_end_in_a_traceback(old, new, message, tmp_path):
    assert _message(tmp_path, old, new) == [message]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (
            "kind: participants, path: p.csv, sheet: a",
            "p.csv: sheet means nothing for a .csv file; remove it (it is for .xlsx, .xlsm, .xls)",
        ),
        (
            "kind: participants, path: p.csv, block: [a], header_row: 3",
            "p.csv: header_row means nothing beside block, which says where the headings stand; remove one",
        ),
        (
            "kind: participants, path: p.csv, block_end: a",
            "p.csv: block_end means nothing without block; add block, or remove it",
        ),
        (
            "kind: participants, path: p.csv, scores: {H: hrsd@intake}",
            "unknown instrument 'hrsd@intake'",
        ),
    ],
)
def test_an_option_that_says_nothing_would_be_left_out_in_silence(new, message, tmp_path):
    for name in ("p.csv", "s.csv", "t.csv", "g.xlsx", "c.csv", "k.csv", "r.csv"):
        (tmp_path / name).touch()
    text = GOOD.replace("kind: participants, path: p.csv", new)
    (tmp_path / "wave.yaml").write_text(text, encoding="utf-8")
    instruments = read_instruments(ROOT / "config" / "instruments")
    problems = missing_from_folder(tmp_path, read_wave(tmp_path), instruments)
    assert any(message in problem for problem in problems), problems


def test_a_layout_that_is_not_there_would_be_found_out_late(tmp_path):
    for name in ("p.csv", "s.csv", "t.csv", "plate_1.xlsx", "c.csv", "k.csv", "r.csv", "wells_2.xlsx"):
        (tmp_path / name).touch()
    new = 'path: "plate_*.xlsx", analyte: oxytocin, layout_file: "wells_{run}.xlsx"'
    text = GOOD.replace("path: g.xlsx, analyte: oxytocin, layout_sheet: wells", new)
    (tmp_path / "wave.yaml").write_text(text, encoding="utf-8")
    problems = missing_from_folder(tmp_path, read_wave(tmp_path), read_instruments(ROOT / "config" / "instruments"))
    assert problems == [
        f"{(tmp_path / 'wave.yaml').as_posix()}: plate_*.xlsx: layout_file 'wells_plate_1.xlsx' is not in the folder; "
        "did you mean 'plate_1.xlsx'?"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reversed: [", 'reversed: ["99", ', "reversed items ['99'] are not items of it"),
        ("id: wai_s\n", "id: wai_s\nid: wai_s\n", "key 'id' stands twice"),
        ("score: mean", "score: median", "score: input should be 'mean' or 'sum' (found 'median')"),
        ("minimum: 1", "minimum: 7", "minimum 7 is not below maximum 7"),
        ("maximum: 7", "maximum: 7, step: 0", "step: input should be greater than 0 (found 0)"),
        ('items: ["1", "2"', "items: [1, 2", "a text is needed; write it in quotes (found 1)"),
    ],
)
def test_a_broken_instrument_file_would_pass(old, new, message, tmp_path):
    text = (ROOT / "config" / "instruments" / "wai_s.yaml").read_text(encoding="utf-8")
    assert old in text, old
    (tmp_path / "wai_s.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_instrument(tmp_path / "wai_s.yaml")
    assert message in str(caught.value)


def test_a_missing_folder_of_instruments_would_switch_the_checks_off(tmp_path):
    with pytest.raises(ConfigError, match="is no folder; name the folder of the instrument files"):
        read_instruments(tmp_path / "instrumnets")
    with pytest.raises(ConfigError, match="holds no instrument file"):
        read_instruments(tmp_path)
    merged = read_yaml(ROOT / "config" / "config.yaml") | {"instruments": "config/instrumnets"}
    with pytest.raises(ConfigError) as caught:
        load_project(merged)
    assert "config/config.yaml: instruments: config/instrumnets is no folder" in str(caught.value)


def test_a_doubled_key_of_the_plan_would_be_hidden_by_the_workflows_reader(tmp_path):
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text + "\nmodels: {}\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"config\.yaml: line \d+, column 1 not valid YAML: key 'models' stands twice"
    ):
        load_project(read_yaml(ROOT / "config" / "config.yaml"), files=[tmp_path / "config.yaml"])


def test_a_date_would_not_stay_the_text_that_was_written(tmp_path):
    (tmp_path / "x.yaml").write_text("version: 2015-03-01\nday: 2001-02-30\n", encoding="utf-8")
    assert read_yaml(tmp_path / "x.yaml") == {"version": "2015-03-01", "day": "2001-02-30"}
    assert parse(Wave, read_yaml(ROOT / "data" / "demo_saliva" / "wave.yaml"), "w").files
