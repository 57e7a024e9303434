"""A fit's coefficients as rows: raw, standardised within patients; and between against within."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.mixed import ModelError
from ruptureflow.mixed.inference import t_p_value, t_quantile
from ruptureflow.models.errors import PlanError
from ruptureflow.models.specification import Question
from ruptureflow.models.standardised import METRIC, standardised_slope
from ruptureflow.models.units import coefficient_unit

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.models import ModelSettings
    from ruptureflow.mixed import MixedFit

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def coefficient_rows(
    fit: MixedFit, question: Question, settings: ModelSettings, units: Mapping[str, str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows of `estimates.csv` of one fit in the metric of its variables, and the df methods that failed.

    Parameters
    ----------
    fit : the fitted model.
    question : the model it answers.
    settings : df methods (the first is primary and stands first), level.
    units : unit by variable.

    Returns
    -------
    rows, failures
        every coefficient by every df method that can be computed (metric raw), and the message of each that cannot,
        by method. No other method stands in for one that fails.
    """
    found: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    for method in settings.df_methods:
        try:
            table = fit.fixed_effects(df=method, level=settings.level)
        except (ModelError, ArithmeticError, np.linalg.LinAlgError) as error:
            failures[method] = str(error)
            continue
        for row in table.to_dict("records"):
            numbers = {name: row[name] for name in NUMBERS}
            unit = coefficient_unit(row["term"], question.outcome, units)
            found.append({"term": row["term"], "df_method": method, "metric": "raw", "unit": unit} | numbers)
    return found, failures


def standardised_rows(
    raw: list[dict[str, Any]], question: Question, rows: pd.DataFrame, level: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows to standardise once more in within-patient SDs, and why a term has no such form.

    Parameters
    ----------
    raw : rows of `coefficient_rows`.
    question : the model they answer.
    rows : the rows in the fit.
    level : level of the intervals.

    Returns
    -------
    rows of metric standardised_within, and one remark a term that has none: its raw slope stands all the same.
    """
    found: list[dict[str, Any]] = []
    remarks: dict[str, str] = {}
    for row in raw:
        if row["term"] not in question.specification.standardise:
            continue
        if row["term"] not in rows:
            remarks[row["term"]] = f"{row['term']} not standardised: only a variable of the sessions has such a form"
            continue
        try:
            found.append(row | _standardised(row, question, rows, level))
        except PlanError as error:
            remarks[row["term"]] = f"{row['term']} not standardised: {error}"
    return found, list(remarks.values())


def contextual_rows(
    fit: MixedFit, question: Question, settings: ModelSettings, units: Mapping[str, str], methods: Sequence[str]
) -> list[dict[str, Any]]:
    """Between minus within coefficient of every centred variable with both parts in the model, by these df methods."""
    terms = list(fit.terms)
    found = []
    for name in settings.center:
        pair = f"{name}_between", f"{name}_within"
        if not set(pair) <= set(terms):
            continue
        contrast = np.zeros((1, len(terms)))
        contrast[0, [terms.index(term) for term in pair]] = 1, -1
        unit = coefficient_unit(pair[0], question.outcome, units)
        for method in methods:
            row = fit.contrast(contrast, df=method, level=settings.level).iloc[0]
            numbers = {column: row[column] for column in NUMBERS}
            found.append({"variable": name, "df_method": method, "unit": unit} | numbers)
    return found


def _standardised(raw: dict[str, Any], question: Question, rows: pd.DataFrame, level: float) -> dict[str, Any]:
    slope = standardised_slope(
        raw["estimate"],
        raw["std_error"],
        rows[raw["term"]],
        rows[question.outcome],
        rows["patient"],
    )
    half = float(t_quantile(level, raw["df"])) * slope.std_error
    statistic = slope.estimate / slope.std_error
    return {
        "estimate": slope.estimate,
        "std_error": slope.std_error,
        "statistic": statistic,
        "p_value": float(t_p_value(statistic, raw["df"])),
        "ci_low": slope.estimate - half,
        "ci_high": slope.estimate + half,
        "metric": METRIC,
        "unit": f"within-patient SD of {question.outcome} per within-patient SD of {raw['term']}",
    }
