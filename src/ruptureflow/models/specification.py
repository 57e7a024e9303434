"""One model of the plan for one outcome: its formula, and the columns it reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from ruptureflow.models.errors import PlanError

if TYPE_CHECKING:
    from ruptureflow.config.models import Analysis, ModelSettings, ModelSpecification

# A name that is no function, module or keyword of a call.
ARGUMENT = re.compile(r"(?<![\w.])[A-Za-z_]\w*\b(?!\s*[(.]|\s*=[^=])")
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
        """Grouping columns, outermost first where they are nested."""
        groups = self.specification.groups
        return [groups] if isinstance(groups, str) else list(groups)

    @property
    def random(self) -> list[str]:
        """Random part of each grouping column."""
        if isinstance(self.specification.groups, dict):
            return list(self.specification.groups.values())
        random = self.specification.random
        return [random] * len(self.groups) if isinstance(random, str) else list(random)

    @property
    def random_text(self) -> str:
        """The random part as lme4 writes it: `(1 | patient)`, one bracket a level."""
        levels = self.groups
        if not isinstance(self.specification.groups, dict):
            levels = [":".join(levels[: depth + 1]) for depth in range(len(levels))]
        return " + ".join(f"({part} | {level})" for part, level in zip(self.random, levels, strict=True))

    @property
    def random_columns(self) -> list[str]:
        """Columns that the random parts read."""
        return [name for text in self.random for name in _variables(text, self.place)]

    @property
    def residual_columns(self) -> list[str]:
        """Columns that the residual structure reads."""
        return RESIDUAL_COLUMNS.findall(self.specification.residual.partition("(")[2])

    @property
    def place(self) -> str:
        """Where the plan asks it."""
        return f"config: models: {self.analysis}, {self.model}"

    def without_group(self, name: str) -> Question:
        """The question without one of its crossed groups."""
        groups = {group: part for group, part in zip(self.groups, self.random, strict=True) if group != name}
        return replace(self, specification=self.specification.model_copy(update={"groups": groups}))

    @property
    def is_random_intercept(self) -> bool:
        """Whether every level has a random intercept alone and the residuals are independent."""
        return all(part.strip() == "1" for part in self.random) and self.specification.residual == "independent"


def questions(settings: ModelSettings) -> list[Question]:
    """Every analysis × model × outcome of the plan, in its order.

    Raises
    ------
    PlanError
        if a formula cannot be read.
    """
    found = [question for analysis in settings.analyses for question in _questions_of(analysis)]
    for question in found:
        columns_of(question)
    return found


def _questions_of(analysis: Analysis) -> list[Question]:
    return [
        Question(
            analysis.analysis,
            model.model,
            outcome,
            model.formula.replace("{outcome}", outcome),
            analysis.primary_term,
            model,
        )
        for model in analysis.models
        for outcome in model.outcomes
    ]


def columns_of(question: Question) -> list[str]:
    """Names of the columns a model reads: outcome, predictors, random parts, groups, residual structure.

    Raises
    ------
    PlanError
        if a formula of the plan cannot be read.
    """
    names = [
        *fixed_columns_of(question),
        *question.random_columns,
        *question.groups,
        *question.residual_columns,
    ]
    return list(dict.fromkeys(names))


def fixed_columns_of(question: Question) -> list[str]:
    """Names of the columns that the fixed part reads, the outcome among them."""
    return _variables(question.formula, question.place)


@cache
def _variables(text: str, place: str) -> list[str]:
    if re.fullmatch(r"\s*[01]\s*", text):
        return []
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        required = Formula(text).required_variables
    except FormulaicError as error:
        problem, _, marked = without_colours(str(error)).partition("\n\n")
        at = f" ({marked.strip()})" if marked else ""
        raise PlanError(f"{place}: formula {text!r} cannot be read: {problem.rstrip('.')}{at}") from None
    # The library does not count what stands inside its own transformations, such as poly(time, 2).
    inside = re.findall(ARGUMENT, re.sub(r"'[^']*'|\"[^\"]*\"", "", text)) if "(" in text else []
    return sorted({*(str(name) for name in required), *inside} - {"True", "False", "None"})


def without_colours(text: str) -> str:
    """A message of the formula library without the colours of a terminal; it marks a place by » and «."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("⧛", "»").replace("⧚", "«")
