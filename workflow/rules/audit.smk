"""audit: published numbers recomputed, a second engine's opinion, and the gates a reviewer would ask for.

Reads       results/intake/evidence/*.csv, results/pooled/{pooled,reproductions}.csv, results/estimates.csv,
            results/<wave>/models/{sessions,plan,descriptives,influence}.csv,
            results/<wave>/agreement/coefficients.csv, results/<wave>/assay/{curves,concentrations}.csv
Hands over  results/audit/claims.csv, second_engine.csv, gates.csv
"""


rule audit_claims:
    input:
        claims=f"results/intake/evidence/{PROJECT.plan.audit.claims}",
        pooled=rules.pool_evidence.output.pooled,
        reproductions=rules.pool_evidence.output.reproductions,
        estimates=rules.gather_estimates.output.estimates,
        sessions=expand("results/{wave}/models/sessions.csv", wave=PROJECT.waves),
        plan=expand("results/{wave}/models/plan.csv", wave=PROJECT.waves),
        descriptives=expand("results/{wave}/models/descriptives.csv", wave=PROJECT.waves),
        influence=expand("results/{wave}/models/influence.csv", wave=PROJECT.waves),
        coefficients=expand("results/{wave}/agreement/coefficients.csv", wave=PROJECT.waves),
        curves=expand("results/{wave}/assay/curves.csv", wave=PROJECT.waves),
        concentrations=expand("results/{wave}/assay/concentrations.csv", wave=PROJECT.waves),
    output:
        claims="results/audit/claims.csv",
        second_engine="results/audit/second_engine.csv",
        gates="results/audit/gates.csv",
        lineage="results/audit/lineage.json",
    log:
        "results/logs/audit_claims.log",
    benchmark:
        "results/benchmarks/audit_claims.tsv"
    params:
        code=code("audit"),
        settings=settings("audit"),
        agreement=settings("agreement"),
        waves=list(PROJECT.waves),
    script:
        "../scripts/audit/audit_claims.py"


rule audit:
    input:
        rules.audit_claims.output,
