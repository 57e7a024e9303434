"""`demo_dyads`: patients and their therapists, both giving saliva and both answering after every session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from ruptureflow.simulate.assays import dealt, run_tubes
from ruptureflow.simulate.courses import Course, Courses, draw_courses
from ruptureflow.simulate.describing import Instruments, described, form
from ruptureflow.simulate.kits import CONCENTRATION_FACTOR, COUNTER_HEADINGS, RIA, counter_line
from ruptureflow.simulate.moments import Array, generator, residual_draw, whole_numbers
from ruptureflow.simulate.questionnaires import ItemNoise, answers, with_gaps
from ruptureflow.simulate.schedule import Calendar, staggered
from ruptureflow.simulate.text_files import Cell, text_file
from ruptureflow.simulate.truth.dyads import DYADS, DyadsTruth

ROLES = ("patient", "therapist")
COURSE = Course(
    trend=0.015,
    session_sd=0.45,
    inertia=0.4,
    shared=0.35,
    rupture_chance=0.06,
    rupture_depth=(1.0, 2.2),
    therapist_share=0.5,
    repair_chance=0.7,
)
# Shares of questionnaires not filled in after a session and of single items left out.
SKIPPED = 0.03
ITEM_GAPS = 0.006


@dataclass(frozen=True)
class Dyads:
    """What the dyads are, before it becomes answers and counts; arrays with one row a dyad.

    `change` is dyads × assay sessions × roles, `held` dyads × sessions: sessions before the dropout.
    """

    ids: list[str]
    avoidance: Array
    anxiety: Array
    synchrony: Array
    change: Array
    courses: Courses
    held: Array


def dyads_wave(instruments: Instruments, truth: DyadsTruth = DYADS) -> dict[str, bytes]:
    """All files of the wave by path."""
    random = generator(truth.seed)
    dyads = _dyads(truth, random)
    calendars = staggered(truth.dyads, dt.datetime(2014, 9, 1, 9), 11)
    files = described("demo_dyads")
    files["participants.csv"] = _participants(truth, dyads, random)
    files |= _assay_files(truth, dyads, calendars, random)
    files |= _alliance(dyads, instruments, random)
    files["after_session/seq.csv"] = _session_outcome(truth, dyads, instruments, random)
    files["after_session/psq.csv"] = _reported_ruptures(dyads, random)
    files["intake/ecr.csv"] = _attachment(dyads, instruments, random)
    return files


def _dyads(truth: DyadsTruth, random: np.random.Generator) -> Dyads:
    count = truth.dyads
    avoidance, anxiety = random.standard_normal(count), random.standard_normal(count)
    synchrony = truth.synchrony_z + truth.synchrony_on_avoidance * avoidance + 0.15 * random.standard_normal(count)
    rho = np.tanh(synchrony)[:, None]
    first, second = _unrelated(count, len(truth.assay_sessions), random)
    inner = truth.change_session_sd * np.stack([first, rho * first + np.sqrt(1 - rho**2) * second], axis=-1)
    outer = truth.change_dyad_sd * random.standard_normal((count, 1, 2))
    change = np.array(truth.change_mean) + outer + inner
    correlation = truth.alliance_correlation
    drawn = random.standard_normal((count, 2)) @ np.array([[1, correlation], [0, np.sqrt(1 - correlation**2)]])
    levels = np.array(truth.alliance_mean) + np.array(truth.alliance_sd) * drawn
    for dyad in truth.last_session:
        levels[dyad - 1, 0] -= 0.5
    courses = draw_courses(levels, truth.sessions, COURSE, random)
    for place, session in enumerate(truth.assay_sessions):
        courses.alliance[:, session - 1, 0] += truth.bond_on_change * inner[:, place, 0]
    held = np.ones((count, truth.sessions), dtype=bool)
    for dyad, last in truth.last_session.items():
        held[dyad - 1, last:] = False
    ids = [f"SIM-D{number:02d}" for number in range(1, count + 1)]
    return Dyads(ids, avoidance, anxiety, synchrony, change, courses, held)


def _unrelated(dyads: int, sessions: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Two standard draws, dyads × sessions, uncorrelated within dyads over all of them, as chance may have it in each.

    Else the pooled correlation of 145 sessions would miss its truth by .08 either way.
    """
    group = np.repeat(np.arange(dyads), sessions)
    first = residual_draw(group, np.empty((len(group), 0)), 1.0, random)
    second = residual_draw(group, first[:, None], 1.0, random)
    return first.reshape(dyads, sessions), second.reshape(dyads, sessions)


