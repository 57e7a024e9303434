"""One row a sample: concentrations in the unit of the results, their errors, limits and flags."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.flags import is_used, joined, stop_where_told
from ruptureflow.assay.logistic import PARAMETERS, Array
from ruptureflow.assay.recovery import COMPLETE, Recovery
from ruptureflow.assay.runs import RunResult, bound_percent
from ruptureflow.assay.stacking import stacked
from ruptureflow.assay.units import conversion
from ruptureflow.assay.variance import variance_means
from ruptureflow.config.plan import AssaySettings
from ruptureflow.config.wave import Analyte
from ruptureflow.tables.assay import CONCENTRATIONS

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)
GRADIENTS = [f"gradient_{name}" for name in PARAMETERS]
POOR_CURVE = {"not converged", "not identified", "back-calculation", "hook effect", "qc samples"}


def sample_rows(
    samples: pd.DataFrame,
    runs: list[RunResult],
    reported: pd.DataFrame,
    analyte: Analyte,
    settings: AssaySettings,
    recovery: Recovery = COMPLETE,
    aside: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Every sample of one analyte, measured or not.

    Parameters
    ----------
    samples : rows of the manifest (tables.intake.SAMPLES) of this analyte.
    runs : what each run tells.
    reported : the lab's own concentrations (tables.intake.REPORTED_CONCENTRATIONS) of this analyte.
    recovery : what of the analyte extraction recovers; concentrations from signals are divided by it.
    aside : runs whose samples the plan sets aside.

    Returns
    -------
    DataFrame
        columns of tables.assay.CONCENTRATIONS, values beyond a limit not yet treated: `value` is the concentration,
        `used` what the flags decide.

    Raises
    ------
    AssayError
        if a flag's policy is stop, or a unit cannot be converted.
    """
    import pandas as pd

    if samples.empty:
        return CONCENTRATIONS.empty()
    frames = [_from_signals(runs, settings), _from_reports(reported, analyte, settings)]
    measured = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    stray = sorted(set(measured["sample"]) - set(samples["sample"]))
    if stray:
        logger.warning(
            "%s: %d measured samples are not in the manifest and have no row: %s",
            analyte.name, len(stray), ", ".join(map(str, stray[:20])),
        )  # fmt: skip
    rows = samples[["sample", "patient", "role", "session", "occasion", "analyte", "matrix", "dilution"]].merge(
        measured, on="sample", how="left", validate="1:m"
    )
    rows["flags"] = [set(f) if isinstance(f, (set, frozenset)) else {"not measured"} for f in rows["flags"]]
    signals = rows["from_signals"].eq(True).to_numpy(dtype=bool)
    factor = np.where(
        signals,
        rows["dilution"].fillna(analyte.dilution).to_numpy(dtype=float)
        / (analyte.concentration_factor * recovery.share),
        1.0,
    )
    unit = analyte.reported_unit or analyte.unit
    units = {u: conversion(u, unit, analyte.molar_mass) for u in {analyte.unit, *rows["unit"].dropna()}}
    factor = factor * rows["unit"].fillna(analyte.unit).map(units).to_numpy(dtype=float)
    scaled = ["concentration", "ci_low", "ci_high", "lod", "lloq", "uloq"]
    rows[scaled] = rows[scaled].to_numpy(dtype=float) * factor[:, None]
    rows["unit"] = unit
    _errors(rows, np.where(signals, recovery.relative_error, 0.0))
    _tell_hooks(rows)
    _judge(rows, settings)
    for flags, run in zip(rows["flags"], rows["run"], strict=True):
        if run in aside:
            flags.add("run set aside")
    _set_aside_earlier(rows)
    rows["used"] = np.array([is_used(flags, settings) for flags in rows["flags"]], dtype=bool)
    rows["value"], rows["treatment"] = rows["concentration"], None
    names = [f"{sample} ({analyte.name})" for sample in rows["sample"]]
    stop_where_told(list(zip(names, rows["flags"], strict=True)), settings)
    rows["flags"] = [joined(flags) for flags in rows["flags"]]
    return rows[CONCENTRATIONS.names]


