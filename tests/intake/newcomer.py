"""A newcomer's wave: concentrations without signals or runs, a workbook a coder, csv questionnaires."""

from __future__ import annotations

from pathlib import Path

import openpyxl

PATIENTS = ("P01", "P02", "P03")
SESSIONS = (4, 8)
CODERS = ("anna", "ben")
MARKERS = ("denial", "minimal_response", "complaints_therapist", "rejects_intervention", "clarify_misunderstanding")
WAVE = """\
title: A wave of a newcomer
design:
  sessions: [4, 8]
  assay_sessions: [4, 8]
analytes:
  - {name: oxytocin, matrix: saliva, unit: pg/mL, method: ELISA, lod: 1.5}
files:
  - {kind: participants, path: participants.csv, covariates: [education]}
  - kind: concentrations
    path: oxytocin.xlsx
    analyte: oxytocin
    layout: wide
    columns: {patient: ID, session: Session}
    value_columns: {pre: before, post: after}
  - kind: codes
    path: coders/*.xlsx
    file_name: "{coder}"
    instrument: 3rs_2015
    version: "2015"
    layout: wide
    measure: count
    blank: zero
  - {kind: responses, path: wai.csv, instrument: wai_s, layout: wide}
"""


def write_workbook(path: Path, *sheets: tuple[str, list[list[object]]]) -> None:
    """A workbook with the given sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def write_newcomers_wave(folder: Path) -> Path:
    """The whole folder without a fault."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wave.yaml").write_text(WAVE, encoding="utf-8")
    (folder / "participants.csv").write_text(
        "patient,therapist,age,gender,education\nP01,T1,31,female,12\nP02,T1,44,male,16\nP03,T2,,female,9\n",
        encoding="utf-8",
    )
    rows: list[list[object]] = [["ID", "Session", "before", "after"]]
    rows += [[patient, session, 10.5 + session, 11.25 + session] for patient in PATIENTS for session in SESSIONS]
    rows[2][2] = "<1.5"
    rows[3][3] = "N/A"
    write_workbook(folder / "oxytocin.xlsx", ("Results", rows))
    for place, coder in enumerate(CODERS):
        sheet: list[list[object]] = [["patient", "session", *MARKERS, "resolution_degree"]]
        sheet += [[patient, session, place, 0, 1, None, 2, 3] for patient in PATIENTS for session in SESSIONS]
        write_workbook(folder / "coders" / f"{coder}.xlsx", ("3RS", sheet))
    lines = ["patient,session," + ",".join(f"wai_s_{item}" for item in range(1, 13))]
    lines += [f"{patient},{session}," + ",".join(["5"] * 12) for patient in PATIENTS for session in SESSIONS]
    lines[1] = lines[1].rsplit(",", 1)[0] + ","
    (folder / "wai.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
