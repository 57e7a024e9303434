"""The table that report hands over beside the manuscript: counts and means that no earlier stage writes."""

from ruptureflow.tables.schema import Column, Table

SUMMARIES = Table(
    "summaries",
    "report",
    "one count, share or mean that the manuscript states of a wave",
    (
        Column("subject", "text", "what it describes: sample, sample.gender.female, assay.oxytocin …"),
        Column("quantity", "text", "n, mean, sd, percent …"),
        Column("label", "text", "the subject in words", nullable=True),
        Column("value", "number", "the number", nullable=True),
        Column("unit", "text", "unit of the number", nullable=True),
        Column("source", "text", "result tables it was counted from"),
    ),
    key=("subject", "quantity"),
    part="source",
)
TABLES = (SUMMARIES,)
