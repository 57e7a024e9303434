"""intake: a wave folder as the lab and the coders left it, to clean typed tables.

Reads       data/<wave>/ as its wave.yaml declares it, config/instruments/*.yaml, data/evidence/*.csv
Hands over  results/<wave>/intake/{participants,samples,signals,reported_concentrations,recoveries,codes,responses,
            reported_scores}.csv, ledger.csv (every change), manifest.csv (every raw file and its hash);
            problems.csv beside them, also where the wave is refused (its ledger is refused_ledger.csv then);
            results/intake/evidence/*.csv
"""


rule read_wave:
    input:
        files=lambda wildcards: PROJECT.raw_files(wildcards.wave),
        instruments=lambda wildcards: PROJECT.instrument_files(wildcards.wave),
    output:
        participants="results/{wave}/intake/participants.csv",
        samples="results/{wave}/intake/samples.csv",
        signals="results/{wave}/intake/signals.csv",
        reported_concentrations="results/{wave}/intake/reported_concentrations.csv",
        recoveries="results/{wave}/intake/recoveries.csv",
        codes="results/{wave}/intake/codes.csv",
        responses="results/{wave}/intake/responses.csv",
        reported_scores="results/{wave}/intake/reported_scores.csv",
        ledger="results/{wave}/intake/ledger.csv",
        manifest="results/{wave}/intake/manifest.csv",
        lineage="results/{wave}/intake/lineage.json",
    log:
        "results/logs/{wave}/read_wave.log",
    benchmark:
        "results/benchmarks/{wave}/read_wave.tsv"
    params:
        code=code("intake"),
        settings=settings("intake"),
        wave=wave_settings,
        problems="results/{wave}/intake/problems.csv",
        refused_ledger="results/{wave}/intake/refused_ledger.csv",
    script:
        "../scripts/intake/read_wave.py"


rule read_evidence:
    input:
        evidence=expand("{folder}/{file}", folder=PROJECT.plan.evidence, file=EVIDENCE),
    output:
        evidence=expand("results/intake/evidence/{file}", file=EVIDENCE),
        lineage="results/intake/evidence/lineage.json",
    log:
        "results/logs/read_evidence.log",
    benchmark:
        "results/benchmarks/read_evidence.tsv"
    params:
        code=code("intake.evidence"),
    script:
        "../scripts/intake/read_evidence.py"


rule intake:
    input:
        expand(rules.read_wave.output, wave=PROJECT.waves),
        rules.read_evidence.output,
