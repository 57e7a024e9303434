"""assay: signals to concentrations.

Reads       results/<wave>/intake/{samples,signals,reported_concentrations,recoveries,participants}.csv
Hands over  results/<wave>/assay/concentrations.csv (one row a sample), changes.csv (one row a person and session),
            {curves,curve_covariances,standards,quality_controls,precision,parallelism}.csv,
            {accuracy,recovery,reanalysis}.csv (QC samples over runs, spiked pools, samples measured again),
            {run_variances,run_designs}.csv (what runs do to the samples),
            {limit_sensitivity,imputations,imputed_changes}.csv (what values beyond a limit do to the change)
"""


rule measure_samples:
    input:
        samples="results/{wave}/intake/samples.csv",
        signals="results/{wave}/intake/signals.csv",
        reported="results/{wave}/intake/reported_concentrations.csv",
        participants="results/{wave}/intake/participants.csv",
        recoveries="results/{wave}/intake/recoveries.csv",
    output:
        curves="results/{wave}/assay/curves.csv",
        curve_covariances="results/{wave}/assay/curve_covariances.csv",
        standards="results/{wave}/assay/standards.csv",
        quality_controls="results/{wave}/assay/quality_controls.csv",
        precision="results/{wave}/assay/precision.csv",
        concentrations="results/{wave}/assay/concentrations.csv",
        changes="results/{wave}/assay/changes.csv",
        run_variances="results/{wave}/assay/run_variances.csv",
        run_designs="results/{wave}/assay/run_designs.csv",
        parallelism="results/{wave}/assay/parallelism.csv",
        limit_sensitivity="results/{wave}/assay/limit_sensitivity.csv",
        imputations="results/{wave}/assay/imputations.csv",
        imputed_changes="results/{wave}/assay/imputed_changes.csv",
        recovery="results/{wave}/assay/recovery.csv",
        accuracy="results/{wave}/assay/accuracy.csv",
        reanalysis="results/{wave}/assay/reanalysis.csv",
        lineage="results/{wave}/assay/lineage.json",
    log:
        "results/logs/{wave}/measure_samples.log",
    benchmark:
        "results/benchmarks/{wave}/measure_samples.tsv"
    params:
        code=code("assay"),
        settings=settings("assay"),
        wave=wave_settings,
    script:
        "../scripts/assay/measure_samples.py"


rule assay:
    input:
        expand(rules.measure_samples.output, wave=PROJECT.waves),
