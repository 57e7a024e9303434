"""The analysis plan carried out on one wave: every model fitted, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.mixed import ModelError
from ruptureflow.models.descriptives import describe
from ruptureflow.models.draws import Draws
from ruptureflow.models.errors import PlanError
from ruptureflow.models.fits import Fitted, fit_rows
from ruptureflow.models.multiple_imputation import combine
from ruptureflow.models.rows import Asked, ask, chosen, complete_rows, obstacle, refuse_mixed_assays
from ruptureflow.models.samples import concentration_units
from ruptureflow.models.specification import Question, columns_of, questions, without_colours
from ruptureflow.tables import models as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.models import ModelSettings
    from ruptureflow.tables import Table

OF_FITS = (
    tables.ESTIMATES,
    tables.IMPUTED_ESTIMATES,
    tables.CONTEXTUAL_EFFECTS,
    tables.VARIANCES,
    tables.RANDOM_EFFECTS,
    tables.INFLUENCE,
)


@dataclass(frozen=True)
class FittedPlan:
    """Results of a plan on one wave, each a hand-over table of `tables.models`.

    Parameters
    ----------
    estimates : one row a coefficient and df method (the plan's first is the primary one), and for terms to
        standardise a second one with metric `standardised_within`.
    imputed_estimates : parts of Rubin's rules of every coefficient that was combined over draws.
    contextual_effects : between minus within coefficients of centred variables.
    variances : random effects' variances and covariances, residual variances.
    plan : one row an analysis × model × outcome: fitted, not available (with the reason) or failed.
    random_effects : predicted random effects, one row a group and effect.
    influence : every coefficient with each patient (outermost, or first named group) left out.
    descriptives : one row a numeric variable of the sessions.
    """

    estimates: pd.DataFrame
    imputed_estimates: pd.DataFrame
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


@dataclass(frozen=True)
class _Data:
    """A wave's rows and the completed data sets of what lies beyond a limit."""

    wave: str
    rows: dict[str, pd.DataFrame]
    units: Mapping[str, str]
    draws: Draws | None
    completed: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    def of_draws(self, kind: str, settings: ModelSettings) -> list[pd.DataFrame]:
        """Sessions or samples of every completed data set, made once."""
        if kind not in self.completed and self.draws is not None:
            self.completed[kind] = list(self.draws.completed(self.rows[kind], settings.center))
        return self.completed[kind]


def fit_plan(
    sessions: pd.DataFrame,
    settings: ModelSettings,
    units: Mapping[str, str] | None = None,
    wave: str = "",
    samples: pd.DataFrame | None = None,
    draws: Draws | None = None,
) -> FittedPlan:
    """Fit every model of the plan to a wave's joined sessions and samples.

    Parameters
    ----------
    sessions : rows of `join_sessions`.
    settings : the plan.
    units : unit by variable; by default those that `join_sessions` left in `sessions.attrs`.
    wave : the wave's id; by default the sessions' own.
    samples : rows of `join_samples`, for models with `rows: samples`.
    draws : completed data sets, of `gather_draws`. A model that reads a column with drawn values is fitted once a
        draw, and the fits are combined by Rubin's rules.

    Returns
    -------
    FittedPlan

    Raises
    ------
    PlanError
        if a formula of the plan cannot be read. What only this wave lacks ends in the table `plan`, as does a model
        that cannot be fitted. Where a df method cannot be computed the others' rows stay, `reason` names it, and the
        fate says so if it is the primary one: no other method is put in its place.
    """
    import pandas as pd

    units = sessions.attrs.get("units", {}) if units is None else units
    wave = wave or (str(sessions["wave"].iloc[0]) if len(sessions) else "")
    rows = {"sessions": sessions, "samples": pd.DataFrame() if samples is None else samples}
    data = _Data(wave, rows, units, draws if draws and draws.numbers else None)
    fates = [_answer(question, data, settings) for question in questions(settings)]
    described = describe(sessions, units, settings.center, sessions.attrs.get("patient_level", ()))
    found = {
        table.name: _table([row for fate in fates for row in fate.rows.get(table.name, [])], table) for table in OF_FITS
    }
    return FittedPlan(
        plan=_table([fate.plan for fate in fates], tables.PLAN),
        descriptives=_table(described.to_dict("records"), tables.DESCRIPTIVES),
        **found,
    )


def _table(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    import pandas as pd

    return table.conform(pd.DataFrame(rows, columns=table.names) if rows else table.empty())


def _answer(question: Question, data: _Data, settings: ModelSettings) -> Fate:
    model = question.specification
    everything = data.rows[model.rows]
    asked = ask(question, everything)
    question = asked.question
    label = {
        "wave": data.wave,
        "analysis": question.analysis,
        "model": question.model,
        "outcome": question.outcome,
    }
    entry = label | {
        "formula": question.formula,
        "random": question.random_text,
        "residual": model.residual,
        "method": model.method,
        "primary_term": question.primary_term,
        "rows": model.rows,
        "where": "; ".join(f"{name} = {value}" for name, value in model.where.items()) or None,
        "n_rows": len(asked.rows),
    }
    reason = obstacle(asked, everything)
    if reason:
        return Fate(entry | {"fate": tables.NOT_AVAILABLE, "reason": reason})
    rows = asked.complete
    entry |= {"n_obs": len(rows), "n_dropped": len(asked.rows) - len(rows), "n_groups": rows["patient"].nunique()}
    try:
        if model.rows == "samples":
            refuse_mixed_assays(question, rows)
        fitted, n_draws = _fitted(asked, data, settings)
    except (ModelError, PlanError, ArithmeticError, np.linalg.LinAlgError) as error:
        return Fate(entry | {"fate": tables.FAILED, "reason": without_colours(str(error))})
    if not fitted.rows["estimates"]:
        return Fate(entry | {"fate": tables.FAILED, "reason": _failures(fitted)})
    primary_failed = settings.df_methods[0] in fitted.failures
    combined = [f"{n_draws} draws combined by Rubin's rules, df by Barnard and Rubin."] if n_draws else []
    of_data = everything.attrs.get("remarks", {})
    told = dict.fromkeys(of_data[name] for name in columns_of(question) if name in of_data)
    reason = " ".join(part for part in (_failures(fitted), *combined, *told, *asked.remarks, *fitted.remarks) if part)
    done = {
        "fate": tables.WITHOUT_PRIMARY if primary_failed else tables.FITTED,
        "reason": without_colours(reason) or None,
        "status": fitted.status,
        "n_draws": n_draws or None,
        "log_likelihood": fitted.log_likelihood,
    }
    common = label | {"n_obs": entry["n_obs"], "n_groups": entry["n_groups"], "status": fitted.status}
    return Fate(entry | done, {name: [common | row for row in found] for name, found in fitted.rows.items()})


def _failures(fitted: Fitted) -> str:
    return " ".join(f"df method {method} failed: {message.rstrip('.')}." for method, message in fitted.failures.items())


def _fitted(asked: Asked, data: _Data, settings: ModelSettings) -> tuple[Fitted, int]:
    """The fit, or the fits to all completed data sets combined; and the number of these."""
    question, rows = asked.question, asked.complete
    units = data.units if question.specification.rows == "sessions" else data.units | concentration_units(rows)
    if data.draws is None or not data.draws.affect(columns_of(question), rows):
        return fit_rows(question, rows, settings, units), 0
    fits = []
    for number, frame in enumerate(data.of_draws(question.specification.rows, settings), start=1):
        try:
            fits.append(fit_rows(question, complete_rows(question, chosen(question, frame)), settings, units))
        except (ModelError, ArithmeticError, np.linalg.LinAlgError) as error:
            raise PlanError(f"draw {number}: {error}") from error
    return combine(fits, settings.level), len(fits)
