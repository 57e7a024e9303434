"""Intraclass correlations in Shrout and Fleiss' six forms, for complete and incomplete designs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.crossed_components import component_coefficients, crossed_components, crossed_sums
from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.incomplete import implied_mean_squares
from ruptureflow.agreement.mean_squares import coefficients, f_statistics, interval, mean_squares
from ruptureflow.agreement.patient_bootstrap import patient_weights
from ruptureflow.agreement.ratings import RatingMatrix, rating_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FORMS: dict[str, str] = {
    "ICC(1,1)": "single coder, coders differ from session to session, absolute agreement",
    "ICC(2,1)": "single coder, coders are a sample of coders, absolute agreement",
    "ICC(3,1)": "single coder, these coders and no others, consistency",
    "ICC(1,k)": "mean of k coders, coders differ from session to session, absolute agreement",
    "ICC(2,k)": "mean of k coders, coders are a sample of coders, absolute agreement",
    "ICC(3,k)": "mean of k coders, these coders and no others, consistency",
}
"""Shrout and Fleiss' notation and what each form means; McGraw and Wong write (2,1) as (A,1), (3,1) as (C,1)."""

CLASSICAL = "classical F, assumes independent sessions"
APPROXIMATE = "F from REML components at the effective number of coders, approximate, assumes independent sessions"


def icc(
    ratings: pd.DataFrame,
    target: str | Sequence[str] = "session",
    rater: str = "coder",
    value: str = "count",
    level: float = 0.95,
) -> pd.DataFrame:
    """Intraclass correlations in all six forms of Shrout and Fleiss, with their classical intervals.

    Parameters
    ----------
    ratings : one row a rating.
    target, rater, value : columns of what was rated (or several columns that name it together), by whom, and the
        rating. Missing ratings are allowed.
    level : coverage of the intervals.

    Returns
    -------
    DataFrame
        form, estimate, ci_low, ci_high, statistic (F), df1, df2, p_value, n_targets, n_raters (the effective number
        where the design is incomplete), meaning (the form in words), interval (how it was made), note (empty, or
        what a reader must know).

    Raises
    ------
    AgreementError
        for a missing column, a value that is no number, or a target rated twice by one rater (both rows are listed).

    Notes
    -----
    Complete designs (every rater rated every target): two-way mean squares; a negative coefficient is reported as it
    is. Intervals: forms 1 and 3 exact F (Shrout and Fleiss, 1979); form 2 the Satterthwaite approximation of Fleiss
    and Shrout (1978), ICC(2,k) as the Spearman–Brown step-up of the ends of ICC(2,1), which is what psych gives (irr
    solves for ICC(A,k) anew, McGraw and Wong, 1996, and differs). The F test of form 2 is that of form 3: it tests
    targets, not raters. All of them assume independent targets, which sessions of one patient are not:
    `bootstrap_icc` resamples patients.

    Incomplete designs (rotating coders, gaps): all targets and ratings are used. Forms 2 and 3 come from REML variance
    components of crossed targets and raters, form 1 from the unbalanced one-way analysis of variance; k is the
    harmonic mean of the ratings a target has. Intervals and F put the implied mean squares into the classical
    formulas; df2 is ratings − targets − raters + 1 (form 1: ratings − targets).
    """
    import pandas as pd

    if not 0 < level < 1:
        raise AgreementError(f"level {level!r} is not between 0 and 1; 0.95 is usual")
    return pd.DataFrame(icc_rows(rating_matrix(ratings, target, rater, value), level))


