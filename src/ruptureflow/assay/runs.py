"""One assay run: its tubes, its curve, and everything read from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.curves import Curve, Inverted, check_tubes
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.limits import (
    StandardLevels,
    detection_limit,
    lack_of_fit,
    quantification_limits,
    standard_levels,
    turns_back,
)
from ruptureflow.assay.logistic import Array, predict
from ruptureflow.assay.logit_log import fit_logit_log
from ruptureflow.assay.replicates import Groups, group, group_statistics, pooled_variance, replicate_cv
from ruptureflow.assay.variance import fit_weighted, variance_means
from ruptureflow.config.plan import AssaySettings


@dataclass(frozen=True)
class RunTubes:
    """The tubes or wells of one run that have a signal; arrays with one element a tube."""

    run: str
    signal_unit: str
    content: np.ndarray
    label: np.ndarray
    dose: Array
    signal: Array

    def signals(self, content: str) -> Array:
        """Signals of one kind of tube."""
        return self.signal[self.content == content]


@dataclass(frozen=True)
class Measured:
    """Materials read from a run's curve, in the curve's dose unit; arrays with one element a material."""

    groups: Groups
    inverted: Inverted
    dose: Array
    cv: Array
    tube_dose: Array


@dataclass(frozen=True)
class RunResult:
    """What one run tells.

    `curve` and all that needs it are None where no curve could be fitted; `flags` says why. `replicate_sd` and
    `replicate_df` are those of the weighted signals within replicates over the whole run.
    """

    tubes: RunTubes
    curve: Curve | None
    flags: tuple[str, ...]
    b0_percent: float
    nsb_percent: float
    standards: StandardLevels | None
    n_standard_tubes: int
    lod: float
    lloq: float
    uloq: float
    lack_of_fit_p: float
    replicate_sd: float
    replicate_df: float
    samples: Measured | None
    controls: Measured | None
    control_nominal: Array
    raw_samples: Groups


def standard_tubes(tubes: RunTubes, settings: AssaySettings) -> np.ndarray:
    """Which tubes are in the curve: standards with a dose, B0, and NSB as infinite dose if the plan says so."""
    chosen = ((tubes.content == "standard") & ~np.isnan(tubes.dose)) | (tubes.content == "b0")
    return chosen | (tubes.content == "nsb") if settings.nsb_in_curve else chosen


def standard_doses(tubes: RunTubes) -> Array:
    """Dose of each tube as the curve takes it: B0 zero, NSB infinite."""
    return np.where(tubes.content == "b0", 0.0, np.where(tubes.content == "nsb", np.inf, tubes.dose))


def fit_runs(runs: list[RunTubes], settings: AssaySettings) -> list[Curve | str]:
    """The curve of each run, or why it has none. Runs are fitted side by side (and share a power, if pooled)."""
    if settings.model == "logit-log":
        return [_or_reason(lambda tubes=tubes: _logit_log(tubes, settings.weights)) for tubes in runs]
    results: list[Curve | str] = [""] * len(runs)
    doses, signals, places = [], [], []
    for place, tubes in enumerate(runs):
        chosen = standard_tubes(tubes, settings)
        dose = standard_doses(tubes)[chosen]
        try:
            check_tubes(dose, tubes.signal[chosen], settings.model, f"run {tubes.run}")
        except AssayError as error:
            results[place] = str(error)
            continue
        doses.append(dose)
        signals.append(tubes.signal[chosen])
        places.append(place)
    if not places:
        return results
    width = max(dose.size for dose in doses)
    log_dose, response, present = np.zeros((3, len(places), width))
    with np.errstate(divide="ignore"):
        for row, (dose, signal) in enumerate(zip(doses, signals, strict=True)):
            log_dose[row, : dose.size] = np.log(dose)
            response[row, : dose.size] = signal
            present[row, : dose.size] = 1
    fitted = fit_weighted(
        log_dose,
        response,
        present,
        settings.model,
        settings.weights,
        pooled=settings.variance_power == "pooled",
        least_variance=1 / settings.counting_minutes if runs[places[0]].signal_unit == "cpm" else 0.0,
    )
    largest = (np.abs(predict(fitted.theta, np.exp(log_dose))) * present).max(axis=1)
    for row, place in enumerate(places):
        results[place] = Curve(
            model=settings.model,
            weighting=settings.weights,
            theta=fitted.theta[row],
            theta_covariance=fitted.covariance[row],
            power=float(fitted.power[row]),
            residual_variance=float(fitted.residual_variance[row]),
            df=float(fitted.df[row]),
            largest_signal=float(largest[row]),
            converged=bool(fitted.fits.converged[row]),
            at_bound=bool(fitted.fits.at_bound[row]),
        )
    return results


def _logit_log(tubes: RunTubes, weighting: str) -> Curve:
    standard = (tubes.content == "standard") & (tubes.dose > 0)
    b0, nsb = tubes.signals("b0"), tubes.signals("nsb")
    return fit_logit_log(f"run {tubes.run}", tubes.dose[standard], tubes.signal[standard], b0, nsb, weighting)


def _or_reason(fit: object) -> Curve | str:
    try:
        return fit()  # type: ignore[operator]
    except AssayError as error:
        return str(error)


def measure_run(
    tubes: RunTubes, curve: Curve | str, settings: AssaySettings, anchors: Collection[str] = ()
) -> RunResult:
    """Read standards, QC samples and unknowns of one run from its curve; `anchors` are standards not judged."""
    unknown, control = tubes.content == "unknown", tubes.content == "qc"
    samples, controls = (
        group(tubes.label[unknown], tubes.signal[unknown]),
        group(tubes.label[control], tubes.signal[control]),
    )
    nominal, _, _ = group_statistics(controls.index, tubes.dose[control], len(controls.names))
    b0_percent, nsb_percent = bound_shares(tubes)
    flags = _binding_flags(b0_percent, nsb_percent, settings)
    nan = float("nan")
    if isinstance(curve, str):
        return RunResult(
            tubes, None, ("no curve", *flags), b0_percent, nsb_percent, None, 0, nan, nan, nan, nan, nan, 0,
            None, None, nominal, samples,
        )  # fmt: skip
    chosen = standard_tubes(tubes, settings)
    dose, signal = standard_doses(tubes)[chosen], tubes.signal[chosen]
    standards = group(np.array([f"{x!r}" for x in dose], dtype=object), signal)
    group_dose, _, _ = group_statistics(standards.index, np.where(np.isinf(dose), 0, dose), len(standards.names))
    group_dose[standards.index[np.isinf(dose)]] = np.inf
    names = standards.names.copy()
    names[standards.index] = tubes.label[chosen]
    standards = Groups(names, standards.index, standards.count, standards.mean, standards.sd)
    levels = standard_levels(curve, standards, group_dose, signal, settings, anchors)
    p = lack_of_fit(curve, standards, group_dose)
    materials = [standards, controls, samples]
    scale = np.asarray(curve.largest_signal)
    variance, df = pooled_variance(materials, [variance_means(m.mean, scale) for m in materials], curve.power)
    if not df:
        variance, df = curve.residual_variance, curve.df
    at_zero = float(variance * variance_means(curve.theta[0], scale) ** (2 * curve.power))
    lod = detection_limit(curve, signal[dose == 0], at_zero, settings)
    lloq, uloq = quantification_limits(levels, lod, settings)
    flags += _curve_flags(curve, levels, p, settings)
    read_controls = _read(curve, controls, tubes.signal[control], variance, df, settings)
    if not controls_pass(controls, read_controls.tube_dose, tubes.dose[control], settings.qc_limit):
        flags.append("qc samples")
    return RunResult(
        tubes=tubes,
        curve=curve,
        flags=tuple(flags),
        b0_percent=b0_percent,
        nsb_percent=nsb_percent,
        standards=levels,
        n_standard_tubes=int(chosen.sum()),
        lod=lod,
        lloq=lloq,
        uloq=uloq,
        lack_of_fit_p=p,
        replicate_sd=float(np.sqrt(variance)),
        replicate_df=df,
        samples=_read(curve, samples, tubes.signal[unknown], variance, df, settings),
        controls=read_controls,
        control_nominal=nominal,
        raw_samples=samples,
    )


def controls_pass(controls: Groups, dose: Array, nominal: Array, limit: float) -> bool:
    """ICH M10: two thirds of all QC tubes and half of those of each level within the limit; True without QC tubes."""
    judged = nominal > 0
    if not judged.any():
        return True
    within = np.abs(dose / np.where(judged, nominal, 1) - 1) * 100 <= limit
    share, _, _ = group_statistics(controls.index[judged], within[judged].astype(float), len(controls.names))
    return bool(within[judged].mean() >= 2 / 3 and not (share < 0.5).any())


def bound_percent(tubes: RunTubes, signal: Array) -> Array:
    """%B/B0: 100 (signal − NSB) / (B0 − NSB); NaN without B0 tubes, and NSB taken as 0 where there are none."""
    b0, nsb = tubes.signals("b0"), tubes.signals("nsb")
    if not b0.size:
        return np.full(signal.shape, np.nan)
    background = float(nsb.mean()) if nsb.size else 0.0
    return 100 * (signal - background) / (float(b0.mean()) - background)


def bound_shares(tubes: RunTubes) -> tuple[float, float]:
    """B0/T and NSB/T in %: shares of the total counts bound at zero dose (less NSB) and without antibody."""
    total, b0, nsb = (tubes.signals(content) for content in ("total", "b0", "nsb"))
    if not total.size:
        return float("nan"), float("nan")
    mean_nsb = float(nsb.mean()) if nsb.size else float("nan")
    background = mean_nsb if nsb.size else 0.0
    b0_percent = 100 * (float(b0.mean()) - background) / float(total.mean()) if b0.size else float("nan")
    return b0_percent, 100 * mean_nsb / float(total.mean())


def _binding_flags(b0_percent: float, nsb_percent: float, settings: AssaySettings) -> list[str]:
    flags = []
    low, high = settings.b0_percent
    if b0_percent < low or b0_percent > high:
        flags.append("b0 percent")
    if nsb_percent > settings.nsb_percent:
        flags.append("nsb percent")
    return flags


def _curve_flags(curve: Curve, levels: StandardLevels, p: float, settings: AssaySettings) -> list[str]:
    flags = []
    if not curve.converged:
        flags.append("not converged")
    if curve.at_bound or not np.all(np.isfinite(curve.theta_covariance)):
        flags.append("not identified")
    if curve.left_out:
        flags.append("tubes left out")
    judged = np.flatnonzero(levels.judged)
    if judged.size < settings.levels_needed:
        flags.append("few levels")
    elif levels.within[judged].sum() < settings.levels_needed:
        flags.append("few levels within limits")
    if levels.share_within < settings.levels_within:
        flags.append("back-calculation")
    if judged.size and not levels.within[judged[[0, -1]]].all():
        flags.append("end level")
    if p < settings.lack_of_fit_p:
        flags.append("lack of fit")
    if turns_back(curve, levels):
        flags.append("hook effect")
    return flags


def _read(curve: Curve, groups: Groups, signal: Array, variance: float, df: float, settings: AssaySettings) -> Measured:
    """Materials' doses; a tube's variance comes from all replicates of the run, and t has the smaller df."""
    mean = variance_means(groups.mean, np.asarray(curve.largest_signal))
    tube_variance = variance * mean ** (2 * curve.power)
    inverted = curve.invert(groups.mean, groups.count, settings.level, tube_variance, min(df, curve.df))
    tubes = curve.dose_at(signal)
    dose = inverted.dose
    if settings.replicates == "average concentrations":
        dose, _, _ = group_statistics(groups.index, tubes, len(groups.names))
    return Measured(groups, inverted, dose, replicate_cv(tubes, groups), tubes)
