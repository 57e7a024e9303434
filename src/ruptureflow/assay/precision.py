"""Precision: intra-assay and inter-assay coefficients of variation, QC samples against their own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.runs import RunResult

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
