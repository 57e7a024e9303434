"""Tables that ruptures hands over: ruptures by session, criterion and perspective; base rates; agreement."""

from ruptureflow.tables.intake import PATIENT, SESSION
from ruptureflow.tables.schema import Column, Table


def _number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "number", description, unit, nullable=True)


CRITERION = Column(
    "criterion", "text", "point-drop, sd-drop, control-chart, change-point, self-report, coded, sudden-gain"
)
PERSPECTIVE = Column("perspective", "text", "whose view: patient, therapist or observer")
RUPTURES = Table(
    "ruptures",
    "ruptures",
    "one session × criterion × perspective",
    (
        PATIENT,
        SESSION,
        CRITERION,
        PERSPECTIVE,
        Column("variable", "text", "what the criterion was applied to: bond, alliance, confrontation …"),
        _number("value", "value in this session"),
        _number("change", "change from the last observed session"),
        _number("threshold", "what counts as a rupture, in the variable's metric"),
        Column("rupture", "flag", "a rupture by this criterion; empty where it cannot judge", nullable=True),
        _number("size", "size of the rupture in the variable's metric"),
        Column("resolved", "flag", "the variable came back within the window", nullable=True),
        Column("resolved_session", "integer", "session in which it did", nullable=True),
        Column(
            "follow_up_complete",
            "flag",
            "the window after the rupture was observed to its end",
            nullable=True,
        ),
    ),
    key=("patient", "session", "criterion", "perspective", "variable"),
)
BASE_RATES = Table(
    "base_rates",
    "ruptures",
    "one criterion × perspective",
    (
        CRITERION,
        PERSPECTIVE,
        Column("variable", "text", "what it was applied to"),
        Column("n_sessions", "integer", "sessions that could be judged"),
        Column("n_ruptures", "integer", "sessions with a rupture"),
        _number("percent_sessions", "share of sessions with a rupture", "%"),
        _number("percent_low", "lower end of its interval by bootstrap over patients; empty below 10 patients", "%"),
        _number("percent_high", "upper end of that interval", "%"),
        Column("n_patients", "integer", "patients"),
        Column("n_patients_with_rupture", "integer", "patients with at least one rupture"),
        Column("n_resolved", "integer", "ruptures resolved within the window"),
        Column("n_follow_up_complete", "integer", "ruptures whose window was observed to its end"),
    ),
    key=("criterion", "perspective", "variable"),
)
PERSPECTIVE_AGREEMENT = Table(
    "perspective_agreement",
    "ruptures",
    "two criteria or perspectives compared over the sessions both judged",
    (
        Column("first", "text", "criterion, perspective and variable"),
        Column("second", "text", "criterion, perspective and variable"),
        Column("n_sessions", "integer", "sessions both judged"),
        Column("n_patients", "integer", "patients they come from"),
        Column("n_both", "integer", "rupture in both"),
        Column("n_first_only", "integer", "rupture in the first only"),
        Column("n_second_only", "integer", "rupture in the second only"),
        Column("n_neither", "integer", "rupture in neither"),
        _number("percent_agreement", "same verdict", "%"),
        _number("kappa", "Cohen's kappa"),
        _number("kappa_low", "lower end of its interval by bootstrap over patients; empty below 10 patients"),
        _number("kappa_high", "upper end of that interval"),
        _number("phi", "phi coefficient"),
        _number("mcnemar_p", "exact McNemar test that one finds ruptures more often; assumes independent sessions"),
        _number("pabak", "prevalence- and bias-adjusted kappa"),
        _number("positive_agreement", "agreement on ruptures"),
        _number("negative_agreement", "agreement on their absence"),
    ),
    key=("first", "second"),
)
TABLES = (RUPTURES, BASE_RATES, PERSPECTIVE_AGREEMENT)
