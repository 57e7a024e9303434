"""One model of the plan for one outcome: its formula, the columns it reads, whether a wave can answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.models.errors import PlanError

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.plan import Analysis, ModelSettings, ModelSpecification

RESIDUAL_COLUMNS = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Question:
    """One model for one outcome.

    Parameters
    ----------
    analysis, model, outcome : what the plan calls them.
    formula : fixed part with the outcome in it.
    primary_term : the term that answers the analysis's question.
    specification : the plan's model.
    """

    analysis: str
    model: str
    outcome: str
    formula: str
    primary_term: str
    specification: ModelSpecification

    @property
    def groups(self) -> list[str]:
        """Grouping columns, outermost first."""
        groups = self.specification.groups
        return [groups] if isinstance(groups, str) else list(groups)

    @property
    def random(self) -> list[str]:
        """Random part of each grouping column."""
        random = self.specification.random
        return [random] * len(self.groups) if isinstance(random, str) else list(random)

    @property
    def random_text(self) -> str:
        """The random part as lme4 writes it: `(1 | patient)`, one bracket a level."""
        levels = [":".join(self.groups[: depth + 1]) for depth in range(len(self.groups))]
        return " + ".join(f"({part} | {level})" for part, level in zip(self.random, levels, strict=True))

    @property
    def is_random_intercept(self) -> bool:
        """Whether every level has a random intercept alone and the residuals are independent."""
        return all(part.strip() == "1" for part in self.random) and self.specification.residual == "independent"


def questions(settings: ModelSettings) -> list[Question]:
    """Every analysis × model × outcome of the plan, in its order.

    Raises
    ------
    PlanError
        if one combination stands twice, or a model's random parts do not match its groups.
    """
    found = [question for analysis in settings.analyses for question in _questions_of(analysis)]
    keys = [(question.analysis, question.model, question.outcome) for question in found]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise PlanError(f"config: models: {doubled} stand twice; give each analysis, model and outcome one place")
    return found


def _questions_of(analysis: Analysis) -> list[Question]:
    found = []
    for model in analysis.models:
        groups = 1 if isinstance(model.groups, str) else len(model.groups)
        if not isinstance(model.random, str) and len(model.random) != groups:
            raise PlanError(
                f"config: models: {analysis.analysis}, {model.model}: {len(model.random)} random parts for "
                f"{groups} groups; give one for all, or one each"
            )
        for outcome in model.outcomes:
            formula = model.formula.replace("{outcome}", outcome)
            found.append(Question(analysis.analysis, model.model, outcome, formula, analysis.primary_term, model))
    return found


def columns_of(question: Question) -> list[str]:
    """Names of the columns a model reads: outcome, predictors, random parts, groups, residual structure.

    Raises
    ------
    PlanError
        if a formula of the plan cannot be read.
    """
    names: list[str] = []
    for text in (question.formula, *question.random):
        names += _variables(text, f"config: models: {question.analysis}, {question.model}")
    names += question.groups
    _, _, inner = question.specification.residual.partition("(")
    names += RESIDUAL_COLUMNS.findall(inner)
    return list(dict.fromkeys(names))


def _variables(text: str, place: str) -> list[str]:
    if re.fullmatch(r"\s*[01]\s*", text):
        return []
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        required = Formula(text).required_variables
    except FormulaicError as error:
        raise PlanError(f"{place}: formula {text!r} cannot be read: {error}") from None
    return sorted(str(name) for name in required)


def complete_rows(question: Question, sessions: pd.DataFrame) -> pd.DataFrame:
    """The rows in which every column of the model has a value."""
    return sessions[sessions[columns_of(question)].notna().all(axis=1)]


def obstacle(question: Question, sessions: pd.DataFrame) -> str:
    """Why a wave cannot answer a question: a column it does not have, no complete row, no variance; "" if it can."""
    names = columns_of(question)
    absent = [name for name in names if name not in sessions.columns]
    if absent:
        return "this wave has no " + ", ".join(f"{name!r}{_same_name(name, sessions)}" for name in absent)
    rows = complete_rows(question, sessions)
    if not len(rows):
        empty = [name for name in names if not sessions[name].notna().any()]
        if empty:
            return f"no session has a value of {', '.join(map(repr, empty))}"
        return f"no session has a value of each of {', '.join(map(repr, names))}"
    constant = [name for name in names if name not in question.groups and rows[name].nunique() == 1]
    if constant:
        return f"{', '.join(map(repr, constant))} does not vary over the {len(rows)} complete sessions"
    return ""


def _same_name(name: str, sessions: pd.DataFrame) -> str:
    """Columns that carry the name behind an instrument or a role: what the plan may have meant."""
    near = [column for column in sessions.columns if column.endswith(f"_{name}") and "rupture_" not in column]
    return f" (but {', '.join(near)})" if near else ""
