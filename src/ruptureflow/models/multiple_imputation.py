"""Fits to completed data sets combined by Rubin's rules, with the degrees of freedom of Barnard and Rubin (1999)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.mixed.inference import t_p_value, t_quantile
from ruptureflow.models.errors import PlanError
from ruptureflow.models.fits import Fitted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

RAW = "raw"


@dataclass(frozen=True)
class Combined:
    """One estimate combined over draws.

    Parameters
    ----------
    estimate, std_error, df : of the combined estimate.
    variance_within : mean squared standard error of the draws.
    variance_between : variance of the draws' estimates.
    df_complete : mean df of the draws.
    missing_share : lambda, share of the total variance that is due to what is missing.
    """

    estimate: float
    std_error: float
    df: float
    variance_within: float
    variance_between: float
    df_complete: float
    missing_share: float


def rubin(estimates: ArrayLike, std_errors: ArrayLike, df: ArrayLike) -> Combined:
    """Combine one estimate over completed data sets.

    Parameters
    ----------
    estimates, std_errors : one a draw, at least two.
    df : degrees of freedom of each draw's own test: those of complete data.

    Returns
    -------
    Combined

    Notes
    -----
    Over m draws with mean squared standard error W and variance of estimates B,

        T = W + (1 + 1/m)·B,    λ = (1 + 1/m)·B / T,    ν_m = (m − 1)/λ²,
        ν_obs = (ν_c + 1)/(ν_c + 3)·ν_c·(1 − λ),    df = 1/(1/ν_m + 1/ν_obs)

    with ν_c the mean of the draws' df (ν_obs is infinite where they are). Never more than ν_c, and at λ = 0 a little
    less: (ν_c + 1)/(ν_c + 3)·ν_c, the price of an estimated scale.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys; Barnard & Rubin (1999), Biometrika 86:948-955;
    R's mice::pool is the same.
    """
    q, variances, nu = np.asarray(estimates, float), np.asarray(std_errors, float) ** 2, np.asarray(df, float)
    m = len(q)
    within, between, complete = float(variances.mean()), float(q.var(ddof=1)), float(nu.mean())
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else float("nan")
    observed = (
        complete * (1 - share) if np.isinf(complete) else (complete + 1) / (complete + 3) * complete * (1 - share)
    )
    inverse = share**2 / (m - 1) + (1 / observed if observed > 0 else np.inf)
    return Combined(
        float(q.mean()),
        float(np.sqrt(total)),
        float(1 / inverse) if inverse > 0 else float("inf"),
        within,
        between,
        complete,
        share,
    )


def combine(fits: Sequence[Fitted], level: float) -> Fitted:
    """Combine the same model fitted to every completed data set.

    Parameters
    ----------
    fits : one a draw, in order.
    level : level of the intervals.

    Returns
    -------
    Fitted
        coefficients, contextual effects, predicted random effects and left-out coefficients by Rubin's rules,
        variances averaged, `imputed_estimates` with the rules' parts. A df method that fails in one draw fails. The
        status is the worst of the draws'; a remark says how many draws have it.

    Raises
    ------
    PlanError
        if a coefficient exists in some draws only.
    """
    failures: dict[str, str] = {}
    for number, fit in enumerate(fits, start=1):
        for method, message in fit.failures.items():
            failures.setdefault(method, f"draw {number}: {message}")
    estimates, parts, lost = _coefficients(fits, failures, level)
    status, verdict = _worst_status([fit.status for fit in fits])
    remarks = [*dict.fromkeys(remark for fit in fits for remark in fit.remarks), *lost, *verdict]
    return Fitted(
        {
            "estimates": estimates,
            "imputed_estimates": parts,
            "contextual_effects": _contextual(fits, failures, level),
            "variances": _variances(fits),
            "random_effects": _random_effects(fits),
            "influence": _influence(fits, estimates, failures, level),
        },
        status,
        tuple(remarks),
        failures,
        None,
    )


def _grouped(fits: Sequence[Fitted], table: str, keys: Sequence[str]) -> dict[tuple, list[dict[str, Any]]]:
    """Rows of all draws by their key, in the order of the first draw."""
    found: dict[tuple, list[dict[str, Any]]] = {}
    for fit in fits:
        for row in fit.rows.get(table, []):
            found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def _column(rows: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows], dtype=float)


def _pooled(rows: list[dict[str, Any]]) -> Combined:
    return rubin(_column(rows, "estimate"), _column(rows, "std_error"), _column(rows, "df"))


def _test(found: Combined, level: float) -> dict[str, float]:
    statistic = found.estimate / found.std_error if found.std_error > 0 else float("nan")
    half = float(t_quantile(level, np.array(found.df))) * found.std_error
    return {
        "estimate": found.estimate,
        "std_error": found.std_error,
        "df": found.df,
        "statistic": statistic,
        "p_value": float(t_p_value(np.array(statistic), np.array(found.df))),
        "ci_low": found.estimate - half,
        "ci_high": found.estimate + half,
    }


def _coefficients(
    fits: Sequence[Fitted], failures: dict[str, str], level: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    lost: dict[str, None] = {}
    for (term, method, metric), draws in _grouped(fits, "estimates", ("term", "df_method", "metric")).items():
        if method in failures:
            continue
        if len(draws) < len(fits) and metric == RAW:
            raise PlanError(f"{term} is a coefficient in {len(draws)} of {len(fits)} draws only")
        if len(draws) < len(fits):
            lost[f"{term} has no {metric} form in {len(fits) - len(draws)} of {len(fits)} draws."] = None
            continue
        found = _pooled(draws)
        rows.append(draws[0] | _test(found, level))
        parts.append(
            {
                "term": term,
                "df_method": method,
                "metric": metric,
                "n_draws": len(draws),
                "variance_within": found.variance_within,
                "variance_between": found.variance_between,
                "df_complete": found.df_complete,
                "missing_share": found.missing_share,
            }
        )
    return rows, parts, list(lost)


def _contextual(fits: Sequence[Fitted], failures: dict[str, str], level: float) -> list[dict[str, Any]]:
    grouped = _grouped(fits, "contextual_effects", ("variable", "df_method"))
    return [
        draws[0] | _test(_pooled(draws), level)
        for (_, method), draws in grouped.items()
        if method not in failures and len(draws) == len(fits)
    ]


def _variances(fits: Sequence[Fitted]) -> list[dict[str, Any]]:
    rows = [
        draws[0] | {"variance": float(_column(draws, "variance").mean())}
        for draws in _grouped(fits, "variances", ("level", "term", "other_term")).values()
    ]
    if rows and all(row.get("share") is not None for row in rows):
        total = sum(row["variance"] for row in rows)
        rows = [row | {"share": row["variance"] / total if total > 0 else None} for row in rows]
    return rows


def _random_effects(fits: Sequence[Fitted]) -> list[dict[str, Any]]:
    found = []
    for draws in _grouped(fits, "random_effects", ("level", "group", "term")).values():
        value = _column(draws, "value")
        scatter = (1 + 1 / len(draws)) * value.var(ddof=1)
        errors = {
            name: float(np.sqrt((_column(draws, name) ** 2).mean() + scatter))
            for name in ("conditional_sd", "std_error")
        }
        found.append(draws[0] | {"value": float(value.mean())} | errors)
    return found


def _influence(
    fits: Sequence[Fitted], estimates: list[dict[str, Any]], failures: dict[str, str], level: float
) -> list[dict[str, Any]]:
    grouped = _grouped(fits, "influence", ("group", "term"))
    methods = {row["df_method"] for draws in grouped.values() for row in draws}
    if len(methods) != 1 or methods & set(failures):
        return []
    full = {row["term"]: row for row in estimates if row["df_method"] in methods and row["metric"] == RAW}
    found = []
    for (_, term), draws in grouped.items():
        without, all_rows = _test(_pooled(draws), level), full[term]
        decisions = [row["p_value"] < 1 - level for row in (without, all_rows)]
        found.append(
            draws[0]
            | {name: without[name] for name in ("estimate", "std_error", "df", "p_value")}
            | {
                "dfbeta": (all_rows["estimate"] - without["estimate"]) / all_rows["std_error"],
                "cook_distance": float(_column(draws, "cook_distance").mean()),
                "sign_changes": bool(np.sign(without["estimate"]) != np.sign(all_rows["estimate"])),
                "decision_changes": decisions[0] != decisions[1],
            }
        )
    return found


def _worst_status(statuses: Sequence[str]) -> tuple[str, list[str]]:
    """The worst of the draws' verdicts, and how many draws have it."""
    for worst in ("not converged", "singular"):
        having = [status for status in statuses if status.startswith(worst)]
        if having:
            remark = [f"{len(having)} of {len(statuses)} draws: {worst}."]
            return max(having, key=having.count), remark if len(having) < len(statuses) else []
    return statuses[0], []
