"""A notebook run for one wave (or for what is pooled), as a page beside the manuscript."""

from pathlib import Path

from ruptureflow.lineage import job
from ruptureflow.report.notebooks import page, run

with job(snakemake):
    read, params = snakemake.input, snakemake.params
    scope = snakemake.wildcards.scope
    wave = {} if scope == "pooled" else {"wave": scope}
    notebook = run(Path(read.notebook), {**wave, "results": "results", "origin": params.origin})
    style = Path(read.style).read_text(encoding="utf-8")
    title = f"{snakemake.wildcards.stage.capitalize()}: {scope}"
    Path(snakemake.output.page).write_text(page(notebook, title, style, params.origin), encoding="utf-8")
