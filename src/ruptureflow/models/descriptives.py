"""What each numeric variable of the joined sessions looks like, and how much of it lies between patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

NOT_DESCRIBED = ("session", "time")


def describe(
    sessions: pd.DataFrame, units: Mapping[str, str], centered: Sequence[str], patient_level: Sequence[str] = ()
) -> pd.DataFrame:
    """Mean, SD and range over sessions, within- and between-patient SD, ICC(1) and the reliability of patients' means.

    Parameters
    ----------
    sessions : the joined sessions.
    units : unit by variable.
    centered : variables with `_within` and `_between` parts, which are left out here.
    patient_level : variables with one value a patient, which count once a patient.

    Returns
    -------
    DataFrame
        of `tables.models.DESCRIPTIVES`.

    Notes
    -----
    One-way ANOVA with patients as groups: MSB, MSW and n₀ = (N − Σnᵢ²/N)/(k − 1) sessions a patient;
    ICC(1) = (MSB − MSW)/(MSB + (n₀ − 1)·MSW), ICC(1,k) = (MSB − MSW)/MSB. Both are given as estimated, also below 0.
    """
    import pandas as pd

    parts = {f"{name}_{part}" for name in centered for part in ("within", "between")}
    rows = []
    for name in sessions.columns:
        numeric = pd.api.types.is_numeric_dtype(sessions[name]) and not pd.api.types.is_bool_dtype(sessions[name])
        if not numeric or name in parts or name in NOT_DESCRIBED:
            continue
        seen = sessions[["patient", name]].dropna()
        if name in patient_level:
            seen = seen.drop_duplicates("patient")
        rows.append({"variable": name, "unit": units.get(name, ""), **_figures(seen["patient"], seen[name])})
    frame = pd.DataFrame(rows)
    if len(frame):
        frame.insert(0, "wave", sessions["wave"].iloc[0] if len(sessions) else "")
    return frame


def _figures(patient: pd.Series, column: pd.Series) -> dict[str, float]:
    values = column.to_numpy(dtype=float)
    n, nan = len(values), float("nan")
    if not n:
        keys = ("mean", "sd", "minimum", "maximum", "sd_within", "sd_between", "icc", "between_reliability")
        return {"n_obs": 0, "n_patients": 0, **dict.fromkeys(keys, nan)}
    codes = np.unique(patient.to_numpy(dtype=str), return_inverse=True)[1]
    sizes = np.bincount(codes)
    means = np.bincount(codes, values) / sizes
    k = len(sizes)
    within = values - means[codes]
    msw = within @ within / (n - k) if n > k else nan
    msb = sizes @ (means - values.mean()) ** 2 / (k - 1) if k > 1 else nan
    sessions_each = (n - sizes @ sizes / n) / (k - 1) if k > 1 else nan
    total = msb + (sessions_each - 1) * msw
    return {
        "n_obs": n,
        "n_patients": k,
        "mean": values.mean(),
        "sd": values.std(ddof=1) if n > 1 else nan,
        "minimum": values.min(),
        "maximum": values.max(),
        "sd_within": np.sqrt(msw),
        "sd_between": means.std(ddof=1) if k > 1 else nan,
        "icc": (msb - msw) / total if total > 0 else nan,
        "between_reliability": (msb - msw) / msb if msb > 0 and n > k else nan,
    }
