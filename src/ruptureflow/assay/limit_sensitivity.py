"""What concentrations beyond a limit do to the mean change: every way of treating them, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.beyond_limit import IMPUTATION, LIKELIHOOD, SUBSTITUTED, Cohort
from ruptureflow.assay.censored_change import CensoredPairs, fit_censored_change
from ruptureflow.assay.clustered_mean import MeanChange, clustered_mean
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.imputation import joined_by_rubin
from ruptureflow.assay.logistic import Array
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables.assay import LIMIT_SENSITIVITY

if TYPE_CHECKING:
    import pandas as pd

SCALES = ("difference", "log-ratio")
# Above this share of censored values a substitution is no longer harmless (the field's 10 to 15 %).
MANY_CENSORED = 15.0


def limit_sensitivity(groups: list[Cohort], settings: AssaySettings) -> pd.DataFrame:
    """Mean change of each analyte and role by every treatment of values beyond a limit.

    Parameters
    ----------
    groups : the samples by analyte and role, with their imputations (`cohorts`).
    settings : names the primary treatment, and the flags whose changes are not used.

    Returns
    -------
    DataFrame
        columns of tables.assay.LIMIT_SENSITIVITY. Without a censored value there is one row a scale: the mean.

    Notes
    -----
    The changes are those that the plan uses: two runs, or a run that is not known, as its policies say. A value above
    its limit is, in every substitution, the concentration read or the limit; the likelihood and the imputations take
    it as censored. The likelihood's difference is that of the log-normal means.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for group in groups:
        before, after = _sessions(group, settings)
        if not before:
            continue
        patients = np.array([group.patient[places[0]] for places in before], dtype=object)
        places = np.array([(b[0], a[0]) for b, a in zip(before, after, strict=True)])
        hidden = int((group.side[np.concatenate([*before, *after])] != 0).sum())
        n_values = sum(len(places) for places in (*before, *after))

        def changes(value: Array, scale: str, before=before, after=after) -> Array:
            pre, post = (np.array([value[p].mean() for p in side]) for side in (before, after))
            return post - pre if scale == "difference" else np.log(post) - np.log(pre)

        found: dict[tuple[str, str], MeanChange] = {}
        notes: dict[str, str] = {}
        for method in SUBSTITUTED if hidden else [settings.below_limit]:
            value = np.where(group.side < 0, group.level * SUBSTITUTED.get(method, np.nan), group.substituted)
            found |= {(scale, method): clustered_mean(changes(value, scale), patients) for scale in SCALES}
        if hidden:
            unknown = MeanChange(*[float("nan")] * 3, len(before), np.unique(patients.astype(str)).size)
            try:
                fit = fit_censored_change(CensoredPairs(np.log(group.level)[places], group.side[places], patients))
                found |= {("difference", LIKELIHOOD): fit.difference(), ("log-ratio", LIKELIHOOD): fit.log_ratio()}
            except AssayError as error:
                found |= {(scale, LIKELIHOOD): unknown for scale in SCALES}
                notes[LIKELIHOOD] = str(error)
            if group.draws is None:
                found |= {(scale, IMPUTATION): unknown for scale in SCALES}
                notes[IMPUTATION] = group.failure
            else:
                for scale in SCALES:
                    completed = [clustered_mean(changes(draw, scale), patients) for draw in group.draws]
                    found[scale, IMPUTATION] = joined_by_rubin(completed)
        for (scale, method), mean in found.items():
            low, high = mean.interval(settings.level)
            rows.append(
                {
                    "analyte": group.analyte,
                    "role": group.role,
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
                    "note": _note(method, scale, 100 * hidden / n_values, notes.get(method)),
                }
            )
    return pd.DataFrame(rows, columns=LIMIT_SENSITIVITY.names) if rows else LIMIT_SENSITIVITY.empty()


def _sessions(group: Cohort, settings: AssaySettings) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Places of the samples before and after each session whose change the plan uses."""
    before, after = [], []
    for sides in group.by_session().values():
        runs = set(group.run[np.concatenate(list(sides.values()))].tolist())
        flag = "run unknown" if any(not isinstance(run, str) for run in runs) else "different runs"
        if (len(runs) > 1 or flag == "run unknown") and settings.policy(flag) != "keep":
            continue
        if max(len(places) for places in sides.values()) > 1 and settings.policy("several samples") != "keep":
            continue
        before.append(sides["pre"])
        after.append(sides["post"])
    return before, after


def _note(method: str, scale: str, percent: float, failure: str | None) -> str | None:
    if failure:
        return failure
    if percent == 0:
        return "no concentration beyond a limit"
    if method in ("lod/sqrt2", "lod/2") and percent > MANY_CENSORED:
        return f"{percent:.0f} % of the values are substituted: look at the likelihood and the imputations"
    if method == LIKELIHOOD and scale == "difference":
        return "difference of the log-normal means"
    return None
