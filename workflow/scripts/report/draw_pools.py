"""A forest plot of every pool."""

from pathlib import Path

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.lineage import job
from ruptureflow.report import figures
from ruptureflow.report.values.pooling import METRICS
from ruptureflow.tables import pooling, read_table

with job(snakemake):
    level = PoolingSettings.model_validate_json(snakemake.params.settings).level
    pooled = read_table(snakemake.input.pooled, pooling.POOLED)
    folder = Path(snakemake.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    for pool, effects in read_table(snakemake.input.effects, pooling.EFFECTS).groupby("pool", sort=False):
        metric, origin = effects["metric"].iloc[0], effects["origin"].iloc[0]
        drawn = figures.forest(
            effects, pooled[pooled["pool"] == pool], METRICS.get(metric, metric.replace("_", " ")), origin, level
        )
        figures.save(drawn, folder / f"forest-{pool}.png")
