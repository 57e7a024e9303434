"""`demo_saliva`: the 2018 design, and data that show the figures it printed; `tiny`: the same in small."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from ruptureflow.simulate.assays import dealt, run_tubes
from ruptureflow.simulate.calibration import SlopeTarget, tune
from ruptureflow.simulate.coding import impact, marker_counts, ordered, ratings
from ruptureflow.simulate.describing import Instruments, coding_system, described, form
from ruptureflow.simulate.kits import CONCENTRATION_FACTOR, COUNTER_HEADINGS, RIA, counter_line
from ruptureflow.simulate.moments import (
    Array,
    generator,
    group_means,
    nested_draw,
    residual_draw,
    whole_numbers,
    within,
)
from ruptureflow.simulate.questionnaires import ItemNoise, answers, summed_answers, with_gaps
from ruptureflow.simulate.schedule import Calendar, staggered
from ruptureflow.simulate.text_files import Cell, text_file
from ruptureflow.simulate.truth.saliva import SALIVA, Association, SalivaTruth
from ruptureflow.simulate.workbooks import Sheet, workbook

CODERS = ("A", "B")
OUTCOME_GROUPS = {"confrontation": "confrontation", "withdrawal": "withdrawal", "resolution_attempts": "resolution"}


@dataclass(frozen=True)
class Sessions:
    """Every session of every patient, row by row; `measured` are the rows with a sample pair.

    `change` is zero in the other rows, whose saliva got lost.
    """

    patient: Array
    session: Array
    step: Array
    measured: Array
    change: Array

    def predictors(self) -> Array:
        """Within-patient change and time of the measured rows."""
        group = self.patient[self.measured]
        return np.column_stack([within(self.change[self.measured], group), self.step[self.measured]])


def saliva_wave(instruments: Instruments, truth: SalivaTruth = SALIVA) -> dict[str, bytes]:
    """All files of the wave by path."""
    random = generator(truth.seed)
    ids = [f"SIM-P{number:02d}" for number in range(1, truth.patients + 1)]
    calendars = staggered(truth.patients, dt.datetime(2012, 1, 9, 9), 17)
    sessions = _sessions(truth, random)
    levels = _levels(truth, sessions, random)
    files = described(truth.wave)
    files["participants.csv"] = _participants(truth, ids, random)
    files["hrsd_end.csv"] = _end_of_treatment(truth, ids, instruments, random)
    files |= _assay_files(truth, sessions, levels, ids, calendars, random)
    files["questionnaires/wai_s.csv"] = _alliance(truth, sessions, ids, instruments, random)
    files |= _coder_sheets(truth, sessions, ids, instruments, random)
    return files


def _sessions(truth: SalivaTruth, random: np.random.Generator) -> Sessions:
    planned = len(truth.sessions)
    patient = np.repeat(np.arange(truth.patients), planned)
    session = np.tile(np.array(truth.sessions), truth.patients)
    lost = {(number - 1, lost_session) for number, lost_session in truth.lost_pairs}
    measured = np.flatnonzero([(p, s) not in lost for p, s in zip(patient, session, strict=True)])
    change = np.zeros(len(patient))
    change[measured] = nested_draw(patient[measured], truth.change_mean, truth.change_sd, truth.between_share, random)
    step = np.tile(np.arange(planned, dtype=float), truth.patients)
    return Sessions(patient, session, step, measured, change)


def _levels(truth: SalivaTruth, sessions: Sessions, random: np.random.Generator) -> Array:
    """Concentration before every session."""
    own = truth.level_patient_sd * random.standard_normal(truth.patients)
    spread = truth.level_session_sd * random.standard_normal(len(sessions.patient))
    return truth.level_median * np.exp(own[sessions.patient] + spread)


def _participants(truth: SalivaTruth, ids: list[str], random: np.random.Generator) -> bytes:
    count = truth.patients
    ages = whole_numbers(count, truth.age_total, truth.age_sd, 20, 58, random)
    intake = whole_numbers(count, truth.hrsd_total, truth.hrsd_sd, 14, 32, random)
    gender = random.permutation(["female"] * truth.female + ["male"] * (count - truth.female))
    disorder = random.permutation(["yes"] * truth.personality_disorder + ["no"] * (count - truth.personality_disorder))
    therapist = random.permutation([f"SIM-T{1 + place % truth.therapists}" for place in range(count)])
    rows: list[list[Cell]] = [["patient", "therapist", "age", "gender", "personality_disorder", "hrsd_intake"]]
    for place, patient in enumerate(ids):
        # The clinic's list has a blank behind one id, as typed lists do.
        shown = f"{patient} " if place == truth.padded_id else patient
        rows.append([
            shown, str(therapist[place]), ages[place], str(gender[place]), str(disorder[place]), intake[place],
        ])  # fmt: skip
    return text_file(rows)


def _end_of_treatment(
    truth: SalivaTruth, ids: list[str], instruments: Instruments, random: np.random.Generator
) -> bytes:
    """HRSD-17 by item at the end; two patients were not interviewed."""
    totals = np.clip(np.round(truth.hrsd_end_mean + 5 * random.standard_normal(truth.patients)), 1, 30)
    items = summed_answers(form(instruments, "hrsd17"), "hrsd17", totals, random)
    rows: list[list[Cell]] = [["patient", *(f"hrsd17_{item}" for item in items)]]
    for place, patient in enumerate(ids):
        if place not in truth.not_interviewed:
            rows.append([patient, *(int(column[place]) for column in items.values())])
    return text_file(rows)


def _assay_files(
    truth: SalivaTruth,
    sessions: Sessions,
    levels: Array,
    ids: list[str],
    calendars: list[Calendar],
    random: np.random.Generator,
) -> dict[str, bytes]:
    """The manifest and one counter list a run; tubes are numbered in the order of the freezer, by patient."""
    manifest: list[list[Cell]] = [["tube", "patient", "session", "occasion", "collected"]]
    doses: dict[str, list[tuple[str, float]]] = {patient: [] for patient in ids}
    number = 0
    for row in sessions.measured:
        patient, session = int(sessions.patient[row]), int(sessions.session[row])
        for occasion, level in (("pre", levels[row]), ("post", levels[row] + sessions.change[row])):
            number += 1
            tube = f"SIM-{number:04d}"
            collected = calendars[patient].collected(session, occasion).strftime("%Y-%m-%d %H:%M")
            manifest.append([tube, ids[patient], session, occasion, collected])
            doses[ids[patient]].append((tube, float(level) * CONCENTRATION_FACTOR))
    files = {"saliva/manifest.csv": text_file(manifest)}
    for run, people in enumerate(dealt(ids, truth.runs), start=1):
        samples = [dose for patient in people for dose in doses[patient]]
        tubes = run_tubes(RIA, samples, {"reagent": 3, "standard": 3, "control": 2}, random)
        rows = [COUNTER_HEADINGS, *(counter_line(place, tube) for place, tube in enumerate(tubes, start=1))]
        preamble = [f"SIMULATED gamma counter list; no person's data. Oxytocin RIA, run {run}", "Isotope: I-125"]
        files[f"saliva/counts/ria_run_{run}.csv"] = text_file(rows, preamble)
    return files


def _outcome(association: Association, sessions: Sessions, random: np.random.Generator) -> tuple[Array, SlopeTarget]:
    """The outcome before it becomes whole numbers, and what the whole numbers shall show."""
    group = sessions.patient[sessions.measured]
    target = SlopeTarget(sessions.measured, group, sessions.predictors(), association.slope, association.std_error)
    change = sessions.change[sessions.measured]
    own_change = group_means(change, group)
    patients = int(group.max()) + 1
    own = association.patient_sd * random.standard_normal(patients)
    values = association.mean + association.per_step * sessions.step + own[sessions.patient]
    left = np.sqrt(target.residual_variance) * random.standard_normal(len(values))
    left[sessions.measured] = residual_draw(group, target.predictors, target.residual_variance, random)
    values += left
    values[sessions.measured] += association.slope * target.predictors[:, 0] + association.between_slope * (
        own_change - own_change.mean()
    )
    return values, target


def _alliance(
    truth: SalivaTruth, sessions: Sessions, ids: list[str], instruments: Instruments, random: np.random.Generator
) -> bytes:
    """WAI-S by item, with gaps; the bond's items are moved until their means show the printed slope."""
    wai = form(instruments, "wai_s")
    bond, target = _outcome(truth.outcomes["bond"], sessions, random)
    count = len(bond)
    shared = bond - bond.mean()
    scales = {
        "bond": bond,
        "task": 5.0 + 0.7 * shared + 0.4 * random.standard_normal(count),
        "goal": 5.1 + 0.7 * shared + 0.4 * random.standard_normal(count),
    }
    given = answers(wai, scales, ItemNoise(0.4, 0.5), sessions.patient, random)
    names = sorted(wai.items, key=int)
    answered = with_gaps(count, len(names), 0.012, random)
    # One patient left a page blank: three items gone, too many for a total.
    answered[truth.blank_page, [names.index(item) for item in ("10", "11", "12")]] = False
    items = next(scale for scale in wai.scales if scale.name == "bond").items
    places = [names.index(item) for item in items]
    seen = answered[:, places]
    cells = np.column_stack([given[item] for item in items])
    tuned = tune(cells, seen / seen.sum(axis=1, keepdims=True), 1, 7, target)
    given |= {item: tuned[:, place] for place, item in enumerate(items)}
    rows: list[list[Cell]] = [["patient", "session", *(f"wai_s_{item}" for item in names)]]
    for row in range(count):
        marks = [int(given[item][row]) if answered[row, place] else None for place, item in enumerate(names)]
        rows.append([ids[sessions.patient[row]], int(sessions.session[row]), *marks])
    # What spreadsheets leave behind the last row.
    return text_file([*rows, *[[""] * len(rows[0])] * 2])


