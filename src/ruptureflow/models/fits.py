"""One model fitted to one data set: its coefficients and all that stands beside them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruptureflow.mixed import ModelWarning, fit_mixed
from ruptureflow.models.coefficients import coefficient_rows, contextual_rows, standardised_rows
from ruptureflow.models.parts import influence_rows, random_effect_rows, variance_rows
from ruptureflow.models.specification import Question, columns_of
from ruptureflow.tables import models as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.models import ModelSettings
    from ruptureflow.mixed import MixedFit

# Levels of a factor in their order, the first being the one of reference; others are sorted.
ORDERED = {column.name: list(column.allowed) for column in tables.SAMPLES.columns if column.allowed}


@dataclass(frozen=True)
class Fitted:
    """What one fit, or several combined, hands over.

    Parameters
    ----------
    rows : rows by name of their table.
    status : converged, singular (where), not converged.
    remarks : what a reader must know of the fit.
    failures : message by df method that cannot be computed.
    log_likelihood : None where there is no one likelihood.
    """

    rows: dict[str, list[dict[str, Any]]]
    status: str
    remarks: tuple[str, ...]
    failures: dict[str, str]
    log_likelihood: float | None


def fit_rows(question: Question, rows: pd.DataFrame, settings: ModelSettings, units: Mapping[str, str]) -> Fitted:
    """Fit a question's model to complete rows.

    Parameters
    ----------
    question : the model.
    rows : rows with a value in every column of the model.
    settings : df methods, level, centred variables.
    units : unit by variable.

    Raises
    ------
    ModelError
        if the model cannot be fitted to these rows.
    """
    fit, remarks = _fit(question, rows)
    raw, failures = coefficient_rows(fit, question, settings, units)
    standardised, unstandardised = standardised_rows(raw, question, rows, settings.level)
    methods = [method for method in settings.df_methods if method not in failures]
    primary = question.primary_term
    if primary not in (*fit.terms, *fit.status.aliased):
        remarks = (*remarks, f"Its coefficients are {', '.join(fit.terms)}: {primary} is none of them.")
    return Fitted(
        {
            "estimates": raw + standardised,
            "contextual_effects": contextual_rows(fit, question, settings, units, methods),
            "variances": variance_rows(fit, question),
            "random_effects": random_effect_rows(fit),
            "influence": influence_rows(fit, question, methods, settings.level),
        },
        _status(fit),
        (*remarks, *unstandardised),
        failures,
        fit.log_likelihood,
    )


def _fit(question: Question, rows: pd.DataFrame) -> tuple[MixedFit, tuple[str, ...]]:
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
    return fit, tuple(str(w.message) for w in caught if issubclass(w.category, ModelWarning))


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers as floats and texts as texts: without missing values there is no need for nullable types."""
    import pandas as pd

    plain: dict[str, Any] = {}
    for name in rows:
        if name in ORDERED:
            plain[name] = pd.Categorical(rows[name].astype(str), categories=ORDERED[name])
        else:
            plain[name] = rows[name].astype("float64" if pd.api.types.is_numeric_dtype(rows[name]) else str)
    return pd.DataFrame(plain, index=rows.index)


def _status(fit: MixedFit) -> str:
    status = fit.status
    if not status.converged:
        return "not converged"
    if not status.singular:
        return "converged"
    places = [f"{place} at zero" for place in status.at_zero] + [f"{place} at ±1" for place in status.at_one]
    places += [f"residual {place}" for place in status.at_bound]
    return f"singular ({'; '.join(places)})" if places else "singular"
