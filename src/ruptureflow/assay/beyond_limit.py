"""Values beyond a limit: which samples they are, what the imputation draws for them, and what analyses use."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.imputation import CensoredSamples, expected_values, impute
from ruptureflow.assay.logistic import Array
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import CONDITIONAL_EXPECTATION, MEAN_OF_IMPUTATIONS

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)
SUBSTITUTED: dict[str, float] = {"lod/sqrt2": 1 / np.sqrt(2), "lod/2": 0.5, "missing": float("nan")}
LIKELIHOOD, IMPUTATION = "censored likelihood", "multiple imputation"


@dataclass(frozen=True)
class Cohort:
    """The samples of one analyte and role that analyses may use; arrays with one element a sample.

    Attributes
    ----------
    place : the sample's place among the rows of the table of concentrations.
    level : concentration, or the limit that it lies beyond.
    side : −1 below its limit, 1 above, 0 measured.
    substituted : what a substitution starts from: the concentration where one was read, else the limit.
    draws : (imputations, samples), completed concentrations; None without a censored sample, or where `failure` says
        why there are none.
    """

    analyte: str
    role: str
    place: np.ndarray
    level: Array
    side: np.ndarray
    substituted: Array
    patient: np.ndarray
    session: np.ndarray
    occasion: np.ndarray
    run: np.ndarray
    draws: Array | None
    failure: str

    @property
    def is_censored(self) -> bool:
        """Whether any sample lies beyond a limit."""
        return bool((self.side != 0).any())

    def by_session(self) -> dict[tuple[str, int], dict[str, np.ndarray]]:
        """Places, in these arrays, of the samples before and after each session that has both."""
        found: dict[tuple[str, int], dict[str, list[int]]] = {}
        for place, (patient, session, occasion) in enumerate(
            zip(self.patient, self.session, self.occasion, strict=True)
        ):
            found.setdefault((patient, session), {}).setdefault(occasion, []).append(place)
        return {
            key: {word: np.array(sides[word]) for word in ("pre", "post")}
            for key, sides in found.items()
            if {"pre", "post"} <= set(sides)
        }

    def samples(self) -> CensoredSamples:
        """As the imputation takes them."""
        return _censored_samples(self.level, self.side, self.occasion, self.patient, self.session)


def cohorts(concentrations: pd.DataFrame, settings: AssaySettings) -> list[Cohort]:
    """Analyte by analyte and role by role, the samples that the plan's flags keep, with their imputations.

    Parameters
    ----------
    concentrations : rows of tables.assay.CONCENTRATIONS before `with_treatment`; `used` holds what the flags decide.
        A censored sample whose limit is not known belongs to no cohort: there is nothing to treat it by.
    """
    kept = concentrations["used"].fillna(False).to_numpy(dtype=bool)
    found = []
    own = concentrations.assign(place=np.arange(len(concentrations)))[kept]
    for (analyte, role), rows in own.groupby(["analyte", "role"], sort=True):
        below, above = (rows["censored"].eq(word).fillna(False).to_numpy(dtype=bool) for word in ("below", "above"))
        measured, lod, uloq = (rows[c].to_numpy(dtype=float) for c in ("concentration", "lod", "uloq"))
        side = np.where(below, -1, np.where(above, 1, 0))
        level = np.where(below, lod, np.where(above, uloq, measured))
        usable = level > 0
        substituted = np.where(above & ~np.isnan(measured), measured, level)
        names = {c: rows[c].astype(object).to_numpy()[usable] for c in ("patient", "session", "occasion", "run")}
        level, side = level[usable], side[usable]
        draws, failure = None, ""
        if (side != 0).any():
            samples = _censored_samples(level, side, names["occasion"], names["patient"], names["session"])
            try:
                draws = np.exp(impute(samples, settings.imputations, settings.seed))
            except AssayError as error:
                failure = str(error)
        place = rows["place"].to_numpy()[usable]
        found.append(
            Cohort(
                str(analyte), str(role), place, level, side, substituted[usable], **names, draws=draws, failure=failure
            )
        )
    return found


def with_treatment(concentrations: pd.DataFrame, groups: list[Cohort], settings: AssaySettings) -> pd.DataFrame:
    """The table with `value` and `treatment` as the plan's primary treatment gives them, and the values' logs.

    Returns
    -------
    DataFrame
        `concentrations` with `value` (what analyses use), `treatment` (how it was set where it was not measured) and
        `log_value`, its natural log; of imputations and expectations the mean of the log, which is not the log of the
        mean. A sample without a value is not used.

    Notes
    -----
    lod/sqrt2, lod/2, missing: that share of the limit below it; above the ULOQ the concentration, or the ULOQ where
    the signal is beyond the curve. Multiple imputation: the mean over the draws. Censored likelihood: the expectation
    given the limit and the patient's other values (`expected_values`). Both kinds of mean scatter less than values do.
    """
    below, above = (concentrations["censored"].eq(word).fillna(False).to_numpy() for word in ("below", "above"))
    measured, lod, uloq = (concentrations[c].to_numpy(dtype=float) for c in ("concentration", "lod", "uloq"))
    primary = settings.below_limit
    treatment = np.full(len(concentrations), None, dtype=object)
    value = np.where(below, lod * SUBSTITUTED.get(primary, np.nan), measured)
    value = np.where(above & np.isnan(measured), uloq, value)
    treatment[below] = primary if primary in SUBSTITUTED else "missing"
    treatment[above & np.isnan(measured)] = "uloq"
    with np.errstate(divide="ignore", invalid="ignore"):
        log_value = np.log(value)
    if primary in (LIKELIHOOD, IMPUTATION):
        for group in groups:
            _fill(group, primary, settings.seed, value, log_value, treatment)
    filled = concentrations.assign(value=value, treatment=treatment, log_value=log_value)
    filled["treatment"] = filled["treatment"].astype("string")
    return filled.assign(used=filled["used"] & filled["value"].notna())


def _fill(group: Cohort, primary: str, seed: int, value: Array, log_value: Array, treatment: np.ndarray) -> None:
    """Put a cohort's expectations or means of draws in their places."""
    if not group.is_censored:
        return
    if group.failure:
        logger.warning("%s, %s: values beyond a limit stay missing: %s", group.analyte, group.role, group.failure)
        return
    if primary == LIKELIHOOD:
        logs, values = expected_values(group.samples(), seed)
    else:
        logs, values = np.log(group.draws).mean(axis=0), group.draws.mean(axis=0)
    hidden = group.side != 0
    place = group.place[hidden]
    value[place], log_value[place] = values[hidden], logs[hidden]
    treatment[place] = CONDITIONAL_EXPECTATION if primary == LIKELIHOOD else MEAN_OF_IMPUTATIONS


