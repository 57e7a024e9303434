"""Tables that agreement hands over: coefficients between coders, the coded value, scored scales, reliabilities."""

from ruptureflow.tables.intake import INSTRUMENT, PATIENT, ROLE, SESSION, SESSION_OR_NONE, TIMEPOINT
from ruptureflow.tables.schema import Column, Table


def _number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "number", description, unit, nullable=True)


CODE = Column("code", "text", "marker, or total such as confrontation, withdrawal, resolution_attempts")
COEFFICIENTS = Table(
    "coefficients",
    "agreement",
    "one coefficient of agreement between coders",
    (
        INSTRUMENT,
        CODE,
        Column("form", "text", "ICC(2,1), ICC(2,k), kappa, alpha … in the notation of the field"),
        Column("meaning", "text", "the form in words"),
        _number("estimate", "the coefficient"),
        _number("ci_low", "lower end of its interval"),
        _number("ci_high", "upper end of its interval"),
        Column("interval", "text", "how the interval was made and what it assumes", nullable=True),
        _number("bootstrap_low", "lower end of the interval by bootstrap over patients"),
        _number("bootstrap_high", "upper end of the interval by bootstrap over patients"),
        _number("statistic", "F of the classical test; z of a kappa"),
        _number("df1", "its numerator degrees of freedom"),
        _number("df2", "its denominator degrees of freedom"),
        _number("p_value", "its p value"),
        Column("n_targets", "integer", "sessions with a rating"),
        _number("n_raters", "coders a session (effective number where the design is incomplete)"),
        Column("headline", "flag", "belongs to the value that is analysed"),
        Column("note", "text", "what a reader must know", nullable=True),
    ),
    key=("instrument", "code", "form"),
)
CODER_VALUES = Table(
    "coder_values",
    "agreement",
    "the value one coder gave one session",
    (
        INSTRUMENT,
        CODE,
        PATIENT,
        SESSION,
        Column("coder", "text", "coder's id"),
        _number("value", "session value of that coder"),
    ),
    key=("instrument", "code", "patient", "session", "coder"),
)
CODED = Table(
    "coded",
    "agreement",
    "the value of one session that analyses use",
    (
        PATIENT,
        SESSION,
        INSTRUMENT,
        CODE,
        _number("value", "mean over coders (or consensus, as the plan says)"),
        Column("n_coders", "integer", "coders behind it"),
        Column("coders", "text", "their ids, separated by semicolons"),
    ),
    key=("patient", "session", "instrument", "code"),
)
SCORES = Table(
    "scores",
    "agreement",
    "one scale score",
    (
        PATIENT,
        ROLE,
        TIMEPOINT,
        SESSION_OR_NONE,
        INSTRUMENT,
        Column("scale", "text", "scale of the instrument: bond, task, goal, alliance, depression …"),
        _number("score", "score in the instrument's metric; empty where too few items were answered"),
        Column("n_items", "integer", "items of the scale", nullable=True),
        Column("n_answered", "integer", "items answered", nullable=True),
        Column("origin", "text", "scored from items, or as the clinic reported it", allowed=("items", "reported")),
    ),
    key=("patient", "role", "timepoint", "session", "instrument", "scale"),
)
RELIABILITIES = Table(
    "reliabilities",
    "agreement",
    "one reliability of a scale or a coded value",
    (
        INSTRUMENT,
        ROLE,
        Column("scale", "text", "scale or code"),
        Column("coefficient", "text", "alpha, omega, within-patient, between-patient …"),
        _number("estimate", "the coefficient"),
        _number("ci_low", "lower end of its interval"),
        _number("ci_high", "upper end of its interval"),
        Column("interval", "text", "how the interval was made", nullable=True),
        Column("n_patients", "integer", "patients"),
        Column("n_observations", "integer", "sessions"),
        Column("note", "text", "what a reader must know", nullable=True),
    ),
    key=("instrument", "role", "scale", "coefficient"),
)
CODER_VARIANCES = Table(
    "coder_variances",
    "agreement",
    "one variance component of a coded total",
    (
        INSTRUMENT,
        CODE,
        Column(
            "component",
            "text",
            "patient, session (within patient), coder, coder_patient or residual",
            allowed=("patient", "session", "coder", "coder_patient", "residual"),
        ),
        _number("variance", "its variance, never clamped: a negative one says it is small"),
        _number("ci_low", "lower end of its interval by bootstrap over patients"),
        _number("ci_high", "upper end of its interval by bootstrap over patients"),
        _number("share", "share of the sum of the components that are not negative", "%"),
        _number("reml", "the same component by REML, where the design is incomplete"),
    ),
    key=("instrument", "code", "component"),
)
CODER_BIASES = Table(
    "coder_biases",
    "agreement",
    "one coder's values of one code against the other coders of the same sessions",
    (
        INSTRUMENT,
        CODE,
        Column("coder", "text", "coder's id"),
        Column("n_sessions", "integer", "sessions shared with another coder"),
        _number("mean", "mean of the coder's values"),
        _number("sd", "their SD"),
        _number("bias", "mean deviation from the other coders' mean"),
        _number("bias_low", "lower end of its interval by bootstrap over patients"),
        _number("bias_high", "upper end"),
        _number("drift", "change of the deviation with the session number", "per session"),
        _number("drift_low", "lower end of its interval by bootstrap over patients", "per session"),
        _number("drift_high", "upper end", "per session"),
    ),
    key=("instrument", "code", "coder"),
)
CODER_PAIRS = Table(
    "coder_pairs",
    "agreement",
    "two coders' differences in one code over the sessions both coded (Bland–Altman)",
    (
        INSTRUMENT,
        CODE,
        Column("first", "text", "coder's id"),
        Column("second", "text", "coder's id"),
        Column("n_sessions", "integer", "sessions both coded"),
        _number("bias", "mean of first − second"),
        _number("bias_low", "lower end of its interval by bootstrap over patients"),
        _number("bias_high", "upper end"),
        _number("sd", "SD of the differences"),
        _number("limits_low", "lower limit of agreement, mean − 1.96 SD"),
        _number("limits_low_low", "lower end of its interval by bootstrap over patients"),
        _number("limits_low_high", "upper end"),
        _number("limits_high", "upper limit of agreement, mean + 1.96 SD"),
        _number("limits_high_low", "lower end of its interval by bootstrap over patients"),
        _number("limits_high_high", "upper end"),
        _number("slope", "slope of the difference on the mean of both"),
    ),
    key=("instrument", "code", "first", "second"),
)
ITEMS = Table(
    "item_statistics",
    "agreement",
    "one item of a scale, in the scale's direction",
    (
        INSTRUMENT,
        ROLE,
        Column("scale", "text", "scale"),
        Column("item", "text", "item's number in the form"),
        Column("reversed", "flag", "turned round before scoring"),
        Column("n_answered", "integer", "answers"),
        _number("percent_missing", "forms without an answer to it", "%"),
        _number("mean", "mean"),
        _number("sd", "SD"),
        _number("floor_percent", "answers at the lowest value", "%"),
        _number("ceiling_percent", "answers at the highest value", "%"),
        _number("item_rest_r", "correlation with the sum of the scale's other items"),
        _number("alpha_without", "alpha of the scale without the item"),
    ),
    key=("instrument", "role", "scale", "item"),
)
SCALES = Table(
    "scales",
    "agreement",
    "one scale at one timepoint",
    (
        INSTRUMENT,
        ROLE,
        TIMEPOINT,
        Column("scale", "text", "scale"),
        Column("n_forms", "integer", "forms"),
        Column("n_scored", "integer", "forms with a score"),
        Column("n_prorated", "integer", "scores with an item missing"),
        Column("n_patients", "integer", "patients with a score"),
        _number("mean", "mean"),
        _number("sd", "SD"),
        _number("minimum", "smallest score"),
        _number("maximum", "largest score"),
        _number("floor_percent", "scores at the lowest possible value", "%"),
        _number("ceiling_percent", "scores at the highest possible value", "%"),
    ),
    key=("instrument", "role", "timepoint", "scale"),
)
TABLES = (
    COEFFICIENTS,
    CODER_VALUES,
    CODED,
    CODER_VARIANCES,
    CODER_BIASES,
    CODER_PAIRS,
    SCORES,
    RELIABILITIES,
    ITEMS,
    SCALES,
)
