"""Incurred-sample reanalysis: samples measured again in a later run, against their first result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import REANALYSIS

if TYPE_CHECKING:
    import pandas as pd

SHARE_NEEDED = 2 / 3


def reanalysis_rows(concentrations: pd.DataFrame, analyte: str, settings: AssaySettings) -> pd.DataFrame:
    """First and last result of every sample of one analyte that was measured in two or more runs.

    The difference is (repeat − first) ÷ mean of both, within 30 % for two thirds of the repeats (ICH M10); the share
    stands in every row.
    """
    import pandas as pd

    own = concentrations[concentrations["analyte"].eq(analyte) & (concentrations["concentration"] > 0)]
    own = own[own.duplicated("sample", keep=False)]
    rows = []
    for sample, results in own.groupby("sample", sort=False):
        first, repeat = results.iloc[0], results.iloc[-1]
        before, after = float(first["concentration"]), float(repeat["concentration"])
        difference = 100 * (after - before) / ((after + before) / 2)
        within = abs(difference) <= settings.reanalysis_limit
        rows.append((analyte, sample, first["run"], repeat["run"], before, after, first["unit"], difference, within))
    if not rows:
        return REANALYSIS.empty()
    share = float(np.mean([row[-1] for row in rows]))
    return pd.DataFrame(rows, columns=REANALYSIS.names[:-2]).assign(
        share_within=100 * share, acceptable=share >= SHARE_NEEDED
    )
