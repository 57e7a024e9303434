"""The coefficients of all waves in one table."""

import pandas as pd

from ruptureflow.lineage import job
from ruptureflow.tables import models, read_table, write_table

with job(snakemake):
    tables = [read_table(path, models.ESTIMATES) for path in snakemake.input.estimates]
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.estimates, models.ESTIMATES)
