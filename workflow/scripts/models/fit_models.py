"""A wave's tables joined to one row a session and one a sample, and the analysis plan fitted to them."""

from ruptureflow.config import WaveSettings
from ruptureflow.config.models import ModelSettings
from ruptureflow.lineage import job
from ruptureflow.models import fit_plan, gather, gather_draws, join_samples
from ruptureflow.tables import agreement, assay, intake, models, read_table, ruptures, write_table

with job(snakemake):
    read = snakemake.input
    wave = WaveSettings.model_validate_json(snakemake.params.wave)
    settings = ModelSettings.model_validate_json(snakemake.params.settings)
    concentrations = read_table(read.concentrations, assay.CONCENTRATIONS)
    gathered = gather(
        wave.row,
        wave.wave,
        participants=read_table(read.participants, intake.PARTICIPANTS),
        changes=read_table(read.changes, assay.CHANGES),
        coded=read_table(read.coded, agreement.CODED),
        scores=read_table(read.scores, agreement.SCORES),
        ruptures=read_table(read.ruptures, ruptures.RUPTURES),
        settings=settings,
    )
    draws = gather_draws(
        read_table(read.imputed_changes, assay.IMPUTED_CHANGES),
        read_table(read.imputations, assay.IMPUTATIONS),
        concentrations,
    )
    sessions, samples = gathered.join(gathered.keys), join_samples(gathered, concentrations)
    fitted = fit_plan(sessions, settings, wave=wave.row.wave, samples=samples, draws=draws)
    write_table(sessions, snakemake.output.sessions, models.SESSIONS)
    write_table(samples, snakemake.output.samples, models.SAMPLES)
    for table in models.TABLES[2:]:
        write_table(getattr(fitted, table.name), snakemake.output[table.name], table)
