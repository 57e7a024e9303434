"""Tables that models hands over: joined sessions, every coefficient, random parts, influence, the plan's fate."""

from ruptureflow.tables.intake import ANALYTE, PATIENT, ROLE, SESSION
from ruptureflow.tables.schema import Column, Table, coefficient, measured

WAVE = Column("wave", "text", "wave's id")
ANALYSIS = Column("analysis", "text", "analysis of the plan")
MODEL = Column("model", "text", "model of the analysis")
OUTCOME = Column("outcome", "text", "outcome variable")
STATUS = Column("status", "text", "converged, singular (with the term), not converged; of draws, the worst of them")
FITTED, NOT_AVAILABLE, FAILED = "fitted", "not available", "failed"
WITHOUT_PRIMARY = "fitted; primary df method failed"
"""Fates of a model: with WITHOUT_PRIMARY the other df methods' rows stand in estimates, and none in its place."""

SESSIONS = Table(
    "sessions",
    "models",
    "one patient × session: the rows every model uses",
    (
        WAVE,
        PATIENT,
        Column("therapist", "text", "therapist's id", nullable=True),
        SESSION,
        measured("time", "time as the plan codes it"),
    ),
    key=("wave", "patient", "session"),
    open_columns="<analyte>_pre, _post, _change, _log_ratio; scales and codes by name (a therapist's with the prefix "
    "therapist_); rupture_<criterion>_<variable>; covariates; each centred variable's _within and _between part",
)
SAMPLES = Table(
    "samples",
    "models",
    "one sample that analyses use: the rows of sample-level models",
    (
        WAVE,
        Column("sample", "text", "sample's id"),
        PATIENT,
        Column("therapist", "text", "therapist's id", nullable=True),
        SESSION,
        Column("patient_session", "text", "the session with its patient: sessions that are no other patient's"),
        measured("time", "time as the plan codes it"),
        ROLE,
        Column("occasion", "text", "pre or post; in models pre is the level of reference", allowed=("pre", "post")),
        ANALYTE,
        Column("matrix", "text", "saliva, plasma …"),
        Column("method", "text", "RIA, ELISA, LC-MS …"),
        Column("unit", "text", "unit of concentration"),
        Column("assay", "text", "the kind of assay: analyte, matrix, method and unit in one"),
        Column("run", "text", "assay run or plate; empty where the lab did not say", nullable=True),
        measured("concentration", "concentration that analyses use: measured, or what the plan sets beyond a limit"),
        measured("log_concentration", "its natural log; empty where it is not positive"),
        measured("std_error", "standard error of the concentration from the assay"),
        measured("log_std_error", "standard error of its natural log from the assay"),
        Column(
            "censored",
            "text",
            "beyond its limit: below or above; empty = measured",
            nullable=True,
            allowed=("below", "above"),
        ),
    ),
    key=("wave", "sample", "analyte", "run"),
    open_columns="the session's variables as in sessions.csv, each centred one's _within and _between part included",
)
ESTIMATES = Table(
    "estimates",
    "models",
    "one coefficient of one model by one df method",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("term", "text", "term of the model as its formula spells it"),
        *coefficient("the coefficient", "t (z for normal)", "normal"),
        Column(
            "df_method",
            "text",
            "satterthwaite, containment, between-within, kenward-roger, residual or normal",
        ),
        Column("metric", "text", "raw, or standardised_within (b·SD_w(x)/SD_w(y))"),
        Column("unit", "text", "unit of the estimate"),
        Column("n_obs", "integer", "rows in the fit"),
        Column("n_groups", "integer", "patients in the fit"),
        STATUS,
    ),
    key=("wave", "analysis", "model", "outcome", "term", "df_method", "metric"),
)
CONTEXTUAL_EFFECTS = Table(
    "contextual_effects",
    "models",
    "between minus within coefficient of one centred variable by one df method",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("variable", "text", "the centred variable"),
        *coefficient("between minus within coefficient", "t (z for normal)", "normal"),
        Column("df_method", "text", "method of the df"),
        Column("unit", "text", "unit of the estimate"),
        STATUS,
    ),
    key=("wave", "analysis", "model", "outcome", "variable", "df_method"),
)
VARIANCES = Table(
    "variances",
    "models",
    "one variance or covariance of one model",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("level", "text", "grouping factor, or residual"),
        Column("term", "text", "random effect"),
        Column("other_term", "text", "the second random effect of a covariance"),
        measured("variance", "variance or covariance"),
        measured("share", "share of the total variance, for variances of a random-intercept model"),
        STATUS,
    ),
    key=("wave", "analysis", "model", "outcome", "level", "term", "other_term"),
)
PLAN = Table(
    "plan",
    "models",
    "one model of the analysis plan and what became of it in this wave",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("formula", "text", "fixed part"),
        Column("random", "text", "random part and groups, as lme4 writes them"),
        Column("residual", "text", "residual structure"),
        Column("method", "text", "reml or ml", allowed=("reml", "ml")),
        Column("primary_term", "text", "term that answers the analysis's question"),
        Column("rows", "text", "what a row of it is", allowed=("sessions", "samples")),
        Column("where", "text", "values that choose its rows", nullable=True),
        Column(
            "fate",
            "text",
            "what became of it; where the primary df method failed the others' rows stay",
            allowed=(FITTED, WITHOUT_PRIMARY, NOT_AVAILABLE, FAILED),
        ),
        Column(
            "reason",
            "text",
            "why it was not fitted, or what there is to remark on the fit: df methods that failed, "
            "groups left out, draws combined",
            nullable=True,
        ),
        Column("n_rows", "integer", "rows of the wave that it could use"),
        Column("n_obs", "integer", "rows in the fit", nullable=True),
        Column("n_dropped", "integer", "rows without a value in some variable", nullable=True),
        Column("n_groups", "integer", "patients in the fit", nullable=True),
        Column("status", "text", "status of the fit", nullable=True),
        Column("n_draws", "integer", "completed data sets behind it; empty = none were needed", nullable=True),
        measured("log_likelihood", "restricted log-likelihood; empty where draws were combined"),
    ),
    key=("wave", "analysis", "model", "outcome"),
)
IMPUTED_ESTIMATES = Table(
    "imputed_estimates",
    "models",
    "one coefficient that was combined over draws, by one df method: the parts of Rubin's rules",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("term", "text", "term of the model"),
        Column("df_method", "text", "method of the df of complete data"),
        Column("metric", "text", "raw, or standardised_within"),
        Column("n_draws", "integer", "completed data sets"),
        measured("variance_within", "mean of the draws' squared standard errors"),
        measured("variance_between", "variance of the draws' estimates"),
        measured("df_complete", "mean of the draws' df"),
        measured("missing_share", "lambda: share of the total variance that the draws' scatter has"),
    ),
    key=("wave", "analysis", "model", "outcome", "term", "df_method", "metric"),
)
RANDOM_EFFECTS = Table(
    "random_effects",
    "models",
    "one predicted random effect of one group",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("level", "text", "grouping factor"),
        Column("group", "text", "the patient, therapist … (nested ones by their path)"),
        Column("term", "text", "random effect"),
        measured("value", "best linear unbiased prediction, around zero"),
        measured("conditional_sd", "its conditional SD given the data (lme4's)"),
        measured("std_error", "its standard error of prediction (SAS's)"),
    ),
    key=("wave", "analysis", "model", "outcome", "level", "group", "term"),
)
INFLUENCE = Table(
    "influence",
    "models",
    "one coefficient with one group left out: each outermost one, or each of the first named of crossed ones",
    (
        WAVE,
        ANALYSIS,
        MODEL,
        OUTCOME,
        Column("group", "text", "the group left out"),
        Column("n_obs", "integer", "its rows"),
        Column("term", "text", "term of the model"),
        measured("estimate", "the coefficient without the group"),
        measured("std_error", "its standard error"),
        measured("df", "its degrees of freedom"),
        measured("p_value", "its two-sided p"),
        measured("dfbeta", "full minus left-out estimate, in standard errors of the full fit"),
        measured("cook_distance", "Cook's distance of the group, all coefficients"),
        Column("sign_changes", "flag", "the coefficient changes its sign"),
        Column("decision_changes", "flag", "it crosses the significance level"),
        Column("df_method", "text", "method of the df"),
    ),
    key=("wave", "analysis", "model", "outcome", "group", "term"),
)
DESCRIPTIVES = Table(
    "descriptives",
    "models",
    "one numeric variable of the joined sessions",
    (
        WAVE,
        Column("variable", "text", "variable"),
        Column("unit", "text", "unit", nullable=True),
        Column("n_obs", "integer", "sessions with a value"),
        Column("n_patients", "integer", "patients with a value"),
        measured("mean", "mean over sessions"),
        measured("sd", "SD over sessions"),
        measured("minimum", "smallest value"),
        measured("maximum", "largest value"),
        measured("sd_within", "within-patient SD: root of the pooled within-patient variance"),
        measured("sd_between", "SD of the patients' means"),
        measured("icc", "between-patient share of the variance, ICC(1), one-way ANOVA"),
        measured("between_reliability", "reliability of a patient's mean over the sessions at hand, ICC(1,k)"),
    ),
    key=("wave", "variable"),
)
TABLES = (
    SESSIONS,
    SAMPLES,
    ESTIMATES,
    IMPUTED_ESTIMATES,
    CONTEXTUAL_EFFECTS,
    VARIANCES,
    PLAN,
    RANDOM_EFFECTS,
    INFLUENCE,
    DESCRIPTIVES,
)
