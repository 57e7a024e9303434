"""How many claims, coefficients and gates came out how."""

from ruptureflow.lineage import job
from ruptureflow.report.tallies import tally
from ruptureflow.tables import audit, read_table, report, write_table

with job(snakemake) as rests_on:
    tallies = tally(
        read_table(snakemake.input.claims, audit.CLAIMS),
        read_table(snakemake.input.second_engine, audit.SECOND_ENGINE),
        read_table(snakemake.input.gates, audit.GATES),
        snakemake.params.shown,
    )
    write_table(tallies, snakemake.output.tallies, report.SUMMARIES)
    rests_on |= {f"{snakemake.output.tallies}#{file}": [f"results/{file}"] for file in tallies["source"].unique()}
