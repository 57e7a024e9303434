"""``fit_mixed`` and ``fit_arrays``: the two front doors."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ruptureflow.mixed.doors import design_from_arrays, design_from_formula, read_grouping
from ruptureflow.mixed.fitting import estimate_design, structured_maker
from ruptureflow.mixed.model import MixedFit
from ruptureflow.mixed.residuals import parse_residual


def fit_mixed(
    formula: str,
    data: pd.DataFrame,
    groups: str | Sequence[str] | Mapping[str, str],
    random: str | Sequence[str] | None = "1",
    residual: str = "independent",
    method: str = "reml",
    covariance: str | Sequence[str] = "unstructured",
    sampling_variance: str | None = None,
    boundary: str = "lme4",
) -> MixedFit:
    """Fit a linear mixed model by REML or ML.

    Parameters
    ----------
    formula
        Outcome and fixed effects in formulaic's grammar, ``"bond ~ time + ot_within"``.
    data
        One row an observation. Rows with a missing value in a column the model reads are left out, counted and
        listed (``fit.dropped_rows``); a missing group is an error.
    groups
        A column; a list of nested columns, outermost first (inner labels may repeat); or a dict
        ``{column: random part}`` for crossed factors (at most 3,000 rows, unless they turn out to be nested).
    random
        Random effects: ``"1"``, ``"1 + time"``, ``"0 + role"``; one for all levels or a list; None for none.
    residual
        ``"independent"``, ``"ar1(session)"``, ``"car1(weeks)"``, ``"varying(role)"`` or
        ``"unstructured(role | session)"`` (rows of one group and session correlated, at most one row a role).
    method
        ``"reml"`` or ``"ml"``.
    covariance
        ``"unstructured"`` or ``"diagonal"``; one for all levels or a list.
    sampling_variance
        Column of known variances of the outcomes; the model then has no residual variance.
    boundary
        What happens where a variance is estimated at zero. ``"lme4"``: what lmerTest and pbkrtest do. ``"sas"``:
        components at zero are dropped from Satterthwaite and Kenward-Roger. ``"unconstrained"``: one random intercept
        whose variance may be negative (PROC MIXED's NOBOUND; compound symmetry).

    Returns
    -------
    MixedFit

    Raises
    ------
    ModelError
        When the model cannot be fitted; the message names the place, the value and what to do.
    """
    grouping = read_grouping(groups, random, covariance)
    structure = parse_residual(residual)
    design = design_from_formula(formula, data, grouping, sampling_variance, structure.columns, structure.independent)
    return MixedFit(estimate_design(design, method, boundary, structured_maker(structure, design)), residual)


def fit_arrays(
    outcome,
    fixed,
    groups,
    random=None,
    *,
    method: str = "reml",
    covariance: str | Sequence[str] = "unstructured",
    sampling_variance=None,
    names: Sequence[str] | None = None,
    boundary: str = "lme4",
) -> MixedFit:
    """Fit a linear mixed model with independent residuals (or known sampling variances) from arrays.

    Parameters
    ----------
    outcome
        ``(n,)``.
    fixed
        ``(n, p)`` fixed-effects matrix, with its intercept column.
    groups
        ``(n,)`` labels; a list of such arrays (nested, outermost first); or a dict name -> labels (crossed).
    random
        ``(n, q)`` random-effects matrix, None for a random intercept; a list gives one for each level.
    names
        Names of the fixed effects; by default ``Intercept`` for a leading column of ones, then ``x1, x2, ...``.
    method, covariance, sampling_variance, boundary
        As in ``fit_mixed``; ``sampling_variance`` is an array here.
    """
    design = design_from_arrays(
        outcome, fixed, groups, random, covariance=covariance, sampling_variance=sampling_variance, names=names
    )
    return MixedFit(estimate_design(design, method, boundary))