def _participants(truth: DyadsTruth, dyads: Dyads, random: np.random.Generator) -> bytes:
    count = truth.dyads
    ages = whole_numbers(count, truth.age_total, truth.age_sd, 19, 62, random)
    intake = whole_numbers(count, truth.hrsd_total, truth.hrsd_sd, 14, 33, random)
    centred = dyads.synchrony - dyads.synchrony.mean()
    end = truth.end_mean + truth.end_on_synchrony * centred + truth.end_sd * random.standard_normal(count)
    end = np.clip(np.round(end + 0.4 * (np.array(intake) - np.mean(intake))), 0, 40).astype(int)
    gender = random.permutation(["female"] * truth.female + ["male"] * (count - truth.female))
    disorder = random.permutation(["yes"] * truth.personality_disorder + ["no"] * (count - truth.personality_disorder))
    therapist = random.permutation([f"SIM-T{1 + place % truth.therapists:02d}" for place in range(count)])
    arm = random.permutation(["supportive", "supportive-expressive"] * (count // 2) + ["supportive"] * (count % 2))
    rows: list[list[Cell]] = [
        ["dyad", "therapist", "age", "gender", "arm", "personality_disorder", "dropout", "hrsd_intake", "hrsd_end"]
    ]
    for place, dyad in enumerate(dyads.ids):
        left = place + 1 in truth.last_session
        # Of those who left, only the last two came back for the interview at the end.
        seen = not left or truth.last_session[place + 1] > 21
        rows.append([
            dyad, str(therapist[place]), ages[place], str(gender[place]), str(arm[place]), str(disorder[place]),
            "yes" if left else "no", intake[place], int(end[place]) if seen else None,
        ])  # fmt: skip
    return text_file(rows)


def _assay_files(
    truth: DyadsTruth, dyads: Dyads, calendars: list[Calendar], random: np.random.Generator
) -> dict[str, bytes]:
    """A manifest whose sample ids say whose and when, and one long counter list of all runs."""
    levels = np.array([14.0, 15.5]) * np.exp(0.22 * random.standard_normal((truth.dyads, 1, 2)))
    before = levels * np.exp(0.10 * random.standard_normal(dyads.change.shape))
    lost = set(truth.lost_samples)
    manifest: list[list[Cell]] = [["sample", "collected"]]
    doses: dict[str, list[tuple[str, float]]] = {dyad: [] for dyad in dyads.ids}
    for dyad, name in enumerate(dyads.ids):
        for place, session in enumerate(truth.assay_sessions):
            for role_place, role in enumerate(ROLES):
                for occasion in ("pre", "post"):
                    if not dyads.held[dyad, session - 1] or (dyad + 1, session, role, occasion) in lost:
                        continue
                    sample = f"{name}_S{session:02d}_{role}_{occasion}"
                    collected = calendars[dyad].collected(session, occasion)
                    manifest.append([sample, collected.strftime("%Y-%m-%d %H:%M")])
                    rise = dyads.change[dyad, place, role_place] if occasion == "post" else 0.0
                    level = max(float(before[dyad, place, role_place] + rise), 1.0)
                    doses[name].append((sample, level * CONCENTRATION_FACTOR))
    rows: list[list[Cell]] = [["Run", *COUNTER_HEADINGS]]
    for run, people in enumerate(dealt(dyads.ids, truth.runs), start=1):
        samples = [dose for dyad in people for dose in doses[dyad]]
        tubes = run_tubes(RIA, samples, {"reagent": 3, "standard": 3, "control": 2}, random)
        rows += [[f"SIM-RIA-{run:02d}", *counter_line(place, tube)] for place, tube in enumerate(tubes, start=1)]
    preamble = ["SIMULATED gamma counter list; no person's data. Oxytocin RIA"]
    return {"saliva/samples.csv": text_file(manifest), "saliva/counter_list.csv": text_file(rows, preamble)}


def _occasions(dyads: Dyads, random: np.random.Generator) -> tuple[Array, Array]:
    """Dyad and session (from 0) of every questionnaire that was filled in."""
    filled = dyads.held & (random.random(dyads.held.shape) >= SKIPPED)
    dyad, session = np.nonzero(filled)
    return dyad, session


def _alliance(dyads: Dyads, instruments: Instruments, random: np.random.Generator) -> dict[str, bytes]:
    """WAI-S of both partners after every session, a file a role."""
    wai = form(instruments, "wai_s")
    names = sorted(wai.items, key=int)
    files = {}
    for place, role in enumerate(ROLES):
        dyad, session = _occasions(dyads, random)
        alliance = dyads.courses.alliance[dyad, session, place]
        scales = {
            name: alliance + offset + 0.2 * random.standard_normal(len(alliance))
            for name, offset in (("bond", 0.2), ("task", -0.1), ("goal", 0.0))
        }
        given = answers(wai, scales, ItemNoise(0.4, 0.5), dyad, random)
        answered = with_gaps(len(dyad), len(names), ITEM_GAPS, random)
        rows: list[list[Cell]] = [["dyad", "session", *(f"wai{int(item):02d}" for item in names)]]
        for row in range(len(dyad)):
            marks = [int(given[item][row]) if answered[row, column] else None for column, item in enumerate(names)]
            rows.append([dyads.ids[dyad[row]], int(session[row]) + 1, *marks])
        files[f"after_session/wai_{role}.csv"] = text_file(rows)
    return files


def _session_outcome(truth: DyadsTruth, dyads: Dyads, instruments: Instruments, random: np.random.Generator) -> bytes:
    """Session Evaluation Questionnaire of both partners: outcome of own and partner's alliance."""
    seq = form(instruments, "seq")
    names = sorted(seq.items, key=int)
    alliance = dyads.courses.alliance
    deviation = alliance - alliance.mean(axis=1, keepdims=True)
    rows: list[list[Cell]] = [["dyad", "role", "session", *(f"seq_{item}" for item in names)]]
    for place, role in enumerate(ROLES):
        own = 4.8 + 0.4 * random.standard_normal(len(dyads.ids))
        felt = truth.actor[place] * deviation[:, :, place] + truth.partner[place] * deviation[:, :, 1 - place]
        outcome = own[:, None] + felt + truth.outcome_sd * random.standard_normal(felt.shape)
        dyad, session = _occasions(dyads, random)
        wanted = outcome[dyad, session]
        smooth = 0.5 * (wanted - 4.8) + 4.5 + 0.5 * random.standard_normal(len(wanted))
        given = answers(seq, {"depth": wanted, "smoothness": smooth}, ItemNoise(0.4, 0.7), dyad, random)
        given["1"] = np.clip(np.round(wanted), 1, 7).astype(int)
        for row in range(len(dyad)):
            marks = [int(given[item][row]) for item in names]
            rows.append([dyads.ids[dyad[row]], role, int(session[row]) + 1, *marks])
    return text_file(rows)


def _reported_ruptures(dyads: Dyads, random: np.random.Generator) -> bytes:
    """PSQ: whether there was a rupture, and only then how intense and how far resolved."""
    fall = dyads.courses.fall
    alliance = dyads.courses.alliance
    rows: list[list[Cell]] = [["dyad", "role", "session", "rupture_presence", "rupture_intensity", "resolution_degree"]]
    for place, role in enumerate(ROLES):
        # Therapists report more ruptures than patients.
        threshold = (1.9, 1.2)[place]
        strain = 2.2 * -fall[:, :, place] / (1.0, COURSE.therapist_share)[place]
        dyad, session = _occasions(dyads, random)
        for row, at in zip(dyad, session, strict=True):
            noise = random.logistic()
            present = int(strain[row, at] + noise > threshold)
            marks: list[Cell] = [present, None, None]
            if present:
                following = alliance[row, min(at + 1, alliance.shape[1] - 1), place] - alliance[row, at, place]
                intensity = 2 + 0.6 * strain[row, at] + 0.7 * random.standard_normal()
                degree = 3 + following + 0.7 * random.standard_normal()
                marks[1:] = [int(np.clip(np.round(value), 1, 5)) for value in (intensity, degree)]
            rows.append([dyads.ids[row], role, int(at) + 1, *marks])
    return text_file(rows)


def _attachment(dyads: Dyads, instruments: Instruments, random: np.random.Generator) -> bytes:
    """Experiences in Close Relationships at intake, with a few items left out."""
    ecr = form(instruments, "ecr")
    names = sorted(ecr.items, key=int)
    scales = {"attachment_avoidance": 3.4 + 0.9 * dyads.avoidance, "attachment_anxiety": 3.8 + 0.9 * dyads.anxiety}
    given = answers(ecr, scales, ItemNoise(0.8, 0.6), np.arange(len(dyads.ids)), random)
    answered = with_gaps(len(dyads.ids), len(names), ITEM_GAPS, random)
    rows: list[list[Cell]] = [["dyad", *(f"ecr_{item}" for item in names)]]
    for row, dyad in enumerate(dyads.ids):
        marks = [int(given[item][row]) if answered[row, column] else None for column, item in enumerate(names)]
        rows.append([dyad, *marks])
    return text_file(rows)