def _from_signals(runs: list[RunResult], settings: AssaySettings) -> pd.DataFrame:
    """Samples as the runs' curves read them, in the curves' dose unit; variances are of the natural log."""
    parts = []
    for result in runs:
        groups, n = result.raw_samples, len(result.raw_samples.names)
        measured = result.samples
        nan = np.full(n, np.nan)
        gradient = np.full((n, len(PARAMETERS)), np.nan)
        base = set(result.flags) & {"no curve"}
        if POOR_CURVE & set(result.flags):
            base.add("poor curve")
        flags = [set(base) for _ in range(n)]
        part = {
            "sample": groups.names,
            "run": result.tubes.run,
            "n_replicates": groups.count,
            "signal_mean": groups.mean,
            "signal_cv": groups.cv,
            "bound_percent": bound_percent(result.tubes, groups.mean),
            "lod": np.full(n, result.lod),
            "lloq": np.full(n, result.lloq),
            "uloq": np.full(n, result.uloq),
        }
        outside_low = np.zeros(n, dtype=bool)
        if measured is None or result.curve is None or result.standards is None:
            part |= dict.fromkeys(("concentration", "ci_low", "ci_high", "cv", "log_replicate", "log_calibration"), nan)
        else:
            inverted, dose = measured.inverted, measured.dose
            part |= {
                "concentration": dose,
                "ci_low": inverted.ci_low,
                "ci_high": inverted.ci_high,
                "cv": measured.cv,
                "log_replicate": inverted.log_replicate_variance,
                "log_calibration": inverted.log_calibration_variance,
            }
            gradient[:, : inverted.log_gradient.shape[1]] = inverted.log_gradient
            outside = np.isnan(inverted.dose)
            zero_side = (
                groups.mean <= result.curve.theta[0] if result.curve.rising else groups.mean >= result.curve.theta[0]
            )
            outside_low = outside & zero_side
            lowest, highest = result.standards.dose[[0, -1]]
            _add(flags, outside, "outside curve")
            _add(flags, outside & ~zero_side, "above uloq")
            _add(flags, (dose < lowest) | (dose > highest) | outside, "extrapolated")
            _add(flags, outside_low, "below lod")
            sd = (
                result.replicate_sd
                * variance_means(groups.mean, np.asarray(result.curve.largest_signal)) ** result.curve.power
            )
            past = (groups.mean - result.curve.theta[1]) * (1 if result.curve.rising else -1)
            _add(flags, past > 3 * sd / np.sqrt(groups.count), "beyond plateau")
        _add(flags, groups.count == 1, "single replicate")
        part |= {"flags": flags, "outside_low": outside_low}
        part |= dict(zip(GRADIENTS, gradient.T, strict=True))
        parts.append(part)
    if not parts:
        return _nothing_measured()
    frame = stacked(parts)
    frame["from_signals"] = True
    frame["unit"] = None
    return frame


def _nothing_measured() -> pd.DataFrame:
    import pandas as pd

    numbers = ["n_replicates", "signal_mean", "signal_cv", "lod", "lloq", "uloq", "concentration", "ci_low", "ci_high"]
    numbers += ["bound_percent", "cv", "log_replicate", "log_calibration", *GRADIENTS]
    frame = pd.DataFrame({name: pd.Series(dtype=float) for name in numbers})
    for name in ("sample", "run", "flags", "outside_low", "from_signals", "unit"):
        frame[name] = pd.Series(dtype=object)
    return frame


def _from_reports(reported: pd.DataFrame, analyte: Analyte, settings: AssaySettings) -> pd.DataFrame:
    """Samples as the lab reported them: replicates averaged, a qualifier taken as a limit, no standard error."""
    import pandas as pd

    rows = []
    for sample, group in reported.groupby("sample", sort=False):
        values = group["concentration"].dropna().to_numpy(dtype=float)
        below, above = (group["qualifier"].eq(mark).fillna(False).to_numpy(dtype=bool) for mark in ("<", ">"))
        limits = group["limit"].to_numpy(dtype=float)
        flags = {"no signals"}
        run = next((name for name in group["run"] if isinstance(name, str)), None)
        if run is None:
            flags.add("no run")
        lod, uloq, value, cv = analyte.lod if analyte.lod is not None else np.nan, np.nan, np.nan, np.nan
        if below.any():
            flags.add("below lod")
            lod = np.nanmax(limits[below]) if not np.isnan(limits[below]).all() else lod
        elif above.any():
            flags.add("above uloq")
            uloq = np.nanmin(limits[above]) if not np.isnan(limits[above]).all() else uloq
        elif values.size:
            value = float(values.mean())
            if values.size > 1 and value > 0:
                cv = 100 * float(values.std(ddof=1)) / value
        else:
            flags.add("not measured")
        if values.size == 1:
            flags.add("single replicate")
        rows.append(
            {
                "sample": sample,
                "run": run,
                "n_replicates": values.size or None,
                "concentration": value,
                "cv": cv,
                "lod": lod,
                "uloq": uloq,
                "flags": flags,
                "outside_low": bool(below.any()),
                "from_signals": False,
                "unit": group["unit"].iloc[0],
            }
        )
    if not rows:
        return _nothing_measured()
    return pd.DataFrame(rows).reindex(columns=_nothing_measured().columns)


