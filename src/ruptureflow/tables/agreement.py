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
        _number("statistic", "F of the classical test"),
        _number("df1", "its numerator degrees of freedom"),
        _number("df2", "its denominator degrees of freedom"),
        _number("p_value", "its p value"),
        Column("n_targets", "integer", "sessions rated by all coders that the form needs"),
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
TABLES = (COEFFICIENTS, CODER_VALUES, CODED, SCORES, RELIABILITIES)
