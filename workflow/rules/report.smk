"""report: results to a manuscript whose every number can be followed back.

Reads       results/<wave>/*/*.csv of the shown waves, results/pooled/*.csv, results/audit/*.csv, every job's
            lineage.json, workflow/report/ (the document, its fragments and tables' specification), notebooks/*.ipynb
Hands over  results/values.json (every number of the manuscript, its cell, rule and raw files),
            results/<wave>/report/summaries.csv, results/report/manuscript.{html,docx,pdf}, notebooks/*.html, provenance.json, ro-crate-metadata.json
"""

from ruptureflow.report.labels import labels_of
from ruptureflow.report.notebooks import NOTEBOOKS
from ruptureflow.report.values.everything import POOLED_TABLES, WAVE_TABLES, pooled_file, wave_file

SHOWN = PROJECT.shown
SCOPES = [*SHOWN, "pooled"]
DOCUMENT_PARTS = sorted(path.as_posix() for path in Path("workflow/report").rglob("*.*") if path.is_file())
DOCUMENT_TEXTS = [path for path in DOCUMENT_PARTS if path.endswith((".md", ".yml"))]
NOTEBOOKS_HERE = [stage for stage in NOTEBOOKS if Path("notebooks", f"{stage}.ipynb").is_file()]
STAGES_OF_A_WAVE = ("intake", "assay", "agreement", "ruptures", "models")


rule summarise_wave:
    input:
        participants="results/{wave}/intake/participants.csv",
        manifest="results/{wave}/intake/manifest.csv",
        ledger="results/{wave}/intake/ledger.csv",
        concentrations="results/{wave}/assay/concentrations.csv",
        changes="results/{wave}/assay/changes.csv",
        coder_values="results/{wave}/agreement/coder_values.csv",
        coded="results/{wave}/agreement/coded.csv",
        scores="results/{wave}/agreement/scores.csv",
        sessions="results/{wave}/models/sessions.csv",
    output:
        summaries="results/{wave}/report/summaries.csv",
        lineage="results/{wave}/report/lineage.json",
    log:
        "results/logs/{wave}/summarise_wave.log",
    benchmark:
        "results/benchmarks/{wave}/summarise_wave.tsv"
    params:
        code=code("report"),
    script:
        "../scripts/report/summarise_wave.py"


rule tally_verdicts:
    input:
        claims=rules.audit_claims.output.claims,
        second_engine=rules.audit_claims.output.second_engine,
        gates=rules.audit_claims.output.gates,
    output:
        tallies="results/report/tallies.csv",
        lineage="results/report/lineage/tallies.json",
    log:
        "results/logs/tally_verdicts.log",
    benchmark:
        "results/benchmarks/tally_verdicts.tsv"
    params:
        code=code("report"),
        shown=SHOWN,
    script:
        "../scripts/report/tally_verdicts.py"


rule draw_figures:
    input:
        curves="results/{wave}/assay/curves.csv",
        standards="results/{wave}/assay/standards.csv",
        concentrations="results/{wave}/assay/concentrations.csv",
        changes="results/{wave}/assay/changes.csv",
        ruptures="results/{wave}/ruptures/ruptures.csv",
        sessions="results/{wave}/models/sessions.csv",
        plan="results/{wave}/models/plan.csv",
        estimates="results/{wave}/models/estimates.csv",
    output:
        figures=directory("results/{wave}/report/figures"),
        lineage="results/{wave}/report/figures.lineage.json",
    log:
        "results/logs/{wave}/draw_figures.log",
    benchmark:
        "results/benchmarks/{wave}/draw_figures.tsv"
    params:
        code=code("report"),
        wave=wave_settings,
        labels=lambda wildcards: labels_of(PROJECT.instruments, [PROJECT.waves[wildcards.wave]]).as_text(),
    script:
        "../scripts/report/draw_figures.py"


rule draw_pools:
    input:
        effects=rules.pool_evidence.output.effects,
        pooled=rules.pool_evidence.output.pooled,
        references=rules.pool_evidence.output.references,
        subgroups=rules.pool_evidence.output.subgroups,
    output:
        figures=directory("results/report/figures"),
        lineage="results/report/lineage/figures.json",
    log:
        "results/logs/draw_pools.log",
    benchmark:
        "results/benchmarks/draw_pools.tsv"
    params:
        code=code("report"),
        settings=settings("pooling"),
    script:
        "../scripts/report/draw_pools.py"


