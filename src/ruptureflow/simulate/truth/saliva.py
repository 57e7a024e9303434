"""Truth of `demo_saliva`: the figures that Zilcha-Mano, Porat, Dolev & Shamay-Tsoory (2018) print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Association:
    """A within-patient slope on oxytocin change as measured, its standard error, and the outcome's other parts.

    Parameters
    ----------
    slope : outcome units per pg/mL.
    std_error : the printed slope over the printed t; the printed standard error where t is near zero.
    mean : at the first coded session of a typical patient.
    per_step : trend over four sessions.
    between_slope : on the patient's mean change; not published.
    patient_sd : SD of the patients' own levels; not published.
    icc : ICC(2,1) of two coders, where coders give it.
    """

    slope: float
    std_error: float
    mean: float
    per_step: float
    between_slope: float
    patient_sd: float
    icc: float | None = None


@dataclass(frozen=True)
class SalivaTruth:
    """The 2018 design and what its data show, in the metric of the measured change (assay noise included).

    `lost_pairs` are patient and session whose saliva got lost; `blank_page` is the row of the questionnaires whose
    last page is empty; `not_interviewed` and `padded_id` are patients' places in the list.

    `between_share` is not printed; 1.01 as SD of sessions and the printed standard error of the mean imply .41–.45.
    `age_total` and `hrsd_total` are the only totals of whole numbers that the printed means, truncated, allow.
    The seed is one of thirty: with it the runs' estimated curves, which no calibration here may know, move the mean
    and SD of the change by less than 0.002 (others by up to 0.02).
    """

    seed: int = 2021
    wave: str = "demo_saliva"
    runs: int = 4
    blank_page: int = 37
    not_interviewed: tuple[int, ...] = (3, 16)
    padded_id: int = 6
    patients: int = 22
    therapists: int = 5
    sessions: tuple[int, ...] = (4, 8, 12, 16)
    lost_pairs: tuple[tuple[int, int], ...] = ((9, 16), (17, 12))
    female: int = 14
    personality_disorder: int = 12
    age_total: int = 665
    age_sd: float = 7.9
    hrsd_total: int = 471
    hrsd_sd: float = 3.92
    hrsd_end_mean: float = 12.0
    change_mean: float = 0.82
    change_sd: float = 1.01
    between_share: float = 0.43
    level_median: float = 14.0
    level_patient_sd: float = 0.22
    level_session_sd: float = 0.10
    outcomes: Mapping[str, Association] = field(
        default_factory=lambda: {
            "bond": Association(-0.25, 0.25 / 3.13, 5.3, 0.08, -0.10, 0.55),
            "confrontation": Association(0.79, 0.79 / 3.26, 3.0, -0.10, 0.40, 1.0, icc=0.90),
            "withdrawal": Association(0.006, 0.22, 4.6, -0.05, 0.10, 1.2, icc=0.95),
            "resolution_attempts": Association(0.64, 0.64 / 3.43, 4.4, 0.10, 0.30, 1.0, icc=0.94),
        }
    )


SALIVA = SalivaTruth()
TINY = SalivaTruth(
    seed=5,
    wave="tiny",
    runs=1,
    blank_page=4,
    not_interviewed=(3,),
    padded_id=1,
    patients=5,
    therapists=2,
    sessions=(1, 2, 3),
    lost_pairs=(),
    female=3,
    personality_disorder=2,
    age_total=151,
    hrsd_total=107,
)
"""Five patients and three sessions, for tests of the whole way; too few for the figures to be met."""
