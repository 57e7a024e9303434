"""Do criteria and perspectives find ruptures in the same sessions?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.kappa import kappa_of_tables
from ruptureflow.agreement.two_by_two import fourfold
from ruptureflow.ruptures.association import association
from ruptureflow.ruptures.base_rates import FEWEST_PATIENTS
from ruptureflow.tables.ruptures import PERSPECTIVE_AGREEMENT

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.agreement.patient_bootstrap import Bootstrap


def compare_perspectives(ruptures: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Every pair of criterion × perspective × variable over the sessions that both could judge, if there are any.

    Of two perspectives the observer's verdict is regressed on the other's, else the second on the first.
    """
    import pandas as pd

    verdicts, views = {}, {}
    for (criterion, perspective, variable), part in ruptures.groupby(
        ["criterion", "perspective", "variable"], sort=False
    ):
        judged = part[part["rupture"].notna()].set_index(["patient", "session"])["rupture"].astype(bool)
        verdicts[f"{criterion}, {perspective}, {variable}"] = judged
        views[f"{criterion}, {perspective}, {variable}"] = perspective
    rows = []
    for first, second in combinations(verdicts, 2):
        joined = pd.concat([verdicts[first], verdicts[second]], axis=1, join="inner")
        if joined.empty:
            continue
        both = joined.to_numpy(dtype=bool)
        patients, of_session = np.unique(
            np.asarray(joined.index.get_level_values("patient"), dtype=str), return_inverse=True
        )
        table = fourfold(both[:, 0], both[:, 1])
        low, high = _kappa_interval(both, of_session, len(patients), bootstrap)
        rows.append(
            {
                "first": first,
                "second": second,
                "n_sessions": table.n,
                "n_patients": len(patients),
                "n_both": table.both,
                "n_first_only": table.first_only,
                "n_second_only": table.second_only,
                "n_neither": table.neither,
                "percent_agreement": 100 * table.agreement,
                "kappa": table.kappa,
                "kappa_low": low,
                "kappa_high": high,
                "phi": table.phi,
                "mcnemar_p": table.mcnemar_p,
                "pabak": table.pabak,
                "positive_agreement": table.positive_agreement,
                "negative_agreement": table.negative_agreement,
                **_odds(both, of_session, (views[first], views[second]), bootstrap.level),
            }
        )
    names = PERSPECTIVE_AGREEMENT.names
    return (
        PERSPECTIVE_AGREEMENT.conform(pd.DataFrame(rows).reindex(columns=names))
        if rows
        else PERSPECTIVE_AGREEMENT.empty()
    )


def _odds(both: np.ndarray, patients: np.ndarray, views: tuple[str, str], level: float) -> dict[str, object]:
    """Columns of the odds ratio between two perspectives."""
    if views[0] == views[1]:
        return {"odds_outcome": None, "odds_note": "one perspective: its criteria agree by construction"}
    outcome = 0 if views[0] == "observer" else 1
    found = association(both[:, outcome], both[:, 1 - outcome], patients, level)
    return {
        "odds_outcome": ("first", "second")[outcome],
        "odds_ratio": found.odds_ratio,
        "odds_ratio_low": found.low,
        "odds_ratio_high": found.high,
        "odds_p": found.p_value,
        "odds_note": found.note or None,
    }


def _kappa_interval(
    both: np.ndarray, patients: np.ndarray, n_patients: int, bootstrap: Bootstrap
) -> tuple[float, float]:
    if n_patients < FEWEST_PATIENTS or not bootstrap.draws:
        return np.nan, np.nan
    tables = np.zeros((n_patients, 2, 2))
    np.add.at(tables, (patients, both[:, 0].astype(int), both[:, 1].astype(int)), 1)
    drawn = np.tensordot(bootstrap.weights(n_patients), tables, axes=1)
    return bootstrap.interval(kappa_of_tables(drawn, np.eye(2)), n_patients)
