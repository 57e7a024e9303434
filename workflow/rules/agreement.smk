"""agreement: coder sheets and answers to coefficients, the coded value, scored scales.

Reads       results/<wave>/intake/{codes,responses,reported_scores}.csv, the wave's config/instruments/*.yaml
Hands over  results/<wave>/agreement/coefficients.csv (between coders), coder_values.csv, coded.csv (one row a session
            and total), coder_variances.csv, coder_biases.csv, coder_pairs.csv, scores.csv (one row a form and scale),
            reliabilities.csv (of coded values and scales), item_statistics.csv, scales.csv
"""


rule rate_agreement:
    input:
        codes="results/{wave}/intake/codes.csv",
        responses="results/{wave}/intake/responses.csv",
        reported_scores="results/{wave}/intake/reported_scores.csv",
        instruments=lambda wildcards: PROJECT.instrument_files(wildcards.wave),
    output:
        coefficients="results/{wave}/agreement/coefficients.csv",
        coder_values="results/{wave}/agreement/coder_values.csv",
        coded="results/{wave}/agreement/coded.csv",
        coder_variances="results/{wave}/agreement/coder_variances.csv",
        coder_biases="results/{wave}/agreement/coder_biases.csv",
        coder_pairs="results/{wave}/agreement/coder_pairs.csv",
        scores="results/{wave}/agreement/scores.csv",
        reliabilities="results/{wave}/agreement/reliabilities.csv",
        item_statistics="results/{wave}/agreement/item_statistics.csv",
        scales="results/{wave}/agreement/scales.csv",
        lineage="results/{wave}/agreement/lineage.json",
    log:
        "results/logs/{wave}/rate_agreement.log",
    benchmark:
        "results/benchmarks/{wave}/rate_agreement.tsv"
    params:
        code=code("agreement"),
        settings=settings("agreement"),
    script:
        "../scripts/agreement/rate_agreement.py"


rule agreement:
    input:
        expand(rules.rate_agreement.output, wave=PROJECT.waves),
