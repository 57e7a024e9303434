"""The run's share of the variance of log concentrations, from QC samples and from the samples themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.tables.assay import RUN_VARIANCES

if TYPE_CHECKING:
    import pandas as pd


def run_variance_rows(concentrations: pd.DataFrame, quality_controls: pd.DataFrame, analyte: str) -> pd.DataFrame:
    """Variance between runs of one analyte; one row from QC samples and one from the samples, where there are any.

    Notes
    -----
    QC samples: the variance over runs of a level's log means, less the replicates' part of it, pooled over levels by
    their degrees of freedom. It is unbiased and may be negative; a negative estimate is reported as it is and its
    share as zero. It holds what is common to a run: the curve's error, pipetting of the day, drift.

    Samples: REML of ln concentration on occasion with crossed random effects of person and run. Where every person is
    in one run only, person and run are told apart by the runs' means alone, and a note says so.
    """
    import pandas as pd

    rows = []
    measured = quality_controls[(quality_controls["concentration"] > 0) & quality_controls["analyte"].eq(analyte)]
    if measured.groupby("level")["run"].nunique().gt(1).any():
        rows.append(_from_controls(measured, analyte))
    usable = concentrations[
        concentrations["analyte"].eq(analyte)
        & concentrations["used"].fillna(False).astype(bool)
        & concentrations["run"].notna()
        & (concentrations["value"] > 0)
    ]
    if usable["run"].nunique() > 1:
        rows.append(_from_samples(usable, analyte))
    return pd.DataFrame(rows, columns=RUN_VARIANCES.names) if rows else RUN_VARIANCES.empty()


def _from_controls(measured: pd.DataFrame, analyte: str) -> dict[str, object]:
    between = within = df = 0.0
    for _, level in measured.groupby("level", sort=False):
        logs = np.log(level["concentration"].to_numpy(dtype=float))
        if logs.size < 2:
            continue
        # A CV of concentrations is, to first order, the SD of their logs.
        replicate = (level["cv"].to_numpy(dtype=float) / 100) ** 2
        known = ~np.isnan(replicate)
        part = (replicate[known] / level["n_tubes"].to_numpy(dtype=float)[known]).mean() if known.any() else 0.0
        freedom = logs.size - 1
        between += freedom * (logs.var(ddof=1) - part)
        within += freedom * (replicate[known].mean() if known.any() else np.nan)
        df += freedom
    run, residual = between / df, within / df
    single = bool(np.isnan(residual))
    total = max(run, 0.0) + residual
    return {
        "analyte": analyte,
        "material": "qc",
        "run_variance": run,
        "residual_variance": residual,
        "run_share": 100.0 * max(run, 0.0) / total if total > 0 else np.nan,
        "n_runs": measured["run"].nunique(),
        "n_values": len(measured),
        "method": "variance of log run means less the replicates' part, pooled over levels",
        "note": "single tubes: the replicates' part is in the runs'" if single else None,
    }


def _from_samples(usable: pd.DataFrame, analyte: str) -> dict[str, object]:
    from ruptureflow.mixed import ModelError, fit_arrays

    log_value = np.log(usable["value"].to_numpy(dtype=float))
    person = (usable["patient"] + " " + usable["role"]).to_numpy(dtype=object)
    runs = usable["run"].to_numpy(dtype=object)
    post = usable["occasion"].eq("post").to_numpy(dtype=float)
    fixed = np.column_stack([np.ones_like(post), post]) if 0 < post.mean() < 1 else np.ones((post.size, 1))
    row: dict[str, object] = {
        "analyte": analyte,
        "material": "samples",
        "n_runs": usable["run"].nunique(),
        "n_values": len(usable),
        "method": "REML, ln concentration on occasion, random person and run crossed",
    }
    notes = []
    if len(set(zip(person, runs, strict=True))) == len(set(person)):
        notes.append("every person is in one run: runs are told from persons by their means alone")
    try:
        fit = fit_arrays(log_value, fixed, {"person": person, "run": runs})
    except ModelError as error:
        return row | {"note": "; ".join([*notes, str(error)])}
    between, run = (float(fit.random_covariance[level].iloc[0, 0]) for level in ("person", "run"))
    residual = float(fit.residual_variance)
    row |= {
        "run_variance": run,
        "person_variance": between,
        "residual_variance": residual,
        "run_share": 100 * run / (run + between + residual),
    }
    if not fit.status.converged:
        notes.append("the fit did not converge")
    elif fit.status.singular:
        notes.append("a variance is estimated as zero")
    return row | {"note": "; ".join(notes) or None}
