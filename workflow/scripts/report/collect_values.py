"""Every number that the manuscript shows, with its cell and the raw files behind it; the tables that show them."""

import json
from pathlib import Path

from ruptureflow.config import Plan, WaveSettings
from ruptureflow.lineage import Lineage, job, read_records
from ruptureflow.report.collected import collect, outline, records
from ruptureflow.report.document import Sources, numbers_shown
from ruptureflow.report.labels import Labels
from ruptureflow.report.parts import Sheet
from ruptureflow.report.tables import read_specifications, write_tables
from ruptureflow.report.values.everything import Shown, gather
from ruptureflow.tables import read_table


def write(path, name, records):
    """A list of records as JSON, one a line, the same bytes for the same content."""
    lines = ",\n".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    Path(path).write_text(f'{{"{name}": [\n{lines}\n]}}\n', encoding="utf-8")


with job(snakemake):
    read, given, made = snakemake.input, snakemake.params, snakemake.output
    waves = [WaveSettings.model_validate_json(text) for text in given.waves]
    shown = Shown(Plan.model_validate_json(given.plan), waves, Labels.from_text(given.labels))
    chapter = gather(shown, lambda path, table: Sheet(path, read_table(path, table), table.part))
    collected = collect(chapter)
    tables = Path(made.tables)
    tables.mkdir(parents=True, exist_ok=True)
    for name, table in write_tables(read_specifications(read.specifications), collected).items():
        (tables / name).write_text(table, encoding="utf-8")
    sources = Sources.read(Path(read.document).parent, tables, dict(zip(given.scopes, read.figures, strict=True)))
    numbers = numbers_shown(sources, collected)
    write(made.values, "values", records(chapter, Lineage(tuple(read_records(read.lineages))), numbers))
    write(made.outline, "nodes", outline(collected))
