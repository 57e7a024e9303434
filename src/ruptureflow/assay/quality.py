"""QC samples: measured against their nominal values and against their own history over runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.assay.runs import RunResult
from ruptureflow.assay.stacking import stacked
from ruptureflow.assay.westgard import RULES, broken_rules
from ruptureflow.config.plan import AssaySettings
from ruptureflow.config.wave import Analyte
from ruptureflow.tables.assay import QUALITY_CONTROLS

if TYPE_CHECKING:
    import pandas as pd


def control_rows(runs: list[RunResult], analyte: Analyte, settings: AssaySettings) -> pd.DataFrame:
    """Every QC level of every run: concentration, CV, deviation from nominal, z and the Westgard rules it breaks.

    z is the deviation from the level's mean over the wave's runs in SDs over them, or, where the plan gives the CV
    that the lab expects between runs (`qc_cv`), from the nominal value. With n runs of their own history |z| cannot
    exceed (n − 1)/√n: rule 1-3s needs eleven runs, or `qc_cv`.
    """
    blocks = []
    for result in runs:
        measured = result.controls
        if measured is None or not len(measured.groups.names):
            continue
        blocks.append(
            {
                "level": measured.groups.names,
                "analyte": analyte.name,
                "run": result.tubes.run,
                "nominal": result.control_nominal,
                "n_tubes": measured.groups.count,
                "concentration": measured.dose,
                "unit": analyte.unit,
                "cv": measured.cv,
            }
        )
    if not blocks:
        return QUALITY_CONTROLS.empty()
    rows = stacked(blocks)
    rows["deviation"] = 100 * (rows["concentration"] / rows["nominal"].where(rows["nominal"] > 0) - 1)
    if settings.qc_cv is None:
        by_level = rows.groupby("level")["concentration"]
        rows["centre"], rows["sd"] = by_level.transform("mean"), by_level.transform("std")
    else:
        rows["centre"], rows["sd"] = rows["nominal"], rows["nominal"] * settings.qc_cv / 100
    rows["z"] = (rows["concentration"] - rows["centre"]) / rows["sd"].where(rows["sd"] > 0)
    rows["within_limits"] = (
        (rows["deviation"].abs() <= settings.qc_limit).astype("boolean").mask(rows["deviation"].isna())
    )
    outside = rows["within_limits"].eq(False).fillna(False).to_numpy(dtype=bool)
    z = rows.pivot(index="run", columns="level", values="z").reindex(list(dict.fromkeys(rows["run"])))
    broken = broken_rules(z.to_numpy(dtype=float))
    place = {run: number for number, run in enumerate(z.index)}
    column = {level: number for number, level in enumerate(z.columns)}
    rows["flags"] = [
        "; ".join(
            (["outside limits"] if out else []) + [rule for rule in RULES if rule in broken[place[r]][column[lv]]]
        )
        or None
        for r, lv, out in zip(rows["run"], rows["level"], outside, strict=True)
    ]
    return rows[QUALITY_CONTROLS.names]
