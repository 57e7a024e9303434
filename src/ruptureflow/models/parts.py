"""What a fit hands over beside its coefficients: variances, predicted random effects, influence of single groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruptureflow.models.specification import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruptureflow.mixed import MixedFit

# What the engine offers for p values of leave-one-out fits.
INFLUENCE_DF = ("kenward-roger", "satterthwaite", "normal")
RESIDUAL = "residual"


def variance_rows(fit: MixedFit, question: Question) -> list[dict[str, Any]]:
    """Variances and covariances of the random effects and of the residuals, with their share of the total.

    Shares are given for random intercepts with independent residuals: with a random slope the variance depends on
    the predictor, so that there is no one total.
    """
    found: list[dict[str, Any]] = []
    for level, matrix in fit.random_covariance.items():
        names = list(matrix.columns)
        for i, term in enumerate(names):
            for j, other in enumerate(names[: i + 1]):
                found.append({"level": level, "term": term, "other_term": other, "variance": matrix.iloc[i, j]})
    for name, value in fit.residual_parameters.items():
        term = RESIDUAL if name == "variance" else f"{RESIDUAL} {name}"
        found.append({"level": RESIDUAL, "term": term, "other_term": term, "variance": value})
    if question.is_random_intercept:
        total = sum(row["variance"] for row in found)
        for row in found:
            row["share"] = row["variance"] / total if total > 0 else None
    return found


def random_effect_rows(fit: MixedFit) -> list[dict[str, Any]]:
    """Best linear unbiased predictions of every group's random effects."""
    return [
        row | {"level": level, "term": row["effect"], "group": str(row["group"])}
        for level, table in fit.random_effects.items()
        for row in table.to_dict("records")
    ]


def influence_rows(fit: MixedFit, question: Question, df_methods: Sequence[str], level: float) -> list[dict[str, Any]]:
    """Every coefficient with each group left out, p by the plan's first df method that allows it.

    The groups are the outermost ones, or those that the plan names first where it names crossed ones.

    Parameters
    ----------
    fit : the fitted model.
    question : the model it answers.
    df_methods : the plan's df methods that can be computed for this fit.
    level : level of the decision is 1 − level.

    Returns
    -------
    list of dict
        empty where none of the df methods is kenward-roger, satterthwaite or normal.
    """
    usable = [method for method in df_methods if method in INFLUENCE_DF]
    if not usable:
        return []
    first = question.groups[0] if isinstance(question.specification.groups, dict) else None
    table = fit.influence(df=usable[0], alpha=1 - level, group=first).rename(columns={"rows": "n_obs"})
    return [row | {"df_method": usable[0], "group": str(row["group"])} for row in table.to_dict("records")]
