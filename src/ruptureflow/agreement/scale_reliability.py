"""Reliabilities of a questionnaire's scales: alpha and omega, over all forms, within and between patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.consistency import (
    cronbach_alpha,
    item_covariances,
    item_sums,
    mcdonald_omega,
    omega_of_draws,
)
from ruptureflow.agreement.scales import keyed_answers

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.agreement.patient_bootstrap import Bootstrap
    from ruptureflow.config.instruments import Questionnaire, Scale

_LEVELS = {"all": "", "within": " within patients", "between": " between patients"}


def reliability_forms(answers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The forms that reliabilities are computed of: one timepoint's, as an intake is not a session.

    Returns
    -------
    answers, timepoint : those of the timepoint with most forms (the earlier of equals).
    """
    timepoints = answers.index.get_level_values("timepoint")
    counts = {name: int((timepoints == name).sum()) for name in ("intake", "session", "end")}
    chosen = max(counts, key=lambda name: counts[name])
    return answers[timepoints == chosen], chosen


def scale_reliabilities(
    answers: pd.DataFrame, questionnaire: Questionnaire, scale: Scale, timepoint: str, bootstrap: Bootstrap
) -> list[dict[str, object]]:
    """Alpha and omega of a scale's complete forms.

    Parameters
    ----------
    answers : forms of one timepoint and role, indexed by who and when.

    Returns
    -------
    list of dict
        coefficient (alpha, omega, each also within and between patients where patients have several forms), estimate,
        ci_low, ci_high (bootstrap over patients), interval, n_patients, n_observations, note.
    """
    keyed = keyed_answers(answers, questionnaire, scale).dropna()
    if len(scale.items) < 2 or len(keyed) < 2:
        return []
    values = keyed.to_numpy()
    patients, clusters = np.unique(np.asarray(keyed.index.get_level_values("patient"), dtype=str), return_inverse=True)
    sums = item_sums(values - values.mean(axis=0), clusters)
    found = item_covariances(sums.weighted(np.ones(len(patients))))
    drawn = item_covariances(sums.weighted(bootstrap.weights(len(patients)))) if bootstrap.draws else None
    repeated = len(values) > len(patients) > 1
    notes = [f"forms at {timepoint}"] if timepoint != "session" else []
    if len(values) < len(answers):
        notes.append(f"{len(answers) - len(values)} of {len(answers)} forms left out: an item is missing")
    rows: list[dict[str, object]] = []
    for level, suffix in _LEVELS.items():
        if level != "all" and not repeated:
            continue
        covariance = getattr(found, level)
        alpha = float(cronbach_alpha(covariance))
        omega, remark = mcdonald_omega(covariance)
        of_alpha = of_omega = (np.nan, np.nan)
        if drawn is not None:
            of_alpha = bootstrap.interval(cronbach_alpha(getattr(drawn, level)), len(patients))
            of_omega = bootstrap.interval(omega_of_draws(covariance, getattr(drawn, level)), len(patients))
        if bootstrap.draws and np.isfinite(omega) and not np.isfinite(of_omega[0]):
            remark = "; ".join(filter(None, [remark, "no interval: in most samples of patients it cannot be computed"]))
        varies = "" if np.isfinite(alpha) else "the sum of the items does not vary at this level"
        for name, estimate, ends, note in (
            ("alpha", alpha, of_alpha, varies),
            ("omega", omega, of_omega, remark),
        ):
            rows.append(
                {
                    "coefficient": f"{name}{suffix}",
                    "estimate": estimate,
                    "ci_low": ends[0],
                    "ci_high": ends[1],
                    "interval": "bootstrap over patients" if np.isfinite(ends[0]) else None,
                    "n_patients": len(patients),
                    "n_observations": len(values),
                    "note": "; ".join(filter(None, [*notes, note])) or None,
                }
            )
    return rows
