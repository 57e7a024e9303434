"""The verdict on a fit: did it converge, is it at the boundary, and where."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.design import Level
from ruptureflow.mixed.scaling import covariance_of_columns

# lme4's isSingular: a relative standard deviation below 1e-4 counts as zero.
SINGULAR = 1e-4
CORRELATION_AT_ONE = 1.0 - 1e-6

INTERIOR = "none needed: every covariance matrix is positive definite"
RULES = {
    "lme4": (
        "lmerTest and pbkrtest: Satterthwaite from the Hessian in the relative Cholesky factor and sigma "
        "(directions at zero drop out), Kenward-Roger from the expected information in all covariance elements"
    ),
    "sas": "SAS: covariance components estimated at a bound are dropped from Satterthwaite and Kenward-Roger",
    "unconstrained": "unconstrained: a negative variance is allowed (PROC MIXED NOBOUND, compound symmetry)",
}


@dataclass(frozen=True)
class FitStatus:
    """Verdict on one fit.

    Attributes
    ----------
    converged
        Newton's method ended at a minimum.
    singular
        Some random-effects covariance matrix has lost rank, or a residual parameter is at its bound.
    gradient_norm
        Euclidean norm of the gradient of the profiled deviance by the free parameters.
    iterations
        Newton iterations.
    at_zero
        ``level: effect`` of every variance at zero.
    at_one
        ``level: effect ~ effect`` of every correlation at ±1.
    boundary_rule
        Which rule for degrees of freedom at the boundary applied.
    aliased
        Fixed effects left out because they are combinations of others.
    rows_dropped
        Number of rows left out for missing values.
    message
        The verdict in one sentence.
    at_bound
        Residual parameters at the edge of what is possible, such as ``correlation at 0``.
    """

    converged: bool
    singular: bool
    gradient_norm: float
    iterations: int
    at_zero: tuple[str, ...]
    at_one: tuple[str, ...]
    boundary_rule: str
    aliased: tuple[str, ...]
    rows_dropped: int
    message: str
    at_bound: tuple[str, ...] = ()


def boundary_places(
    levels: tuple[Level, ...],
    psis: tuple[np.ndarray, ...],
    to_effects: tuple[np.ndarray, ...],
) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Whether a fit is singular, which variances are at zero, which correlations at ±1.

    ``psis`` are relative covariances in the engine's coordinates, ``to_effects`` the turns from the caller's columns.
    """
    singular = False
    at_zero: list[str] = []
    at_one: list[str] = []
    for level, psi, turn in zip(levels, psis, to_effects, strict=True):
        if not psi.size:
            continue
        least = np.linalg.eigvalsh(psi)[0] if len(psi) > 1 else psi[0, 0]
        if least >= SINGULAR**2:
            continue
        names, matrix = level.effects.names, covariance_of_columns(psi, turn)
        singular = True
        size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
        # relative standard deviation of the term at its root mean square value
        relative = size * np.sqrt((level.effects.values**2).mean(axis=0))
        top = relative.max()
        zero = relative <= max(SINGULAR * top, 0.0) if top > 0 else np.ones(len(psi), dtype=bool)
        if len(psi) == 1 or np.abs(psi).max() < SINGULAR**2:
            zero = np.ones(len(psi), dtype=bool)
        at_zero += [f"{level.name}: {names[j]}" for j in np.flatnonzero(zero)]
        live = np.flatnonzero(~zero)
        for i, a in enumerate(live):
            for b in live[i + 1 :]:
                if abs(matrix[a, b]) >= CORRELATION_AT_ONE * size[a] * size[b]:
                    at_one.append(f"{level.name}: {names[a]} ~ {names[b]}")
    return singular, tuple(at_zero), tuple(at_one)


def verdict(
    converged: bool, singular: bool, at_zero: tuple[str, ...], at_one: tuple[str, ...], at_bound: tuple[str, ...] = ()
) -> str:
    """One sentence on the fit."""
    if not converged:
        return "did not converge: do not report these numbers; simplify the random effects"
    if not singular:
        return "converged"
    parts = []
    if at_zero:
        parts.append("variance at zero: " + ", ".join(at_zero))
    if at_one:
        parts.append("correlation at ±1: " + ", ".join(at_one))
    if at_bound:
        parts.append("residual " + ", ".join(at_bound))
    return "converged, singular (" + ("; ".join(parts) or "a covariance matrix has lost rank") + ")"
