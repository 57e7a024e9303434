"""Published tables and waves' coefficients to pooled effects."""

from pathlib import Path

import pandas as pd

from ruptureflow.config import WaveRow
from ruptureflow.config.instruments import read_instrument
from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.wave import Wave
from ruptureflow.lineage import job
from ruptureflow.pooling.evidence import pool_evidence
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models, pooling, read_table, write_table

with job(snakemake):
    given = snakemake.params
    settings = PoolingSettings.model_validate_json(given.settings)
    # As text: how many digits were printed decides what they allow.
    published = {
        file: read_cells(Path(path).read_bytes(), file, settings.delimiter(file))
        for file, path in zip(settings.files, snakemake.input.evidence, strict=True)
    }
    evidence = pool_evidence(
        pd.concat([read_table(path, models.ESTIMATES) for path in snakemake.input.estimates], ignore_index=True),
        [WaveRow.model_validate_json(row) for row in given.waves],
        published,
        settings,
        {wave: Wave.model_validate_json(text) for wave, text in given.declared.items()},
        {Path(path).stem: read_instrument(path) for path in snakemake.input.instruments},
    )
    for table in pooling.TABLES:
        write_table(getattr(evidence, table.name), snakemake.output[table.name], table)
