"""A wave as a laboratory leaves it: manifest, counter list, long sheets, semicolons and decimal commas."""

from __future__ import annotations

from pathlib import Path

PATIENTS = ("P01", "P02")
WAVE = """\
title: A wave of a laboratory
locale: {delimiter: ";", decimal: ",", date_format: "%d.%m.%Y %H:%M", missing: ["", "NA"], missing_ranges: [[97, 99]]}
design: {sessions: {first: 1, last: 8}, assay_sessions: [4, 8], roles: [patient, therapist], arms: [cbt, aft]}
analytes:
  - {name: oxytocin, matrix: saliva, unit: pg/mL, method: RIA, signal: cpm}
files:
  - {kind: participants, path: participants.csv, scores: {HRSD start: hrsd17.hrsd17@intake}, yes: [ja], no: [nein]}
  - kind: samples
    path: manifest.csv
    analyte: oxytocin
    columns: {sample: Röhrchen, patient: Patient, session: Sitzung, occasion: Zeitpunkt, collected_at: Entnahme}
    occasions: {vor: pre, nach: post}
    carry: [freezer]
  - kind: tubes
    path: runs/*.csv
    analyte: oxytocin
    contents: {T: total, NSB: nsb, B0: b0, S1: standard, S2: standard}
    doses: {S1: 2.5, S2: 100}
  - {kind: codes, path: coding.csv, instrument: 3rs_2015, version: "2015", layout: long, measure: count}
  - {kind: responses, path: answers.csv, instrument: wai_s, layout: long}
  - kind: scores
    path: scores.csv
    instrument: bdi2
    scores: {BDI: bdi2}
    timepoints: {Beginn: intake, Ende: end}
"""


def write_lab_wave(folder: Path) -> Path:
    """The whole folder without a fault."""
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    _write(folder / "wave.yaml", WAVE)
    _write(
        folder / "participants.csv",
        "patient;therapist;age;arm;dropout;HRSD start\nP01;T1;31,5;cbt;nein;21\nP02;T1;44;aft;ja;NA\n",
    )
    manifest = ["Röhrchen;Patient;Sitzung;Zeitpunkt;Entnahme;freezer"]
    tubes = ["position;label;signal"]
    tubes += [f"{number};{label};{count}" for number, (label, count) in enumerate(_standards(), start=1)]
    number = 0
    for patient in PATIENTS:
        for session in (4, 8):
            for word, hour in (("vor", "09:00"), ("nach", "10:05")):
                number += 1
                tube = f"R{number:03d}"
                manifest.append(f"{tube};{patient};{session};{word};0{session}.03.2021 {hour};F2")
                tubes += [
                    f"{len(tubes) + 1};{tube};{5000 - 10 * number},5",
                    f"{len(tubes) + 2};{tube};{4990 - 10 * number}",
                ]
    _write(folder / "manifest.csv", "\n".join(manifest) + "\n")
    _write(folder / "runs" / "run1.csv", "\n".join(tubes) + "\n")
    coding = ["patient;session;coder;segment;code;measure;value"]
    for patient in PATIENTS:
        for session in (4, 8):
            for coder in ("C1", "C2"):
                for segment in (1, 2):
                    coding.append(f"{patient};{session};{coder};{segment};denial;;1")
                coding.append(f"{patient};{session};{coder};;resolution_degree;rating;3")
    _write(folder / "coding.csv", "\n".join(coding) + "\n")
    answers = ["patient;session;role;item;value"]
    for patient in PATIENTS:
        for session in (1, 4):
            for role in ("patient", "therapist"):
                answers += [f"{patient};{session};{role};{item:02d};{1 + item % 7}" for item in range(1, 13)]
    answers[-1] = answers[-1].rsplit(";", 1)[0] + ";99"
    _write(folder / "answers.csv", "\n".join(answers) + "\n")
    _write(folder / "scores.csv", "patient;session;BDI\nP01;Beginn;24\nP01;Ende;9\nP02;Beginn;31\nP02;4;22\n")
    return folder


def _standards() -> list[tuple[str, int]]:
    return [("T", 20000), ("T", 20100), ("NSB", 310), ("NSB", 300), ("B0", 8000), ("B0", 8100),
            ("S1", 7500), ("S1", 7480), ("S2", 1500), ("S2", 1520)]  # fmt: skip


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
