"""A forest plot of every pool that has a result: the PNG that the manuscript shows, SVG and PDF for print."""

from pathlib import Path

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.lineage import job
from ruptureflow.pooling.plots.canvas import save_figure
from ruptureflow.pooling.plots.of_plan import plan_forest
from ruptureflow.tables import pooling, read_table

with job(snakemake):
    level = PoolingSettings.model_validate_json(snakemake.params.settings).level
    effects = read_table(snakemake.input.effects, pooling.EFFECTS)
    pooled = read_table(snakemake.input.pooled, pooling.POOLED)
    references = read_table(snakemake.input.references, pooling.REFERENCES)
    subgroups = read_table(snakemake.input.subgroups, pooling.SUBGROUPS)
    folder = Path(snakemake.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    for pool in pooled.loc[pooled["primary"].fillna(False).astype(bool), "pool"].unique():
        drawn = plan_forest(effects, pooled, pool, level, references=references, subgroups=subgroups)
        for kind in ("png", "svg", "pdf"):
            save_figure(drawn, folder / f"forest-{pool}.{kind}", kind)
