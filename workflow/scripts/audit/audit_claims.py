"""Published claims recomputed, models refitted by a second engine, gates on every wave and pool."""

import pandas as pd

from ruptureflow.audit import WaveResults, check_claims, check_gates, compare_engines
from ruptureflow.config.plan import AgreementSettings, AuditSettings
from ruptureflow.lineage import job
from ruptureflow.tables import agreement, assay, audit, models, pooling, read_table, write_table


def by_wave(paths, table):
    """One table of every wave, by wave."""
    return dict(zip(snakemake.params.waves, (read_table(path, table) for path in paths), strict=True))


with job(snakemake):
    settings = AuditSettings.model_validate_json(snakemake.params.settings)
    read = snakemake.input
    parts = {
        "sessions": by_wave(read.sessions, models.SESSIONS),
        "plan": by_wave(read.plans, models.PLAN),
        "descriptives": by_wave(read.descriptives, models.DESCRIPTIVES),
        "influence": by_wave(read.influence, models.INFLUENCE),
        "coefficients": by_wave(read.coefficients, agreement.COEFFICIENTS),
        "curves": by_wave(read.curves, assay.CURVES),
        "concentrations": by_wave(read.concentrations, assay.CONCENTRATIONS),
    }
    waves = {w: WaveResults(**{name: part[w] for name, part in parts.items()}) for w in snakemake.params.waves}
    reproductions = read_table(read.reproductions, pooling.REPRODUCTIONS)
    claims = check_claims(
        pd.read_csv(read.claims, dtype=str, keep_default_na=False), reproductions, settings.conventions
    )
    estimates = read_table(read.estimates, models.ESTIMATES)
    engines = compare_engines(parts["sessions"], parts["plan"], estimates, settings.second_engine_tolerance)
    coders = AgreementSettings.model_validate_json(snakemake.params.agreement)
    gates = check_gates(waves, read_table(read.pooled, pooling.POOLED), claims, engines, settings, coders)
    for table, frame in ((audit.CLAIMS, claims), (audit.SECOND_ENGINE, engines), (audit.GATES, gates)):
        write_table(frame, snakemake.output[table.name], table)
