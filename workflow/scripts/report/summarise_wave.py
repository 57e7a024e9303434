"""Counts, shares and means of one wave that no earlier stage writes down."""

from ruptureflow.lineage import job
from ruptureflow.report.summaries import WaveTables, summarise
from ruptureflow.tables import agreement, assay, intake, models, read_table, report, write_table

TABLES = {
    "participants": intake.PARTICIPANTS,
    "manifest": intake.MANIFEST,
    "ledger": intake.LEDGER,
    "concentrations": assay.CONCENTRATIONS,
    "changes": assay.CHANGES,
    "coder_values": agreement.CODER_VALUES,
    "coded": agreement.CODED,
    "scores": agreement.SCORES,
    "sessions": models.SESSIONS,
}

with job(snakemake):
    tables = WaveTables(**{name: read_table(snakemake.input[name], table) for name, table in TABLES.items()})
    write_table(summarise(tables), snakemake.output.summaries, report.SUMMARIES)
