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

with job(snakemake) as rests_on:
    tables = WaveTables(**{name: read_table(snakemake.input[name], table) for name, table in TABLES.items()})
    summaries = summarise(tables)
    write_table(summaries, snakemake.output.summaries, report.SUMMARIES)
    rests_on |= {
        f"{snakemake.output.summaries}#{source}": [
            f"results/{snakemake.wildcards.wave}/{file}" for file in source.split(", ")
        ]
        for source in summaries["source"].unique()
    }
