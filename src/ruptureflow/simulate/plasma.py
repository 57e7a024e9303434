"""`demo_plasma`: two arms, plasma read on plates, coders in rotating pairs, a clinic that writes decimal commas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from ruptureflow.simulate.assays import Tube, dealt, run_tubes, spiked_pools
from ruptureflow.simulate.coding import impact, marker_counts, ordered, ratings, segmented
from ruptureflow.simulate.courses import Course, draw_courses
from ruptureflow.simulate.describing import Instruments, coding_system, described, form
from ruptureflow.simulate.kits import ELISA
from ruptureflow.simulate.moments import Array, generator, nested_draw, residual_draw, whole_numbers, within
from ruptureflow.simulate.questionnaires import ItemNoise, answers, summed_answers, with_gaps
from ruptureflow.simulate.schedule import staggered
from ruptureflow.simulate.text_files import Cell, text_file
from ruptureflow.simulate.truth.plasma import PLASMA, PlasmaTruth
from ruptureflow.simulate.workbooks import Sheet, workbook

PATIENTS_A_PLATE = 4
BLANK_WELLS = 2
REPLICATES = {"reagent": 3, "standard": 2, "control": 1}
COURSE = Course(
    trend=0.01,
    session_sd=0.25,
    inertia=0.3,
    shared=0.0,
    rupture_chance=0.05,
    rupture_depth=(0.8, 1.6),
    therapist_share=0.0,
    repair_chance=0.7,
)
OUTCOME_GROUPS = {"confrontation": "confrontation", "withdrawal": "withdrawal", "resolution_attempts": "resolution"}


@dataclass(frozen=True)
class Sessions:
    """Every session with samples, row by row; `change` is the oxytocin change as measured."""

    patient: Array
    session: Array
    change: Array
    second_arm: Array


@dataclass(frozen=True)
class Extract:
    """A sample after extraction: what it holds, and how it is diluted for the assay."""

    sample: str
    concentration: float
    dilution: int

    def dose(self) -> tuple[str, float]:
        """Its label and the dose in its wells."""
        return self.sample, self.concentration / self.dilution


def plasma_wave(instruments: Instruments, truth: PlasmaTruth = PLASMA) -> dict[str, bytes]:
    """All files of the wave by path."""
    random = generator(truth.seed)
    ids = [f"SIM-{number:03d}" for number in range(101, 101 + truth.patients)]
    arm = random.permutation(np.arange(truth.patients) % 2)
    sessions = _sessions(truth, arm, random)
    files = described("demo_plasma")
    files["teilnehmende.csv"] = _participants(truth, ids, arm, random)
    files |= _assay_files(truth, sessions, ids, random)
    files["wai_sr.csv"] = _alliance(truth, sessions, ids, instruments, random)
    files |= _coder_sheets(truth, sessions, ids, instruments, random)
    files["bdi.csv"] = _symptoms(truth, ids, arm, instruments, random)
    return files


def _csv(rows: list[list[Cell]], preamble: tuple[str, ...] = ()) -> bytes:
    return text_file(rows, preamble, delimiter=";", decimal=",", encoding="cp1252")


def _sessions(truth: PlasmaTruth, arm: Array, random: np.random.Generator) -> Sessions:
    rows = [
        (patient, session)
        for patient in range(truth.patients)
        for session in truth.assay_sessions
        if session <= truth.last_session.get(patient + 1, truth.sessions)
    ]
    patient, session = np.array(rows).T
    change = nested_draw(patient, truth.change_mean, truth.change_sd, truth.between_share, random)
    return Sessions(patient, session, change, arm[patient])


def _outcome(truth: PlasmaTruth, name: str, sessions: Sessions, random: np.random.Generator) -> Array:
    outcome = truth.outcomes[name]
    change = within(sessions.change, sessions.patient)
    own = outcome.patient_sd * random.standard_normal(truth.patients)
    left = residual_draw(sessions.patient, change[:, None], outcome.session_sd**2, random)
    return (
        outcome.mean + outcome.second_arm * sessions.second_arm + own[sessions.patient] + outcome.slope * change + left
    )


def _participants(truth: PlasmaTruth, ids: list[str], arm: Array, random: np.random.Generator) -> bytes:
    count = truth.patients
    ages = np.clip(36 + truth.age_sd * random.standard_normal(count), 19, 65)
    intake = whole_numbers(count, truth.hrsd_total, truth.hrsd_sd, 14, 32, random)
    gender = random.permutation(["female"] * truth.female + ["male"] * (count - truth.female))
    disorder = random.permutation(["ja"] * truth.personality_disorder + ["nein"] * (count - truth.personality_disorder))
    # A therapist works in one arm.
    half = truth.therapists // 2
    turns = [0, 0]
    rows: list[list[Cell]] = [
        ["Code", "Therapeut", "Alter", "Geschlecht", "Arm", "Persönlichkeitsstörung", "Abbruch", "HRSD_Beginn"]
    ]
    for place, patient in enumerate(ids):
        own_arm = int(arm[place])
        therapist = f"SIM-T{1 + own_arm * half + turns[own_arm] % half}"
        turns[own_arm] += 1
        rows.append([
            patient, therapist, round(float(ages[place]), 1), str(gender[place]), truth.arms[own_arm],
            str(disorder[place]), "ja" if place + 1 in truth.last_session else "nein", intake[place],
        ])  # fmt: skip
    return _csv(rows)


def _assay_files(
    truth: PlasmaTruth, sessions: Sessions, ids: list[str], random: np.random.Generator
) -> dict[str, bytes]:
    """The manifest, one workbook a plate, the spiked pools; high samples are diluted one to two before the assay.

    Extraction takes its share of every sample, not of the kit's standards and controls.
    """
    validation = generator(truth.validation_seed)
    calendars = staggered(truth.patients, dt.datetime(2016, 2, 1, 9), 9)
    own = truth.level_patient_sd * random.standard_normal(truth.patients)
    spread = truth.level_session_sd * random.standard_normal(len(sessions.patient))
    own[_steadiest_riser(sessions)] = np.log(truth.lowest_level / truth.level_median)
    before = truth.level_median * np.exp(own[sessions.patient] + spread)
    manifest: list[list[Cell]] = [["Probe", "Patient", "Sitzung", "Zeitpunkt", "Entnahme", "Verdünnung"]]
    extracts: dict[str, list[Extract]] = {patient: [] for patient in ids}
    for row, (patient, session) in enumerate(zip(sessions.patient, sessions.session, strict=True)):
        levels = {"vor": float(before[row]), "nach": max(float(before[row] + sessions.change[row]), 5.0)}
        dilution = 2 if max(levels.values()) > truth.diluted_above else 1
        for word, occasion in (("vor", "pre"), ("nach", "post")):
            sample = f"SIM-E{len(manifest):04d}"
            collected = calendars[patient].collected(int(session), occasion).strftime("%d.%m.%Y %H:%M")
            manifest.append([sample, ids[patient], int(session), word, collected, dilution])
            extracts[ids[patient]].append(Extract(sample, levels[word] * truth.recovery, dilution))
    last = _with_series(truth, _measured_again(truth, ids, extracts, validation), manifest, validation)
    pools = spiked_pools(truth.pools, truth.spikes, truth.recovery, truth.extraction_cv, truth.extractions, validation)
    files = {
        "plasma/proben.csv": _csv(manifest),
        "plasma/wiederfindung.csv": _csv([["Pool", "Zugabe", "Gemessen"], *map(list, pools)]),
    }
    runs = -(-truth.patients // PATIENTS_A_PLATE)
    for plate, people in enumerate(dealt(ids, runs), start=1):
        samples = [extract.dose() for patient in people for extract in extracts[patient]]
        tubes = run_tubes(ELISA, samples, REPLICATES, random)
        files[f"plasma/plate_{plate}.xlsx"] = _plate([*_blanks(random), *tubes], plate)
    tubes = run_tubes(ELISA, [extract.dose() for extract in last], REPLICATES, validation)
    files[f"plasma/plate_{runs + 1}.xlsx"] = _plate([*_blanks(validation), *tubes], runs + 1)
    return files


def _blanks(random: np.random.Generator) -> list[Tube]:
    return [Tube("BLK", round(0.045 + 0.002 * float(random.standard_normal()), 3)) for _ in range(BLANK_WELLS)]


def _measured_again(
    truth: PlasmaTruth, ids: list[str], extracts: dict[str, list[Extract]], random: np.random.Generator
) -> list[Extract]:
    """Incurred samples for the last plate, both of a session, so that its change stays within a run.

    Their first results move off by the scatter of repeats: analyses use the last result, which is the level.
    """
    eligible = [
        patient
        for patient in ids
        if min(extract.concentration for extract in extracts[patient]) > truth.repeated_above * truth.recovery
    ]
    again = []
    for number in np.sort(random.choice(len(eligible), truth.repeated_sessions, replace=False)):
        own = extracts[eligible[number]]
        first = 2 * int(random.integers(len(own) // 2))
        for place in (first, first + 1):
            again.append(own[place])
            off = float(np.exp(truth.repeat_sd * random.standard_normal()))
            own[place] = replace(own[place], concentration=own[place].concentration * off)
    return again


def _with_series(
    truth: PlasmaTruth, plate: list[Extract], manifest: list[list[Cell]], random: np.random.Generator
) -> list[Extract]:
    """The last plate with its highest samples after a session at further dilutions; the manifest gains their rows.

    The mean over a sample's dilutions, which its change is made of, is its level, and they run parallel.
    """
    plate = list(plate)
    steps = np.log([1, *truth.series])
    for place in sorted(range(1, len(plate), 2), key=lambda number: -plate[number].dose()[1])[: truth.series_samples]:
        whole = plate[place]
        shares = 1 + residual_draw(np.zeros(len(steps), dtype=int), steps[:, None], truth.series_cv**2, random)
        plate[place] = replace(whole, concentration=whole.concentration * float(shares[0]))
        row = next(row for row in manifest if row[0] == whole.sample)
        for times, share in zip(truth.series, shares[1:], strict=True):
            sample, dilution = f"SIM-E{len(manifest):04d}", whole.dilution * times
            manifest.append([sample, *row[1:-1], dilution])
            plate.append(Extract(sample, whole.concentration * float(share), dilution))
    return plate


def _steadiest_riser(sessions: Sessions) -> int:
    """The patient whose smallest change is the highest: a level near the limit of detection leaves room for it."""
    lowest = np.full(sessions.patient.max() + 1, np.inf)
    np.minimum.at(lowest, sessions.patient, sessions.change)
    return int(np.argmax(lowest))


def _plate(wells: list[Tube], plate: int) -> bytes:
    """A reader's workbook: the grid of optical densities below its header, the layout on a sheet of its own."""
    columns = range(1, 13)
    grid: list[list[Cell]] = [["", *columns]]
    layout: list[list[Cell]] = [["", *columns]]
    for row, letter in enumerate("ABCDEFGH"):
        held = [wells[place] if (place := 8 * column + row) < len(wells) else None for column in range(12)]
        grid.append([letter, *(well.signal if well else None for well in held)])
        layout.append([letter, *(well.label if well else None for well in held)])
    header: list[list[Cell]] = [
        ["SIMULATED plate reading; no person's data"],
        ["Plate", f"SIM-{plate}"],
        ["Wavelength", 450],
        [],
    ]
    sheets = [Sheet("OD450", [*header, *grid]), Sheet("Layout", layout)]
    return workbook(sheets, f"SIMULATED plate {plate}")


