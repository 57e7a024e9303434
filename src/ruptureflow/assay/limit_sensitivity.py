"""What concentrations beyond a limit do to the mean change: every way of treating them, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.censored_change import CensoredPairs, censored_mean_change
from ruptureflow.assay.clustered_mean import MeanChange, clustered_mean
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.imputation import CensoredSamples, impute, joined_by_rubin
from ruptureflow.assay.logistic import Array
from ruptureflow.assay.samples import BELOW_LIMIT
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import IMPUTATIONS, LIMIT_SENSITIVITY

if TYPE_CHECKING:
    import pandas as pd

SCALES = ("difference", "log-ratio")
LIKELIHOOD, IMPUTATION = "censored likelihood", "multiple imputation"
# Above this share of censored values a substitution is no longer harmless (the field's 10 to 15 %).
MANY_CENSORED = 15.0


def limit_sensitivity(concentrations: pd.DataFrame, settings: AssaySettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean change of each analyte and role by every treatment of values beyond a limit.

    Parameters
    ----------
    concentrations : rows of tables.assay.CONCENTRATIONS.
    settings : names the primary treatment, the number of imputations and their seed.

    Returns
    -------
    (DataFrame, DataFrame)
        tables.assay.LIMIT_SENSITIVITY and IMPUTATIONS. Without a censored value there is one row a scale: the mean.

    Notes
    -----
    A value above its limit is the limit in every substitution. The censored likelihood is on the log scale only: on
    the scale of differences it would need a distribution of the difference.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    draws: list[pd.DataFrame] = []
    # With "missing" as the primary treatment a censored sample is not used because it has no value: it belongs here.
    kept = concentrations["used"].fillna(False).astype(bool) | (
        concentrations["censored"].notna() & concentrations["value"].isna()
    )
    for (analyte, role), own in concentrations[kept].groupby(["analyte", "role"], sort=True):
        limit = np.where(own["censored"].eq("above").fillna(False), own["uloq"], own["lod"]).astype(float)
        side = np.select(
            [own["censored"].eq("below").fillna(False), own["censored"].eq("above").fillna(False)], [-1, 1], 0
        )
        level = np.where(side != 0, limit, own["concentration"].to_numpy(dtype=float))
        own, side, level = (part[level > 0] for part in (own, side, level))
        pairs = _pairs(own)
        if not len(pairs):
            continue
        patients = own["patient"].to_numpy(dtype=object)[pairs[:, 0]]
        hidden = int((side[pairs] != 0).sum())
        found, notes = _all_treatments(level, side, pairs, patients, settings, hidden > 0)
        if (side != 0).any():
            try:
                completed = np.exp(impute(_samples(own, level, side), settings.imputations, settings.seed))
            except AssayError as error:
                found |= {(scale, IMPUTATION): _unknown(pairs, patients) for scale in SCALES}
                notes[IMPUTATION] = str(error)
            else:
                found |= _imputed(completed, pairs, patients)
                draws.append(_draw_rows(own, side, completed))
        for (scale, method), mean in found.items():
            low, high = mean.interval(settings.level)
            rows.append(
                {
                    "analyte": analyte,
                    "role": role,
                    "scale": scale,
                    "method": method,
                    "estimate": mean.estimate,
                    "std_error": mean.std_error,
                    "df": mean.df,
                    "ci_low": low,
                    "ci_high": high,
                    "n_changes": mean.n_changes,
                    "n_patients": mean.n_patients,
                    "n_censored": hidden,
                    "primary": method == settings.below_limit,
                    "note": _note(method, 100 * hidden / (2 * len(pairs)), notes.get(method)),
                }
            )
    table = pd.DataFrame(rows, columns=LIMIT_SENSITIVITY.names) if rows else LIMIT_SENSITIVITY.empty()
    return table, pd.concat(draws, ignore_index=True) if draws else IMPUTATIONS.empty()


def _pairs(own: pd.DataFrame) -> np.ndarray:
    """Rows of the sample before and the one after, (pairs, 2); the first sample where several stand for an occasion."""
    place = own.assign(place=np.arange(len(own))).drop_duplicates(["patient", "session", "occasion"])
    wide = place.pivot(index=["patient", "session"], columns="occasion", values="place")
    if not {"pre", "post"} <= set(wide.columns):
        return np.empty((0, 2), dtype=int)
    return wide[["pre", "post"]].dropna().to_numpy(dtype=int)


def _all_treatments(
    level: Array, side: np.ndarray, pairs: np.ndarray, patients: np.ndarray, settings: AssaySettings, any_hidden: bool
) -> tuple[dict[tuple[str, str], MeanChange], dict[str, str]]:
    methods = BELOW_LIMIT if any_hidden else {settings.below_limit: BELOW_LIMIT[settings.below_limit]}
    found = {}
    for method, share in methods.items():
        value = np.where(side < 0, level * share, level)
        if method == "missing":
            value = np.where(side != 0, np.nan, value)
        for scale in SCALES:
            found[scale, method] = clustered_mean(_change(value, pairs, scale), patients)
    notes = {}
    if any_hidden:
        try:
            found["log-ratio", LIKELIHOOD] = censored_mean_change(
                CensoredPairs(np.log(level)[pairs], side[pairs], patients)
            )
        except AssayError as error:
            found["log-ratio", LIKELIHOOD] = _unknown(pairs, patients)
            notes[LIKELIHOOD] = str(error)
    return found, notes


def _unknown(pairs: np.ndarray, patients: np.ndarray) -> MeanChange:
    nan = float("nan")
    return MeanChange(nan, nan, nan, len(pairs), np.unique(patients.astype(str)).size)


def _imputed(completed: Array, pairs: np.ndarray, patients: np.ndarray) -> dict[tuple[str, str], MeanChange]:
    return {
        (scale, IMPUTATION): joined_by_rubin(
            [clustered_mean(_change(value, pairs, scale), patients) for value in completed]
        )
        for scale in SCALES
    }


def _change(value: Array, pairs: np.ndarray, scale: str) -> Array:
    pre, post = value[pairs].T
    return post - pre if scale == "difference" else np.log(post) - np.log(pre)


def _samples(own: pd.DataFrame, level: Array, side: np.ndarray) -> CensoredSamples:
    patient = own["patient"].astype(str).to_numpy(dtype=object)
    session = np.array([f"{p} {s}" for p, s in zip(patient, own["session"], strict=True)], dtype=object)
    return CensoredSamples(np.log(level), side, own["occasion"].astype(str).to_numpy(dtype=object), patient, session)


def _draw_rows(own: pd.DataFrame, side: np.ndarray, completed: Array) -> pd.DataFrame:
    import pandas as pd

    hidden = np.flatnonzero(side)
    draws = len(completed)
    frame = own.iloc[hidden][["sample", "analyte", "run"]]
    frame = pd.concat([frame] * draws, ignore_index=True)
    frame.insert(0, "imputation", np.repeat(np.arange(1, draws + 1), hidden.size))
    return frame.assign(value=completed[:, hidden].ravel())


def _note(method: str, percent: float, failure: str | None) -> str | None:
    if failure:
        return failure
    if percent == 0:
        return "no concentration beyond a limit"
    if method in ("lod/sqrt2", "lod/2") and percent > MANY_CENSORED:
        return f"{percent:.0f} % of the values are substituted: look at the likelihood and the imputations"
    return None