def _censored_samples(
    level: Array, side: np.ndarray, occasion: np.ndarray, patient: np.ndarray, session: np.ndarray
) -> CensoredSamples:
    who = patient.astype(str)
    sessions = np.array([f"{p} {s}" for p, s in zip(who, session, strict=True)], dtype=object)
    return CensoredSamples(np.log(level), side, occasion.astype(str), who, sessions)


def draw_rows(concentrations: pd.DataFrame, groups: list[Cohort]) -> pd.DataFrame:
    """Rows of tables.assay.IMPUTATIONS: every draw of every sample beyond its limit."""
    import pandas as pd

    parts = []
    for group in groups:
        if group.draws is None:
            continue
        hidden = np.flatnonzero(group.side)
        frame = concentrations.iloc[group.place[hidden]][["sample", "analyte", "run"]]
        frame = pd.concat([frame] * len(group.draws), ignore_index=True)
        frame.insert(0, "imputation", np.repeat(np.arange(1, len(group.draws) + 1), hidden.size))
        parts.append(frame.assign(value=group.draws[:, hidden].ravel()))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def imputed_change_rows(changes: pd.DataFrame, groups: list[Cohort], settings: AssaySettings) -> pd.DataFrame:
    """Rows of tables.assay.IMPUTED_CHANGES: every draw of every used change with a sample beyond its limit.

    Where several samples stand for one occasion, their mean in each draw. Empty unless multiple imputation is the
    plan's primary treatment.
    """
    import pandas as pd

    if settings.below_limit != IMPUTATION or changes.empty:
        return pd.DataFrame()
    used = changes[changes["used"].fillna(False).astype(bool)]
    wanted = set(used[["analyte", "role", "patient", "session"]].itertuples(index=False, name=None))
    parts = []
    for group in groups:
        if group.draws is None:
            continue
        for (patient, session), sides in group.by_session().items():
            chosen = np.concatenate(list(sides.values()))
            if not group.side[chosen].any() or (group.analyte, group.role, patient, session) not in wanted:
                continue
            pre, post = (group.draws[:, sides[word]].mean(axis=1) for word in ("pre", "post"))
            parts.append(
                pd.DataFrame(
                    {
                        "analyte": group.analyte, "role": group.role, "patient": patient, "session": session,
                        "draw": np.arange(1, pre.size + 1), "pre": pre, "post": post, "change": post - pre,
                        "log_ratio": np.log(post) - np.log(pre),
                    }
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
