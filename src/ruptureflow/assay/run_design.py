"""Are run and condition confounded? How occasion, session, role and the patients' arms are spread over the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.tables.assay import RUN_DESIGNS

if TYPE_CHECKING:
    import pandas as pd

OF_SAMPLE = ("occasion", "session", "role")
OF_PATIENT = ("arm", "gender", "personality_disorder", "therapist")
# Cramér's V from which a design is called nearly confounded: run then predicts the condition nine times in ten for two
# equal levels (V = .8: 90 % to 10 %).
NEARLY = 0.8


def run_design_rows(concentrations: pd.DataFrame, participants: pd.DataFrame | None, analyte: str) -> pd.DataFrame:
    """Spread of each condition with two or more levels over the runs of one analyte.

    Parameters
    ----------
    concentrations : rows of tables.assay.CONCENTRATIONS.
    participants : rows of tables.intake.PARTICIPANTS, for the patients' conditions; None to leave them out.
    """
    import pandas as pd

    own = concentrations[concentrations["analyte"].eq(analyte) & concentrations["run"].notna()]
    if own["run"].nunique() < 2:
        return RUN_DESIGNS.empty()
    conditions = {name: own[name] for name in OF_SAMPLE}
    if participants is not None and len(participants):
        by_patient = participants.drop_duplicates("patient").set_index("patient")
        conditions |= {name: own["patient"].map(by_patient[name]) for name in OF_PATIENT if name in by_patient.columns}
    rows = []
    for name, values in conditions.items():
        known = values.notna().to_numpy()
        counts = pd.crosstab(own["run"][known].astype(str), values[known].astype(str)).to_numpy(dtype=float)
        if counts.shape[0] < 2 or counts.shape[1] < 2:
            continue
        association = cramers_v(counts)
        confounded = bool(((counts > 0).sum(axis=1) == 1).all())
        note = _note(name, association, confounded)
        rows.append((analyte, name, counts.shape[1], counts.shape[0], association, confounded, note))
    return pd.DataFrame(rows, columns=RUN_DESIGNS.names) if rows else RUN_DESIGNS.empty()


def cramers_v(counts: np.ndarray) -> float:
    """Cramér's V of a table of counts, √(χ² / (n (min(rows, columns) − 1)))."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    chi2 = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi2 / (counts.sum() * (min(counts.shape) - 1))))


def _note(condition: str, association: float, confounded: bool) -> str:
    if confounded and condition == "therapist":
        return "each run holds one therapist's patients only: a difference between therapists may be one between runs"
    if confounded:
        return f"each run holds one level only: the effect of {condition} cannot be told from that of the run"
    if association >= NEARLY:
        return f"run and {condition} go nearly together: an effect of {condition} leans on few samples"
    return "levels are spread over the runs"
