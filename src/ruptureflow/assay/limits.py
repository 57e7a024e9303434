"""What a curve can tell: back-calculated standards against their limits, LOD, LLOQ and ULOQ, lack of fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.curves import Curve
from ruptureflow.assay.logistic import Array
from ruptureflow.assay.replicates import Groups, replicate_cv
from ruptureflow.assay.variance import variance_means
from ruptureflow.config.plan import AssaySettings

# From this many zero-dose tubes on, their own SD decides the LOD; below, the variance function at zero dose does. An SD
# of three tubes has two degrees of freedom: over four simulated runs of one assay it gave LODs from 0.5 to 4.5.
ZERO_DOSE_TUBES = 6


@dataclass(frozen=True)
class StandardLevels:
    """Standard levels of one run, back-calculated; arrays with one element a level, ordered by dose."""

    level: np.ndarray
    dose: Array
    count: Array
    signal_mean: Array
    signal_cv: Array
    back_calculated: Array
    back_calculated_cv: Array
    recovery: Array
    limit: Array
    within: np.ndarray
    judged: np.ndarray

    @property
    def share_within(self) -> float:
        """% of the judged levels within their limits; 0 without one."""
        return 100 * float(self.within[self.judged].mean()) if self.judged.any() else 0.0


def standard_levels(
    curve: Curve,
    groups: Groups,
    group_dose: Array,
    signal: Array,
    settings: AssaySettings,
    anchors: Collection[str] = (),
) -> StandardLevels:
    """Read the standards back from their own curve.

    Back-calculation is from the mean signal; a level is within its limit if |back-calculated ÷ nominal − 1| is at
    most 20 % (25 % at the lowest and the highest dose; both from the plan). Zero doses are not judged, nor are the
    levels named in `anchors`, whose limit is NaN (ICH M10: anchor points lie outside the range and help the fit only).
    """
    order = np.argsort(group_dose, kind="stable")
    order = order[(group_dose[order] > 0) & np.isfinite(group_dose[order])]
    dose = group_dose[order]
    back = curve.dose_at(groups.mean[order])
    cv = replicate_cv(curve.dose_at(signal), groups)[order]
    recovery = 100 * back / dose
    limit = np.full(dose.size, float(settings.back_calculation_limit))
    judged = ~np.isin(groups.names[order].astype(str), list(anchors))
    limit[np.flatnonzero(judged)[[0, -1]] if judged.any() else []] = settings.back_calculation_limit_ends
    limit[~judged] = np.nan
    within = np.abs(recovery - 100) <= limit
    return StandardLevels(
        groups.names[order],
        dose,
        groups.count[order],
        groups.mean[order],
        groups.cv[order],
        back,
        cv,
        recovery,
        limit,
        within,
        judged,
    )


def detection_limit(curve: Curve, zero_dose_signals: Array, tube_variance: float, settings: AssaySettings) -> float:
    """LOD: the dose whose signal is the zero-dose signal and k SDs towards a dose.

    The SD is that of the zero-dose tubes from six tubes on; of fewer, the root of `tube_variance`, the variance that
    the run's replicates give at zero dose.
    The mean of the zero-dose tubes is used where it lies on the curve's side of A, else A itself.
    """
    asymptote = float(curve.theta[0])
    direction = 1.0 if curve.rising else -1.0
    sd = float(np.sqrt(tube_variance))
    start = asymptote
    if zero_dose_signals.size:
        mean = float(zero_dose_signals.mean())
        start = max(mean, asymptote) if curve.rising else min(mean, asymptote)
        if zero_dose_signals.size >= ZERO_DOSE_TUBES:
            sd = float(zero_dose_signals.std(ddof=1))
    return float(curve.dose_at(start + direction * settings.lod_sds * sd)[0])


def quantification_limits(levels: StandardLevels, lod: float, settings: AssaySettings) -> tuple[float, float]:
    """LLOQ and ULOQ: the lowest and the highest level, not below the LOD, with error and CV within the end limit."""
    limit = settings.back_calculation_limit_ends
    exact = np.abs(levels.recovery - 100) <= limit
    precise = ~(levels.back_calculated_cv > limit)
    detected = ~(levels.dose < lod)
    good = levels.dose[exact & precise & detected & levels.judged]
    return (float(good.min()), float(good.max())) if good.size else (float("nan"), float("nan"))


def lack_of_fit(curve: Curve, groups: Groups, group_dose: Array) -> float:
    """p of the lack-of-fit F test: deviation of the level means from the curve against the scatter within levels.

    Weighted by the curve's variance function; NaN without replicates or without a level to spare.
    """
    from scipy.special import fdtrc

    fitted = curve.predict(group_dose)
    weight = 1 / variance_means(fitted, np.asarray(curve.largest_signal)) ** (2 * curve.power)
    repeated = groups.count > 1
    pure = float((weight * (groups.count - 1) * groups.sd**2)[repeated].sum())
    lack = float((weight * groups.count * (groups.mean - fitted) ** 2).sum())
    pure_df = float((groups.count - 1).sum())
    lack_df = groups.count.size - len(curve.theta)
    if pure_df <= 0 or lack_df <= 0 or pure <= 0:
        return float("nan")
    return float(fdtrc(lack_df, pure_df, (lack / lack_df) / (pure / pure_df)))


def turns_back(curve: Curve, levels: StandardLevels) -> bool:
    """Whether the mean signal turns back at high doses (hook effect).

    True if after the highest (lowest, for a falling curve) level mean a later level lies on the wrong side by more
    than three standard errors of the difference.
    """
    if levels.dose.size < 3:
        return False
    signal = levels.signal_mean if curve.rising else -levels.signal_mean
    variance = curve.signal_variance(levels.signal_mean) / levels.count
    top = int(signal.argmax())
    drop = signal[top] - signal[top + 1 :]
    return bool((drop > 3 * np.sqrt(variance[top] + variance[top + 1 :])).any())
