"""Tables that ruptures hands over: ruptures by session, criterion and perspective; base rates; agreement."""

from ruptureflow.tables.intake import PATIENT, SESSION
from ruptureflow.tables.schema import Column, Table, measured

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
        measured("value", "value in this session"),
        measured("change", "change from the last observed session"),
        measured("threshold", "what counts as a rupture, in the variable's metric"),
        Column("rupture", "flag", "a rupture by this criterion; empty where it cannot judge", nullable=True),
        measured("size", "size of the rupture in the variable's metric"),
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
        measured("percent_sessions", "share of sessions with a rupture", "%"),
        measured("percent_low", "lower end of its interval by bootstrap over patients; empty below 10 patients", "%"),
        measured("percent_high", "upper end of that interval", "%"),
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
        measured("percent_agreement", "same verdict", "%"),
        measured("kappa", "Cohen's kappa"),
        measured("kappa_low", "lower end of its interval by bootstrap over patients; empty below 10 patients"),
        measured("kappa_high", "upper end of that interval"),
        measured("phi", "phi coefficient"),
        measured("mcnemar_p", "exact McNemar test that one finds ruptures more often; assumes independent sessions"),
        measured("pabak", "prevalence- and bias-adjusted kappa"),
        measured("positive_agreement", "agreement on ruptures"),
        measured("negative_agreement", "agreement on their absence"),
        Column(
            "odds_outcome",
            "text",
            "which of two perspectives is the outcome of the logit on the other: the observer's, else the second",
            nullable=True,
            allowed=("first", "second"),
        ),
        measured("odds_ratio", "odds ratio of a rupture given one by the other, sessions in patients (GEE)"),
        measured("odds_ratio_low", "lower end of its interval; empty below 10 patients"),
        measured("odds_ratio_high", "upper end"),
        measured("odds_p", "p of no association, t with patients − 2 df; empty below 10 patients"),
        Column("odds_note", "text", "why there is no odds ratio or interval", nullable=True),
    ),
    key=("first", "second"),
)
TABLES = (RUPTURES, BASE_RATES, PERSPECTIVE_AGREEMENT)
