"""ruptureflow: raw assays and coder sheets in, a manuscript whose every number can be followed back out.

`snakemake --cores 4` makes everything; `snakemake assay`, `snakemake pooling` … make one stage and what it needs.
"""

from snakemake.utils import min_version

min_version("9.18")


configfile: "config/config.yaml"


include: "workflow/project.smk"


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
