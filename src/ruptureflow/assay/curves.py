"""A standard curve as fitted: predicted from, and inverted with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import (
    MODELS,
    PARAMETERS,
    Array,
    log_dose_at,
    log_dose_derivatives,
    predict,
    predict_with_jacobian,
)
from ruptureflow.assay.variance import variance_means

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Inverted:
    """Doses read back from a curve, as arrays (one element a response).

    Attributes
    ----------
    dose : NaN where the response lies at or beyond an asymptote.
    log_replicate_variance, log_calibration_variance : the two parts of the variance of ln dose.
    log_gradient : (responses, parameters), ∂ ln dose / ∂θ.
    ci_low, ci_high : ends of the interval; 0 or infinity where it has one end only.
    """

    dose: Array
    log_replicate_variance: Array
    log_calibration_variance: Array
    log_gradient: Array
    ci_low: Array
    ci_high: Array


@dataclass(frozen=True)
class Curve:
    """A fitted standard curve y = D + (A − D)/(1 + (x/C)^B)^g.

    Attributes
    ----------
    model, weighting : what was fitted and how it was weighted ("given" for weights of the caller).
    theta, theta_covariance : A, D, ln C, ln B (, ln g) and their covariance, as arrays.
    power : θ of Var(y) = σ² μ^(2θ); 0 where the variance is constant; of weights of the caller the power that they
        follow best, so that a new signal's variance is known.
    residual_variance, df : σ² and its degrees of freedom.
    largest_signal : the largest fitted signal, scale of the variance function's floor.
    converged, at_bound : whether the search ended at a minimum, and whether slope or asymmetry is at its bound.
    variance_factor : c of Var(y) = c σ² μ^(2θ), 1 but for weights of the caller, whose unit is theirs.
    left_out : standard tubes that the model cannot take (logit–log: at or beyond B0 or NSB).
    """

    model: str
    weighting: str
    theta: Array
    theta_covariance: Array
    power: float
    residual_variance: float
    df: float
    largest_signal: float
    converged: bool
    at_bound: bool
    left_out: int = 0
    variance_factor: float = 1.0

    @property
    def names(self) -> list[str]:
        """Names of the parameters, in the order of `theta`."""
        return list(PARAMETERS[: len(self.theta)])

    @property
    def parameters(self) -> pd.Series:
        """A, D, ln C, ln B (, ln g), named zero_dose_signal, infinite_dose_signal, log_midpoint, log_slope …"""
        import pandas as pd

        return pd.Series(self.theta, index=self.names, name="estimate")

    @property
    def covariance(self) -> pd.DataFrame:
        """Covariance of `parameters`: σ² (JᵀWJ)⁻¹."""
        import pandas as pd

        return pd.DataFrame(self.theta_covariance, index=self.names, columns=self.names)

    @property
    def midpoint(self) -> float:
        """C: dose at which a four-parameter curve is half-way between its asymptotes."""
        return float(np.exp(self.theta[2]))

    @property
    def slope(self) -> float:
        """B, positive for rising and falling curves alike."""
        return float(np.exp(self.theta[3]))

    @property
    def asymmetry(self) -> float:
        """g, 1 for the four-parameter curve."""
        return float(np.exp(self.theta[4])) if len(self.theta) == 5 else 1.0

    @property
    def rising(self) -> bool:
        """Whether the signal rises with the dose."""
        return bool(self.theta[1] > self.theta[0])

    def predict(self, dose: ArrayLike) -> Array:
        """Signal at each dose (0 and infinity are allowed); the shape of `dose`, at least one-dimensional."""
        given = np.atleast_1d(np.asarray(dose, dtype=float))
        return predict(self.theta[None], given.reshape(1, -1))[0].reshape(given.shape)

    def dose_at(self, signal: ArrayLike) -> Array:
        """Dose at which the curve gives each signal, without errors; NaN at or beyond an asymptote."""
        given = np.atleast_1d(np.asarray(signal, dtype=float))
        log_dose = log_dose_at(self.theta[None], given.reshape(1, -1))[0].reshape(given.shape)
        return np.where(np.isfinite(log_dose), np.exp(log_dose), np.nan)

    def signal_variance(self, signal: ArrayLike) -> Array:
        """Variance of one tube's signal around a mean signal, from the fitted variance function."""
        mean = variance_means(np.asarray(signal, dtype=float), np.asarray(self.largest_signal))
        return self.variance_factor * self.residual_variance * mean ** (2 * self.power)

    def inverse(self, response: ArrayLike, replicates: ArrayLike = 1, level: float = 0.95) -> pd.DataFrame:
        """Doses at which the curve gives the responses, with standard errors and intervals.

        Parameters
        ----------
        response : signals, or means of replicates: a number, or numbers in any shape (rows one after another).
        replicates : tubes behind each response; broadcast to its shape.
        level : coverage of the intervals.

        Returns
        -------
        DataFrame
            one row a response: dose (NaN where the response is at or beyond an asymptote), std_error and
            log_std_error (delta method: replicate and calibration part), ci_low and ci_high. The interval is the set
            of doses whose response differs from the observed one by no more than t·√(Var(response) + Var(curve)); it
            is cut at 0 and at infinity, so that near an asymptote it has one end.

        Notes
        -----
        t has the fit's residual degrees of freedom. Var(response) is the fitted variance function ÷ replicates.
        """
        import pandas as pd

        signal = np.atleast_1d(np.asarray(response, dtype=float))
        try:
            count = np.broadcast_to(np.asarray(replicates, dtype=float), signal.shape)
        except ValueError:
            words = f"{np.size(replicates)} replicate numbers for {signal.size} responses"
            raise AssayError(f"{words}; give one number, or one a response") from None
        if not (count > 0).all():
            raise AssayError("replicates must be the number of tubes behind each response, 1 or more")
        if not 0 < level < 1:
            raise AssayError(f"level {level:g} is no coverage; give a share between 0 and 1, such as 0.95")
        inverted = self.invert(signal.ravel(), count.ravel(), level)
        log_std_error = np.sqrt(inverted.log_replicate_variance + inverted.log_calibration_variance)
        return pd.DataFrame(
            {
                "dose": inverted.dose,
                "std_error": inverted.dose * log_std_error,
                "log_std_error": log_std_error,
                "ci_low": inverted.ci_low,
                "ci_high": inverted.ci_high,
            }
        )

    def invert(
        self,
        response: ArrayLike,
        replicates: ArrayLike = 1,
        level: float = 0.95,
        tube_variance: Array | None = None,
        df: float | None = None,
    ) -> Inverted:
        """As `inverse`, with the parts of the variance; `tube_variance` replaces the curve's own for one tube."""
        signal = np.atleast_1d(np.asarray(response, dtype=float))
        count = np.broadcast_to(np.asarray(replicates, dtype=float), signal.shape)
        variance = self.signal_variance(signal) if tube_variance is None else tube_variance
        log_dose = log_dose_at(self.theta[None], signal[None])[0]
        inside = np.isfinite(log_dose)
        at = np.where(inside, log_dose, self.theta[2])
        gradient, by_signal = (part[0] for part in log_dose_derivatives(self.theta[None], at[None]))
        calibration = self._quadratic(gradient)
        replicate = by_signal**2 * variance / count
        outside = ~inside
        gradient[outside], calibration[outside], replicate[outside] = np.nan, np.nan, np.nan
        low, high = self._interval(signal, variance / count, level, self.df if df is None else df)
        dose = np.where(inside, np.exp(at), np.nan)
        return Inverted(dose, replicate, calibration, gradient, low, high)

    def _interval(self, signal: Array, variance: Array, level: float, df: float) -> tuple[Array, Array]:
        from scipy.special import ndtri, stdtrit

        tail = (1 + level) / 2
        quantile = float(stdtrit(df, tail)) if np.isfinite(df) and df > 0 else float(ndtri(tail))
        # Both ends side by side. The curve's own variance belongs to the end's dose, not to the estimate's: two
        # corrections settle it to 1e-3 of the interval.
        reach = np.concatenate([np.full(signal.size, -quantile), np.full(signal.size, quantile)])
        signal, variance = np.tile(signal, 2), np.tile(variance, 2)
        end = signal
        for _ in range(3):
            end = signal + reach * np.sqrt(variance + self._curve_variance(end))
        ends = np.split(log_dose_at(self.theta[None], end[None])[0], 2)
        low, high = np.minimum(*ends), np.maximum(*ends)
        nowhere = np.isinf(low) & (low == high)
        low, high = np.exp(low), np.exp(high)
        low[nowhere], high[nowhere] = np.nan, np.nan
        return low, high

    def _curve_variance(self, signal: Array) -> Array:
        """Variance of the fitted curve at the dose where it has this signal (at the asymptote for signals beyond)."""
        log_dose = log_dose_at(self.theta[None], signal[None])
        _, jacobian = predict_with_jacobian(self.theta[None], np.where(np.isnan(log_dose), 0.0, log_dose))
        return self._quadratic(jacobian[0])

    def _quadratic(self, gradient: Array) -> Array:
        """gᵀ Σ g; NaN where rounding has made the covariance of a curve that is not identified indefinite."""
        with np.errstate(invalid="ignore"):
            variance = ((gradient @ self.theta_covariance) * gradient).sum(axis=1)
            return np.where(variance >= 0, variance, np.nan)


# Squares of signals beyond this or its inverse leave the range of numbers.
SMALLEST_SIGNAL = 1e-60


def check_tubes(dose: Array, signal: Array, model: str, place: str) -> None:
    """Refuse tubes that cannot carry the model.

    Raises
    ------
    AssayError
        naming the place and what is missing.
    """
    parameters = MODELS[model]
    if (dose < 0).any():
        raise AssayError(f"{place}: dose {dose[dose < 0][0]:g} is negative; doses are amounts, 0 for the zero dose")
    if signal.size == 0:
        raise AssayError(f"{place}: no standard has a dose and a signal; there is no curve")
    largest = float(np.abs(signal).max())
    if largest and not SMALLEST_SIGNAL < largest < 1 / SMALLEST_SIGNAL:
        raise AssayError(
            f"{place}: signals of size {largest:g} lose their digits in squares; give them in another unit"
        )
    if np.ptp(signal) == 0:
        raise AssayError(f"{place}: no two standards differ in their signals; there is no curve")
    levels = np.unique(dose).size
    if levels < parameters:
        raise AssayError(f"{place}: {levels} dose levels cannot carry a {model} curve; it needs {parameters} or more")
