"""Do criteria and perspectives find ruptures in the same sessions?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from ruptureflow.agreement.two_by_two import fourfold
from ruptureflow.tables.ruptures import PERSPECTIVE_AGREEMENT

if TYPE_CHECKING:
    import pandas as pd


def compare_perspectives(ruptures: pd.DataFrame) -> pd.DataFrame:
    """Every pair of criterion × perspective × variable over the sessions that both could judge."""
    import pandas as pd

    verdicts = {}
    for (criterion, perspective, variable), part in ruptures.groupby(
        ["criterion", "perspective", "variable"], sort=False
    ):
        judged = part[part["rupture"].notna()].set_index(["patient", "session"])["rupture"].astype(bool)
        verdicts[f"{criterion}, {perspective}, {variable}"] = judged
    rows = []
    for first, second in combinations(verdicts, 2):
        both = pd.concat([verdicts[first], verdicts[second]], axis=1, join="inner").to_numpy(dtype=bool)
        table = fourfold(both[:, 0], both[:, 1])
        rows.append(
            {
                "first": first,
                "second": second,
                "n_sessions": table.n,
                "n_both": table.both,
                "n_first_only": table.first_only,
                "n_second_only": table.second_only,
                "n_neither": table.neither,
                "percent_agreement": 100 * table.agreement,
                "kappa": table.kappa,
                "pabak": table.pabak,
                "positive_agreement": table.positive_agreement,
                "negative_agreement": table.negative_agreement,
            }
        )
    return PERSPECTIVE_AGREEMENT.conform(pd.DataFrame(rows)) if rows else PERSPECTIVE_AGREEMENT.empty()
