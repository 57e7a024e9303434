"""Published claims recomputed, models refitted by a second engine, gates on every wave and pool."""

import pandas as pd

from ruptureflow.audit import WaveResults, check_claims, check_gates, compare_engines
from ruptureflow.config.plan import AgreementSettings, AuditSettings
from ruptureflow.lineage import job
from ruptureflow.tables import agreement, assay, audit, models, pooling, read_table, write_table

OF_A_WAVE = (models.SESSIONS, models.SAMPLES, models.PLAN, models.DESCRIPTIVES, models.INFLUENCE)
OF_A_WAVE += (agreement.COEFFICIENTS, agreement.RELIABILITIES, assay.CURVES, assay.CONCENTRATIONS)


def printed(path):
    """A published table as text, with its trailing zeros."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


with job(snakemake) as rests_on:
    read = snakemake.input
    settings = AuditSettings.model_validate_json(snakemake.params.settings)
    coders = AgreementSettings.model_validate_json(snakemake.params.agreement)
    waves = {
        wave: WaveResults(**{table.name: read_table(read[table.name][place], table) for table in OF_A_WAVE})
        for place, wave in enumerate(snakemake.params.waves)
    }
    reproductions = read_table(read.reproductions, pooling.REPRODUCTIONS)
    claims = check_claims(printed(read.claims), reproductions, settings.conventions)
    estimates = pd.concat([read_table(path, models.ESTIMATES) for path in read.estimates], ignore_index=True)
    engines = compare_engines(waves, estimates, settings.second_engine_tolerance)
    gates = check_gates(waves, read_table(read.pooled, pooling.POOLED), claims, engines, settings, coders)
    for table, frame in ((audit.CLAIMS, claims), (audit.SECOND_ENGINE, engines), (audit.GATES, gates)):
        write_table(frame, snakemake.output[table.name], table)
    made = snakemake.output
    rests_on |= {made.claims: [read.claims, read.reproductions]}
    rests_on |= {f"{made.gates}#pooled": [read.pooled, read.claims, read.reproductions]}
    for place, wave in enumerate(waves):
        behind = [read[name][place] for name in ("estimates", *(table.name for table in OF_A_WAVE))]
        rests_on |= {f"{made.second_engine}#{wave}": behind, f"{made.gates}#{wave}": behind}
