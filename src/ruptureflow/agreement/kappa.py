"""Cohen's kappa, weighted or not, of two coders, and its mean over the pairs of more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.ratings import check_level, numbers_of

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True)
class Kappa:
    """Kappa with the large-sample standard error of Fleiss, Cohen and Everitt (1969).

    std_error_null is the one under κ = 0, which the test uses. All NaN where chance agreement is complete.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    std_error_null: float
    statistic: float
    p_value: float
    n: int


def weighted_kappa(first: np.ndarray, second: np.ndarray, weights: Weights = "none", level: float = 0.95) -> Kappa:
    """Kappa of two coders over the targets that both rated.

    Parameters
    ----------
    first, second : ratings of the same targets, numbers, or any labels where no weights are wanted; NaN or None = not
        rated.
    weights : "none" (Cohen, 1960), "linear" or "quadratic": agreement weights 1 − |i − j|/(c − 1) or 1 − (i − j)²/
        (c − 1)² of the observed categories' values (equally spaced ratings give the usual weights).
    level : coverage of the interval estimate ± z·std_error.

    Raises
    ------
    AgreementError
        for unequal lengths, unknown weights, a level that is not between 0 and 1, infinite ratings, or labels where
        weights need numbers.

    Notes
    -----
    The standard error treats targets as independent. psych's cohen.kappa computes another variance for weighted
    kappas; statsmodels' agrees with this one.
    """
    check_level(level)
    first, second = _paired(first, second, weights)
    both = ~(np.isnan(first) | np.isnan(second))
    categories = np.unique(np.concatenate([first[both], second[both]]))
    table = contingency(first[both], second[both], categories)
    return _kappa_of_table(table, agreement_weights(categories, weights), level)


def _paired(first: np.ndarray, second: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Two coders' ratings as numbers; labels as their places among all labels, which unweighted kappa only compares."""
    import pandas as pd

    columns = [pd.Series(np.ravel(each)) if np.ndim(each) < 2 else None for each in (first, second)]
    if any(column is None for column in columns):
        raise AgreementError("each coder's ratings are one list, one rating a target")
    if len(columns[0]) != len(columns[1]):
        raise AgreementError(
            f"the coders have {len(columns[0])} and {len(columns[1])} ratings; pair them by target first"
        )
    both = pd.concat(columns, ignore_index=True)
    if weights == "none" and not pd.api.types.is_numeric_dtype(both):
        places = pd.factorize(both)[0].astype(float)
        numbers = np.where(places < 0, np.nan, places)
    else:
        numbers = numbers_of(both, "ratings")
    return numbers[: len(columns[0])], numbers[len(columns[0]) :]


def agreement_weights(categories: np.ndarray, weights: Weights) -> np.ndarray:
    """Agreement weights of every pair of categories: 1 on the diagonal, 0 (or less agreement) off it."""
    if weights == "none":
        return np.eye(len(categories))
    if weights not in ("linear", "quadratic"):
        raise AgreementError(f"unknown weights {weights!r}; known: none, linear, quadratic")
    span = np.ptp(categories) if len(categories) > 1 else 1.0
    distance = np.abs(categories[:, None] - categories[None, :]) / span
    return 1 - (distance if weights == "linear" else distance**2)


def contingency(first: np.ndarray, second: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Counts of each pair of categories, first coder in rows."""
    c = len(categories)
    cell = np.searchsorted(categories, first) * c + np.searchsorted(categories, second)
    return np.bincount(cell, minlength=c * c).reshape(c, c).astype(float)


def kappa_of_tables(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Kappa of a stack of contingency tables; NaN where chance agreement is complete."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
        observed = (shares * weights).sum(axis=(-2, -1))
        chance = np.einsum("...i,ij,...j->...", shares.sum(axis=-1), weights, shares.sum(axis=-2))
        return np.where(1 - chance > 1e-12, (observed - chance) / (1 - chance), np.nan)


def pair_tables(values: np.ndarray, clusters: np.ndarray, n_clusters: int, categories: np.ndarray) -> np.ndarray:
    """Contingency tables of every pair of coders by patient; shape (patients, pairs, categories, categories)."""
    pairs = list(combinations(range(values.shape[1]), 2))
    c = len(categories)
    tables = np.zeros((n_clusters, len(pairs), c, c))
    for j, (a, b) in enumerate(pairs):
        both = ~np.isnan(values[:, [a, b]]).any(axis=1)
        first, second = (np.searchsorted(categories, values[both, each]) for each in (a, b))
        np.add.at(tables, (clusters[both], j, first, second), 1)
    return tables


def mean_kappa(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean kappa over pairs of coders (Light, 1971; the one kappa where there is one pair); NaN pairs left out."""
    kappas = kappa_of_tables(tables, weights)
    there = ~np.isnan(kappas)
    with np.errstate(invalid="ignore"):
        return np.where(there, kappas, 0).sum(axis=-1) / np.where(there.any(axis=-1), there.sum(axis=-1), np.nan)


def _kappa_of_table(table: np.ndarray, weights: np.ndarray, level: float) -> Kappa:
    from scipy.special import ndtr, ndtri

    n = int(table.sum())
    if n == 0:
        return Kappa(*(np.nan,) * 7, 0)
    estimate = float(kappa_of_tables(table, weights))
    if np.isnan(estimate):
        return Kappa(*(np.nan,) * 7, n)
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = (p * weights).sum(), rows @ weights @ columns
    mean_weights = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = (p * (weights * (1 - chance) - mean_weights * (1 - observed)) ** 2).sum()
    variance = (spread - (observed * chance - 2 * chance + observed) ** 2) / (n * (1 - chance) ** 4)
    null = ((rows[:, None] * columns * (weights - mean_weights) ** 2).sum() - chance**2) / (n * (1 - chance) ** 2)
    std_error, std_error_null = (float(np.sqrt(max(each, 0.0))) for each in (variance, null))
    half = float(ndtri(1 - (1 - level) / 2)) * std_error
    statistic = estimate / std_error_null if std_error_null > 0 else np.nan
    p_value = float(2 * ndtr(-abs(statistic)))
    return Kappa(estimate, std_error, estimate - half, estimate + half, std_error_null, statistic, p_value, n)
