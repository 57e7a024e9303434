"""The logit–log line of radioimmunoassay: logit(B/B0) falls linearly with log dose.

    p = (y − NSB) / (B0 − NSB),   ln(p / (1 − p)) = B (ln C − ln x)

It is the four-parameter curve with its asymptotes fixed at the mean B0 and NSB signals. Levels whose p is not
between 0 and 1 have no logit and are left out.
"""

from __future__ import annotations

import numpy as np

from ruptureflow.assay.curves import Curve
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import Array


def fit_logit_log(place: str, dose: Array, signal: Array, b0: Array, nsb: Array, weighting: str) -> Curve:
    """Weighted regression of logit(B/B0) on ln dose.

    Parameters
    ----------
    place : name of the run, for messages.
    dose, signal : of the standard tubes.
    b0, nsb : signals of the B0 and of the NSB tubes.
    weighting : "none" gives each logit a constant-variance signal's weight p²(1−p)²; "power" and "poisson" let the
        signal's variance grow with the signal (power ½: one line has too few logits to estimate it).

    Notes
    -----
    The covariance adds the sampling variance of the B0 and NSB means to that of the line (delta method).

    Raises
    ------
    AssayError
        without B0 or NSB tubes, or with fewer than three usable levels.
    """
    if not b0.size or not nsb.size:
        raise AssayError(f"{place}: logit-log needs B0 and NSB tubes; use model 4pl, which estimates both ends")
    power = 0.0 if weighting == "none" else 0.5
    ends = np.array([b0.mean(), nsb.mean()])
    line, line_covariance, sigma2, n = _line(ends, dose, signal, power, place)
    sizes = np.maximum(np.abs(ends) * 1e-5, 1e-8)
    by_end = np.empty((2, 2))
    for k in range(2):
        shift = np.zeros(2)
        shift[k] = sizes[k]
        by_end[:, k] = (_line(ends + shift, dose, signal, power, place)[0] - line) / sizes[k]
    end_variance = sigma2 * np.abs(ends) ** (2 * power) / np.array([b0.size, nsb.size])
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = np.diag(end_variance)
    covariance[2:, :2] = by_end * end_variance
    covariance[:2, 2:] = covariance[2:, :2].T
    covariance[2:, 2:] = line_covariance + (by_end * end_variance) @ by_end.T
    return Curve(
        model="logit-log",
        weighting=weighting,
        theta=np.concatenate([ends, line]),
        theta_covariance=covariance,
        power=power,
        residual_variance=sigma2,
        df=float(n - 2),
        largest_signal=float(np.abs(ends).max()),
        converged=True,
        at_bound=False,
        left_out=int(dose.size - n),
    )


def _line(ends: Array, dose: Array, signal: Array, power: float, place: str) -> tuple[Array, Array, float, int]:
    """(ln C, ln B), their covariance, the signal's σ² and the number of logits."""
    span = ends[0] - ends[1]
    p = (signal - ends[1]) / span
    usable = (p > 0) & (p < 1)
    if np.unique(dose[usable]).size < 3:
        raise AssayError(f"{place}: fewer than three standard levels between B0 and NSB; logit-log has no line")
    p, x = p[usable], np.log(dose[usable])
    logit = np.log(p / (1 - p))
    # Var(logit) = Var(y) / (span p (1 − p))².
    weight = (span * p * (1 - p)) ** 2 / np.abs(signal[usable]) ** (2 * power)
    design = np.column_stack([np.ones_like(x), x])
    information = design.T @ (weight[:, None] * design)
    a, s = np.linalg.solve(information, design.T @ (weight * logit))
    if s >= 0:
        raise AssayError(f"{place}: B/B0 does not fall with the dose; check the doses and the labels of B0 and NSB")
    sigma2 = float((weight * (logit - a - s * x) ** 2).sum() / (x.size - 2))
    # ln C = −a/s, ln B = ln(−s).
    by = np.array([[-1 / s, a / s**2], [0, 1 / s]])
    covariance = by @ (np.linalg.inv(information) * sigma2) @ by.T
    return np.array([-a / s, np.log(-s)]), covariance, sigma2, x.size
