"""Tables that pooling hands over: the effects that enter each pool, and what they pool to."""

from ruptureflow.tables.schema import Column, Table


def _number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "number", description, unit, nullable=True)


POOL = Column("pool", "text", "id of the pool: published table, or analysis and outcome over waves")
EFFECTS = Table(
    "effects",
    "pooling",
    "one effect that enters a pool",
    (
        POOL,
        Column("label", "text", "study or wave"),
        Column(
            "origin",
            "text",
            "published, real wave or simulated wave",
            allowed=("published", "real", "simulated"),
        ),
        Column("year", "integer", "year of publication", nullable=True),
        Column("metric", "text", "fisher_z, standardised_within, raw …"),
        _number("estimate", "effect in the pool's metric"),
        _number("std_error", "its standard error"),
        _number("variance", "its sampling variance"),
        Column("n", "integer", "patients", nullable=True),
        _number("shown", "effect on the scale it is shown on (r for Fisher's z)"),
        _number("shown_low", "lower end of its interval on that scale"),
        _number("shown_high", "upper end"),
        _number("weight", "weight in the primary model", "%"),
        Column("note", "text", "where the variance comes from", nullable=True),
    ),
    key=("pool", "label"),
)
POOLED = Table(
    "pooled",
    "pooling",
    "one pooled coefficient by one method and test",
    (
        POOL,
        Column("method", "text", "fixed, dl, reml …"),
        Column("test", "text", "z, t or knapp-hartung"),
        Column("primary", "flag", "the plan's primary model"),
        Column("term", "text", "Intercept, or a moderator"),
        Column("metric", "text", "metric of the estimate"),
        Column("k", "integer", "effects pooled"),
        _number("estimate", "pooled effect"),
        _number("std_error", "its standard error"),
        _number("df", "degrees of freedom (inf for z)"),
        _number("statistic", "z or t"),
        _number("p_value", "two-sided p"),
        _number("ci_low", "lower end of the interval"),
        _number("ci_high", "upper end of the interval"),
        _number("prediction_low", "lower end of the prediction interval"),
        _number("prediction_high", "upper end of the prediction interval"),
        _number("tau2", "variance between studies"),
        _number("tau2_low", "lower end of its Q-profile interval"),
        _number("tau2_high", "upper end"),
        _number("i2", "share of the variance that is between studies", "%"),
        _number("h2", "H²"),
        _number("q", "Cochran's Q"),
        _number("q_df", "its degrees of freedom"),
        _number("q_p", "its p value"),
        _number("shown", "pooled effect on the scale it is shown on"),
        _number("shown_low", "lower end of its interval on that scale"),
        _number("shown_high", "upper end"),
        _number("shown_prediction_low", "lower end of the prediction interval on that scale"),
        _number("shown_prediction_high", "upper end"),
        Column("note", "text", "what a reader must know", nullable=True),
    ),
    key=("pool", "method", "test", "term"),
)
REPRODUCTIONS = Table(
    "reproductions",
    "pooling",
    "one pooled number of a published table beside ours",
    (
        POOL,
        Column("quantity", "text", "r, z, CI …"),
        Column("published", "text", "as printed"),
        _number("recomputed", "ours"),
        _number("recomputed_low", "lowest over the values the printed rows allow"),
        _number("recomputed_high", "highest"),
        Column("convention", "text", "what gives it"),
        Column("verdict", "text", "reproduced, not reproduced …"),
    ),
    key=("pool", "quantity", "convention"),
)
TABLES = (EFFECTS, POOLED, REPRODUCTIONS)
