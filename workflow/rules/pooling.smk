"""pooling: waves' coefficients and published studies to pooled effects.

Reads       results/<wave>/models/{estimates,sessions}.csv and results/<wave>/ruptures/ruptures.csv of the waves
            shown, results/intake/evidence/*.csv (published tables and their printed results), the plan's own tables
            of studies wherever they lie, config/instruments/*.yaml
Hands over  results/pooled/effects.csv (what enters each pool), pooled.csv (what it pools to), subgroups.csv,
            moderators.csv, levels.csv, sensitivity.csv (other assumptions), references.csv (pooled effects of
            elsewhere), cumulative.csv and precision.csv (growing evidence), bias.csv, one_stage.csv,
            reproductions.csv, inferred_digits.csv and illegible_cell.csv (printed pooled numbers beside ours)
"""


rule pool_evidence:
    input:
        estimates=expand(rules.fit_models.output.estimates, wave=PROJECT.shown),
        sessions=expand(rules.fit_models.output.sessions, wave=PROJECT.shown),
        ruptures=expand("results/{wave}/ruptures/ruptures.csv", wave=PROJECT.shown),
        evidence=[evidence_file(file) for file in PROJECT.plan.pooling.files],
        instruments=sorted({path for wave in PROJECT.shown for path in PROJECT.instrument_files(wave)}),
    output:
        effects="results/pooled/effects.csv",
        pooled="results/pooled/pooled.csv",
        subgroups="results/pooled/subgroups.csv",
        moderators="results/pooled/moderators.csv",
        levels="results/pooled/levels.csv",
        sensitivity="results/pooled/sensitivity.csv",
        references="results/pooled/references.csv",
        cumulative="results/pooled/cumulative.csv",
        precision="results/pooled/precision.csv",
        bias="results/pooled/bias.csv",
        one_stage="results/pooled/one_stage.csv",
        reproductions="results/pooled/reproductions.csv",
        inferred_digits="results/pooled/inferred_digits.csv",
        illegible_cell="results/pooled/illegible_cell.csv",
        lineage="results/pooled/lineage.json",
    log:
        "results/logs/pool_evidence.log",
    benchmark:
        "results/benchmarks/pool_evidence.tsv"
    params:
        code=code("pooling"),
        settings=settings("pooling"),
        df_method=PROJECT.plan.models.df_methods[0],
        waves=[as_text(PROJECT.waves[wave].row) for wave in PROJECT.shown],
        declared=lambda wildcards: {wave: as_text(PROJECT.waves[wave].wave) for wave in PROJECT.shown},
    script:
        "../scripts/pooling/pool_evidence.py"


rule pooling:
    input:
        rules.pool_evidence.output,