def _alliance(
    truth: PlasmaTruth, sessions: Sessions, ids: list[str], instruments: Instruments, random: np.random.Generator
) -> bytes:
    """WAI-SR after each session; in sessions with samples the bond follows the oxytocin change."""
    wai = form(instruments, "wai_sr")
    names = sorted(wai.items, key=int)
    outcome = truth.outcomes["bond"]
    levels = outcome.mean + outcome.patient_sd * random.standard_normal((truth.patients, 2))
    alliance = draw_courses(levels, truth.sessions, COURSE, random).alliance[:, :, 0]
    change = within(sessions.change, sessions.patient)
    left = residual_draw(sessions.patient, change[:, None], outcome.session_sd**2, random)
    alliance[sessions.patient, sessions.session - 1] = levels[sessions.patient, 0] + outcome.slope * change + left
    held = np.array([
        [session < truth.last_session.get(patient + 1, truth.sessions) for session in range(truth.sessions)]
        for patient in range(truth.patients)
    ])  # fmt: skip
    held &= random.random(held.shape) >= 0.02
    patient, session = np.nonzero(held)
    wanted = alliance[patient, session]
    scales = {name: wanted + 0.1 * random.standard_normal(len(wanted)) for name in ("bond", "task", "goal")}
    given = answers(wai, scales, ItemNoise(0.3, 0.4), patient, random)
    answered = with_gaps(len(patient), len(names), 0.008, random)
    rows: list[list[Cell]] = [["Patient", "Sitzung", *(f"WAISR_{item}" for item in names)]]
    for row in range(len(patient)):
        marks = [int(given[item][row]) if answered[row, column] else None for column, item in enumerate(names)]
        rows.append([ids[patient[row]], int(session[row]) + 1, *marks])
    return _csv(rows)


