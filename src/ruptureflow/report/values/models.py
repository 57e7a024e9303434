"""Variables of the joined sessions, and every model of the plan: its fate, coefficients and random part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ruptureflow.config.models import ModelSettings
from ruptureflow.report.labels import Labels
from ruptureflow.report.numbers import (
    MISSING,
    aligned,
    count,
    degrees,
    estimate,
    is_missing,
    p_phrase,
    p_value,
    two_decimals,
    unit_interval,
)
from ruptureflow.report.parts import Chapter, Sheet, dotted, slug
from ruptureflow.tables.models import FITTED, WITHOUT_PRIMARY

if TYPE_CHECKING:
    import pandas as pd

DESCRIPTIVE = {
    "n_obs": ("n_obs", count),
    "n_patients": ("n_patients", count),
    "icc": ("icc", unit_interval),
    "reliability": ("between_reliability", unit_interval),
}
MOMENTS = {
    "mean": "mean",
    "sd": "sd",
    "minimum": "minimum",
    "maximum": "maximum",
    "sd_within": "sd_within",
    "sd_between": "sd_between",
}
FIT = {
    "n_rows": ("n_rows", count),
    "n_obs": ("n_obs", count),
    "n_dropped": ("n_dropped", count),
    "n_groups": ("n_groups", count),
    "log_likelihood": ("log_likelihood", estimate),
}
SIZED = {"b": "estimate", "se": "std_error", "ci_low": "ci_low", "ci_high": "ci_high"}
"""Numbers of a coefficient on its own scale, printed with the decimals of its standard error."""
TEST = {
    "df": ("df", degrees),
    "t": ("statistic", two_decimals),
    "p": ("p_value", p_value),
    "p_is": ("p_value", p_phrase),
}
BY_METHOD = {"df": TEST["df"], "p": TEST["p"]}
DF_METHODS = {
    "kenward-roger": "Kenward–Roger",
    "satterthwaite": "Satterthwaite",
    "containment": "containment",
    "between-within": "between–within",
    "residual": "residual",
    "normal": "normal",
}
RAW, INTERCEPT = "raw", "Intercept"


def descriptives(wave: str, settings: ModelSettings, sheet: Sheet, estimates: Sheet, labels: Labels) -> Chapter:
    """One node a variable of the joined sessions that has a value.

    It is of kind `centred` too if the plan centres it, and of kind `modelled` if a fitted model has it.
    """
    modelled = variables_of(estimates.frame)
    chapter = Chapter()
    for index, row in sheet.frame.iterrows():
        if row["n_obs"] == 0:
            continue
        node = chapter.node(
            "variable",
            dotted(wave, "variable", row["variable"]),
            wave,
            name=row["variable"],
            label=labels.variable(row["variable"]),
            unit=labels.unit(row["unit"]),
        )
        if row["variable"] in settings.center:
            chapter.node("centred", node, wave)
        if row["variable"] in modelled:
            chapter.node("modelled", node, wave)
        style = aligned(row["sd"])
        chapter.cells(node, sheet, index, DESCRIPTIVE | {leaf: (column, style) for leaf, column in MOMENTS.items()})
    return chapter


def variables_of(estimates: pd.DataFrame) -> set[str]:
    """Variables that a model has as its outcome or in a term, whichever part or category of it."""
    names = {name for term in estimates["term"].unique() for name in re.split(r":| - ", term)}
    stems = {re.sub(r"\[.*\]$", "", name).removesuffix("_within").removesuffix("_between") for name in names}
    return stems | set(estimates["outcome"])


def models(
    wave: str, settings: ModelSettings, plan: Sheet, estimates: Sheet, variances: Sheet, labels: Labels
) -> Chapter:
    """The plan's analyses that have a fitted model, and under each its fits, terms, tests and variances.

    A model that was not fitted becomes a node of kind `unfitted`, with its reason. The coefficient that answers an
    analysis's question stands as a node of kind `answer` besides being a `term`; a coefficient on
    another metric is a node of that metric's kind. Degrees of freedom and p of a raw coefficient under every df method
    are its children; the primary method's test is the coefficient's own.
    """
    chapter = Chapter()
    questions = {analysis.analysis: analysis for analysis in settings.analyses}
    fitted: set[str] = set()
    for index, row in plan.frame.iterrows():
        analysis = dotted(wave, "models", row["analysis"])
        question = questions.get(row["analysis"])
        is_fitted = row["fate"] in (FITTED, WITHOUT_PRIMARY)
        if is_fitted and analysis not in fitted:
            fitted.add(analysis)
            chapter.node(
                "analysis",
                analysis,
                wave,
                title=row["analysis"].replace("_", " ").capitalize(),
                name=row["analysis"],
                question=question.question if question else "",
                primary=labels.term(question.primary_term) if question else "",
            )
        node = f"{analysis}.{dotted(row['model'])}.{dotted(row['outcome'])}"
        words = {
            "outcome": labels.variable(row["outcome"]),
            "rows": row["rows"],
            "model": row["model"].replace("_", " "),
            "formula": row["formula"],
            "random": row["random"],
            "residual": row["residual"],
            "method": row["method"].upper(),
            "status": row["status"],
            "reason": row["reason"],
        }
        chapter.node("fit" if is_fitted else "unfitted", node, analysis if is_fitted else wave, **words)
        chapter.cells(node, plan, index, FIT)
        if is_fitted:
            _kinds_of_fit(chapter, node, analysis, plan, index)
    primary = {name: analysis.primary_term for name, analysis in questions.items()}
    of_samples = _of_samples(plan.frame)
    _coefficients(chapter, wave, primary, settings.df_methods[0], estimates, of_samples, labels)
    _random_parts(chapter, wave, variances, of_samples, labels)
    return chapter


def _of_samples(plan: pd.DataFrame) -> set[tuple[str, str]]:
    """Analyses and models with one row a sample."""
    rows = plan[plan["rows"] == "samples"]
    return set(zip(rows["analysis"], rows["model"], strict=True))


def _kinds_of_fit(chapter: Chapter, node: str, analysis: str, plan: Sheet, index: Any) -> None:
    """A fit is also of kind `sample_fit`, `imputed_fit` or `untested` where it is one."""
    row = plan.frame.loc[index]
    if row["rows"] == "samples":
        chapter.node("sample_fit", node, analysis)
    if not is_missing(row["n_draws"]):
        chapter.node("imputed_fit", node, analysis)
        chapter.cell(f"{node}.n_draws", plan, index, "n_draws", count)
    if row["fate"] == WITHOUT_PRIMARY:
        chapter.node("untested", node, analysis)


def _coefficients(
    chapter: Chapter,
    wave: str,
    primary: dict[str, str],
    method: str,
    sheet: Sheet,
    of_samples: set[tuple[str, str]],
    labels: Labels,
) -> None:
    """Terms with the test of the plan's primary df method; dashes where that failed, and no other in its place."""
    keys = ["analysis", "model", "outcome", "term", "metric"]
    for (analysis, model, outcome, term, metric), rows in sheet.frame.groupby(keys, sort=False):
        fit = f"{dotted(wave, 'models', analysis, model, outcome)}"
        kind = "term" if metric == RAW else slug(metric)
        node = f"{fit}.{kind}.{dotted(term)}"
        tested = rows.index[rows["df_method"] == method]
        first = tested[0] if len(tested) else rows.index[0]
        words = {
            "label": labels.term(term),
            "short": labels.short_term(term),
            "slope": labels.slope(term),
            "predictor": labels.predictor(term),
            "unit": labels.unit(sheet.frame.at[first, "unit"]),
            "direction": "positive" if sheet.frame.at[first, "estimate"] > 0 else "negative",
            "df_method": DF_METHODS.get(method, ""),
        }
        if not len(tested):
            words |= dict.fromkeys([*TEST, *SIZED], MISSING)
            del words["b"]
        chapter.node(kind, node, fit, **words)
        if term == primary.get(analysis) and metric == RAW:
            chapter.node("answer", node, fit)
            kind = "mean_answer" if term == INTERCEPT else "slope_answer"
            chapter.node("sample_answer" if (analysis, model) in of_samples else kind, node, fit)
        style = aligned(sheet.frame.at[first, "std_error"])
        sized = {leaf: (column, style) for leaf, column in SIZED.items()}
        chapter.cells(node, sheet, first, TEST | sized if len(tested) else {"b": sized["b"]})
        for index, row in rows.iterrows() if metric == RAW else ():
            test = f"{node}.test.{dotted(row['df_method'])}"
            chapter.node("test", test, node, method=DF_METHODS.get(row["df_method"], row["df_method"]))
            if row["df_method"] != method:
                chapter.node("other_test", test, node)
            chapter.cells(test, sheet, index, BY_METHOD)


def _random_parts(chapter: Chapter, wave: str, sheet: Sheet, of_samples: set[tuple[str, str]], labels: Labels) -> None:
    for index, row in sheet.frame.iterrows():
        fit = dotted(wave, "models", row["analysis"], row["model"], row["outcome"])
        level, term, other = row["level"], row["term"], row["other_term"]
        is_covariance = isinstance(other, str) and other != term
        name = f"{term} and {other}" if is_covariance else str(term)
        node = chapter.node(
            "variance",
            f"{fit}.part.{dotted(level)}.{dotted(name)}",
            fit,
            level=labels.group(level),
            term="covariance of " + name if is_covariance else name,
        )
        chapter.cell(f"{node}.variance", sheet, index, "variance", estimate)
        chapter.cell(f"{node}.share", sheet, index, "share", unit_interval)
        if (row["analysis"], row["model"]) in of_samples and not is_missing(row["share"]):
            chapter.node("share", node, fit)
