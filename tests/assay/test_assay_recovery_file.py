"""A file of spiked pools from the folder to the table, and what a damaged one says."""

from ruptureflow.config import read_wave
from ruptureflow.config.plan import IntakeSettings
from ruptureflow.intake import read_wave_folder

WAVE = """\
title: spiked pools
locale: {delimiter: ";", decimal: ","}
design: {sessions: [4], assay_sessions: [], roles: [patient]}
analytes:
  - {name: oxytocin, matrix: saliva, unit: pg/mL, method: RIA, signal: cpm, anchors: [S1]}
files:
  - {kind: participants, path: participants.csv}
  - {kind: recoveries, path: spiked.csv, analyte: oxytocin, columns: {pool: Pool, spike: Zugabe, measured: Gefunden}}
"""


def read(folder, rows):
    (folder / "wave.yaml").write_text(WAVE, encoding="utf-8")
    (folder / "participants.csv").write_text("patient\nP01\n", encoding="utf-8")
    (folder / "spiked.csv").write_text("\n".join(["Pool;Zugabe;Gefunden;unit", *rows]), encoding="utf-8")
    return read_wave_folder(folder, read_wave(folder), {}, IntakeSettings())


def test_extractions_would_be_lost_or_numbered_wrongly(tmp_path):
    tables = read(tmp_path, ["A;0;7,5;pg/mL", "A;0;8,5;pg/mL", "A;90;80;pg/mL", "B;90;NA;pg/mL"])
    assert tables.problems.query("severity == 'error'").empty
    found = tables.recoveries
    assert found["measured"].tolist()[:3] == [7.5, 8.5, 80.0]
    assert found["replicate"].tolist() == [1, 2, 1, 1]
    assert found["measured"].isna().tolist() == [False, False, False, True]


def test_a_row_without_a_pool_would_pass_unseen(tmp_path):
    tables = read(tmp_path, ["A;0;7,5;pg/mL", ";90;3;pg/mL"])
    error = tables.problems[tables.problems["severity"] == "error"].iloc[0]
    assert (error["row"], error["problem"], error["fix"]) == (3, "empty where a value is needed", "fill the cell")
    aside = tables.ledger[tables.ledger["file"] == "spiked.csv"]
    assert aside[["row", "reason"]].to_numpy().tolist() == [[3, "no pool or no spike"]]


def test_a_spike_in_another_unit_or_in_words_would_be_taken_for_a_number(tmp_path):
    problems = read(tmp_path, ["A;90;80;ng/mL", "A;ninety;80;pg/mL"]).problems
    errors = problems[problems["severity"] == "error"].set_index("row")
    assert errors.loc[2, "problem"] == "another unit than the assay's, pg/mL"
    assert errors.loc[2, "fix"] == "convert the values in the file"
    assert (errors.loc[3, "column"], errors.loc[3, "value"]) == ("Zugabe", "ninety")
