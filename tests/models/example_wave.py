"""A small wave as earlier stages hand it over, with known slopes: 22 patients, sessions 4, 8, 12, 16."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ruptureflow.config.models import ModelSettings
from ruptureflow.config.wave import Wave
from ruptureflow.config.waves import WaveRow
from ruptureflow.tables import agreement, assay, intake, ruptures
from ruptureflow.tables.schema import Table

SESSIONS = (4, 8, 12, 16)
PATIENTS = [f"P{number:02d}" for number in range(1, 23)]
ROW = WaveRow(wave="example", folder="data/example", origin="simulated")
WAVE = Wave.model_validate(
    {
        "title": "example",
        "design": {"sessions": list(SESSIONS), "assay_sessions": list(SESSIONS), "time_origin": 4, "time_step": 4},
        "analytes": [{"name": "oxytocin", "matrix": "saliva", "unit": "pg/mL", "method": "RIA"}],
        "files": [{"kind": "participants", "path": "participants.csv"}],
    }
)
OUTCOMES = ("bond", "confrontation")
SETTINGS = ModelSettings.model_validate(
    {
        "center": ["oxytocin_change", "therapist_oxytocin_change"],
        "df_methods": ["satterthwaite", "containment", "between-within"],
        "analyses": [
            {
                "analysis": "change",
                "question": "Does oxytocin rise?",
                "primary_term": "Intercept",
                "models": [{"model": "mean", "outcomes": ["oxytocin_change"], "formula": "{outcome} ~ 1"}],
            },
            {
                "analysis": "rupture",
                "question": "Do ruptures go with oxytocin?",
                "primary_term": "oxytocin_change_within",
                "models": [
                    {
                        "model": "within_between",
                        "outcomes": list(OUTCOMES),
                        "formula": "{outcome} ~ time + oxytocin_change_within + oxytocin_change_between",
                        "standardise": ["oxytocin_change_within"],
                    }
                ],
            },
        ],
    }
)


def filled(table: Table, **columns: Any) -> pd.DataFrame:
    """A frame of a hand-over table; columns not given are empty."""
    frame = pd.DataFrame(columns)
    return table.conform(frame.reindex(columns=[*table.names, *(c for c in frame if c not in table.names)]))


def settings(**changes: Any) -> ModelSettings:
    """The example's plan with some keys changed."""
    return ModelSettings.model_validate(SETTINGS.model_dump() | changes)


def one_model(**model: Any) -> ModelSettings:
    """A plan of one model of bond; its answer is the intercept unless `primary_term` says otherwise."""
    primary = model.pop("primary_term", "Intercept")
    given = {"model": "m", "outcomes": ["bond"], "formula": "{outcome} ~ time"} | model
    analysis = {"analysis": "a", "question": "?", "primary_term": primary, "models": [given]}
    return settings(analyses=[analysis])


def hand_over(seed: int = 7) -> dict[str, pd.DataFrame]:
    """participants, changes, coded, scores and ruptures; bond falls by .25 a unit of oxytocin within patients."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(PATIENTS, len(SESSIONS))
    session = np.tile(SESSIONS, len(PATIENTS))
    n = len(patient)
    change = np.repeat(rng.normal(0.82, 0.6, len(PATIENTS)), len(SESSIONS)) + rng.normal(0, 0.75, n)
    bond = 5 + np.repeat(rng.normal(0, 0.5, len(PATIENTS)), len(SESSIONS)) - 0.25 * change + rng.normal(0, 0.4, n)
    return {
        "participants": filled(
            intake.PARTICIPANTS,
            patient=PATIENTS,
            therapist=["T1", "T2"] * 11,
            age=rng.integers(20, 60, 22),
            gender=["f", "m"] * 11,
            personality_disorder=[number % 3 == 0 for number in range(22)],
            source_file="participants.csv",
            source_row=range(2, 24),
        ),
        "changes": filled(
            assay.CHANGES,
            patient=patient,
            role="patient",
            session=session,
            analyte="oxytocin",
            matrix="saliva",
            unit="pg/mL",
            pre=5.0,
            post=5 + change,
            change=change,
            log_ratio=np.log1p(change / 5),
            used=True,
        ),
        "coded": filled(
            agreement.CODED,
            patient=patient,
            session=session,
            instrument="3rs_2009",
            code="confrontation",
            value=np.exp(0.3 + 0.3 * change + rng.normal(0, 0.3, n)),
            n_coders=2,
            coders="A;B",
        ),
        "scores": filled(
            agreement.SCORES,
            patient=[*patient, *PATIENTS],
            role="patient",
            timepoint=["session"] * n + ["intake"] * 22,
            session=[*session, *[0] * 22],
            instrument=["wai_s"] * n + ["hrsd17"] * 22,
            scale=["bond"] * n + ["depression"] * 22,
            score=[*bond, *rng.integers(14, 30, 22)],
            origin="items",
        ),
        "ruptures": filled(
            ruptures.RUPTURES,
            patient=patient,
            session=session,
            criterion="point-drop",
            perspective="patient",
            variable="bond",
            rupture=rng.random(n) < 0.3,
        ),
    }
