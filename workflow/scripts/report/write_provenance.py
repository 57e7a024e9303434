"""The record of the whole run: jobs, files with their hashes, software."""

import json
from importlib.metadata import version
from pathlib import Path

from ruptureflow.lineage import file_hash, job, read_records
from ruptureflow.report.provenance import crate, provenance


def write(path, content):
    """JSON that is the same bytes for the same content."""
    Path(path).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


with job(snakemake):
    record = provenance(read_records(snakemake.input.records), file_hash)
    write(snakemake.output.provenance, record)
    write(snakemake.output.crate, crate(record, snakemake.params.title, version("ruptureflow")))
