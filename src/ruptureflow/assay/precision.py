"""Precision: intra-assay and inter-assay coefficients of variation, QC samples against their own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.runs import RunResult
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import ACCURACY

if TYPE_CHECKING:
    import pandas as pd


def intra_assay_cv(cvs: np.ndarray) -> tuple[float, int]:
    """Pooled intra-assay CV √(mean CV²) in % over materials with replicates, and their number."""
    known = cvs[~np.isnan(cvs)]
    return (float(np.sqrt((known**2).mean())), known.size) if known.size else (float("nan"), 0)


def precision_rows(runs: list[RunResult], controls: pd.DataFrame, analyte: str) -> pd.DataFrame:
    """Intra-assay CV of the samples and of each QC level, inter-assay CV (SD ÷ mean of run means) of each QC level."""
    import pandas as pd

    rows = []
    measured = [result.samples.cv for result in runs if result.samples is not None]
    if measured:
        cv, n = intra_assay_cv(np.concatenate(measured))
        rows.append(("samples", "intra-assay", cv, n))
    for level, group in controls.groupby("level", sort=False):
        cv, n = intra_assay_cv(group["cv"].to_numpy(dtype=float))
        rows.append((level, "intra-assay", cv, n))
        means = group["concentration"].dropna().to_numpy(dtype=float)
        between = 100 * means.std(ddof=1) / means.mean() if means.size > 1 and means.mean() > 0 else np.nan
        rows.append((level, "inter-assay", between, means.size))
    frame = pd.DataFrame(rows, columns=["material", "kind", "cv", "n"])
    frame.insert(0, "analyte", analyte)
    return frame


def accuracy_rows(controls: pd.DataFrame, runs: list[RunResult], analyte: str, settings: AssaySettings) -> pd.DataFrame:
    """Bias, total CV and total error of each QC level over all tubes of all runs.

    Total error is |bias| + CV, both of single tubes over runs; ICH M10 allows 30 %. Its accuracy and precision runs
    are six or more with three or more replicates: with fewer, `n_runs` and `n_tubes` say how far the figures carry.
    """
    import pandas as pd

    doses: dict[str, list[float]] = {}
    for result in runs:
        if result.controls is None:
            continue
        groups = result.controls.groups
        for place, dose in zip(groups.index, result.controls.tube_dose, strict=True):
            doses.setdefault(str(groups.names[place]), []).append(float(dose))
    rows = []
    for level, group in controls.groupby("level", sort=False):
        nominal = float(group["nominal"].iloc[0])
        read = np.array(doses.get(str(level), []))
        read = read[~np.isnan(read)]
        if not nominal > 0 or not read.size:
            continue
        bias = 100 * (read.mean() / nominal - 1)
        cv = 100 * read.std(ddof=1) / read.mean() if read.size > 1 else np.nan
        share = 100 * float((np.abs(read / nominal - 1) * 100 <= settings.qc_limit).mean())
        error = abs(bias) + cv
        within = None if np.isnan(error) else bool(error <= settings.total_error_limit)
        rows.append((analyte, level, nominal, group["run"].nunique(), read.size, bias, cv, error, share, within))
    return pd.DataFrame(rows, columns=ACCURACY.names) if rows else ACCURACY.empty()
