"""How often each criterion finds a rupture, and in how many patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.tables.ruptures import BASE_RATES

if TYPE_CHECKING:
    import pandas as pd


def base_rates(ruptures: pd.DataFrame) -> pd.DataFrame:
    """Counts and shares by criterion, perspective and variable; sessions that could not be judged do not count."""
    import pandas as pd

    rows = []
    judged = ruptures[ruptures["rupture"].notna()]
    for (criterion, perspective, variable), part in judged.groupby(
        ["criterion", "perspective", "variable"], sort=False
    ):
        found = part[part["rupture"].astype(bool)]
        rows.append(
            {
                "criterion": criterion,
                "perspective": perspective,
                "variable": variable,
                "n_sessions": len(part),
                "n_ruptures": len(found),
                "percent_sessions": 100 * len(found) / len(part),
                "n_patients": part["patient"].nunique(),
                "n_patients_with_rupture": found["patient"].nunique(),
                "n_resolved": int(found["resolved"].sum()),
                "n_follow_up_complete": int(found["follow_up_complete"].sum()),
            }
        )
    return BASE_RATES.conform(pd.DataFrame(rows)) if rows else BASE_RATES.empty()
