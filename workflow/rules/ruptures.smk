"""ruptures: alliance ratings and coded sessions to ruptures by criterion and perspective.

Reads       results/<wave>/agreement/{scores,coded}.csv, the wave's config/instruments/*.yaml
Hands over  results/<wave>/ruptures/ruptures.csv (one row a session, criterion and perspective), base_rates.csv,
            perspective_agreement.csv
"""


rule identify_ruptures:
    input:
        scores="results/{wave}/agreement/scores.csv",
        coded="results/{wave}/agreement/coded.csv",
        instruments=lambda wildcards: PROJECT.instrument_files(wildcards.wave),
    output:
        ruptures="results/{wave}/ruptures/ruptures.csv",
        base_rates="results/{wave}/ruptures/base_rates.csv",
        perspective_agreement="results/{wave}/ruptures/perspective_agreement.csv",
        lineage="results/{wave}/ruptures/lineage.json",
    log:
        "results/logs/{wave}/identify_ruptures.log",
    benchmark:
        "results/benchmarks/{wave}/identify_ruptures.tsv"
    params:
        code=code("ruptures"),
        settings=settings("ruptures"),
    script:
        "../scripts/ruptures/identify_ruptures.py"


rule ruptures:
    input:
        expand(rules.identify_ruptures.output, wave=PROJECT.waves),
