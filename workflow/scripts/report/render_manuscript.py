"""The manuscript in one format."""

import json
import logging
from pathlib import Path

from ruptureflow.lineage import job
from ruptureflow.report.collected import restore
from ruptureflow.report.document import Sources, assemble
from ruptureflow.report.render import render

with job(snakemake):
    read, format = snakemake.input, snakemake.wildcards.format
    values, nodes = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (read.values, read.outline))
    sources = Sources.read(
        Path(read.document).parent, read.tables, dict(zip(snakemake.params.scopes, read.figures, strict=True))
    )
    document = assemble(sources, values["values"], restore(values["values"], nodes["nodes"]), format)
    target = Path(snakemake.output.manuscript)
    renderer = render(document, format, sources.resources, target.parent / ".render" / format, target)
    logging.info("rendered by %s", renderer)
