"""Every table of the manuscript as Markdown whose cells name values."""

import json
from pathlib import Path

from ruptureflow.config.strict import parse, read_yaml
from ruptureflow.lineage import job
from ruptureflow.report.collected import restore
from ruptureflow.report.tables import TableSpecifications, write_tables

with job(snakemake):
    read = snakemake.input
    specifications = parse(TableSpecifications, read_yaml(read.specifications), read.specifications)
    values, nodes = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (read.values, read.outline))
    folder = Path(snakemake.output.tables)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in write_tables(specifications, restore(values["values"], nodes["nodes"])).items():
        (folder / name).write_text(table, encoding="utf-8")
