"""Coder sheets and answers of a wave to coefficients, coded values and scale scores."""

from ruptureflow.agreement import rate_agreement
from ruptureflow.config.instruments import read_instrument
from ruptureflow.config.plan import AgreementSettings
from ruptureflow.lineage import job
from ruptureflow.tables import agreement, intake, read_table, write_table

with job(snakemake):
    instruments = [read_instrument(path) for path in snakemake.input.instruments]
    rated = rate_agreement(
        read_table(snakemake.input.codes, intake.CODES),
        read_table(snakemake.input.responses, intake.RESPONSES),
        read_table(snakemake.input.reported_scores, intake.REPORTED_SCORES),
        instruments={instrument.id: instrument for instrument in instruments},
        settings=AgreementSettings.model_validate_json(snakemake.params.settings),
    )
    for table in agreement.TABLES:
        write_table(getattr(rated, table.name), snakemake.output[table.name], table)
