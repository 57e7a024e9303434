"""pooling: waves' coefficients and published studies to pooled effects.

Reads       results/estimates.csv, results/intake/evidence/*.csv (published tables and their printed results)
Hands over  results/pooled/effects.csv (what enters each pool), pooled.csv (what it pools to),
            reproductions.csv (printed pooled numbers beside ours)
"""


rule pool_evidence:
    input:
        estimates="results/estimates.csv",
        evidence=expand("results/intake/evidence/{file}", file=PROJECT.plan.pooling.files),
    output:
        effects="results/pooled/effects.csv",
        pooled="results/pooled/pooled.csv",
        reproductions="results/pooled/reproductions.csv",
        lineage="results/pooled/lineage.json",
    log:
        "results/logs/pool_evidence.log",
    benchmark:
        "results/benchmarks/pool_evidence.tsv"
    params:
        code=code("pooling"),
        settings=settings("pooling"),
        waves=[as_text(wave.row) for wave in PROJECT.waves.values()],
    script:
        "../scripts/pooling/pool_evidence.py"


rule pooling:
    input:
        rules.pool_evidence.output,
