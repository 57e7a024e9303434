"""QC samples: measured against their nominal values and against their own history over runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.runs import RunResult
from ruptureflow.config.plan import AssaySettings
from ruptureflow.config.wave import Analyte
from ruptureflow.tables.assay import QUALITY_CONTROLS

if TYPE_CHECKING:
    import pandas as pd


def control_rows(runs: list[RunResult], analyte: Analyte, settings: AssaySettings) -> pd.DataFrame:
    """Every QC level of every run: concentration, CV, deviation from nominal, z against the level's mean over runs."""
    import pandas as pd

    frames = []
    for result in runs:
        measured = result.controls
        if measured is None or not len(measured.groups.names):
            continue
        frames.append(
            pd.DataFrame(
                {
                    "analyte": analyte.name,
                    "run": result.tubes.run,
                    "level": measured.groups.names,
                    "nominal": result.control_nominal,
                    "n_tubes": measured.groups.count,
                    "concentration": measured.dose,
                    "unit": analyte.unit,
                    "cv": measured.cv,
                }
            )
        )
    if not frames:
        return QUALITY_CONTROLS.empty()
    rows = pd.concat(frames, ignore_index=True)
    rows["deviation"] = 100 * (rows["concentration"] / rows["nominal"].where(rows["nominal"] > 0) - 1)
    by_level = rows.groupby("level")["concentration"]
    rows["z"] = (rows["concentration"] - by_level.transform("mean")) / by_level.transform("std").replace(0, np.nan)
    rows["within_limits"] = (
        (rows["deviation"].abs() <= settings.qc_limit).astype("boolean").mask(rows["deviation"].isna())
    )
    rows["flags"] = np.where(rows["within_limits"].eq(False).fillna(False), "outside limits", None)
    return rows[QUALITY_CONTROLS.names]
