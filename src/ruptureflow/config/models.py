"""The plan's section `models`: analyses, their models, and the mistakes in them that need no data to be seen."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from ruptureflow.config.strict import Strict, nearest, refuse_doubled

DfMethod = Literal["satterthwaite", "kenward-roger", "containment", "between-within", "residual", "normal"]


class ModelSpecification(Strict):
    """One model; {outcome} in the formula stands for each outcome in turn."""

    model: str
    outcomes: list[str] = Field(min_length=1)
    formula: str = Field(description="'{outcome} ~ time + oxytocin_change_within + oxytocin_change_between'")
    rows: Literal["sessions", "samples"] = Field(
        default="sessions", description="one row a patient and session, or one row a sample"
    )
    where: dict[str, str] = Field(
        default={}, description="only rows with these values: {analyte: oxytocin, role: patient}"
    )
    groups: str | list[str] | dict[str, str] = Field(
        default="patient",
        description="a column; nested ones, outermost first; or crossed ones with the random part of each: "
        '{patient: "1", run: "1"}',
    )
    optional_groups: list[str] = Field(
        default=[],
        description="crossed groups that a wave may leave out where it does not name them or has only one of them; "
        "plan.csv then says so",
    )
    random: str | list[str] = Field(default="1", description="random part of nested groups, one for all or one each")
    residual: str = "independent"
    covariance: Literal["unstructured", "diagonal"] = "unstructured"
    method: Literal["reml", "ml"] = "reml"
    standardise: list[str] = Field(default=[], description="within-patient terms also given as b·SD_w(x)/SD_w(y)")

    @model_validator(mode="after")
    def _consistent(self) -> ModelSpecification:
        where = f"model {self.model!r}"
        for name in ("outcomes", "standardise", "optional_groups"):
            refuse_doubled(f"{where}: {name}", getattr(self, name))
        left = self.formula.partition("~")[0]
        for outcome in self.outcomes:
            if "{outcome}" not in left and outcome not in names_in(left):
                raise ValueError(f"{where}: its formula is not one of {outcome!r}; write '{{outcome}} ~ …'")
        groups = [self.groups] if isinstance(self.groups, str) else list(self.groups)
        if isinstance(self.groups, list):
            refuse_doubled(f"{where}: groups", self.groups)
        if isinstance(self.groups, dict) and self.random != "1":
            raise ValueError(f"{where}: crossed groups name their random parts themselves; remove random")
        if isinstance(self.random, list) and len(self.random) != len(groups):
            raise ValueError(
                f"{where}: {len(self.random)} random parts for {len(groups)} groups; give one for all, or one each"
            )
        for name in self.optional_groups:
            if not isinstance(self.groups, dict):
                raise ValueError(f'{where}: optional_groups are crossed ones; write groups as {{patient: "1", …}}')
            if name not in groups:
                raise ValueError(f"{where}: optional_groups: {name!r} is no group of it{nearest(name, groups)}")
        if groups and set(groups) <= set(self.optional_groups):
            raise ValueError(f"{where}: one group at least must stay; take it out of optional_groups")
        for name in self.standardise:
            if name not in names_in(self.formula):
                hint = nearest(name, names_in(self.formula.partition("~")[2]))
                raise ValueError(f"{where}: standardise: {name!r} does not stand in its formula{hint}")
        return self


class Analysis(Strict):
    """A question: its models and the term that answers it."""

    analysis: str
    question: str
    models: list[ModelSpecification] = Field(min_length=1)
    primary_term: str

    @model_validator(mode="after")
    def _consistent(self) -> Analysis:
        refuse_doubled("models", [model.model for model in self.models])
        known = {name for model in self.models for name in names_in(model.formula.partition("~")[2])}
        for name in names_in(re.sub(r"\[[^\]]*\]", "", self.primary_term)):
            if name not in known and name != "Intercept":
                hint = nearest(name, ["Intercept", *sorted(known)])
                raise ValueError(f"primary_term {self.primary_term!r} is no term of its models{hint}")
        return self


class ModelSettings(Strict):
    """The analysis plan."""

    center: list[str] = Field(default=[], description="variables split into a within- and a between-patient part")
    df_methods: list[DfMethod] = Field(min_length=1, description="first is primary, the others stand beside it")
    level: float = Field(default=0.95, gt=0, lt=1)
    analyses: list[Analysis]

    @model_validator(mode="after")
    def _consistent(self) -> ModelSettings:
        refuse_doubled("center", self.center)
        refuse_doubled("df_methods", self.df_methods)
        refuse_doubled("analyses", [analysis.analysis for analysis in self.analyses])
        within = [f"{name}_within" for name in self.center]
        for analysis in self.analyses:
            for model in analysis.models:
                where = f"{analysis.analysis}: model {model.model!r}"
                for name in names_in(model.formula):
                    stem, _, part = name.rpartition("_")
                    if part in ("within", "between") and stem not in self.center:
                        hint = nearest(stem, self.center) if self.center else "; it is empty"
                        raise ValueError(f"{where}: formula: {name!r} needs {stem!r} under center{hint}")
                for name in model.standardise:
                    if name not in within:
                        hint = nearest(name, within) if within else "; center names no variable"
                        raise ValueError(
                            f"{where}: standardise: {name!r} is the within-patient part of no variable under center, "
                            f"and only those have within-patient standard deviations{hint}"
                        )
        return self


def names_in(text: str) -> list[str]:
    """Names of variables and functions in a formula, without text in quotes."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|\{outcome\}", "", text)
    return list(dict.fromkeys(re.findall(r"(?<![\w.])[^\W\d]\w*", bare)))
