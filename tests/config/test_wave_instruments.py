"""A wave's files name instruments that can be what the files are said to be."""

from pathlib import Path

import pytest

from ruptureflow.config import read_instruments, read_wave
from ruptureflow.config.project import missing_from_folder

INSTRUMENTS = read_instruments(Path(__file__).resolve().parents[2] / "config" / "instruments")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            "{kind: codes, path: f.csv, instrument: wai_s, version: '2015', layout: long}",
            "f.csv: kind codes needs a coding system, and wai_s is a questionnaire; kind responses or scores?",
        ),
        (
            "{kind: responses, path: f.csv, instrument: 3rs_2015, layout: long}",
            "f.csv: kind responses needs a questionnaire, and 3rs_2015 is a coding system; kind codes?",
        ),
        (
            "{kind: scores, path: f.csv, instrument: wai_s, scores: {Bond: bonds}}",
            "f.csv: scores: Bond: wai_s has no scale 'bonds'; did you mean 'bond'?",
        ),
        (
            "{kind: scores, path: f.csv, instrument: wai_s, scores: {Bond: bond@start}}",
            "f.csv: scores: Bond: timepoint 'start' is none of intake, session, end",
        ),
    ],
)
def test_an_impossible_instrument_would_be_found_out_late(entry, problem, tmp_path):
    (tmp_path / "wave.yaml").write_text(
        f"title: x\ndesign: {{sessions: [1]}}\nfiles:\n  - {{kind: participants, path: p.csv}}\n  - {entry}\n",
        encoding="utf-8",
    )
    for name in ("p.csv", "f.csv"):
        (tmp_path / name).write_text("patient\n", encoding="utf-8")
    problems = missing_from_folder(tmp_path, read_wave(tmp_path), INSTRUMENTS)
    assert problems == [f"{(tmp_path / 'wave.yaml').as_posix()}: {problem}"]


def test_a_total_without_a_time_would_be_dated_by_chance(tmp_path):
    (tmp_path / "wave.yaml").write_text(
        "title: x\ndesign: {sessions: [1]}\nfiles:\n"
        "  - {kind: participants, path: p.csv, scores: {HRSD: hrsd17.hrsd17}}\n",
        encoding="utf-8",
    )
    (tmp_path / "p.csv").write_text("patient\n", encoding="utf-8")
    problems = missing_from_folder(tmp_path, read_wave(tmp_path), INSTRUMENTS)
    assert len(problems) == 1
    assert problems[0].endswith("scores: HRSD: write instrument.scale@intake or @end, not 'hrsd17.hrsd17'")


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_an_instrument_would_not_say_what_of_it_is_verified(name):
    instrument = INSTRUMENTS[name]
    assert instrument.source
    assert instrument.verified


def test_a_key_would_differ_from_what_the_field_uses():
    wai_s, wai_sr = INSTRUMENTS["wai_s"], INSTRUMENTS["wai_sr"]
    keys = {
        form.id: {scale.name: (scale.items, scale.reversed) for scale in form.scales if scale.name != "alliance"}
        for form in (wai_s, wai_sr)
    }
    assert keys["wai_s"] == {
        "task": (["1", "2", "8", "12"], []),
        "bond": (["3", "5", "7", "9"], []),
        "goal": (["4", "6", "10", "11"], ["4", "10"]),
    }
    assert keys["wai_sr"] == {
        "task": (["1", "2", "10", "12"], []),
        "bond": (["3", "5", "7", "9"], []),
        "goal": (["4", "6", "8", "11"], []),
    }
    assert INSTRUMENTS["hrsd17"].range_of_score(INSTRUMENTS["hrsd17"].scales[0]) == (0, 52)
    assert sum(INSTRUMENTS["hrsd17"].range_of(item).maximum for item in INSTRUMENTS["hrsd17"].items) == 52
    assert sum(INSTRUMENTS["bdi2"].range_of(item).maximum for item in INSTRUMENTS["bdi2"].items) == 63
    codes = INSTRUMENTS["3rs_2015"].codes
    counted = {
        group: sum(code.group == group for code in codes) for group in ("withdrawal", "confrontation", "resolution")
    }
    assert counted == {"withdrawal": 7, "confrontation": 7, "resolution": 10}
