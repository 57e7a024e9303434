"""Coded values split into patient, session within patient, coder, coder × patient and residual.

The slopes of interest are within patients, so what matters is how reliably the analysed value shows a patient's
sessions to differ. Variances by quadratic forms whose expectations are exact in any design, complete, gappy or
rotating; each is a sum over patients, so patient bootstraps are matrix products. For a complete balanced layout they
are the variances of the analysis of variance. Nothing is clamped at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.agreement.crossed_components import symmetric_inverse


@dataclass(frozen=True)
class NestedSums:
    """Sums by patient (first axis), or by bootstrap draw; K is the number of coders.

    patients, sessions, ratings, cells : counts (a cell is a coder of a patient). total, squares : Σ y, Σ y².
    of_patient, of_cells : squared totals of patients and cells over their counts. error, error_df : left by sessions
    and cells. coders, coders_df, coders_trace : reduction by cells after sessions. reduced, reduced_square, right :
    the coders' normal equations after sessions, their square, their right side. n_by_coder : ratings by coder.
    session_share, cell_share, cells_squared, sessions_squared : Σ of squared counts that the expectations need.
    drift, spread : coders' and residual variance in the within-patient deviations of the analysed value; within_df.
    mean_session, mean_residual, mean_cell : shares of the variances in a patient's mean; mean_by_coder : its weights.
    """

    patients: np.ndarray
    sessions: np.ndarray
    ratings: np.ndarray
    cells: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    of_patient: np.ndarray
    of_cells: np.ndarray
    error: np.ndarray
    error_df: np.ndarray
    coders: np.ndarray
    coders_df: np.ndarray
    coders_trace: np.ndarray
    reduced: np.ndarray
    reduced_square: np.ndarray
    right: np.ndarray
    n_by_coder: np.ndarray
    ratings_squared: np.ndarray
    session_share: np.ndarray
    cell_share: np.ndarray
    cells_squared: np.ndarray
    sessions_squared: np.ndarray
    drift: np.ndarray
    spread: np.ndarray
    within_df: np.ndarray
    mean_session: np.ndarray
    mean_residual: np.ndarray
    mean_cell: np.ndarray
    mean_by_coder: np.ndarray

    def weighted(self, weights: np.ndarray) -> NestedSums:
        """The sums of bootstrap samples in which patient p stands weights[draw, p] times."""
        return NestedSums(*(np.tensordot(weights, getattr(self, name), axes=1) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class NestedComponents:
    """Variances, and the reliabilities of the analysed value (by default the mean of a session's coders).

    Numbers, or one a draw.

    within_patient : of a session's deviation from the patient's mean. between_patient : of the patient's mean over the
    sessions at hand, sessions and coders being samples; between_patient_coders : the same, only coders being a sample.
    """

    patient: np.ndarray
    session: np.ndarray
    coder: np.ndarray
    coder_patient: np.ndarray
    residual: np.ndarray
    within_patient: np.ndarray
    between_patient: np.ndarray
    between_patient_coders: np.ndarray


COMPONENTS = ("patient", "session", "coder", "coder_patient", "residual")


def nested_sums(values: np.ndarray, patients: np.ndarray, shares: np.ndarray | None = None) -> NestedSums:
    """Sums by patient of a matrix of sessions × coders with NaN where a coder did not code.

    Parameters
    ----------
    values : coded values; subtract their mean first. Every row has at least one.
    patients : index of each row's patient, 0 … n − 1, each of which occurs.
    shares : what each coder contributes to the analysed value of each session, rows summing to 1; None: the mean over
        those who coded it.
    """
    if shares is None:
        rated = ~np.isnan(values)
        shares = rated / rated.sum(axis=1, keepdims=True)
    of_patient = [patients == p for p in range(int(patients.max(initial=-1)) + 1)]
    per_patient = [_patient_sums(values[rows], shares[rows]) for rows in of_patient]
    return NestedSums(*(np.array([each[name] for each in per_patient]) for name in NestedSums.__dataclass_fields__))


def nested_components(sums: NestedSums) -> NestedComponents:
    """Variances and reliabilities of the whole sample's sums, or of every draw's."""
    with np.errstate(invalid="ignore", divide="ignore"):
        residual = sums.error / sums.error_df
        after_cells = sums.squares - sums.error - sums.of_cells
        session_df = sums.sessions + sums.coders_df - sums.cells
        session = (after_cells - session_df * residual) / (sums.ratings - sums.cells)
        coder, coder_patient = _coder_variances(sums, residual)
        patient = _patient_variance(sums, session, coder, coder_patient, residual)
        noise = (sums.drift * (coder + coder_patient) + sums.spread * residual) / sums.within_df
        across = (sums.mean_by_coder**2).sum(axis=-1) / sums.patients
        coder_share = (sums.mean_cell - across) / (sums.patients - 1)
        disagreement = (
            coder * coder_share + (coder_patient * sums.mean_cell + residual * sums.mean_residual) / sums.patients
        )
        level = patient + session * sums.mean_session / sums.patients
        return NestedComponents(
            patient,
            session,
            coder,
            coder_patient,
            residual,
            within_patient=session / (session + noise),
            between_patient=patient / (level + disagreement),
            between_patient_coders=level / (level + disagreement),
        )


def _coder_variances(sums: NestedSums, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coder and coder × patient: their sum from cells inside patients, their split from coders over all patients."""
    together = (sums.coders - sums.coders_df * residual) / sums.coders_trace
    inverse, rank = symmetric_inverse(sums.reduced)
    over_all = np.einsum("...i,...ij,...j->...", sums.right, inverse, sums.right)
    own_trace = np.einsum("...ij,...ji->...", inverse, sums.reduced_square)
    coder_patient = (over_all - rank * residual - sums.coders_trace * together) / (own_trace - sums.coders_trace)
    return together - coder_patient, coder_patient


def _patient_variance(
    sums: NestedSums, session: np.ndarray, coder: np.ndarray, coder_patient: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    n = sums.ratings
    between = sums.of_patient - sums.total**2 / n
    expected = (
        session * (sums.session_share - sums.sessions_squared / n)
        + coder * (sums.cell_share - (sums.n_by_coder**2).sum(axis=-1) / n)
        + coder_patient * (sums.cell_share - sums.cells_squared / n)
        + residual * (sums.patients - 1)
    )
    return (between - expected) / (n - sums.ratings_squared / n)


def _patient_sums(values: np.ndarray, shares: np.ndarray) -> dict[str, np.ndarray | float]:
    """The sums of one patient's sessions × coders; `shares` of the coders in each session's analysed value."""
    rated = ~np.isnan(values)
    y, mask = np.where(rated, values, 0.0), rated.astype(float)
    k, n_by_coder = mask.sum(axis=1), mask.sum(axis=0)
    n, t = mask.sum(), len(values)
    used = n_by_coder > 0
    deviations = np.where(rated, y - (y.sum(axis=1) / k)[:, None], 0.0)
    weights = mask / k[:, None]
    reduced = np.diag(n_by_coder) - mask.T @ weights
    right = deviations.sum(axis=0)
    inverse, rank = symmetric_inverse(reduced)
    coders = float(right @ inverse @ right)
    mean_shares, squared_shares = shares.sum(axis=0) / t, (shares**2).sum()
    return {
        "patients": 1.0,
        "sessions": float(t),
        "ratings": n,
        "cells": float(used.sum()),
        "total": y.sum(),
        "squares": (y**2).sum(),
        "of_patient": y.sum() ** 2 / n,
        "of_cells": (y.sum(axis=0)[used] ** 2 / n_by_coder[used]).sum(),
        "error": (deviations**2).sum() - coders,
        "error_df": n - t - float(rank),
        "coders": coders,
        "coders_df": float(rank),
        "coders_trace": np.trace(reduced),
        "reduced": reduced,
        "reduced_square": reduced @ reduced,
        "right": right,
        "n_by_coder": n_by_coder,
        "ratings_squared": n**2,
        "session_share": (k**2).sum() / n,
        "cell_share": (n_by_coder**2).sum() / n,
        "cells_squared": (n_by_coder**2).sum(),
        "sessions_squared": (k**2).sum(),
        "drift": squared_shares - t * (mean_shares**2).sum(),
        "spread": (1 - 1 / t) * squared_shares,
        "within_df": t - 1.0,
        "mean_session": 1 / t,
        "mean_residual": squared_shares / t**2,
        "mean_cell": (mean_shares**2).sum(),
        "mean_by_coder": mean_shares,
    }