def _coder_sheets(
    truth: SalivaTruth, sessions: Sessions, ids: list[str], instruments: Instruments, random: np.random.Generator
) -> dict[str, bytes]:
    """A workbook a coder: counts by marker and the overall ratings of every session."""
    system = coding_system(instruments, "3rs_2009")
    columns: dict[str, Array] = {}
    totals: dict[str, Array] = {}
    for outcome, group in OUTCOME_GROUPS.items():
        totals[outcome] = _coded_totals(truth.outcomes[outcome], sessions, random)
        columns |= marker_counts(system, group, totals[outcome], random)
    mean = {outcome: values.mean(axis=1) for outcome, values in totals.items()}
    repaired = 2.8 + 0.25 * (mean["resolution_attempts"] - mean["resolution_attempts"].mean())
    repaired += 0.9 * random.standard_normal(len(repaired))
    part = 1 + 0.5 * mean["confrontation"] + 0.4 * random.standard_normal(len(repaired))
    columns["withdrawal_impact"] = ratings(impact(mean["withdrawal"], 0.35), len(CODERS), 0.4, random)
    columns["confrontation_impact"] = ratings(impact(mean["confrontation"], 0.5), len(CODERS), 0.4, random)
    columns["resolution_degree"] = ratings(repaired, len(CODERS), 0.4, random)
    columns["therapist_contribution"] = ratings(part, len(CODERS), 0.45, random)
    columns = ordered(system, columns)
    files = {}
    for place, coder in enumerate(CODERS):
        rows: list[list[Cell]] = [["patient", "session", *columns]]
        for row in range(len(sessions.patient)):
            cells = [int(column[row, place]) for column in columns.values()]
            rows.append([ids[sessions.patient[row]], int(sessions.session[row]), *cells])
        note = [["SIMULATED coder sheet; no person's data."], ["3RS, manual of 2009; counts of each marker a session."]]
        sheets = [Sheet("Read me", note), Sheet("3RS", [*rows, [""] * 3])]
        files[f"coders/3rs_coder_{coder}.xlsx"] = workbook(sheets, "SIMULATED coder sheet")
    return files


def _coded_totals(association: Association, sessions: Sessions, random: np.random.Generator) -> Array:
    """Both coders' totals of every session, moved until their mean shows the slope and they the agreement."""
    wanted, target = _outcome(association, sessions, random)
    icc = association.icc or 1.0
    # Of two raters without a difference in level, Var(difference) = 4 Var(mean) (1 − ICC)/(1 + ICC).
    spread = np.sqrt(4 * wanted.var(ddof=1) * (1 - icc) / (1 + icc))
    half = spread / 2 * random.standard_normal(len(wanted))
    start = np.clip(np.round(np.column_stack([wanted + half, wanted - half])), 0, None)
    return tune(start, np.full(start.shape, 0.5), 0, 40, target, association.icc)
