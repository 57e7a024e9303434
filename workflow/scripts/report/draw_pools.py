"""A forest plot of every pool that has a result."""

from pathlib import Path

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.lineage import job
from ruptureflow.report import figures
from ruptureflow.report.values.pooling import METRICS
from ruptureflow.tables import pooling, read_table

with job(snakemake):
    level = PoolingSettings.model_validate_json(snakemake.params.settings).level
    pooled = read_table(snakemake.input.pooled, pooling.POOLED)
    references = read_table(snakemake.input.references, pooling.REFERENCES)
    folder = Path(snakemake.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    for pool, effects in read_table(snakemake.input.effects, pooling.EFFECTS).groupby("pool", sort=False):
        lines = pooled[pooled["pool"] == pool]
        if not len(lines):
            continue
        metric, origins = effects["metric"].iloc[0], set(effects["origin"])
        drawn = figures.forest(
            effects,
            lines,
            METRICS.get(metric, metric.replace("_", " ")),
            "simulated" if "simulated" in origins else "real",
            level,
            references[references["pool"] == pool],
        )
        figures.save(drawn, folder / f"forest-{pool}.png")
