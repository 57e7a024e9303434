"""Intraclass correlations in Shrout and Fleiss' six forms, for complete and incomplete designs."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.crossed_components import component_coefficients, crossed_components, crossed_sums
from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.incomplete import implied_mean_squares
from ruptureflow.agreement.mean_squares import MeanSquares, coefficients, f_statistics, interval, mean_squares
from ruptureflow.agreement.patient_bootstrap import patient_weights
from ruptureflow.agreement.ratings import RatingMatrix, check_level, rating_matrix, without_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FORMS: dict[str, str] = {
    "ICC(1,1)": "single coder, coders differ from session to session, absolute agreement",
    "ICC(2,1)": "single coder, coders are a sample of coders, absolute agreement",
    "ICC(3,1)": "single coder, these coders and no others, consistency",
    "ICC(1,k)": "mean of {k}, coders differ from session to session, absolute agreement",
    "ICC(2,k)": "mean of {k}, coders are a sample of coders, absolute agreement",
    "ICC(3,k)": "mean of {k}, these coders and no others, consistency",
}
"""Shrout and Fleiss' notation and what each form means, {k} being how many coders."""

MCGRAW_WONG = {
    "ICC(1,1)": "ICC(1)",
    "ICC(2,1)": "ICC(A,1)",
    "ICC(3,1)": "ICC(C,1)",
    "ICC(1,k)": "ICC(k)",
    "ICC(2,k)": "ICC(A,k)",
    "ICC(3,k)": "ICC(C,k)",
}
"""The other notation in use, for the same coefficients (SPSS: A absolute agreement, C consistency)."""

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
        where the design is incomplete), notation (McGraw and Wong's), meaning (the form in words), interval (how it
        was made), note (empty, or what a reader must know: the design, constant raters, a coefficient outside 0 to 1,
        why something is missing).

    Raises
    ------
    AgreementError
        if `ratings` is no DataFrame, a column is missing or stands twice, a value is no finite number, or one rater
        rated a target twice (both rows are listed).

    Notes
    -----
    Complete designs (every rater rated every target): two-way mean squares; a negative coefficient is reported as it
    is. Intervals: forms 1 and 3 exact F (Shrout and Fleiss, 1979); form 2 the Satterthwaite approximation of Fleiss
    and Shrout (1978), ICC(2,k) as the Spearman–Brown step-up of the ends of ICC(2,1), which is what psych gives (irr
    solves for ICC(A,k) anew, McGraw and Wong, 1996, and differs). Where an end of ICC(2,1) lies at or below −1/(k − 1),
    the step-up has its pole and the end is minus infinity (psych goes on past the pole); an interval of form 2 that
    does not hold its own estimate is missing. The F test of form 2 is that of form 3: it tests targets, not raters.
    All of them assume independent targets, which sessions of one patient are not: `bootstrap_icc` resamples patients.

    Incomplete designs (rotating coders, gaps): all targets and ratings are used. Forms 2 and 3 come from REML variance
    components of crossed targets and raters, form 1 from the unbalanced one-way analysis of variance; k is the
    harmonic mean of the ratings a target has. Intervals and F put the implied mean squares into the classical
    formulas; df2 is ratings − targets − raters + 1, and one more for each further group of raters that share no target
    (form 1: ratings − targets).
    """
    import pandas as pd

    check_level(level)
    return pd.DataFrame(icc_rows(rating_matrix(ratings, target, rater, value), level))


def icc_rows(matrix: RatingMatrix, level: float) -> list[dict[str, object]]:
    """The rows of `icc` for a matrix of ratings."""
    n, n_raters = matrix.values.shape
    obstacle = _obstacle(matrix)
    if obstacle:
        k = n / (1 / matrix.ratings_per_target).sum() if n else 0.0
        return [_row(form, n, k, CLASSICAL, [f"not computable: {obstacle}"]) for form in FORMS]
    values = without_unit(matrix.values)
    complete = not np.isnan(values).any()
    if complete:
        squares, notes = mean_squares(values), []
    else:
        incomplete = implied_mean_squares(values)
        squares = incomplete.squares
        design = design_in_words(matrix.ratings_per_target, n_raters)
        notes = [f"incomplete design: {design}; variance components", *incomplete.notes]
    constant = [str(r) for r, column in zip(matrix.raters, values.T, strict=True) if _without_variance(column)]
    if constant:
        notes.append(f"no variance in the ratings of {', '.join(constant)}")
    estimates = coefficients(squares)
    rows = []
    for form, estimate in estimates.items():
        ends, remarks = _interval(form, float(estimate), squares, float(estimates["ICC(2,1)"]), level)
        found = {
            "estimate": float(estimate) if np.isfinite(estimate) else np.nan,
            "ci_low": ends[0],
            "ci_high": ends[1],
        }
        row = _row(form, n, squares.n_raters, CLASSICAL if complete else APPROXIMATE, [*notes, *remarks])
        rows.append(row | found | f_statistics(form, squares))
    return rows


def _interval(
    form: str, estimate: float, squares: MeanSquares, agreement: float, level: float
) -> tuple[tuple[float, float], list[str]]:
    """Interval of one form, and what a reader must know of its estimate and its ends."""
    if np.isnan(estimate):
        return (np.nan, np.nan), ["not computable: neither targets nor the residual vary"]
    if np.isinf(estimate):
        remark = "not computable: the targets' means do not differ at all (the coefficient is minus infinity)"
        return (np.nan, np.nan), [remark]
    remarks = []
    if estimate > 1:
        remarks.append("above 1: negative variance components leave a negative variance below the fraction line")
    elif estimate < 0:
        size = "below −1, which few targets allow, and" if estimate < -1 else "and"
        remarks.append(f"negative {size} reported as it is: targets differ less than ratings of one target do")
    low, high = interval(form, squares, agreement, level)
    # The Satterthwaite interval of form 2 loses its meaning with df near 0; rounding may put an end next to 1 past it.
    if not low - 1e-9 <= estimate <= high + 1e-9:
        return (np.nan, np.nan), [*remarks, "no interval: the approximation does not hold the estimate"]
    if np.isinf(low):
        remarks.append("no lower end (minus infinity)")
    return (low, high), remarks


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

    for name, number, least in (("draws", draws, 0), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
            raise AgreementError(f"{name} {number!r} is no whole number of at least {least}")
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
    if not len(values):
        return {form: np.full(len(weights), np.nan) for form in FORMS}
    values = without_unit(values)
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


def design_in_words(ratings_per_target: np.ndarray, n_raters: int) -> str:
    """Who rated how much: `60 targets by 3 raters: 48 rated once, 12 by 2`."""
    counts, targets = np.unique(ratings_per_target, return_counts=True)
    shares = [
        f"{n} rated once" if count == 1 else f"{n} by {'all ' if count == n_raters else ''}{count}"
        for count, n in zip(counts, targets, strict=True)
    ]
    return f"{len(ratings_per_target)} targets by {n_raters} raters: {', '.join(shares)}"


def coders_in_words(k: float) -> str:
    """How many coders a mean is of; a fraction is an effective number."""
    if k == round(k):
        return f"{k:.0f} coder{'' if k == 1 else 's'}"
    return f"{k:.2f} coders (effective number a session)"


def _row(form: str, n: int, k: float, interval_kind: str, notes: list[str]) -> dict[str, object]:
    empty = dict.fromkeys(("estimate", "ci_low", "ci_high", "statistic", "df1", "df2", "p_value"), np.nan)
    meaning = FORMS[form].format(k=coders_in_words(k))
    extra = {"notation": MCGRAW_WONG[form], "meaning": meaning, "interval": interval_kind, "note": "; ".join(notes)}
    return {"form": form, **empty, "n_targets": n, "n_raters": k, **extra}