def _errors(rows: pd.DataFrame, recovery_error: Array) -> None:
    """Standard errors and gradients of the concentration from those of its log.

    `recovery_error` is the relative standard error of the recovery each concentration was divided by.
    """
    concentration = rows["concentration"].to_numpy(dtype=float)
    replicate, calibration = (rows[c].to_numpy(dtype=float) for c in ("log_replicate", "log_calibration"))
    rows["log_std_error"] = np.sqrt(replicate + calibration + recovery_error**2)
    rows["recovery_std_error"] = np.where(np.isnan(replicate), np.nan, concentration * recovery_error)
    rows["std_error"] = concentration * rows["log_std_error"].to_numpy()
    rows["replicate_std_error"] = concentration * np.sqrt(replicate)
    rows["calibration_std_error"] = concentration * np.sqrt(calibration)
    rows[GRADIENTS] = rows[GRADIENTS].to_numpy(dtype=float) * concentration[:, None]


def _tell_hooks(rows: pd.DataFrame) -> None:
    """Flag specimens whose less diluted sample reads a lower dose than a more diluted one, in the same run.

    By more than three standard errors of the difference of the logs: too much analyte bends the signal back.
    """
    specimen = ["patient", "role", "session", "occasion", "run"]
    for _, own in rows[rows["concentration"] > 0].groupby(specimen, sort=False):
        if own["dilution"].nunique() < 2:
            continue
        own = own.sort_values("dilution", kind="stable")
        dilution, variance = own["dilution"].to_numpy(dtype=float), own["log_replicate"].to_numpy(dtype=float)
        log_dose = np.log(own["concentration"].to_numpy(dtype=float) / dilution)
        for place, label in enumerate(own.index):
            later = dilution > dilution[place]
            rise = log_dose[later] - log_dose[place]
            if (rise > 3 * np.sqrt(np.nan_to_num(variance[later] + variance[place]))).any():
                rows.at[label, "flags"].add("hook effect")


def _judge(rows: pd.DataFrame, settings: AssaySettings) -> None:
    """Flags that depend on the sample's own limits, and censoring."""
    flags = rows["flags"].tolist()
    concentration, lod, lloq, uloq, cv, signal_cv = (
        rows[c].to_numpy(dtype=float) for c in ("concentration", "lod", "lloq", "uloq", "cv", "signal_cv")
    )
    below = (concentration < lod) | rows["outside_low"].eq(True).to_numpy(dtype=bool)
    beyond = np.array(["above uloq" in f for f in flags], dtype=bool)
    above = (concentration > uloq) | beyond
    _add(flags, below, "below lod")
    _add(flags, ~below & (concentration < lloq), "below lloq")
    _add(flags, above, "above uloq")
    _add(flags, np.where(np.isnan(cv), signal_cv, cv) > settings.duplicate_cv_limit, "replicate cv")
    _add(flags, concentration <= 0, "not positive")
    rows["censored"] = np.where(below, "below", np.where(above, "above", None))


def _set_aside_earlier(rows: pd.DataFrame) -> None:
    """A sample measured in several runs: the last run's result counts, earlier ones are flagged."""
    earlier = rows.duplicated("sample", keep="last").to_numpy()
    _add(rows["flags"].tolist(), earlier, "assayed again")


def _add(flags: list[set[str]], where: Array | np.ndarray, flag: str) -> None:
    for place in np.flatnonzero(where):
        flags[place].add(flag)
