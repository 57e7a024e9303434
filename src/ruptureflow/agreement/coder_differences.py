"""How coders differ: Bland–Altman limits of two, bias and drift of each against the others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ruptureflow.agreement.patient_bootstrap import Bootstrap

_LIMITS = 1.959963984540054
"""Limits of agreement hold 95 % of differences, whatever the level of the intervals around them."""


@dataclass(frozen=True)
class CoderPair:
    """Differences first − second over the sessions both coded; intervals by bootstrap over patients.

    limits_low, limits_high : mean ± 1.96 SD (Bland and Altman, 1986). slope : of the difference on the mean of both,
    which shows whether they differ more where values are high.
    """

    first: int
    second: int
    n_sessions: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    limits_low: float
    limits_low_low: float
    limits_low_high: float
    limits_high: float
    limits_high_low: float
    limits_high_high: float
    slope: float


@dataclass(frozen=True)
class CoderBias:
    """One coder against the mean of the other coders of the same session; intervals by bootstrap over patients.

    bias : mean deviation. drift : slope of the deviation on the session number, in the value's unit a session.
    coding_drift : its slope on the place of the sheet in the coder's own order of coding, in the value's unit per ten
    sheets, over the n_dated shared sheets that bear a date.
    """

    coder: int
    n_sessions: int
    mean: float
    sd: float
    bias: float
    bias_low: float
    bias_high: float
    drift: float
    drift_low: float
    drift_high: float
    n_dated: int
    coding_drift: float
    coding_drift_low: float
    coding_drift_high: float


def coder_pairs(values: np.ndarray, clusters: np.ndarray, bootstrap: Bootstrap) -> list[CoderPair]:
    """Bland–Altman statistics of every pair of coders that share at least two sessions.

    Parameters
    ----------
    values : sessions × coders, NaN where not coded. clusters : index of each session's patient.
    """
    found = []
    for a, b in combinations(range(values.shape[1]), 2):
        both = ~np.isnan(values[:, [a, b]]).any(axis=1)
        if both.sum() < 2:
            continue
        difference, mean = values[both, a] - values[both, b], values[both][:, [a, b]].mean(axis=1)
        weights, of_patient = _drawn(clusters[both], bootstrap)
        centre = difference.mean()
        sums = _sums(of_patient, weights.shape[1], np.ones(len(difference)), difference, (difference - centre) ** 2)
        bias, sd = difference.mean(), difference.std(ddof=1)
        n, total, squares = (weights @ sums).T
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn_bias = total / n
            drawn_sd = np.sqrt(np.maximum(squares - n * (drawn_bias - centre) ** 2, 0) / (n - 1))
        spread = mean - mean.mean()
        slope = float(spread @ difference / (spread @ spread)) if spread @ spread > 0 else np.nan
        n_patients = weights.shape[1]
        low, high = (bootstrap.interval(drawn_bias + side * _LIMITS * drawn_sd, n_patients) for side in (-1, 1))
        limits = (bias - _LIMITS * sd, *low, bias + _LIMITS * sd, *high)
        found.append(
            CoderPair(a, b, int(both.sum()), bias, *bootstrap.interval(drawn_bias, n_patients), sd, *limits, slope)
        )
    return found


def coder_biases(
    values: np.ndarray,
    clusters: np.ndarray,
    sessions: np.ndarray,
    bootstrap: Bootstrap,
    coded_on: np.ndarray | None = None,
) -> list[CoderBias]:
    """Bias and drift of every coder.

    Parameters
    ----------
    values, clusters : as in `coder_pairs`. sessions : session number of each row.
    coded_on : day on which each coder coded each session, as a number; NaN or None where not known.
    """
    found = []
    rated = ~np.isnan(values)
    total, count = np.where(rated, values, 0.0).sum(axis=1), rated.sum(axis=1)
    days = np.full(values.shape, np.nan) if coded_on is None else coded_on
    for coder in range(values.shape[1]):
        own = rated[:, coder]
        shared = own & (count > 1)
        mean = float(values[own, coder].mean()) if own.any() else np.nan
        sd = float(values[own, coder].std(ddof=1)) if own.sum() > 1 else np.nan
        mine = values[shared, coder]
        deviation = mine - (total[shared] - mine) / (count[shared] - 1)
        tens_of_sheets = _places(np.where(own, days[:, coder], np.nan))[shared] / 10
        bias, drift = _bias_and_drift(deviation, sessions[shared], clusters[shared], bootstrap)
        dated = ~np.isnan(tens_of_sheets)
        _, coding = _bias_and_drift(deviation[dated], tens_of_sheets[dated], clusters[shared][dated], bootstrap)
        found.append(CoderBias(coder, int(shared.sum()), mean, sd, *bias, *drift, int(dated.sum()), *coding))
    return found


Ends = tuple[float, float, float]


def _bias_and_drift(
    deviation: np.ndarray, when: np.ndarray, clusters: np.ndarray, bootstrap: Bootstrap
) -> tuple[Ends, Ends]:
    """Mean of deviations and their slope on `when`, each with its interval; missing below two deviations."""
    if len(deviation) < 2:
        return (np.nan,) * 3, (np.nan,) * 3
    weights, of_patient = _drawn(clusters, bootstrap)
    n_patients = weights.shape[1]
    from_start = when - when.mean()
    columns = (np.ones(len(deviation)), deviation, from_start, from_start * deviation, from_start**2)
    sums = _sums(of_patient, n_patients, *columns)
    mean, slope = _mean_and_slope(sums.sum(axis=0))
    drawn_mean, drawn_slope = _mean_and_slope(weights @ sums)
    return (
        (float(mean), *bootstrap.interval(drawn_mean, n_patients)),
        (float(slope), *bootstrap.interval(drawn_slope, n_patients)),
    )


def _mean_and_slope(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, deviation, when, cross, square = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = square - when**2 / n
        return deviation / n, np.where(spread > 1e-12 * np.abs(square), (cross - when * deviation / n) / spread, np.nan)


def _places(days: np.ndarray) -> np.ndarray:
    """Place of each sheet among those with a date, 0 the first; sheets of one day share their mean place."""
    dated = ~np.isnan(days)
    places = np.full(len(days), np.nan)
    _, of_day, on_day = np.unique(days[dated], return_inverse=True, return_counts=True)
    places[dated] = (on_day.cumsum() - (on_day + 1) / 2)[of_day]
    return places


def _drawn(clusters: np.ndarray, bootstrap: Bootstrap) -> tuple[np.ndarray, np.ndarray]:
    patients, of_patient = np.unique(clusters, return_inverse=True)
    return bootstrap.weights(len(patients)), of_patient


def _sums(clusters: np.ndarray, n_clusters: int, *columns: np.ndarray) -> np.ndarray:
    out = np.zeros((n_clusters, len(columns)))
    np.add.at(out, clusters, np.column_stack(columns))
    return out
