"""Do diluted samples run parallel to the standards?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.errors import AssayError
from ruptureflow.config.plan import AssaySettings
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


def parallelism_rows(
    concentrations: pd.DataFrame, samples: pd.DataFrame, analyte: str, settings: AssaySettings
) -> pd.DataFrame:
    """Parallelism of every specimen of one analyte that was measured at three or more dilutions in one run.

    `largest_deviation` is that of a dilution's mean from the least diluted one within the quantification range (ICH
    M10: within 20 %).
    """
    import pandas as pd

    own = concentrations[concentrations["analyte"].eq(analyte) & (concentrations["concentration"] > 0)]
    own = own.merge(samples[["sample", "dilution"]], on="sample", how="left")
    own = own[own["dilution"].notna()]
    own = own[own.groupby([*SPECIMEN, "run"])["dilution"].transform("nunique") >= 3]
    rows = []
    for key, specimen in own.groupby([*SPECIMEN, "run"], sort=True):
        dilution = specimen["dilution"].to_numpy(dtype=float)
        found = parallelism(dilution, specimen["concentration"].to_numpy(dtype=float) / dilution, settings.level)
        means = specimen.groupby("dilution")["concentration"].mean()
        inside = specimen[~(specimen["concentration"] > specimen["uloq"])]["dilution"]
        reference = means[inside.min()] if len(inside) else means.iloc[0]
        deviation = 100 * (means / reference - 1)
        largest = float(deviation.iloc[deviation.abs().to_numpy().argmax()])
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
                "largest_deviation": largest,
                "within_limits": abs(largest) <= settings.dilution_limit,
                "parallel": found.ci_low <= 1 <= found.ci_high,
            }
        )
    return pd.DataFrame(rows, columns=PARALLELISM.names) if rows else PARALLELISM.empty()
