"""Tables that assay hands over: curves, quality, concentration per sample, change per session."""

from ruptureflow.tables.intake import ANALYTE, PATIENT, ROLE, SESSION
from ruptureflow.tables.schema import Column, Table

RUN = Column("run", "text", "assay run or plate; empty where the lab did not say", nullable=True)
UNIT = Column("unit", "text", "unit of concentration")
FLAGS = Column("flags", "text", "quality flags, separated by semicolons; empty = none", nullable=True)


def _number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "number", description, unit, nullable=True)


CURVES = Table(
    "curves",
    "assay",
    "the standard curve of one run",
    (
        ANALYTE,
        Column("run", "text", "assay run or plate"),
        Column("model", "text", "4pl, 5pl or logit-log; empty where no curve could be fitted", nullable=True),
        Column("weights", "text", "weighting of the fit"),
        Column("signal_unit", "text", "cpm or od"),
        UNIT,
        _number("zero_dose_signal", "A: signal at zero dose"),
        _number("infinite_dose_signal", "D: signal at infinite dose"),
        _number("midpoint", "C: dose at the midpoint, in the assay's unit"),
        _number("slope", "B: slope at the midpoint, positive"),
        _number("asymmetry", "g of the five-parameter curve"),
        _number("variance_power", "theta: the signal's SD grows as its mean to this power"),
        _number("residual_sd", "SD of the weighted residuals"),
        Column("n_tubes", "integer", "standard tubes in the fit", nullable=True),
        Column("n_levels", "integer", "non-zero standard levels", nullable=True),
        Column("n_levels_within_limits", "integer", "levels back-calculated within the limits", nullable=True),
        _number("replicate_df", "degrees of freedom of the variance between replicates"),
        _number("replicate_sd", "SD of the weighted signals within replicates, over all of the run's tubes"),
        _number("lod", "limit of detection", "the assay's unit"),
        _number("lloq", "lower limit of quantification", "the assay's unit"),
        _number("uloq", "upper limit of quantification", "the assay's unit"),
        _number("b0_percent", "B0/T: share of the total counts bound at zero dose", "%"),
        _number("nsb_percent", "NSB/T: share bound without antibody", "%"),
        _number("lack_of_fit_p", "p of the lack-of-fit F test over replicates"),
        FLAGS,
    ),
    key=("analyte", "run"),
)
CURVE_COVARIANCES = Table(
    "curve_covariances",
    "assay",
    "one element of a run's parameter covariance",
    (
        ANALYTE,
        Column("run", "text", "assay run or plate"),
        Column("parameter", "text", "row parameter"),
        Column("other_parameter", "text", "column parameter"),
        _number("covariance", "covariance of the two estimates"),
    ),
    key=("analyte", "run", "parameter", "other_parameter"),
)
STANDARDS = Table(
    "standards",
    "assay",
    "one standard level of one run, back-calculated",
    (
        ANALYTE,
        Column("run", "text", "assay run or plate"),
        Column("level", "text", "label of the level"),
        _number("dose", "nominal dose", "the assay's unit"),
        Column("n_tubes", "integer", "tubes"),
        _number("signal_mean", "mean signal"),
        _number("signal_cv", "CV of the signals", "%"),
        _number("back_calculated", "dose read back from the curve", "the assay's unit"),
        _number("recovery", "back-calculated ÷ nominal", "%"),
        _number("limit", "allowed deviation (20 %, 25 % at the ends)", "%"),
        Column("within_limits", "flag", "deviation within the limit", nullable=True),
    ),
    key=("analyte", "run", "level"),
)
QUALITY_CONTROLS = Table(
    "quality_controls",
    "assay",
    "one QC level of one run",
    (
        ANALYTE,
        Column("run", "text", "assay run or plate"),
        Column("level", "text", "label of the QC"),
        _number("nominal", "assigned concentration", "the assay's unit"),
        Column("n_tubes", "integer", "tubes"),
        _number("concentration", "measured concentration", "the assay's unit"),
        UNIT,
        _number("cv", "CV of the replicates", "%"),
        _number("deviation", "measured − nominal, of nominal", "%"),
        _number("centre", "mean of the QC over runs, or its nominal value", "the assay's unit"),
        _number("sd", "its SD over runs, or the SD that the plan expects", "the assay's unit"),
        _number("z", "deviation from the centre in SDs"),
        Column("within_limits", "flag", "deviation within the limit", nullable=True),
        FLAGS,
    ),
    key=("analyte", "run", "level"),
)
PRECISION = Table(
    "precision",
    "assay",
    "one precision figure",
    (
        ANALYTE,
        Column("material", "text", "what was measured repeatedly: samples, or a QC level"),
        Column("kind", "text", "intra-assay or inter-assay", allowed=("intra-assay", "inter-assay")),
        _number("cv", "coefficient of variation", "%"),
        Column("n", "integer", "pairs or runs behind it"),
    ),
    key=("analyte", "material", "kind"),
)
CONCENTRATIONS = Table(
    "concentrations",
    "assay",
    "one sample",
    (
        Column("sample", "text", "sample's id"),
        PATIENT,
        ROLE,
        SESSION,
        Column("occasion", "text", "pre or post", allowed=("pre", "post")),
        ANALYTE,
        Column("matrix", "text", "saliva, plasma …"),
        RUN,
        Column("n_replicates", "integer", "tubes or wells used", nullable=True),
        _number("signal_mean", "mean signal"),
        _number("signal_cv", "CV of the signals", "%"),
        _number("concentration", "concentration, corrected for dilution, concentration factor and recovery"),
        UNIT,
        _number("value", "concentration that analyses use: as measured, or what the plan puts below the limit"),
        _number("ci_low", "lower end of the concentration's interval; 0 where it has none"),
        _number("ci_high", "upper end of the interval; inf where it has none"),
        _number("cv", "CV of the replicates' concentrations", "%"),
        _number("std_error", "standard error of the concentration"),
        _number("replicate_std_error", "its part from the replicates"),
        _number("calibration_std_error", "its part from the run's curve, common to the run"),
        _number("log_std_error", "standard error of the natural log of the concentration"),
        _number("gradient_zero_dose_signal", "derivative of the concentration by A"),
        _number("gradient_infinite_dose_signal", "derivative by D"),
        _number("gradient_log_midpoint", "derivative by log C"),
        _number("gradient_log_slope", "derivative by log B"),
        _number("gradient_log_asymmetry", "derivative by log g"),
        _number("lod", "this sample's limit of detection"),
        _number("lloq", "this sample's lower limit of quantification"),
        _number("uloq", "this sample's upper limit of quantification"),
        Column(
            "censored",
            "text",
            "below or above its limit; empty = measured",
            nullable=True,
            allowed=("below", "above"),
        ),
        Column("used", "flag", "goes into the analyses"),
        FLAGS,
    ),
    key=("sample", "analyte", "run"),
)
CHANGES = Table(
    "changes",
    "assay",
    "the pre-to-post change of one person in one session",
    (
        PATIENT,
        ROLE,
        SESSION,
        ANALYTE,
        Column("matrix", "text", "saliva, plasma …"),
        Column("pre_sample", "text", "sample before", nullable=True),
        Column("post_sample", "text", "sample after", nullable=True),
        Column("pre_run", "text", "run of the sample before", nullable=True),
        Column("post_run", "text", "run of the sample after", nullable=True),
        _number("pre", "concentration before"),
        _number("post", "concentration after"),
        UNIT,
        _number("change", "post − pre"),
        _number("log_ratio", "ln(post ÷ pre)"),
        _number("std_error", "standard error of the change from the assay alone, run's common part cancelled"),
        _number("log_ratio_std_error", "standard error of the log ratio from the assay alone"),
        Column("used", "flag", "goes into the analyses"),
        FLAGS,
    ),
    key=("patient", "role", "session", "analyte"),
)
TABLES = (CURVES, CURVE_COVARIANCES, STANDARDS, QUALITY_CONTROLS, PRECISION, CONCENTRATIONS, CHANGES)
