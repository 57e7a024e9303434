"""`newcomer`: what a new user brings. Concentrations in a workbook without signals or runs, coder workbooks, csv."""

from __future__ import annotations

import numpy as np

from ruptureflow.simulate.coding import marker_counts, ordered, ratings
from ruptureflow.simulate.describing import Instruments, coding_system, described, form
from ruptureflow.simulate.moments import generator, nested_draw, within
from ruptureflow.simulate.questionnaires import ItemNoise, answers, with_gaps
from ruptureflow.simulate.text_files import Cell, text_file
from ruptureflow.simulate.workbooks import Sheet, workbook

SEED = 90210
PATIENTS = 8
SESSIONS = (2, 5, 8, 11)
CODERS = ("anna", "ben")
BELOW, LOST = 5, 10
"""Rows whose first sample is below the limit of detection, and whose second was not measured."""
GROUPS = {"confrontation": (0.5, 2.0), "withdrawal": (0.0, 3.0), "resolution": (0.4, 3.0)}
"""Slope on the within-patient change and mean of each group's session total."""


def newcomer_wave(instruments: Instruments) -> dict[str, bytes]:
    """All files of the wave by path."""
    random = generator(SEED)
    ids = [f"SIM{number:02d}" for number in range(1, PATIENTS + 1)]
    patient = np.repeat(np.arange(PATIENTS), len(SESSIONS))
    session = np.tile(np.array(SESSIONS), PATIENTS)
    change = nested_draw(patient, 0.7, 1.0, 0.4, random)
    before = 9 * np.exp(0.25 * random.standard_normal(PATIENTS)[patient] + 0.1 * random.standard_normal(len(patient)))
    # One sample lies below the limit of detection.
    before[BELOW], change[BELOW] = 1.2, 0.6
    inner = within(change, patient)
    files = described("newcomer")

    rows: list[list[Cell]] = [["ID", "Session", "before", "after"]]
    for row in range(len(patient)):
        values = [round(float(before[row]), 2), round(float(before[row] + change[row]), 2)]
        rows.append([ids[patient[row]], int(session[row]), *values])
    # Below the limit of detection and not measured, as laboratories write it; row 0 holds the headings.
    rows[1 + BELOW][2] = "<1.5"
    rows[1 + LOST][3] = "N/A"
    files["oxytocin.xlsx"] = workbook([Sheet("Results", rows)], "SIMULATED oxytocin results")

    files["participants.csv"] = _participants(ids, random)
    wai = form(instruments, "wai_s")
    names = sorted(wai.items, key=int)
    alliance = 5.2 + 0.5 * random.standard_normal(PATIENTS)[patient] - 0.25 * inner
    alliance += 0.45 * random.standard_normal(len(patient))
    scales = {"bond": alliance, "task": alliance - 0.2, "goal": alliance - 0.1}
    given = answers(wai, scales, ItemNoise(0.4, 0.5), patient, random)
    answered = with_gaps(len(patient), len(names), 0.01, random)
    rows = [["patient", "session", *(f"wai_s_{item}" for item in names)]]
    for row in range(len(patient)):
        marks = [int(given[item][row]) if answered[row, column] else None for column, item in enumerate(names)]
        rows.append([ids[patient[row]], int(session[row]), *marks])
    files["wai.csv"] = text_file(rows)

    system = coding_system(instruments, "3rs_2015")
    columns = {}
    for group, (slope, mean) in GROUPS.items():
        wanted = mean + slope * inner + random.standard_normal(len(patient))
        seen = wanted[:, None] + 0.4 * random.standard_normal((len(patient), len(CODERS)))
        columns |= marker_counts(system, group, np.clip(np.round(seen), 0, None).astype(int), random)
    columns["resolution_degree"] = ratings(np.full(len(patient), 3.0), len(CODERS), 0.8, random)
    columns = ordered(system, columns)
    for place, coder in enumerate(CODERS):
        rows = [["patient", "session", *columns]]
        for row in range(len(patient)):
            # Coders leave a marker's cell empty where they saw none.
            marks = [int(column[row, place]) or None for column in columns.values()]
            rows.append([ids[patient[row]], int(session[row]), *marks])
        files[f"coders/{coder}.xlsx"] = workbook([Sheet("3RS", rows)], "SIMULATED coder sheet")
    return files


def _participants(ids: list[str], random: np.random.Generator) -> bytes:
    rows: list[list[Cell]] = [["patient", "therapist", "age", "gender", "education"]]
    for place, patient in enumerate(ids):
        age, education = (int(value) for value in random.integers((21, 9), (55, 19)))
        rows.append([patient, f"SIM-T{1 + place % 3}", age, ("female", "male")[place % 2], education])
    rows[3][2] = None
    return text_file(rows)
