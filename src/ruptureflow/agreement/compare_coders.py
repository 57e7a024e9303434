"""Every comparison of coders of one coded value, as rows of the hand-over tables."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.coder_differences import coder_biases, coder_pairs
from ruptureflow.agreement.icc import draw_icc, icc_rows
from ruptureflow.agreement.kappa import agreement_weights, mean_kappa, pair_tables, weighted_kappa
from ruptureflow.agreement.krippendorff import Metric, alpha_of_draws
from ruptureflow.agreement.nested_components import COMPONENTS, nested_components, nested_sums
from ruptureflow.agreement.nested_restricted import restricted_components
from ruptureflow.agreement.ratings import RatingMatrix, rating_matrix
from ruptureflow.agreement.two_by_two import pooled_tables

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.agreement.analysed_value import AnalysedValue
    from ruptureflow.agreement.patient_bootstrap import Bootstrap

Row = dict[str, object]
_MOST_CATEGORIES = 12
"""Weighted kappas are for ratings; a count with more distinct values than this has none."""


@dataclass(frozen=True)
class CodedValue:
    """All coders' values of one code, the patient and session number of each row, and the day each was coded on."""

    matrix: RatingMatrix
    patients: np.ndarray
    sessions: np.ndarray
    n_patients: int
    coded_on: np.ndarray

    @property
    def coders(self) -> list[str]:
        """Coders' ids in the order of the columns."""
        return [str(rater) for rater in self.matrix.raters]

    @property
    def values(self) -> np.ndarray:
        """Sessions × coders."""
        return self.matrix.values

    @property
    def comparable(self) -> bool:
        """Whether some session was coded twice and not all values are equal."""
        values = self.values
        return bool(
            values.size and (self.matrix.ratings_per_target > 1).any() and np.nanmax(values) > np.nanmin(values)
        )


def coded_value(rows: pd.DataFrame) -> CodedValue:
    """The coders' values of one code from rows of the table `coder_values`."""
    matrix = rating_matrix(rows, ["patient", "session"], "coder", "value")
    names = [str(patient) for patient, _ in matrix.targets]
    patients, of_session = np.unique(names, return_inverse=True) if names else ([], np.array([], dtype=int))
    sessions = np.array([float(session) for _, session in matrix.targets])
    return CodedValue(matrix, of_session, sessions, len(patients), _days(rows, matrix))


def _days(rows: pd.DataFrame, matrix: RatingMatrix) -> np.ndarray:
    """Day of coding as a number, sessions × coders; NaN where the sheet bears none."""
    import pandas as pd

    days = np.full(matrix.values.shape, np.nan)
    if "coded_on" not in rows.columns:
        return days
    dated = rows[rows["coded_on"].notna() & rows["value"].notna()]
    if len(dated):
        row_of = {target: place for place, target in enumerate(matrix.targets)}
        column_of = {rater: place for place, rater in enumerate(matrix.raters)}
        numbers = (pd.to_datetime(dated["coded_on"], format="ISO8601") - pd.Timestamp(0)).dt.total_seconds() / 86400
        at = [row_of[(patient, session)] for patient, session in zip(dated["patient"], dated["session"], strict=True)]
        days[at, [column_of[coder] for coder in dated["coder"]]] = numbers
    return days


def icc_coefficients(coded: CodedValue, bootstrap: Bootstrap) -> list[Row]:
    """The six intraclass correlations with classical and bootstrap intervals."""
    rows = icc_rows(coded.matrix, bootstrap.level)
    if bootstrap.draws and coded.comparable:
        drawn = draw_icc(coded.values, coded.patients, bootstrap.weights(coded.n_patients))
        for row in rows:
            row["bootstrap_low"], row["bootstrap_high"] = bootstrap.interval(drawn[str(row["form"])], coded.n_patients)
    return rows


def skewness_checks(coded: CodedValue, form: str, bootstrap: Bootstrap) -> list[Row]:
    """One intraclass correlation of ln(1 + value) and of ranks: counts are skewed, and a few high ones can carry it."""
    values = coded.values
    order = np.unique(values[~np.isnan(values)], return_inverse=True, return_counts=True)
    ranks = np.full(values.shape, np.nan)
    ranks[~np.isnan(values)] = (order[2].cumsum() - (order[2] - 1) / 2)[order[1]]
    rows = []
    for name, changed in (("ln(1 + value)", np.log1p(values)), ("ranks", ranks)):
        moved = dataclasses.replace(coded, matrix=dataclasses.replace(coded.matrix, values=changed))
        row = next(each for each in icc_coefficients(moved, bootstrap) if each["form"] == form)
        rows.append(row | {"form": f"{form} of {name}", "meaning": f"{row['meaning']}, {name}"})
    return rows