def _coder_sheets(
    truth: PlasmaTruth, sessions: Sessions, ids: list[str], instruments: Instruments, random: np.random.Generator
) -> dict[str, bytes]:
    """A csv a coder: counts by marker and segment; ratings of the whole session stand in its first segment's row."""
    system = coding_system(instruments, "3rs_2015")
    count, coders = len(sessions.patient), len(truth.coders)
    totals: dict[str, Array] = {}
    counts: dict[str, Array] = {}
    for outcome, group in OUTCOME_GROUPS.items():
        wanted = _outcome(truth, outcome, sessions, random)[:, None] + np.array(truth.coder_levels)
        drawn = wanted + truth.coder_sd * random.standard_normal((count, coders))
        totals[outcome] = np.clip(np.round(drawn), 0, None).astype(int)
        counts |= marker_counts(system, group, totals[outcome], random)
    counts = {code: segmented(values, truth.segments, random) for code, values in ordered(system, counts).items()}
    mean = {outcome: values.mean(axis=1) for outcome, values in totals.items()}
    rated = ordered(system, {
        "withdrawal_impact": ratings(impact(mean["withdrawal"], 0.4), coders, 0.4, random),
        "confrontation_impact": ratings(impact(mean["confrontation"], 0.6), coders, 0.4, random),
        "resolution_degree": ratings(1.8 + 0.4 * mean["resolution_attempts"], coders, 0.5, random),
        "therapist_contribution": ratings(1 + 0.4 * mean["confrontation"], coders, 0.5, random),
    })  # fmt: skip
    files = {}
    for place, coder in enumerate(truth.coders):
        rows: list[list[Cell]] = [["Patient", "Sitzung", "Segment", *counts, *rated]]
        for row in range(count):
            # Sessions go to the pairs A-B, B-C, C-A in turn: each coder leaves out every third.
            if (row + 1) % coders == (place + 2) % coders:
                continue
            for segment in range(truth.segments):
                marks = [int(values[row, place, segment]) for values in counts.values()]
                session_ratings = [int(values[row, place]) if segment == 0 else None for values in rated.values()]
                who = [ids[sessions.patient[row]], int(sessions.session[row]), segment + 1]
                rows.append([*who, *marks, *session_ratings])
        files[f"coders/coder_{coder}.csv"] = _csv(rows, ("SIMULATED coder sheet; no person's data. 3RS 2015",))
    return files


def _symptoms(
    truth: PlasmaTruth, ids: list[str], arm: Array, instruments: Instruments, random: np.random.Generator
) -> bytes:
    """BDI-II by item at intake and end, one row an item; those who dropped out have no end."""
    count = truth.patients
    bdi = form(instruments, "bdi2")
    intake = truth.bdi_intake[0] + truth.bdi_intake[1] * random.standard_normal(count)
    end = truth.bdi_end[0] + truth.bdi_end[1] * random.standard_normal(count) + truth.bdi_end_second_arm * arm
    rows: list[list[Cell]] = [["Patient", "Zeitpunkt", "Item", "Wert"]]
    for word, totals in (("Beginn", intake), ("Ende", end)):
        items = summed_answers(bdi, "bdi2", np.clip(np.round(totals), 1, 55), random)
        for place, patient in enumerate(ids):
            if word == "Ende" and place + 1 in truth.last_session:
                continue
            rows += [[patient, word, f"{int(item):02d}", int(values[place])] for item, values in items.items()]
    return _csv(rows)
