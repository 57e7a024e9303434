"""The four- and five-parameter logistic curve: value, Jacobian, inverse and the inverse's gradient, in batches.

    y = D + (A − D) / (1 + (x/C)^B)^g        g = 1 for the four-parameter curve

A is the signal at zero dose, D at infinite dose, so that one formula with B > 0 both rises and falls. Parameters
are held as θ = (A, D, ln C, ln B[, ln g]): positivity needs no constraint then, and ln C is the scale on which
the estimate's distribution is closest to normal. θ has shape (runs, parameters), doses (runs, tubes); doses of
0 and infinity are allowed and lie on the asymptotes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PARAMETERS = ("zero_dose_signal", "infinite_dose_signal", "log_midpoint", "log_slope", "log_asymmetry")
MODELS = {"4pl": 4, "5pl": 5}
# exp(±500) is still finite, and at |B ln(x/C)| = 500 the curve has met its asymptote to the last bit.
LARGEST_EXPONENT = 500.0


def _log(dose: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(dose)


def _exponent(theta: Array, log_dose: Array) -> Array:
    u = np.exp(theta[:, 3:4]) * (log_dose - theta[:, 2:3])
    return np.minimum(np.maximum(u, -LARGEST_EXPONENT), LARGEST_EXPONENT)


def _asymmetry(theta: Array) -> Array | float:
    return np.exp(theta[:, 4:5]) if theta.shape[1] == 5 else 1.0


def predict(theta: Array, dose: Array) -> Array:
    """Signal at each dose; shape (runs, tubes)."""
    u = _exponent(theta, _log(dose))
    share = np.exp(-_asymmetry(theta) * np.logaddexp(0, u))
    return theta[:, 1:2] + (theta[:, 0:1] - theta[:, 1:2]) * share


def predict_with_jacobian(theta: Array, log_dose: Array) -> tuple[Array, Array]:
    """Signal at each log dose and its derivative by θ; shapes (runs, tubes) and (runs, tubes, parameters)."""
    u = _exponent(theta, log_dose)
    g = _asymmetry(theta)
    softplus = np.logaddexp(0, u)
    share = np.exp(-g * softplus)
    far = np.exp(u - softplus)  # 1 − 1/(1 + (x/C)^B)
    span = theta[:, 0:1] - theta[:, 1:2]
    steepness = span * g * share * far
    jacobian = np.empty((*u.shape, theta.shape[1]))
    jacobian[..., 0] = share
    jacobian[..., 1] = 1 - share
    jacobian[..., 2] = steepness * np.exp(theta[:, 3:4])
    jacobian[..., 3] = -steepness * u
    if theta.shape[1] == 5:
        jacobian[..., 4] = -span * share * softplus * g
    return theta[:, 1:2] + span * share, jacobian


def log_dose_at(theta: Array, signal: Array) -> Array:
    """Natural log of the dose that gives each signal; −inf or inf at or beyond an asymptote (zero, infinite dose)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = (signal - theta[:, 1:2]) / (theta[:, 0:1] - theta[:, 1:2])
        # Beyond an asymptote the share leaves [0, 1]; cut there, the logs below are −inf and inf by themselves.
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        odds = (1 - share) / share if theta.shape[1] == 4 else np.expm1(-np.log(share) / _asymmetry(theta))
        return theta[:, 2:3] + np.log(odds) / np.exp(theta[:, 3:4])


def log_dose_derivatives(theta: Array, log_dose: Array) -> tuple[Array, Array]:
    """Derivatives of the back-calculated log dose by θ and by the signal, at doses between zero and infinity.

    Implicit differentiation of f(θ, ln x) = y: ∂ln x/∂θ = −f_θ / f_lnx and ∂ln x/∂y = 1 / f_lnx, where
    f_lnx = −f_lnC because the curve depends on ln x − ln C only. Not finite where the curve is flat.
    """
    _, jacobian = predict_with_jacobian(theta, log_dose)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_signal = -1 / jacobian[..., 2]
        return -jacobian * by_signal[..., None], by_signal
