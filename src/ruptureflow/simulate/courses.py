"""Courses of the alliance over a treatment: an own level, a trend, inertia from session to session, and ruptures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.simulate.moments import Array


@dataclass(frozen=True)
class Course:
    """What the courses of many people have in common.

    Parameters
    ----------
    trend : change a session.
    session_sd : SD of the deviation from a person's own line, ruptures apart.
    inertia : correlation of that deviation from one session to the next.
    shared : correlation of the two partners' deviations.
    rupture_chance : chance that a session begins a rupture.
    rupture_depth : lowest and highest fall of the patient's alliance, in points.
    therapist_share : part of the fall that the therapist feels.
    repair_chance : chance that it comes back within one to three sessions; else half of the fall stays.
    """

    trend: float
    session_sd: float
    inertia: float
    shared: float
    rupture_chance: float
    rupture_depth: tuple[float, float]
    therapist_share: float
    repair_chance: float


@dataclass(frozen=True)
class Courses:
    """Alliance of everybody: people × sessions × (patient, therapist); `fall` is the part that is rupture, ≤ 0."""

    alliance: Array
    fall: Array


def draw_courses(levels: Array, sessions: int, course: Course, random: np.random.Generator) -> Courses:
    """Courses of people with the given levels (people × two partners)."""
    people = len(levels)
    inner = _deviations(people, sessions, course, random)
    fall = np.zeros((people, sessions))
    for person in range(people):
        session = 2
        while session < sessions:
            if random.random() < course.rupture_chance:
                session += _add_rupture(fall[person], session, course, random)
            session += 1
    both = fall[:, :, None] * np.array([1.0, course.therapist_share])
    line = course.trend * np.arange(sessions)
    return Courses(levels[:, None, :] + line[None, :, None] + inner + both, both)


def _deviations(people: int, sessions: int, course: Course, random: np.random.Generator) -> Array:
    mixing = np.array([[1.0, 0.0], [course.shared, np.sqrt(1 - course.shared**2)]])
    drawn = random.standard_normal((sessions, people, 2)) @ mixing.T
    deviations = np.zeros((people, sessions, 2))
    deviations[:, 0] = drawn[0]
    for session in range(1, sessions):
        before = course.inertia * deviations[:, session - 1]
        deviations[:, session] = before + np.sqrt(1 - course.inertia**2) * drawn[session]
    return course.session_sd * deviations


def _add_rupture(fall: Array, session: int, course: Course, random: np.random.Generator) -> int:
    """Lower one person's course from a session on; returns for how many sessions nothing new begins."""
    depth = random.uniform(*course.rupture_depth)
    length = int(random.integers(1, 4))
    fall[session : session + length] -= depth
    if random.random() >= course.repair_chance:
        fall[session + length : session + length + 8] -= depth / 2
        return length + 8
    return length + 1
