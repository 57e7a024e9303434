"""Coder sheets and answers of a wave to coefficients, coded values and scale scores."""

from ruptureflow.agreement import rate_agreement
from ruptureflow.config.instruments import CodingSystem, read_instrument
from ruptureflow.config.plan import AgreementSettings
from ruptureflow.lineage import job
from ruptureflow.tables import agreement, intake, read_table, write_table

OF_CODERS = (agreement.COEFFICIENTS, agreement.CODER_VALUES, agreement.CODED, agreement.CODER_VARIANCES)
OF_CODERS += (agreement.CODER_BIASES, agreement.CODER_PAIRS)

with job(snakemake) as rests_on:
    files = {path: read_instrument(path) for path in snakemake.input.instruments}
    instruments = list(files.values())
    rated = rate_agreement(
        read_table(snakemake.input.codes, intake.CODES),
        read_table(snakemake.input.responses, intake.RESPONSES),
        read_table(snakemake.input.reported_scores, intake.REPORTED_SCORES),
        instruments={instrument.id: instrument for instrument in instruments},
        settings=AgreementSettings.model_validate_json(snakemake.params.settings),
    )
    for table in agreement.TABLES:
        write_table(getattr(rated, table.name), snakemake.output[table.name], table)
    coding = [path for path, instrument in files.items() if isinstance(instrument, CodingSystem)]
    for table in OF_CODERS:
        rests_on[snakemake.output[table.name]] = [snakemake.input.codes, *coding]