def rating_coefficients(coded: CodedValue, metrics: tuple[Metric, ...], bootstrap: Bootstrap) -> list[Row]:
    """Krippendorff's alpha by the given metrics; for ratings (an ordinal metric) weighted kappas as well."""
    rows = [_alpha_row(coded.values, metric, f"alpha ({metric})", coded, bootstrap) for metric in metrics]
    categories = np.unique(coded.values[~np.isnan(coded.values)])
    if "ordinal" in metrics and len(categories) <= _MOST_CATEGORIES:
        for kind in ("linear", "quadratic"):
            rows.append(_kappa_row(coded.values, kind, f"weighted kappa ({kind})", coded, bootstrap))
    return rows


def presence_coefficients(coded: CodedValue, threshold: float, bootstrap: Bootstrap) -> list[Row]:
    """Agreement on whether a session holds a rupture: a coder's value of at least the threshold."""
    values = np.where(np.isnan(coded.values), np.nan, (coded.values >= threshold - 1e-9).astype(float))
    rows = [
        _kappa_row(values, "none", "kappa (presence)", coded, bootstrap),
        _alpha_row(values, "nominal", "alpha nominal (presence)", coded, bootstrap),
    ]
    tables = pair_tables(values, coded.patients, coded.n_patients, np.array([0.0, 1.0])).sum(axis=1)
    drawn = pooled_tables(np.tensordot(bootstrap.weights(coded.n_patients), tables, axes=1))
    whole = pooled_tables(tables.sum(axis=0)[None])
    meanings = {
        "percent agreement": "share of sessions in which two coders say the same",
        "positive agreement": "agreement of two coders on presence, 2a/(2a + b + c)",
        "negative agreement": "agreement of two coders on absence, 2d/(2d + b + c)",
        "PABAK": "kappa adjusted for prevalence and bias, 2 × agreement − 1",
    }
    for name, meaning in meanings.items():
        low, high = bootstrap.interval(drawn[name], coded.n_patients)
        note = "" if np.isfinite(whole[name][0]) else "not computable: nobody saw it, or all did"
        rows.append(_row(f"{name} (presence)", meaning, float(whole[name][0]), low, high, coded, note))
    return [row | {"note": "; ".join(filter(None, [f"present: {threshold:g} or more", row["note"]]))} for row in rows]


@dataclass(frozen=True)
class Decomposition:
    """Variance components and reliabilities of one coded value, as rows."""

    variances: list[Row]
    reliabilities: list[Row]


def decompose(coded: CodedValue, analysed: AnalysedValue, bootstrap: Bootstrap) -> Decomposition:
    """Split a coded value into patient, session, coder, coder × patient and residual, with bootstrap intervals.

    The variances are those of all sheets; the reliabilities are of the value that is analysed.
    """
    if not coded.comparable:
        return Decomposition([], [])
    shares = analysed.shares(coded.values, coded.coders)
    sums = nested_sums(coded.values - np.nanmean(coded.values), coded.patients, shares)
    found = nested_components(sums.weighted(np.ones((1, coded.n_patients))))
    drawn = nested_components(sums.weighted(bootstrap.weights(coded.n_patients)))
    complete = not np.isnan(coded.values).any()
    restricted = {} if complete else restricted_components(coded.values, coded.patients)
    sizes = {name: float(getattr(found, name)[0]) for name in COMPONENTS}
    whole = sum(max(each, 0.0) for each in sizes.values() if np.isfinite(each))
    variances: list[Row] = []
    for name, variance in sizes.items():
        low, high = bootstrap.interval(getattr(drawn, name), coded.n_patients)
        share = 100 * max(variance, 0.0) / whole if whole > 0 and np.isfinite(variance) else np.nan
        row: Row = {"component": name, "variance": variance, "ci_low": low, "ci_high": high, "share": share}
        variances.append(row | {"reml": restricted.get(name, np.nan)})
    whose = "" if analysed.kind == "mean of coders" else "of one coder's value"
    meanings = {
        "within_patient": ("within-patient", "differences between a patient's sessions, coders being a sample"),
        "between_patient": (
            "between-patient",
            "differences between patients' means, sessions and coders being samples",
        ),
        "between_patient_coders": (
            "between-patient (coders)",
            "differences between patients' means over these sessions, coders being a sample",
        ),
    }
    reliabilities: list[Row] = []
    for field, (coefficient, meaning) in meanings.items():
        low, high = bootstrap.interval(getattr(drawn, field), coded.n_patients)
        estimate = float(getattr(found, field)[0])
        reliabilities.append(
            {
                "coefficient": coefficient,
                "estimate": estimate,
                "ci_low": low,
                "ci_high": high,
                "interval": "bootstrap over patients",
                "n_patients": coded.n_patients,
                "n_observations": len(coded.values),
                "note": "; ".join(filter(None, [meaning, whose, _range_remark(estimate)])),
            }
        )
    return Decomposition(variances, reliabilities)


