"""Every number of the manuscript with the cell it stands in and the raw files behind it."""

import json
from pathlib import Path

from ruptureflow.config import Plan, WaveSettings
from ruptureflow.lineage import Lineage, job, read_records
from ruptureflow.report.collected import collect, outline, records
from ruptureflow.report.labels import Labels
from ruptureflow.report.parts import Sheet
from ruptureflow.report.values.everything import Shown, gather
from ruptureflow.tables import read_table


def write(path, name, records):
    """A list of records as JSON, one a line, the same bytes for the same content."""
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    Path(path).write_text(f'{{"{name}": [\n{lines}\n]}}\n', encoding="utf-8")


with job(snakemake):
    waves = [WaveSettings.model_validate_json(text) for text in snakemake.params.waves]
    shown = Shown(Plan.model_validate_json(snakemake.params.plan), waves, Labels.from_text(snakemake.params.labels))
    chapter = gather(shown, lambda path, table: Sheet(path, read_table(path, table), table.part))
    collected = collect(chapter)
    lineage = Lineage(tuple(read_records(snakemake.input.lineages)))
    write(snakemake.output.values, "values", records(chapter, lineage))
    write(snakemake.output.outline, "nodes", outline(collected))
