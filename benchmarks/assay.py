"""Standard curves: one run, a thousand plates, and R's nls on its own data beside them.

`python -m benchmarks.assay` (the R side where `Rscript` is found). CPU time, because it is what a busy machine does not
change; the best of the rounds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# One thread: the matrices are 4 × 4.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from ruptureflow.assay import fit_curve  # noqa: E402
from ruptureflow.assay.runs import RunTubes, fit_runs, measure_run  # noqa: E402
from ruptureflow.config.plan import AssaySettings  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "validation/assay/dnase.json"
DOSES = np.array([2.5, 5, 10, 20, 40, 80, 160, 320, 750])
NLS = """
curve <- function(x, A, D, lnC, lnB) D + (A - D) / (1 + exp(exp(lnB) * (log(x) - lnC)))
runs <- split(as.data.frame(DNase), DNase$Run)
fit <- function(d) nls(density ~ curve(conc, A, D, lnC, lnB), d, start = c(A = 0, D = 2.3, lnC = 1.4, lnB = 0))
for (d in runs) fit(d)
best <- Inf
for (k in 1:20) best <- min(best, system.time(for (d in runs) fit(d))[["user.self"]])
cat(1000 * best)
"""


def plate(seed: int) -> RunTubes:
    """A run of 96 tubes: 9 total, NSB and B0 tubes, 18 standards, 5 QC tubes, 32 unknowns in duplicate."""
    rng = np.random.default_rng(seed)
    content = ["total"] * 3 + ["nsb"] * 3 + ["b0"] * 3 + ["standard"] * 18 + ["qc"] * 5 + ["unknown"] * 64
    unknown = np.repeat(np.exp(rng.normal(3, 1, 32)), 2)
    dose = np.concatenate([[np.nan] * 9, np.repeat(DOSES, 2), [8, 8, 100, 100, 100], unknown])
    known = np.where(np.isnan(dose), 0, dose)
    mean = 400 + 7600 / (1 + (known / 20) ** 1.1)
    mean[:3], mean[3:6] = 20_000, 400
    label = np.array([f"{c}{d:.6g}" for c, d in zip(content, known, strict=True)], dtype=object)
    content = np.array(content)
    dose = np.where(content == "unknown", np.nan, dose)
    return RunTubes(f"R{seed}", "cpm", content, label, dose, mean * (1 + 0.03 * rng.normal(size=mean.size)))


def best(task: Callable[[], object], rounds: int) -> float:
    """Shortest CPU time of a task in ms."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def measure(runs: list[RunTubes], settings: AssaySettings) -> None:
    """Curves, limits, QC samples and unknowns of runs."""
    for run, curve in zip(runs, fit_runs(runs, settings), strict=True):
        measure_run(run, curve, settings)


def main() -> None:
    """Print the table."""
    settings = AssaySettings()
    one, thousand = [plate(1)], [plate(seed) for seed in range(1000)]
    dnase = [(np.array(run["dose"]), np.array(run["response"])) for run in json.loads(GOLDEN.read_text())["runs"]]
    rows = [
        (
            "one run of 96 tubes: weighted curve, limits, 34 materials read",
            best(lambda: measure(one, settings), 50),
            "≤ 5",
        ),
        ("1,000 such runs", best(lambda: measure(thousand, settings), 1), "≤ 5000"),
        ("eleven DNase runs, unweighted", best(lambda: [fit_curve(x, y) for x, y in dnase], 20), ""),
    ]
    if shutil.which("Rscript"):
        answer = subprocess.run(["Rscript", "-e", NLS], capture_output=True, text=True, check=True)
        rows.append(("the same by R's nls from a good start", float(answer.stdout), ""))
    print(f"{'':64}{'ms':>10}{'target':>10}")
    for name, value, target in rows:
        print(f"{name:64}{value:10.1f}{target:>10}")


if __name__ == "__main__":
    main()
