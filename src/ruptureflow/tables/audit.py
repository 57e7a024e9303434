"""Tables that audit hands over: published claims recomputed, a second engine's opinion, gates."""

from ruptureflow.tables.schema import Column, Table, measured

CLAIMS = Table(
    "claims",
    "audit",
    "one published number checked under one convention of cutting digits",
    (
        Column("claim", "text", "id of the claim"),
        Column("source", "text", "paper"),
        Column("quantity", "text", "what was printed"),
        Column("published", "text", "as printed"),
        Column("convention", "text", "rounded or truncated", allowed=("rounded", "truncated")),
        measured("recomputed_low", "lowest value the other printed numbers allow, in the quantity that `how` names"),
        measured("recomputed_high", "highest value"),
        Column(
            "verdict",
            "text",
            "what follows; conditional: consistent only under the condition",
            allowed=("consistent", "conditional", "inconsistent", "not checkable"),
        ),
        Column("condition", "text", "what must hold for a conditional verdict", nullable=True),
        Column("how", "text", "how it was recomputed"),
    ),
    key=("claim", "convention"),
)
SECOND_ENGINE = Table(
    "second_engine",
    "audit",
    "one coefficient by our engine and by statsmodels",
    (
        Column("wave", "text", "wave's id"),
        Column("analysis", "text", "analysis of the plan"),
        Column("model", "text", "model"),
        Column("outcome", "text", "outcome"),
        Column("term", "text", "term"),
        measured("estimate", "ours"),
        measured("other_estimate", "theirs"),
        measured("std_error", "ours"),
        measured("other_std_error", "theirs"),
        measured("difference", "largest difference in units of our standard error"),
        Column(
            "verdict",
            "text",
            "agrees or differs, with the reason",
            allowed=("agrees", "differs", "not comparable"),
        ),
        Column("reason", "text", "why not", nullable=True),
    ),
    key=("wave", "analysis", "model", "outcome", "term"),
    part="wave",
)
GATES = Table(
    "gates",
    "audit",
    "one check that a reviewer would make",
    (
        Column("gate", "text", "what is checked"),
        Column("wave", "text", "wave's id, or pooled"),
        Column("subject", "text", "what it is checked on"),
        measured("value", "what was found"),
        measured("limit", "what the plan asks for"),
        Column("verdict", "text", "pass, warn or fail", allowed=("pass", "warn", "fail")),
        Column("advice", "text", "what to do", nullable=True),
    ),
    key=("gate", "wave", "subject"),
    part="wave",
)
TABLES = (CLAIMS, SECOND_ENGINE, GATES)
