"""Our coefficients against those of another program: statsmodels' MixedLM on every random-intercept fit."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.tables import audit as tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.audit.results import WaveResults

KEY = ["wave", "analysis", "model", "outcome"]
RANDOM_INTERCEPT = re.compile(r"\(1 \| (\w+)\)")
ADJUSTED = "kenward-roger"


def compare_engines(waves: Mapping[str, WaveResults], estimates: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Refit every fitted model of every wave with statsmodels and compare coefficients and standard errors.

    Parameters
    ----------
    waves : results by wave, of which the joined rows and the plan's fate are used.
    estimates : coefficients of all waves.
    tolerance : largest difference called agreement, in units of our standard error.

    Returns
    -------
    DataFrame
        of `tables.audit.SECOND_ENGINE`; one row a raw coefficient. `difference` is the larger of |Δestimate| and
        |Δstandard error| over our standard error. Not comparable: other random parts or residual structures (where
        statsmodels' own errors are above 1 % in most fits), or a fit that statsmodels does not bring to convergence.
        Kenward–Roger's standard errors are adjusted and statsmodels' are not, so that those of another df method are
        taken; where there is none only the estimates are compared.
    """
    import pandas as pd

    raw = estimates[estimates["metric"] == "raw"]
    # One row a coefficient; one whose standard error is not adjusted where there is one.
    raw = raw.assign(adjusted=raw["df_method"] == ADJUSTED).sort_values("adjusted", kind="stable")
    ours = raw.drop_duplicates([*KEY, "term"]).sort_index()
    rows = []
    for results in waves.values():
        for entry in results.fitted.to_dict("records"):
            mine = ours[np.logical_and.reduce([ours[key] == entry[key] for key in KEY])]
            rows += _compare(entry, mine, results.rows_of(entry), tolerance)
    return tables.SECOND_ENGINE.conform(
        pd.DataFrame(rows, columns=tables.SECOND_ENGINE.names) if rows else tables.SECOND_ENGINE.empty()
    )


def _compare(entry: dict[str, Any], ours: pd.DataFrame, data: pd.DataFrame, tolerance: float) -> list[dict[str, Any]]:
    theirs, obstacle = _refit(entry, data)
    rows = []
    for row in ours.to_dict("records"):
        found = {name: row[name] for name in (*KEY, "term", "estimate", "std_error")}
        if obstacle or row["term"] not in theirs:
            reason = obstacle or f"statsmodels has no term {row['term']!r}"
            rows.append(found | {"verdict": "not comparable", "reason": reason})
            continue
        other, other_error = theirs[row["term"]]
        gaps = {"estimates": abs(row["estimate"] - other)}
        if not row["adjusted"]:
            gaps["standard errors"] = abs(row["std_error"] - other_error)
        widest = max(gaps, key=gaps.__getitem__)
        difference = gaps[widest] / row["std_error"]
        agrees = difference <= tolerance
        rows.append(
            found
            | {
                "other_estimate": other,
                "other_std_error": other_error,
                "difference": difference,
                "verdict": "agrees" if agrees else "differs",
                "reason": None if agrees else f"the {widest} differ; ours {entry['status']}",
            }
        )
    return rows


def _refit(entry: dict[str, Any], data: pd.DataFrame) -> tuple[dict[str, tuple[float, float]], str]:
    """Coefficients and standard errors by term, or why there are none."""
    group = RANDOM_INTERCEPT.fullmatch(entry["random"])
    if isinstance(entry["n_draws"], int):
        return {}, "several completed data sets were combined"
    if group is None or entry["residual"] != "independent":
        return {}, f"only one random intercept is compared, not {entry['random']}, {entry['residual']} residuals"
    from formulaic import Formula
    from statsmodels.regression.mixed_linear_model import MixedLM

    names = [*sorted(map(str, Formula(entry["formula"]).required_variables)), group[1]]
    rows = _plain(data[names].dropna())
    parts = Formula(entry["formula"]).get_model_matrix(rows, output="numpy")
    terms = list(parts.rhs.model_spec.column_names)
    model = MixedLM(np.asarray(parts.lhs, dtype=float).ravel(), np.asarray(parts.rhs, dtype=float), rows[group[1]])
    with warnings.catch_warnings():
        # Boundary and convergence warnings: the verdict says what they mean.
        warnings.simplefilter("ignore")
        try:
            fit = model.fit(reml=entry["method"] == "reml")
        except np.linalg.LinAlgError as error:
            return {}, f"statsmodels cannot fit it: {error}"
    if not fit.converged:
        return {}, "statsmodels did not converge"
    errors = np.asarray(fit.bse_fe, dtype=float)
    pairs = zip(np.asarray(fit.fe_params, dtype=float), errors, strict=True)
    return {term: (float(b), float(se)) for term, (b, se) in zip(terms, pairs, strict=True)}, ""


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    kinds = {
        name: rows[name].dtype
        if isinstance(rows[name].dtype, pd.CategoricalDtype)
        else "float64"
        if pd.api.types.is_numeric_dtype(rows[name])
        else str
        for name in rows.columns
    }
    return rows.astype(kinds)
