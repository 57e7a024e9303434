"""Each kind of damage is told with its exact place, value, problem and fix, and nothing else is told.

`expected_problems.tsv` lists, for every damage of `damages.py`, the problems it adds to those of the faultless wave.
"""

from __future__ import annotations

import csv
from pathlib import Path

import damages
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labwave import write_lab_wave
from newcomer import write_newcomers_wave

from ruptureflow.config import read_wave
from ruptureflow.config.plan import IntakeSettings
from ruptureflow.intake import problems_text, read_wave_folder
from ruptureflow.tables import intake

EXPECTED = Path(__file__).with_name("expected_problems.tsv")
COLUMNS = intake.PROBLEMS.names


def _rows(problems) -> list[tuple[str, ...]]:
    return [tuple(row) for row in problems[COLUMNS].astype("string").fillna("").itertuples(index=False)]


def _expected() -> dict[str, list[tuple[str, ...]]]:
    with EXPECTED.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    found: dict[str, list[tuple[str, ...]]] = {name: [] for name in damages.DAMAGES}
    for row in rows:
        found[row["damage"]].append(tuple(row[name] for name in COLUMNS))
    return found


def _write(name: str, folder: Path) -> Path:
    of_the_lab = damages.DAMAGES[name] in damages.OF_THE_LAB
    return (write_lab_wave if of_the_lab else write_newcomers_wave)(folder)


@pytest.fixture(scope="module")
def faultless(instruments, tmp_path_factory) -> dict[str, set[tuple[str, ...]]]:
    """Problems of the two undamaged waves."""
    found = {}
    for name, write in (("lab", write_lab_wave), ("newcomer", write_newcomers_wave)):
        folder = write(tmp_path_factory.mktemp("faultless") / name)
        found[name] = set(_rows(read_wave_folder(folder, read_wave(folder), instruments, IntakeSettings()).problems))
    return found


def _added(tables, name: str, faultless: dict[str, set[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    base = faultless["lab" if damages.DAMAGES[name] in damages.OF_THE_LAB else "newcomer"]
    return [row for row in _rows(tables.problems) if row not in base]


@pytest.mark.parametrize("name", damages.DAMAGES)
def test_a_damage_would_be_told_otherwise_or_lose_rows(name, tmp_path, read, faultless):
    folder = _write(name, tmp_path / "wave")
    damages.DAMAGES[name](folder)
    tables = read(folder)
    assert _added(tables, name, faultless) == _expected()[name]
    rows = tables.manifest[tables.manifest["kind"].notna()]
    assert (rows["rows_in"] == rows["rows_out"] + rows["rows_set_aside"]).all(), rows


def test_a_damage_without_expectation_would_pass():
    silent = {name for name, rows in _expected().items() if not rows}
    assert silent == {"blank_row"}


def test_one_damage_would_hide_the_others(tmp_path, read, faultless):
    """All at once: every problem of damages in different cells is told in one pass."""
    folder = write_newcomers_wave(tmp_path / "wave")
    together = ("unreadable_number", "item_out_of_range", "count_negative", "negative_concentration", "undeclared_file")
    for name in together:
        damages.DAMAGES[name](folder)
    expected = {row for name in together for row in _expected()[name]}
    assert set(_rows(read(folder).problems)) - faultless["newcomer"] == expected


def test_a_blank_row_would_vanish_without_a_trace(newcomer, read):
    damages.blank_row(newcomer)
    ledger = read(newcomer).ledger
    found = ledger[ledger["file"] == "participants.csv"]
    assert found[["row", "action", "reason"]].to_numpy().tolist() == [[3, "set aside", "blank row"]]


def test_the_log_would_not_say_where_and_what_to_do(newcomer, read):
    damages.item_out_of_range(newcomer)
    text = problems_text(read(newcomer).problems)
    assert (
        "error: wai.csv, row 4, column 'wai_s_2': '8': outside the range of item 2 of wai_s, 1–7\n"
        "    fix: correct the cell, or list it under missing in wave.yaml if it means: no answer"
    ) in text


def test_a_thousand_alike_would_bury_the_rest(newcomer, read):
    path = newcomer / "wai.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0]
    lines = [header, *(f"P01,{session}," + ",".join(["9"] * 12) for session in (4, 8) for _ in range(10))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = problems_text(read(newcomer).problems)
    assert "… and 15 more like it (rows 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 …)" in text


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cell_that_nobody_foresaw_would_end_in_a_traceback(data, tmp_path, instruments):
    """Any text in any cell, headings included: told or read, and every row accounted for."""
    folder = write_lab_wave(tmp_path / "wave")
    path = data.draw(st.sampled_from(sorted(folder.rglob("*.csv"))))
    lines = path.read_text(encoding="utf-8").splitlines()
    row = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[row].split(";")
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.text(max_size=6).filter(str.isprintable))
    lines[row] = ";".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tables = read_wave_folder(folder, read_wave(folder), instruments, IntakeSettings())
    rows = tables.manifest[tables.manifest["kind"].notna()]
    assert (rows["rows_in"] == rows["rows_out"] + rows["rows_set_aside"]).all(), rows
