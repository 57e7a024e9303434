"""Plates for the tests of assay: a falling radioimmunoassay with known truth."""

import numpy as np
import pandas as pd

from ruptureflow.config.wave import Analyte
from ruptureflow.tables import intake

DOSES = (2.5, 5, 10, 20, 40, 80, 160, 320, 750)
OXYTOCIN = Analyte(name="oxytocin", matrix="saliva", unit="pg/mL", method="RIA", signal="cpm")


def signal(dose):
    return 400 + 7600 / (1 + (np.asarray(dose, dtype=float) / 20) ** 1.1)


def tube_rows(run, content, level, dose, sample, signals):
    return [
        {"analyte": "oxytocin", "run": run, "position": f"{content}{level}{sample}{k}", "content": content,
         "level": level, "dose": dose, "sample": sample, "replicate": k + 1, "signal": value, "signal_unit": "cpm",
         "source_file": "counts.csv", "source_sheet": None, "source_row": k + 2}
        for k, value in enumerate(signals)
    ]  # fmt: skip


def signals_table(rows):
    return intake.SIGNALS.conform(pd.DataFrame(rows)) if rows else intake.SIGNALS.empty()


def plate_rows(run, concentrations, seed=None, cv=0.02, qc=((8, "low"), (100, "high")), replicates=2):
    """Rows of one run; `concentrations` maps a sample to its true concentration. Without a seed there is no noise."""
    rng = np.random.default_rng(seed)

    def tubes(dose, count):
        mean = np.full(count, signal(dose))
        return mean if seed is None else mean * (1 + cv * rng.normal(size=count))

    rows = tube_rows(run, "total", "T", None, None, [20_000.0] * 3)
    rows += tube_rows(run, "nsb", "NSB", None, None, [400.0] * 3)
    rows += tube_rows(run, "b0", "B0", None, None, tubes(0, 3))
    for number, dose in enumerate(DOSES):
        rows += tube_rows(run, "standard", f"S{number + 1}", dose, None, tubes(dose, 2))
    for dose, level in qc:
        rows += tube_rows(run, "qc", level, dose, None, tubes(dose, 2))
    for sample, value in concentrations.items():
        rows += tube_rows(run, "unknown", None, None, sample, tubes(value, replicates))
    return rows


def samples_table(names, dilution=None):
    """Manifest rows of samples named patient_session_occasion; `dilution` maps a name to its dilution."""
    rows = []
    for name in names:
        patient, session, occasion = name.split("_")[:3]
        rows.append(
            {"sample": name, "patient": patient, "role": "patient", "session": int(session), "occasion": occasion,
             "analyte": "oxytocin", "matrix": "saliva", "collected_at": None,
             "dilution": (dilution or {}).get(name), "source_file": "samples.csv", "source_sheet": None,
             "source_row": len(rows) + 2}
        )  # fmt: skip
    return intake.SAMPLES.conform(pd.DataFrame(rows)) if rows else intake.SAMPLES.empty()


def reports_table(rows):
    """Reported concentrations from (sample, concentration, qualifier, limit) or longer with a run."""
    frame = pd.DataFrame(
        [
            {"sample": sample, "analyte": "oxytocin", "run": rest[0] if rest else None, "concentration": value,
             "qualifier": qualifier, "limit": limit, "unit": "pg/mL", "replicate": 1 + k, "source_file": "lab.xlsx",
             "source_sheet": None, "source_row": k + 2}
            for k, (sample, value, qualifier, limit, *rest) in enumerate(rows)
        ]
    )  # fmt: skip
    return intake.REPORTED_CONCENTRATIONS.conform(frame)
