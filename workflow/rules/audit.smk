"""audit: published numbers recomputed, a second engine's opinion, and the gates a reviewer would ask for.

Reads       results/intake/evidence/*.csv, results/pooled/{pooled,reproductions}.csv, and of every wave shown
            results/<wave>/models/{estimates,sessions,samples,plan,descriptives,influence}.csv,
            results/<wave>/agreement/{coefficients,reliabilities}.csv, results/<wave>/assay/{curves,concentrations}.csv
Hands over  results/audit/claims.csv, second_engine.csv, gates.csv
"""


rule audit_claims:
    input:
        claims=f"results/intake/evidence/{PROJECT.plan.audit.claims}",
        pooled=rules.pool_evidence.output.pooled,
        reproductions=rules.pool_evidence.output.reproductions,
        estimates=expand(rules.fit_models.output.estimates, wave=PROJECT.shown),
        sessions=expand("results/{wave}/models/sessions.csv", wave=PROJECT.shown),
        samples=expand("results/{wave}/models/samples.csv", wave=PROJECT.shown),
        plan=expand("results/{wave}/models/plan.csv", wave=PROJECT.shown),
        descriptives=expand("results/{wave}/models/descriptives.csv", wave=PROJECT.shown),
        influence=expand("results/{wave}/models/influence.csv", wave=PROJECT.shown),
        coefficients=expand("results/{wave}/agreement/coefficients.csv", wave=PROJECT.shown),
        reliabilities=expand("results/{wave}/agreement/reliabilities.csv", wave=PROJECT.shown),
        curves=expand("results/{wave}/assay/curves.csv", wave=PROJECT.shown),
        concentrations=expand("results/{wave}/assay/concentrations.csv", wave=PROJECT.shown),
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
        waves=PROJECT.shown,
    script:
        "../scripts/audit/audit_claims.py"


rule audit:
    input:
        rules.audit_claims.output,
