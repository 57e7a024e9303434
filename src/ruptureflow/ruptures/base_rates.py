"""How often each criterion finds a rupture, and in how many patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.tables.ruptures import BASE_RATES

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.agreement.patient_bootstrap import Bootstrap

FEWEST_PATIENTS = 10
"""Below this no clustered interval is given: so few patients say too little about patients."""


def base_rates(ruptures: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Counts and shares by criterion, perspective and variable; sessions that could not be judged do not count."""
    import pandas as pd

    rows = []
    judged = ruptures[ruptures["rupture"].notna()]
    for (criterion, perspective, variable), part in judged.groupby(
        ["criterion", "perspective", "variable"], sort=False
    ):
        found = part[part["rupture"].astype(bool)]
        low, high = _interval(part, bootstrap)
        rows.append(
            {
                "criterion": criterion,
                "perspective": perspective,
                "variable": variable,
                "n_sessions": len(part),
                "n_ruptures": len(found),
                "percent_sessions": 100 * len(found) / len(part),
                "percent_low": low,
                "percent_high": high,
                "n_patients": part["patient"].nunique(),
                "n_patients_with_rupture": found["patient"].nunique(),
                "n_resolved": int(found["resolved"].sum()),
                "n_follow_up_complete": int(found["follow_up_complete"].sum()),
            }
        )
    return BASE_RATES.conform(pd.DataFrame(rows)) if rows else BASE_RATES.empty()


def _interval(judged: pd.DataFrame, bootstrap: Bootstrap) -> tuple[float, float]:
    flags = judged["rupture"].astype(float)
    by_patient = flags.groupby(judged["patient"]).agg(["sum", "count"]).to_numpy(dtype=float)
    if len(by_patient) < FEWEST_PATIENTS or not bootstrap.draws:
        return np.nan, np.nan
    found, sessions = (bootstrap.weights(len(by_patient)) @ by_patient).T
    return bootstrap.interval(100 * found / sessions, len(by_patient))
