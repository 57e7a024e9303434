"""ruptureflow: raw assays and coder sheets in, a manuscript whose every number can be followed back out.

`snakemake --cores 4` makes everything; `snakemake assay`, `snakemake pooling` … make one stage and what it needs.
"""

from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from ruptureflow.config import ConfigError, as_text, load_project, write_run_config
from ruptureflow.lineage import code_hash, file_hash

min_version("9.18")


configfile: "config/config.yaml"


write_run_config(config, "results/run_config.yaml")
try:
    PROJECT = load_project(config)
except ConfigError as error:
    raise WorkflowError(f"the settings cannot be used (merged: results/run_config.yaml):\n{error}")


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


wildcard_constraints:
    wave="|".join(PROJECT.waves),


include: "workflow/rules/intake.smk"
include: "workflow/rules/assay.smk"
include: "workflow/rules/agreement.smk"
include: "workflow/rules/ruptures.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/pooling.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.report.input,
