"""A wave's tables joined to one row a session, and the analysis plan fitted to them."""

from ruptureflow.config import WaveSettings
from ruptureflow.config.plan import ModelSettings
from ruptureflow.lineage import job
from ruptureflow.models import fit_plan, join_sessions
from ruptureflow.tables import agreement, assay, intake, models, read_table, ruptures, write_table

with job(snakemake):
    wave = WaveSettings.model_validate_json(snakemake.params.wave)
    settings = ModelSettings.model_validate_json(snakemake.params.settings)
    sessions = join_sessions(
        wave.row,
        wave.wave,
        participants=read_table(snakemake.input.participants, intake.PARTICIPANTS),
        changes=read_table(snakemake.input.changes, assay.CHANGES),
        coded=read_table(snakemake.input.coded, agreement.CODED),
        scores=read_table(snakemake.input.scores, agreement.SCORES),
        ruptures=read_table(snakemake.input.ruptures, ruptures.RUPTURES),
        settings=settings,
    )
    fitted = fit_plan(sessions, settings, wave=wave.row.wave)
    write_table(sessions, snakemake.output.sessions, models.SESSIONS)
    for table in models.TABLES[1:]:
        write_table(getattr(fitted, table.name), snakemake.output[table.name], table)
