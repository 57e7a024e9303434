"""Signals of a wave to concentrations per sample and change per session."""

from ruptureflow.assay import measure_samples
from ruptureflow.config import WaveSettings
from ruptureflow.config.plan import AssaySettings
from ruptureflow.lineage import job
from ruptureflow.tables import assay, intake, read_table, write_table

with job(snakemake):
    measured = measure_samples(
        read_table(snakemake.input.samples, intake.SAMPLES),
        read_table(snakemake.input.signals, intake.SIGNALS),
        read_table(snakemake.input.reported, intake.REPORTED_CONCENTRATIONS),
        analytes=WaveSettings.model_validate_json(snakemake.params.wave).wave.analytes,
        settings=AssaySettings.model_validate_json(snakemake.params.settings),
        participants=read_table(snakemake.input.participants, intake.PARTICIPANTS),
        recoveries=read_table(snakemake.input.recoveries, intake.RECOVERIES),
    )
    for table in assay.TABLES:
        write_table(getattr(measured, table.name), snakemake.output[table.name], table)
