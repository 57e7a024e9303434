"""Published tables and waves' coefficients to pooled effects."""

from pathlib import Path

import pandas as pd

from ruptureflow.config import WaveRow
from ruptureflow.config.plan import PoolingSettings
from ruptureflow.lineage import job
from ruptureflow.pooling.evidence import pool_evidence
from ruptureflow.tables import models, pooling, read_table, write_table

with job(snakemake):
    # As text: how many digits were printed decides what they allow.
    published = {
        Path(path).name: pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input.evidence
    }
    evidence = pool_evidence(
        read_table(snakemake.input.estimates, models.ESTIMATES),
        [WaveRow.model_validate_json(row) for row in snakemake.params.waves],
        published,
        PoolingSettings.model_validate_json(snakemake.params.settings),
    )
    for table in pooling.TABLES:
        write_table(getattr(evidence, table.name), snakemake.output[table.name], table)