def icc_rows(matrix: RatingMatrix, level: float) -> list[dict[str, object]]:
    """The rows of `icc` for a matrix of ratings."""
    values = matrix.values
    n, n_raters = values.shape
    obstacle = _obstacle(matrix)
    if obstacle:
        return [_row(form, n, float(n_raters), CLASSICAL, f"not computable: {obstacle}") for form in FORMS]
    complete = not np.isnan(values).any()
    if complete:
        squares, notes = mean_squares(values), []
    else:
        incomplete = implied_mean_squares(values)
        squares = incomplete.squares
        notes = [f"incomplete design: {_design_in_words(matrix)}; variance components", *incomplete.notes]
    constant = [str(r) for r, column in zip(matrix.raters, values.T, strict=True) if _without_variance(column)]
    if constant:
        notes.append(f"no variance in the ratings of {', '.join(constant)}")
    estimates = coefficients(squares)
    rows = []
    for form, estimate in estimates.items():
        low, high = interval(form, squares, float(estimates["ICC(2,1)"]), level)
        found = {"estimate": float(estimate), "ci_low": low, "ci_high": high}
        remarks = list(notes)
        if np.isinf(estimate):
            found = dict.fromkeys(found, np.nan)
            remarks.append(
                "not computable: the targets' means do not differ at all (the coefficient is minus infinity)"
            )
        row = _row(form, n, squares.n_raters, CLASSICAL if complete else APPROXIMATE, "; ".join(remarks))
        rows.append(row | found | f_statistics(form, squares))
    return rows


def bootstrap_icc(
    ratings: pd.DataFrame,
    target: str | Sequence[str] = "session",
    rater: str = "coder",
    value: str = "count",
    cluster: str = "patient",
    draws: int = 10_000,
    seed: int = 1,
) -> pd.DataFrame:
    """Intraclass correlations of bootstrap samples of patients, each drawn with all its sessions.

    Parameters
    ----------
    ratings, target, rater, value : as in `icc`.
    cluster : column of the patient that a target belongs to; targets of different patients may share a name.
    draws, seed : number of samples and seed of the generator.

    Returns
    -------
    DataFrame
        one row a draw, one column a form. Variance components by Henderson's method 3, which are the mean squares of
        `icc` where the design is complete; NaN in a draw in which nothing varies.
    """
    import pandas as pd

    keys = [target] if isinstance(target, str) else list(target)
    keys = keys if cluster in keys else [cluster, *keys]
    matrix = rating_matrix(ratings, keys, rater, value)
    position = keys.index(cluster)
    patients, of_target = np.unique(
        np.array([str(names[position] if len(keys) > 1 else names) for names in matrix.targets]), return_inverse=True
    )
    return pd.DataFrame(draw_icc(matrix.values, of_target, patient_weights(len(patients), draws, seed)))


def draw_icc(values: np.ndarray, clusters: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The six forms in every draw of patients.

    Parameters
    ----------
    values : targets × raters. clusters : index of each target's patient. weights : draws × patients.
    """
    sums = crossed_sums(values - np.nanmean(values), clusters, weights.shape[1])
    return component_coefficients(crossed_components(sums.weighted(weights)))


def _obstacle(matrix: RatingMatrix) -> str:
    values = matrix.values
    per_target = matrix.ratings_per_target
    if len(values) == 0:
        return "no ratings"
    if values.shape[1] < 2:
        return "one rater"
    if len(values) < 2:
        return "one target"
    if per_target.max() < 2:
        return "no target was rated twice"
    if np.nanmax(values) == np.nanmin(values):
        return "all ratings are equal"
    return ""


def _without_variance(column: np.ndarray) -> bool:
    seen = column[~np.isnan(column)]
    return seen.size > 1 and bool(np.ptp(seen) == 0)


def _design_in_words(matrix: RatingMatrix) -> str:
    counts = matrix.ratings_per_target
    by_all = int((counts == matrix.values.shape[1]).sum())
    return f"{by_all} of {len(counts)} targets rated by all {matrix.values.shape[1]} raters"


def _row(form: str, n: int, k: float, interval_kind: str, note: str) -> dict[str, object]:
    empty = dict.fromkeys(("estimate", "ci_low", "ci_high", "statistic", "df1", "df2", "p_value"), np.nan)
    extra = {"meaning": FORMS[form], "interval": interval_kind, "note": note}
    return {"form": form, **empty, "n_targets": n, "n_raters": k, **extra}
