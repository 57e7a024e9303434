"""Truth of `demo_plasma`: two arms, effects of our own choice in the metric of plasma."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlasmaOutcome:
    """An outcome of a session before it becomes whole numbers.

    Parameters
    ----------
    slope : outcome units per pg/mL of the within-patient part of the oxytocin change as measured.
    mean, patient_sd, session_sd : level, SD of patients' own levels, SD of sessions around them.
    second_arm : what the second arm adds.
    """

    slope: float
    mean: float
    patient_sd: float
    session_sd: float
    second_arm: float = 0.0


@dataclass(frozen=True)
class PlasmaTruth:
    """Population values; the latent slopes hold exactly in the sample, the whole numbers show them within rounding.

    `last_session` gives the patients that dropped out. Coders differ in level by `coder_levels` and, from session to
    session, by `coder_sd`; two of three code each session, in turn. One patient's level is `lowest_level`, about the
    assay's limit of detection.

    Extraction recovers the share `recovery` of every sample; `pools` (content before extraction) and `spikes` show it,
    each extracted `extractions` times with a CV of `extraction_cv`. Both samples of `repeated_sessions` sessions,
    one a patient, are measured again on a last plate: the repeat is the level, the first result lies off by `repeat_sd`
    (of the log). The highest `series_samples` of them after a session are there also `series` times more diluted; the
    mean over a sample's dilutions is its level, their scatter `series_cv`.
    """

    seed: int = 4711
    patients: int = 28
    therapists: int = 8
    arms: tuple[str, str] = ("CBT", "AFT")
    sessions: int = 16
    assay_sessions: tuple[int, ...] = (3, 6, 9, 12)
    last_session: Mapping[int, int] = field(default_factory=lambda: {8: 10, 21: 11})
    female: int = 15
    personality_disorder: int = 9
    age_sd: float = 10.0
    hrsd_total: int = 574
    hrsd_sd: float = 4.5
    change_mean: float = 8.0
    change_sd: float = 26.0
    between_share: float = 0.30
    level_median: float = 150.0
    level_patient_sd: float = 0.35
    level_session_sd: float = 0.12
    lowest_level: float = 8.0
    diluted_above: float = 300.0
    validation_seed: int = 4712
    recovery: float = 0.85
    pools: Mapping[str, float] = field(default_factory=lambda: {"SIM-POOL-1": 60.0, "SIM-POOL-2": 150.0})
    spikes: tuple[float, ...] = (100.0, 250.0)
    extractions: int = 3
    extraction_cv: float = 0.03
    repeated_sessions: int = 11
    repeated_above: float = 30.0
    repeat_sd: float = 0.08
    series_samples: int = 2
    series: tuple[int, ...] = (2, 4, 6)
    series_cv: float = 0.03
    outcomes: Mapping[str, PlasmaOutcome] = field(
        default_factory=lambda: {
            "bond": PlasmaOutcome(-0.0045, 3.7, 0.40, 0.38),
            "confrontation": PlasmaOutcome(0.018, 1.8, 0.7, 1.2),
            "withdrawal": PlasmaOutcome(0.002, 2.6, 0.9, 1.3),
            "resolution_attempts": PlasmaOutcome(0.016, 2.8, 0.8, 1.2, second_arm=0.8),
        }
    )
    coders: tuple[str, ...] = ("A", "B", "C")
    coder_levels: tuple[float, ...] = (0.0, 0.3, -0.2)
    coder_sd: float = 0.55
    segments: int = 4
    bdi_intake: tuple[float, float] = (28.0, 7.0)
    bdi_end: tuple[float, float] = (15.0, 7.0)
    bdi_end_second_arm: float = -2.0


PLASMA = PlasmaTruth()
