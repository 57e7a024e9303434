"""The analysis plan carried out on one wave: every model fitted, or the reason why not."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.mixed import ModelError, ModelWarning, fit_mixed
from ruptureflow.models.coefficients import coefficient_rows, contextual_rows, standardised_rows
from ruptureflow.models.descriptives import describe
from ruptureflow.models.errors import PlanError
from ruptureflow.models.parts import influence_rows, random_effect_rows, variance_rows
from ruptureflow.models.specification import Question, columns_of, complete_rows, obstacle, questions
from ruptureflow.tables import models as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.plan import ModelSettings
    from ruptureflow.mixed import MixedFit
    from ruptureflow.tables import Table


@dataclass(frozen=True)
class FittedPlan:
    """Results of a plan on one wave, each a hand-over table of `tables.models`.

    Parameters
    ----------
    estimates : one row a coefficient and df method (the plan's first is the primary one), and for terms to
        standardise a second one with metric `standardised_within`.
    contextual_effects : between minus within coefficients of centred variables.
    variances : random effects' variances and covariances, residual variances.
    plan : one row an analysis × model × outcome: fitted, not available (with the reason) or failed.
    random_effects : predicted random effects, one row a group and effect.
    influence : every coefficient with each outermost group left out.
    descriptives : one row a numeric variable of the sessions.
    """

    estimates: pd.DataFrame
    contextual_effects: pd.DataFrame
    variances: pd.DataFrame
    plan: pd.DataFrame
    random_effects: pd.DataFrame
    influence: pd.DataFrame
    descriptives: pd.DataFrame


@dataclass(frozen=True)
class Fate:
    """What became of one question: its row of the plan, and rows of the other tables by table."""

    plan: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def fit_plan(
    sessions: pd.DataFrame, settings: ModelSettings, units: Mapping[str, str] | None = None, wave: str = ""
) -> FittedPlan:
    """Fit every model of the plan to a wave's joined sessions.

    Parameters
    ----------
    sessions : rows of `join_sessions`.
    settings : the plan.
    units : unit by variable; by default those that `join_sessions` left in `sessions.attrs`.
    wave : the wave's id; by default the sessions' own.

    Returns
    -------
    FittedPlan

    Raises
    ------
    PlanError
        if the plan itself cannot be read (a formula, a doubled model). What only this wave lacks ends in the table
        `plan`, as does a model that cannot be fitted or a df method that cannot be computed: no other method is
        put in its place.
    """
    units = sessions.attrs.get("units", {}) if units is None else units
    wave = wave or (str(sessions["wave"].iloc[0]) if len(sessions) else "")
    asked = questions(settings)
    fates = [_answer(question, sessions, settings, units, wave) for question in asked]
    described = describe(sessions, units, settings.center, sessions.attrs.get("patient_level", ()))
    found = {
        table.name: _table([row for fate in fates for row in fate.rows.get(table.name, [])], table)
        for table in (
            tables.ESTIMATES,
            tables.CONTEXTUAL_EFFECTS,
            tables.VARIANCES,
            tables.RANDOM_EFFECTS,
            tables.INFLUENCE,
        )
    }
    return FittedPlan(
        plan=_table([fate.plan for fate in fates], tables.PLAN),
        descriptives=_table(described.to_dict("records"), tables.DESCRIPTIVES),
        **found,
    )


def _table(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    import pandas as pd

    return table.conform(pd.DataFrame(rows, columns=table.names) if rows else table.empty())


def _answer(
    question: Question, sessions: pd.DataFrame, settings: ModelSettings, units: Mapping[str, str], wave: str
) -> Fate:
    label = {
        "wave": wave,
        "analysis": question.analysis,
        "model": question.model,
        "outcome": question.outcome,
    }
    entry = label | {
        "formula": question.formula,
        "random": question.random_text,
        "residual": question.specification.residual,
        "method": question.specification.method,
        "primary_term": question.primary_term,
        "n_rows": len(sessions),
    }
    reason = obstacle(question, sessions)
    if reason:
        return Fate(entry | {"fate": "not available", "reason": reason})
    rows = complete_rows(question, sessions)
    counts = {
        "n_obs": len(rows),
        "n_dropped": len(sessions) - len(rows),
        "n_groups": rows["patient"].nunique(),
    }
    try:
        fit, remarks = _fit(question, rows)
        status = _status(fit)
        raw = coefficient_rows(fit, question, settings, units)
        standardised, unstandardised = standardised_rows(raw, question, rows, settings.level)
        parts = {
            "estimates": raw + standardised,
            "contextual_effects": contextual_rows(fit, question, settings, units),
            "variances": variance_rows(fit, question),
            "random_effects": random_effect_rows(fit),
            "influence": influence_rows(fit, settings.df_methods, settings.level),
        }
    except (ModelError, PlanError, np.linalg.LinAlgError) as error:
        return Fate(entry | counts | {"fate": "failed", "reason": str(error)})
    reason = " ".join(part for part in (remarks, *unstandardised) if part)
    done = {"fate": "fitted", "reason": reason or None, "status": status, "log_likelihood": fit.log_likelihood}
    common = label | {"n_obs": counts["n_obs"], "n_groups": counts["n_groups"], "status": status}
    labelled = {name: [common | row for row in found] for name, found in parts.items()}
    return Fate(entry | counts | done, labelled)


def _fit(question: Question, rows: pd.DataFrame) -> tuple[MixedFit, str]:
    """The fit, and what the engine remarked on it."""
    model = question.specification
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ModelWarning)
        fit = fit_mixed(
            question.formula,
            _plain(rows[columns_of(question)]),
            groups=model.groups,
            random=model.random,
            residual=model.residual,
            covariance=model.covariance,
            method=model.method,
        )
    return fit, " ".join(str(w.message) for w in caught if issubclass(w.category, ModelWarning))


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers as floats and texts as texts: without missing values there is no need for nullable types."""
    import pandas as pd

    plain = {name: rows[name].astype("float64" if pd.api.types.is_numeric_dtype(rows[name]) else str) for name in rows}
    return pd.DataFrame(plain, index=rows.index)


def _status(fit: MixedFit) -> str:
    status = fit.status
    if not status.converged:
        return "not converged"
    if not status.singular:
        return "converged"
    places = [f"{place} at zero" for place in status.at_zero] + [f"{place} at ±1" for place in status.at_one]
    return f"singular ({'; '.join(places)})" if places else "singular"
