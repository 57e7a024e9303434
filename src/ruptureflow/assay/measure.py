"""The stage as a whole: signals and reported concentrations of a wave to every table that assay hands over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.beyond_limit import cohorts, draw_rows, imputed_change_rows, with_treatment
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.limit_sensitivity import limit_sensitivity
from ruptureflow.assay.logistic import PARAMETERS, Array
from ruptureflow.assay.pairing import change_rows
from ruptureflow.assay.parallelism import parallelism_rows
from ruptureflow.assay.precision import accuracy_rows, precision_rows
from ruptureflow.assay.quality import control_rows
from ruptureflow.assay.reanalysis import reanalysis_rows
from ruptureflow.assay.recovery import analyte_recovery, recovery_rows
from ruptureflow.assay.run_design import run_design_rows
from ruptureflow.assay.run_policies import runs_set_aside
from ruptureflow.assay.run_variance import run_variance_rows
from ruptureflow.assay.runs import RunResult, RunTubes, bound_percent, fit_runs, measure_run
from ruptureflow.assay.samples import sample_rows
from ruptureflow.assay.stacking import stacked
from ruptureflow.config.plan import AssaySettings
from ruptureflow.config.wave import Analyte
from ruptureflow.tables import assay as tables

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MeasuredSamples:
    """Every table that assay hands over, named as in `ruptureflow.tables.assay`."""

    curves: pd.DataFrame
    curve_covariances: pd.DataFrame
    standards: pd.DataFrame
    quality_controls: pd.DataFrame
    precision: pd.DataFrame
    concentrations: pd.DataFrame
    changes: pd.DataFrame
    run_variances: pd.DataFrame
    run_designs: pd.DataFrame
    parallelism: pd.DataFrame
    limit_sensitivity: pd.DataFrame
    imputations: pd.DataFrame
    imputed_changes: pd.DataFrame
    recovery: pd.DataFrame
    accuracy: pd.DataFrame
    reanalysis: pd.DataFrame


def measure_samples(
    samples: pd.DataFrame,
    signals: pd.DataFrame,
    reported: pd.DataFrame,
    analytes: Sequence[Analyte],
    settings: AssaySettings,
    participants: pd.DataFrame | None = None,
    recoveries: pd.DataFrame | None = None,
) -> MeasuredSamples:
    """Concentration of every sample and change of every person and session of a wave.

    Parameters
    ----------
    samples, signals, reported : tables.intake.SAMPLES, SIGNALS and REPORTED_CONCENTRATIONS; any may be empty.
    analytes : the wave's analytes.
    settings : the plan's section `assay`.
    recoveries : tables.intake.RECOVERIES, spiked pools; None without.
    participants : tables.intake.PARTICIPANTS, to see whether arms or genders go with runs; None to leave them out.

    Raises
    ------
    AssayError
        if a table names an undeclared analyte, or a flag's policy is stop.
    """
    declared = [analyte.name for analyte in analytes]
    for frame, name in ((samples, "samples"), (signals, "signals"), (reported, "reported_concentrations")):
        stray = sorted(set(frame["analyte"].dropna()) - set(declared))
        if stray:
            raise AssayError(f"{name}: analyte {stray[0]!r} is not declared; add it to analytes in wave.yaml")
    parts: dict[str, list[pd.DataFrame]] = {table.name: [] for table in tables.TABLES}
    covariances: dict[tuple[str, str], Array] = {}
    for analyte in analytes:
        runs = measure_runs(signals[signals["analyte"].eq(analyte.name).fillna(False)], settings, analyte.anchors)
        own_samples = samples[samples["analyte"].eq(analyte.name).fillna(False)]
        own_reports = reported[reported["analyte"].eq(analyte.name).fillna(False)]
        covariances |= {(analyte.name, r.tubes.run): _padded(r.curve.theta_covariance) for r in runs if r.curve}
        controls = control_rows(runs, analyte, settings)
        parts["curves"].append(_curve_rows(runs, analyte))
        parts["curve_covariances"].append(_covariance_rows(runs, analyte))
        parts["standards"].append(_standard_rows(runs, analyte))
        parts["quality_controls"].append(controls)
        parts["precision"].append(precision_rows(runs, controls, analyte.name))
        pools = recovery_rows(recoveries, analyte.name)
        recovery = analyte_recovery(pools, analyte)
        parts["recovery"].append(pools)
        parts["accuracy"].append(accuracy_rows(controls, runs, analyte.name, settings))
        aside = runs_set_aside(runs, controls, analyte.name, settings)
        parts["concentrations"].append(sample_rows(own_samples, runs, own_reports, analyte, settings, recovery, aside))
    untreated = _typed(parts["concentrations"], tables.CONCENTRATIONS)
    groups = cohorts(untreated, settings)
    concentrations = with_treatment(untreated, groups, settings)
    controls = _typed(parts["quality_controls"], tables.QUALITY_CONTROLS)
    for name in declared:
        own_samples = samples[samples["analyte"].eq(name).fillna(False)]
        parts["run_variances"].append(run_variance_rows(concentrations, controls, name))
        parts["run_designs"].append(run_design_rows(concentrations, participants, name))
        parts["parallelism"].append(parallelism_rows(concentrations, own_samples, name, settings))
        parts["reanalysis"].append(reanalysis_rows(concentrations, name, settings))
    changes = change_rows(concentrations, covariances, settings, controls if settings.bridge_runs else None)
    parts["concentrations"] = [concentrations]
    parts["changes"].append(changes)
    parts["limit_sensitivity"].append(limit_sensitivity(groups, settings))
    parts["imputations"].append(draw_rows(concentrations, groups))
    parts["imputed_changes"].append(imputed_change_rows(changes, groups, settings))
    return MeasuredSamples(**{table.name: _typed(parts[table.name], table) for table in tables.TABLES})


def measure_runs(signals: pd.DataFrame, settings: AssaySettings, anchors: Collection[str] = ()) -> list[RunResult]:
    """Curves, limits and readings of every run in a table of signals of one analyte (tables.intake.SIGNALS)."""
    tubes = run_tubes(signals)
    curves = fit_runs(tubes, settings)
    return [measure_run(run, curve, settings, anchors) for run, curve in zip(tubes, curves, strict=True)]


def run_tubes(signals: pd.DataFrame) -> list[RunTubes]:
    """The runs of a table of signals, in order of first appearance; tubes without a signal are left out."""
    present = signals["signal"].notna().to_numpy()
    columns = {
        name: signals[name].to_numpy(dtype=object, na_value=None)[present]
        for name in ("run", "content", "level", "sample", "signal_unit")
    }
    dose, signal = (signals[name].to_numpy(dtype=float, na_value=np.nan)[present] for name in ("dose", "signal"))
    content = columns["content"].astype(str)
    label = np.where(content == "unknown", columns["sample"], columns["level"])
    names: dict[str, int] = {}
    index = np.fromiter((names.setdefault(run, len(names)) for run in columns["run"]), dtype=np.intp, count=dose.size)
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(names) + 1))
    return [
        RunTubes(run, columns["signal_unit"][own[0]], content[own], label[own], dose[own], signal[own])
        for run, own in ((run, order[bounds[k] : bounds[k + 1]]) for run, k in names.items())
    ]


def _curve_rows(runs: list[RunResult], analyte: Analyte) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for result in runs:
        curve, levels = result.curve, result.standards
        row: dict[str, object] = dict.fromkeys(tables.CURVES.names)
        row |= {
            "analyte": analyte.name,
            "run": result.tubes.run,
            "weights": curve.weighting if curve else "none",
            "signal_unit": result.tubes.signal_unit,
            "unit": analyte.unit,
            "b0_percent": result.b0_percent,
            "nsb_percent": result.nsb_percent,
            "flags": "; ".join(result.flags) or None,
        }
        if curve is not None and levels is not None:
            row |= {
                "model": curve.model,
                "zero_dose_signal": curve.theta[0],
                "infinite_dose_signal": curve.theta[1],
                "midpoint": curve.midpoint,
                "slope": curve.slope,
                "asymmetry": curve.asymmetry,
                "variance_power": curve.power,
                "residual_sd": np.sqrt(curve.residual_variance),
                "n_tubes": result.n_standard_tubes,
                "n_levels": int(levels.judged.sum()),
                "n_levels_within_limits": int((levels.within & levels.judged).sum()),
                "replicate_df": result.replicate_df,
                "replicate_sd": result.replicate_sd,
                "lod": result.lod,
                "lloq": result.lloq,
                "uloq": result.uloq,
                "lack_of_fit_p": result.lack_of_fit_p,
            }
        rows.append(row)
    return pd.DataFrame(rows, columns=tables.CURVES.names)


def _covariance_rows(runs: list[RunResult], analyte: Analyte) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (analyte.name, result.tubes.run, row, column, result.curve.theta_covariance[i, j])
        for result in runs
        if result.curve is not None
        for i, row in enumerate(result.curve.names)
        for j, column in enumerate(result.curve.names)
    ]
    return pd.DataFrame(rows, columns=tables.CURVE_COVARIANCES.names)


def _standard_rows(runs: list[RunResult], analyte: Analyte) -> pd.DataFrame:
    blocks = [
        {
            "level": levels.level,
            "analyte": analyte.name,
            "run": result.tubes.run,
            "dose": levels.dose,
            "n_tubes": levels.count,
            "signal_mean": levels.signal_mean,
            "signal_cv": levels.signal_cv,
            "bound_percent": bound_percent(result.tubes, levels.signal_mean),
            "back_calculated": levels.back_calculated,
            "recovery": levels.recovery,
            "limit": levels.limit,
            "within_limits": np.where(levels.judged, levels.within.astype(object), None),
        }
        for result in runs
        if (levels := result.standards) is not None
    ]
    return stacked(blocks) if blocks else tables.STANDARDS.empty()


def _padded(covariance: Array) -> Array:
    padded = np.zeros((len(PARAMETERS), len(PARAMETERS)))
    padded[: len(covariance), : len(covariance)] = covariance
    return padded


def _typed(frames: list[pd.DataFrame], table: tables.Table) -> pd.DataFrame:
    """Parts of a table as one frame in its column types; an empty one where there is nothing."""
    import pandas as pd

    from ruptureflow.tables.schema import PANDAS_TYPES

    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return table.empty()
    joint = pd.concat(filled, ignore_index=True)[table.names]
    return joint.astype({column.name: PANDAS_TYPES[column.kind] for column in table.columns})
