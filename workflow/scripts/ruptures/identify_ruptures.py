"""Ratings and coded sessions of a wave to ruptures, their base rates and the agreement of perspectives."""

from ruptureflow.config.instruments import read_instrument
from ruptureflow.config.plan import RuptureSettings
from ruptureflow.lineage import job
from ruptureflow.ruptures import identify_ruptures
from ruptureflow.tables import agreement, read_table, ruptures, write_table

with job(snakemake):
    instruments = [read_instrument(path) for path in snakemake.input.instruments]
    found = identify_ruptures(
        read_table(snakemake.input.scores, agreement.SCORES),
        read_table(snakemake.input.coded, agreement.CODED),
        instruments={instrument.id: instrument for instrument in instruments},
        settings=RuptureSettings.model_validate_json(snakemake.params.settings),
    )
    for table in ruptures.TABLES:
        write_table(getattr(found, table.name), snakemake.output[table.name], table)
