"""models: everything joined to one row a session and one a sample, and every model of the analysis plan fitted to it.

Reads       results/<wave>/intake/participants.csv, results/<wave>/assay/{concentrations,changes,imputations,imputed_changes}.csv,
            results/<wave>/agreement/{coded,scores}.csv, results/<wave>/ruptures/ruptures.csv
Hands over  results/<wave>/models/{sessions,samples}.csv (the joined rows), estimates.csv (every coefficient),
            imputed_estimates.csv (what was combined over draws), contextual_effects.csv, variances.csv,
            plan.csv (what became of each model), random_effects.csv, influence.csv (every coefficient without each
            patient), descriptives.csv;
            results/estimates.csv (the coefficients of all waves)
"""


rule fit_models:
    input:
        participants="results/{wave}/intake/participants.csv",
        concentrations="results/{wave}/assay/concentrations.csv",
        changes="results/{wave}/assay/changes.csv",
        imputations="results/{wave}/assay/imputations.csv",
        imputed_changes="results/{wave}/assay/imputed_changes.csv",
        coded="results/{wave}/agreement/coded.csv",
        scores="results/{wave}/agreement/scores.csv",
        ruptures="results/{wave}/ruptures/ruptures.csv",
    output:
        sessions="results/{wave}/models/sessions.csv",
        samples="results/{wave}/models/samples.csv",
        estimates="results/{wave}/models/estimates.csv",
        imputed_estimates="results/{wave}/models/imputed_estimates.csv",
        contextual_effects="results/{wave}/models/contextual_effects.csv",
        variances="results/{wave}/models/variances.csv",
        plan="results/{wave}/models/plan.csv",
        random_effects="results/{wave}/models/random_effects.csv",
        influence="results/{wave}/models/influence.csv",
        descriptives="results/{wave}/models/descriptives.csv",
        lineage="results/{wave}/models/lineage.json",
    log:
        "results/logs/{wave}/fit_models.log",
    benchmark:
        "results/benchmarks/{wave}/fit_models.tsv"
    params:
        code=code("models"),
        settings=settings("models"),
        wave=wave_settings,
    script:
        "../scripts/models/fit_models.py"


rule gather_estimates:
    input:
        estimates=expand(rules.fit_models.output.estimates, wave=PROJECT.waves),
    output:
        estimates="results/estimates.csv",
        lineage="results/models/lineage.json",
    log:
        "results/logs/gather_estimates.log",
    benchmark:
        "results/benchmarks/gather_estimates.tsv"
    params:
        code=code("models"),
    script:
        "../scripts/models/gather_estimates.py"


rule models:
    input:
        expand(rules.fit_models.output, wave=PROJECT.waves),
        rules.gather_estimates.output,
