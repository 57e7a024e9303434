"""The settings, read and checked before the first job, and what the rules say of them in their params."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

from ruptureflow.config import ConfigError, as_text, load_project, write_run_config
from ruptureflow.lineage import code_hash, file_hash
from ruptureflow.tables import evidence as evidence_tables

write_run_config(config, "results/run_config.yaml")
try:
    PROJECT = load_project(config, files=workflow.configfiles)
except ConfigError as error:
    raise WorkflowError(f"the settings cannot be used (merged: results/run_config.yaml):\n{error}")

# Published tables that intake hands over. Tables that only a pool reads have no schema: the pool says what their
# columns are, and pooling checks them.
WITH_SCHEMA = {table.file for table in evidence_tables.TABLES}
OF_POOLS = {Path(PROJECT.plan.evidence_path(file)) for file in PROJECT.plan.pooling.files}
EVIDENCE = sorted(
    path.name
    for path in Path(PROJECT.plan.evidence).glob("*.csv")
    if path.name in WITH_SCHEMA or path not in OF_POOLS
)


def code(stage):
    """Hash of the library modules that a stage and its scripts run, and of the pinned environment."""
    scripts = tuple(sorted(Path(workflow.basedir, "workflow/scripts", stage).glob("*.py")))
    return f"{code_hash(stage, scripts=scripts)} {file_hash('requirements.lock')}"


def settings(stage):
    """The plan's section of a stage as one line of text (a function: its braces are no wildcards)."""
    return lambda wildcards: as_text(getattr(PROJECT.plan, stage))


def wave_settings(wildcards):
    """The wave's own row and `wave.yaml` as one line of text."""
    return PROJECT.wave_text(wildcards.wave)


def evidence_file(file):
    """A file of the evidence folder as intake hands it over; one that only a pool knows, where it lies."""
    path = Path(PROJECT.plan.evidence_path(file))
    is_handed_over = path.parent == Path(PROJECT.plan.evidence) and path.name in EVIDENCE
    return f"results/intake/evidence/{path.name}" if is_handed_over else path.as_posix()