rule collect_values:
    input:
        waves=[wave_file(wave, table) for wave in SHOWN for table in WAVE_TABLES],
        pooled=[pooled_file(table) for table in POOLED_TABLES],
        tallies=rules.tally_verdicts.output.tallies,
        document="workflow/report/manuscript.qmd",
        specifications="workflow/report/tables.yml",
        parts=DOCUMENT_TEXTS,
        figures=[*expand(rules.draw_figures.output.figures, wave=SHOWN), rules.draw_pools.output.figures],
        lineages=[
            *(
                f"results/{wave}/{stage}/lineage.json"
                for wave in PROJECT.waves
                for stage in STAGES_OF_A_WAVE
            ),
            *expand(rules.summarise_wave.output.lineage, wave=SHOWN),
            rules.read_evidence.output.lineage,
            rules.gather_estimates.output.lineage,
            rules.pool_evidence.output.lineage,
            rules.audit_claims.output.lineage,
            rules.tally_verdicts.output.lineage,
        ],
    output:
        values="results/values.json",
        outline="results/report/outline.json",
        tables=directory("results/report/tables"),
        lineage="results/report/lineage/values.json",
    log:
        "results/logs/collect_values.log",
    benchmark:
        "results/benchmarks/collect_values.tsv"
    params:
        code=code("report"),
        plan=lambda wildcards: as_text(PROJECT.plan),
        waves=lambda wildcards: [PROJECT.wave_text(wave) for wave in SHOWN],
        labels=lambda wildcards: labels_of(
            PROJECT.instruments, [PROJECT.waves[wave] for wave in SHOWN]
        ).as_text(),
        scopes=SCOPES,
    script:
        "../scripts/report/collect_values.py"


rule render_manuscript:
    input:
        document="workflow/report/manuscript.qmd",
        parts=DOCUMENT_PARTS,
        values=rules.collect_values.output.values,
        outline=rules.collect_values.output.outline,
        tables=rules.collect_values.output.tables,
        figures=rules.collect_values.input.figures,
    output:
        manuscript="results/report/manuscript.{format}",
        lineage="results/report/lineage/manuscript_{format}.json",
    log:
        "results/logs/render_manuscript_{format}.log",
    benchmark:
        "results/benchmarks/render_manuscript_{format}.tsv"
    wildcard_constraints:
        format="html|docx|pdf",
    resources:
        render=1,
    params:
        code=code("report"),
        scopes=SCOPES,
    script:
        "../scripts/report/render_manuscript.py"


rule run_notebook:
    input:
        notebook="notebooks/{stage}.ipynb",
        style="workflow/report/style.css",
        tables=lambda wildcards: NOTEBOOKS[wildcards.stage].inputs(wildcards.scope),
    output:
        page="results/report/notebooks/{stage}_{scope}.html",
        lineage="results/report/lineage/notebook_{stage}_{scope}.json",
    log:
        "results/logs/run_notebook_{stage}_{scope}.log",
    benchmark:
        "results/benchmarks/run_notebook_{stage}_{scope}.tsv"
    wildcard_constraints:
        stage="|".join(NOTEBOOKS),
        scope="|".join((*PROJECT.waves, "pooled")),
    params:
        code=code("report"),
        plots=lambda wildcards: code(wildcards.stage),
        origin=lambda wildcards: NOTEBOOKS[wildcards.stage].origin(wildcards.scope, PROJECT),
    script:
        "../scripts/report/run_notebook.py"


rule write_provenance:
    input:
        values=rules.collect_values.output.values,
        manuscripts=expand(rules.render_manuscript.output.manuscript, format=PROJECT.plan.report.formats),
        records=[
            *rules.collect_values.input.lineages,
            rules.collect_values.output.lineage,
            *expand(rules.draw_figures.output.lineage, wave=SHOWN),
            rules.draw_pools.output.lineage,
            *expand(rules.render_manuscript.output.lineage, format=PROJECT.plan.report.formats),
        ],
    output:
        provenance="results/report/provenance.json",
        crate="results/report/ro-crate-metadata.json",
        lineage="results/report/lineage/provenance.json",
    log:
        "results/logs/write_provenance.log",
    benchmark:
        "results/benchmarks/write_provenance.tsv"
    params:
        code=code("report"),
        title=PROJECT.plan.report.title,
    script:
        "../scripts/report/write_provenance.py"


rule report:
    input:
        rules.write_provenance.input.manuscripts,
        rules.write_provenance.output,
        [
            f"results/report/notebooks/{stage}_{scope}.html"
            for stage in NOTEBOOKS_HERE
            for scope in NOTEBOOKS[stage].scopes(SHOWN)
        ],
