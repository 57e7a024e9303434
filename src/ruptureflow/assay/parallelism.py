"""Do diluted samples run parallel to the standards, and how much of a spike is recovered?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.errors import AssayError
from ruptureflow.tables.assay import PARALLELISM

if TYPE_CHECKING:
    import pandas as pd

SPECIMEN = ["patient", "role", "session", "occasion"]


@dataclass(frozen=True)
class Parallelism:
    """Slope of ln(dose read) on ln(1 ÷ dilution), 1 where a diluted sample runs parallel to the standards.

    `dilution_cv` is the CV in % of the concentrations corrected for dilution.
    """

    slope: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    dilution_cv: float
    n_dilutions: int


def parallelism(dilution: ArrayLike, dose: ArrayLike, level: float = 0.95) -> Parallelism:
    """Least-squares slope over dilutions of one specimen, tested against 1 with n − 2 degrees of freedom.

    Parameters
    ----------
    dilution : dilution of each measurement (2 = one to two).
    dose : dose read from the curve, not corrected for dilution; without one (NaN) a dilution is left out.

    Raises
    ------
    AssayError
        with fewer than three dilutions on the curve.
    """
    from scipy.special import stdtr, stdtrit

    d, x = np.asarray(dilution, dtype=float), np.asarray(dose, dtype=float)
    known = (x > 0) & (d > 0)
    d, x = d[known], x[known]
    if np.unique(d).size < 3:
        raise AssayError(f"{np.unique(d).size} dilutions with a dose on the curve; parallelism needs three or more")
    log_share, log_dose = -np.log(d), np.log(x)
    centred = log_share - log_share.mean()
    slope = float((centred * log_dose).sum() / (centred**2).sum())
    residual = log_dose - log_dose.mean() - slope * centred
    df = d.size - 2
    std_error = float(np.sqrt((residual**2).sum() / df / (centred**2).sum()))
    quantile = float(stdtrit(df, (1 + level) / 2))
    corrected = x * d
    p = float(2 * stdtr(df, -abs(slope - 1) / std_error)) if std_error > 0 else (1.0 if slope == 1 else 0.0)
    return Parallelism(
        slope=slope,
        std_error=std_error,
        ci_low=slope - quantile * std_error,
        ci_high=slope + quantile * std_error,
        p_value=p,
        dilution_cv=float(100 * corrected.std(ddof=1) / corrected.mean()),
        n_dilutions=d.size,
    )


def extraction_recovery(measured: ArrayLike, endogenous: float, spike: float) -> tuple[float, float]:
    """Recovery of a spike and its standard error, mean(measured) ÷ (endogenous + spike).

    What it gives is what an analyte's `recovery` in wave.yaml holds: concentrations are divided by it.

    Parameters
    ----------
    measured : concentrations of the spiked pool after extraction, one an extraction.
    endogenous : concentration of the pool without spike.
    spike : concentration added before extraction.

    Raises
    ------
    AssayError
        without a measurement, or where nothing was there to recover.
    """
    values = np.asarray(measured, dtype=float)
    values = values[~np.isnan(values)]
    added = endogenous + spike
    if not values.size or not added > 0:
        raise AssayError("extraction recovery needs a measured value and a positive endogenous + spiked concentration")
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return float(values.mean() / added), float(error / added)


def parallelism_rows(concentrations: pd.DataFrame, samples: pd.DataFrame, analyte: str, level: float) -> pd.DataFrame:
    """Parallelism of every specimen of one analyte that was measured at three or more dilutions in one run."""
    import pandas as pd

    own = concentrations[concentrations["analyte"].eq(analyte) & (concentrations["concentration"] > 0)]
    own = own.merge(samples[["sample", "dilution"]], on="sample", how="left")
    own = own[own["dilution"].notna()]
    own = own[own.groupby([*SPECIMEN, "run"])["dilution"].transform("nunique") >= 3]
    rows = []
    for key, specimen in own.groupby([*SPECIMEN, "run"], sort=True):
        dilution = specimen["dilution"].to_numpy(dtype=float)
        found = parallelism(dilution, specimen["concentration"].to_numpy(dtype=float) / dilution, level)
        rows.append(
            {
                "analyte": analyte,
                **dict(zip([*SPECIMEN, "run"], key, strict=True)),
                "n_dilutions": found.n_dilutions,
                "slope": found.slope,
                "std_error": found.std_error,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "p_value": found.p_value,
                "dilution_cv": found.dilution_cv,
                "parallel": found.ci_low <= 1 <= found.ci_high,
            }
        )
    return pd.DataFrame(rows, columns=PARALLELISM.names) if rows else PARALLELISM.empty()
