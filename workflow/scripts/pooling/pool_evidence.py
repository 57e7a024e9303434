"""Published tables and waves' coefficients to pooled effects."""

from pathlib import Path

import pandas as pd

from ruptureflow.config import WaveRow
from ruptureflow.config.instruments import read_instrument
from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.wave import Wave
from ruptureflow.lineage import job
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models, pooling, read_table, ruptures, write_table

with job(snakemake) as rests_on:
    given, read = snakemake.params, snakemake.input
    settings = PoolingSettings.model_validate_json(given.settings)
    rows = [WaveRow.model_validate_json(row) for row in given.waves]
    waves = WaveEvidence(
        pd.concat([read_table(path, models.ESTIMATES) for path in read.estimates], ignore_index=True),
        rows,
        {row.wave: read_table(path, models.SESSIONS) for row, path in zip(rows, read.sessions, strict=True)},
        {row.wave: read_table(path, ruptures.RUPTURES) for row, path in zip(rows, read.ruptures, strict=True)},
        {wave: Wave.model_validate_json(text) for wave, text in given.declared.items()},
        {Path(path).stem: read_instrument(path) for path in read.instruments},
        given.df_method,
    )
    paths = dict(zip(settings.files, read.evidence, strict=True))
    # As text: how many digits were printed decides what they allow.
    cells = {file: Path(path).read_bytes() for file, path in paths.items()}
    published = {file: read_cells(raw, file, settings.delimiter(file)) for file, raw in cells.items()}
    evidence = pool_evidence(waves, published, settings)
    behind = {row.wave: files for row, *files in zip(rows, read.estimates, read.sessions, read.ruptures, strict=True)}
    for table in pooling.TABLES:
        write_table(evidence.tables[table.name], snakemake.output[table.name], table)
        for part, source in evidence.sources(table.name).items():
            inputs = [paths[file] for file in source.files] + [path for wave in source.waves for path in behind[wave]]
            rests_on[f"{snakemake.output[table.name]}#{part}"] = inputs
    rests_on[snakemake.output.reproductions] = read.evidence