def _range_remark(estimate: float) -> str:
    if np.isnan(estimate):
        return "not computable: each patient has one session, or nothing varies"
    return "" if 0 <= estimate <= 1 else "outside 0 to 1, as a variance behind it is negative: none can be shown"


def bias_rows(coded: CodedValue, bootstrap: Bootstrap) -> list[Row]:
    """Bias and drift of each coder."""
    return [
        dataclasses.asdict(each) | {"coder": coded.coders[each.coder]}
        for each in coder_biases(coded.values, coded.patients, coded.sessions, bootstrap, coded.coded_on)
    ]


def pair_rows(coded: CodedValue, bootstrap: Bootstrap) -> list[Row]:
    """Bland–Altman statistics of each pair of coders."""
    return [
        dataclasses.asdict(each) | {"first": coded.coders[each.first], "second": coded.coders[each.second]}
        for each in coder_pairs(coded.values, coded.patients, bootstrap)
    ]


def _alpha_row(values: np.ndarray, metric: Metric, form: str, coded: CodedValue, bootstrap: Bootstrap) -> Row:
    estimate = float(alpha_of_draws(values, coded.patients, np.ones((1, coded.n_patients)), metric)[0])
    drawn = alpha_of_draws(values, coded.patients, bootstrap.weights(coded.n_patients), metric)
    note = "" if np.isfinite(estimate) else "not computable: all values are equal"
    meaning = f"Krippendorff's alpha, {metric} difference, chance-corrected agreement of any coders"
    return _row(form, meaning, estimate, *bootstrap.interval(drawn, coded.n_patients), coded, note)


def _kappa_row(values: np.ndarray, kind: str, form: str, coded: CodedValue, bootstrap: Bootstrap) -> Row:
    categories = np.unique(values[~np.isnan(values)])
    weights = agreement_weights(categories, kind)
    tables = pair_tables(values, coded.patients, coded.n_patients, categories)
    estimate = float(mean_kappa(tables.sum(axis=0), weights))
    drawn = mean_kappa(np.tensordot(bootstrap.weights(coded.n_patients), tables, axes=1), weights)
    two = values.shape[1] == 2
    note = "" if np.isfinite(estimate) else "not computable: all values are equal"
    meaning = "Cohen's kappa of two coders" if two else "mean of Cohen's kappa over pairs of coders (Light)"
    row = _row(form, meaning, estimate, *bootstrap.interval(drawn, coded.n_patients), coded, note)
    if two:
        classical = weighted_kappa(values[:, 0], values[:, 1], kind, bootstrap.level)
        row |= {"ci_low": classical.ci_low, "ci_high": classical.ci_high, "statistic": classical.statistic}
        row |= {"p_value": classical.p_value, "interval": "Fleiss, Cohen and Everitt, assumes independent sessions"}
    return row


def _row(form: str, meaning: str, estimate: float, low: float, high: float, coded: CodedValue, note: str) -> Row:
    per_session = coded.matrix.ratings_per_target
    return {
        "form": form,
        "meaning": meaning,
        "estimate": estimate,
        "bootstrap_low": low,
        "bootstrap_high": high,
        "interval": None,
        "n_targets": len(coded.values),
        "n_raters": len(per_session) / (1 / per_session).sum() if len(per_session) else np.nan,
        "note": note,
    }
