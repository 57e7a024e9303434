"""What below-limit values do to the mean log ratio: bias and coverage of every treatment, by share censored.

Simulates 22 patients × 4 sessions of log concentrations before and after (patient and session effects, true mean log
ratio 0.4), cuts them at a limit and estimates the mean log ratio as the workflow does.

    python validation/assay/censoring.py [data sets]    writes censoring.md beside itself; exits 1 where coverage is off
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ruptureflow.assay.beyond_limit import cohorts
from ruptureflow.assay.limit_sensitivity import limit_sensitivity
from ruptureflow.config.plan import AssaySettings

TRUTH = 0.4
SHARES = (0.05, 0.15, 0.30)
# 95 % wanted; 300 data sets know a coverage to about ±2.5 %. Held to it: the two that use the limit as what it is.
HELD = ("censored likelihood", "multiple imputation")
LOWEST = 0.91


def data_set(rng: np.random.Generator, share: float) -> pd.DataFrame:
    patients, sessions = 22, 4
    patient = np.repeat(np.arange(patients), sessions)
    level = 1.0 + 0.5 * rng.normal(size=patients)[patient] + 0.3 * rng.normal(size=patient.size)
    shift = TRUTH + 0.3 * rng.normal(size=patients)[patient]
    logs = np.column_stack([level, level + shift]) + 0.35 * rng.normal(size=(patient.size, 2))
    limit = np.quantile(logs, share)
    below = logs < limit
    frame = pd.DataFrame(
        {
            "sample": [f"{n}_{o}" for n in range(patient.size) for o in ("pre", "post")],
            "patient": np.repeat(patient, 2).astype(str),
            "role": "patient",
            "session": np.repeat(np.arange(patient.size) % sessions, 2),
            "occasion": ["pre", "post"] * patient.size,
            "analyte": "oxytocin",
            "run": "R1",
            "concentration": np.exp(logs).ravel(),
            "value": np.where(below, np.exp(limit) / np.sqrt(2), np.exp(logs)).ravel(),
            "lod": np.exp(limit),
            "uloq": np.nan,
            "used": True,
        }
    )
    return frame.assign(censored=pd.array(np.where(below.ravel(), "below", None), dtype="string"))


def main() -> int:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    lines = [f"# Mean log ratio with values below a limit, {sets} simulated data sets a row", ""]
    lines += ["| censored | treatment | bias | coverage of 95 % | mean standard error |", "|---|---|---|---|---|"]
    failures = 0
    for share in SHARES:
        rng = np.random.default_rng(20180)
        tables = []
        for _ in range(sets):
            table = limit_sensitivity(cohorts(data_set(rng, share), AssaySettings()), AssaySettings())
            tables.append(table[table["scale"] == "log-ratio"])
        for method, rows in pd.concat(tables).groupby("method", sort=False):
            inside = float(((rows["ci_low"] <= TRUTH) & (rows["ci_high"] >= TRUTH)).mean())
            bias = float(rows["estimate"].mean() - TRUTH)
            lines.append(f"| {share:.0%} | {method} | {bias:+.3f} | {inside:.3f} | {rows['std_error'].mean():.3f} |")
            print(lines[-1], flush=True)
            failures += method in HELD and inside < LOWEST
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
