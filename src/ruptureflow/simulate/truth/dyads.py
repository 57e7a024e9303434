"""Truth of `demo_dyads`: the design of the oxytocin synchrony study, with effects of our own choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DyadsTruth:
    """Population values; the data show them within sampling error.

    `last_session` gives the dyads that dropped out and their last session; those gone before session 16 lose its four
    samples, `lost_samples` (dyad, session, role, occasion) are lost besides: 592 − 8 − 4 = 580.

    Session outcome: `actor` and `partner` are slopes of a role's outcome on the within-dyad part of its own and of the
    partner's alliance. Synchrony: the correlation of both partners' within-dyad oxytocin changes is
    tanh(synchrony_z + synchrony_on_avoidance × avoidance), avoidance standardised; a unit of Fisher z lowers the
    symptoms at the end by `end_on_synchrony`.
    """

    seed: int = 1637
    dyads: int = 37
    therapists: int = 12
    sessions: int = 30
    assay_sessions: tuple[int, ...] = (4, 8, 12, 16)
    last_session: Mapping[int, int] = field(default_factory=lambda: {6: 13, 19: 15, 11: 19, 24: 21, 30: 24, 35: 27})
    lost_samples: tuple[tuple[int, int, str, str], ...] = (
        (3, 8, "therapist", "post"),
        (14, 4, "patient", "pre"),
        (22, 12, "patient", "post"),
        (33, 16, "therapist", "pre"),
    )
    runs: int = 8
    female: int = 22
    personality_disorder: int = 15
    age_total: int = 1258
    age_sd: float = 9.5
    hrsd_total: int = 744
    hrsd_sd: float = 4.3
    alliance_mean: tuple[float, float] = (5.2, 5.0)
    alliance_sd: tuple[float, float] = (0.6, 0.5)
    alliance_correlation: float = 0.4
    change_mean: tuple[float, float] = (0.8, 0.5)
    change_dyad_sd: float = 0.6
    change_session_sd: float = 0.8
    bond_on_change: float = -0.20
    synchrony_z: float = 0.45
    synchrony_on_avoidance: float = -0.35
    actor: tuple[float, float] = (0.50, 0.50)
    partner: tuple[float, float] = (0.0, 0.30)
    outcome_sd: float = 0.7
    end_mean: float = 11.0
    end_on_synchrony: float = -4.0
    end_sd: float = 4.0


DYADS = DyadsTruth()
