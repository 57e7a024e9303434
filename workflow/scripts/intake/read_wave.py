"""A wave folder to clean tables; every problem of it at once."""

from pathlib import Path

from ruptureflow.config import WaveSettings, read_instrument
from ruptureflow.config.plan import IntakeSettings
from ruptureflow.intake import read_wave_folder
from ruptureflow.lineage import job
from ruptureflow.tables import intake, write_table

with job(snakemake) as rests_on:
    declared = WaveSettings.model_validate_json(snakemake.params.wave)
    settings = IntakeSettings.model_validate_json(snakemake.params.settings)
    instruments = {Path(path).stem: read_instrument(path) for path in snakemake.input.instruments}
    tables = read_wave_folder(declared.row.folder, declared.wave, instruments, settings)
    # Not outputs: Snakemake removes the outputs of a failed job, and what was found in a refused wave must stay.
    write_table(tables.problems, snakemake.params.problems, intake.PROBLEMS)
    refused_ledger = Path(snakemake.params.refused_ledger)
    refused_ledger.unlink(missing_ok=True)
    if tables.is_refused(settings):
        write_table(tables.ledger, refused_ledger, intake.LEDGER)
    tables.require_accepted(settings, snakemake.params.problems)
    for table in intake.HANDED_OVER:
        write_table(getattr(tables, table.name), snakemake.output[table.name], table)
    raw = {Path(path).relative_to(declared.row.folder).as_posix(): path for path in snakemake.input.files}
    named = {Path(path).stem: path for path in snakemake.input.instruments}
    for name, (files, used) in tables.origins(list(raw)).items():
        rests_on[snakemake.output[name]] = [raw[file] for file in files] + [named[each] for each in used]
