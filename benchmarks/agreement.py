"""Ten thousand bootstrap ICCs of 86 sessions × 2 coders, the other bootstraps, and psych beside the first.

`python -m benchmarks.agreement` (the R side where `Rscript` and psych are found). CPU time, because it is what a busy
machine does not change; the best of the rounds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable

# One thread: the matrices are small, and two threads on two busy cores wait for each other.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from ruptureflow.agreement import icc  # noqa: E402
from ruptureflow.agreement.icc import draw_icc  # noqa: E402
from ruptureflow.agreement.krippendorff import alpha_of_draws  # noqa: E402
from ruptureflow.agreement.nested_components import nested_components, nested_sums  # noqa: E402
from ruptureflow.agreement.patient_bootstrap import patient_weights  # noqa: E402
from ruptureflow.ruptures import find_ruptures  # noqa: E402

DRAWS = 10_000
PSYCH = """
suppressMessages(library(psych))
set.seed(1); x <- matrix(rnorm(172), 86) + rnorm(86)
draw <- function() ICC(x[sample(86, 86, TRUE), ], lmer = FALSE)
invisible(draw()); cat(1000 * 100 * system.time(for (i in 1:100) draw())[["user.self"]])
"""


def best(task: Callable[[], object], rounds: int = 7) -> float:
    """Shortest CPU time of a task in ms."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def sessions(raters: int, rotating: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """86 sessions of 22 patients by some raters; rotating: one of them misses each session."""
    generator = np.random.default_rng(1)
    values = generator.normal(size=(86, 1)) + generator.normal(0, 0.5, size=(86, raters))
    if rotating:
        values[np.arange(86), generator.integers(raters, size=86)] = np.nan
    return values, np.minimum(np.arange(86) // 4, 21)


def psych_ms() -> str:
    """psych's time for as many draws, from a hundred."""
    if shutil.which("Rscript") is None:
        return "no Rscript here"
    answer = subprocess.run(["Rscript", "-e", PSYCH], capture_output=True, text=True, check=False)
    return f"{float(answer.stdout):,.0f}" if answer.returncode == 0 and answer.stdout else "psych is not installed"


def main() -> None:
    """Print the table."""
    two, patients = sessions(2)
    three, _ = sessions(3, rotating=True)
    long = pd.DataFrame(
        {"session": np.repeat(np.arange(86), 2), "coder": np.tile(["A", "B"], 86), "count": two.ravel()}
    )
    grades = np.clip(np.round(two * 1.2 + 3), 1, 5)
    ratings = pd.DataFrame(
        {
            "patient": np.repeat(np.arange(241), 30),
            "session": np.tile(np.arange(30), 241),
            "bond": np.random.default_rng(2).integers(16, 28, 7230) / 4,
        }
    )
    rows = [
        (
            f"{DRAWS:,} bootstrap ICCs, six forms, 86 × 2",
            lambda: draw_icc(two, patients, patient_weights(22, DRAWS, 1)),
        ),
        (f"{DRAWS:,} of rotating pairs, 86 × 2 of 3", lambda: draw_icc(three, patients, patient_weights(22, DRAWS, 1))),
        (
            f"{DRAWS:,} decompositions into five variances, 86 × 2",
            lambda: nested_components(nested_sums(two, patients).weighted(patient_weights(22, DRAWS, 1))),
        ),
        (
            f"{DRAWS:,} ordinal alphas, 86 × 2, five grades",
            lambda: alpha_of_draws(grades, patients, patient_weights(22, DRAWS, 1), "ordinal"),
        ),
        ("icc() of a data frame, 86 × 2", lambda: icc(long)),
        ("find_ruptures(), 241 persons × 30 sessions", lambda: find_ruptures(ratings)),
    ]
    print(f"{'':58}{'ms':>9}")
    for label, task in rows:
        print(f"{label:58}{best(task):9.1f}")
    print(f"{'psych::ICC(lmer = FALSE), the same 10,000 (from 100)':58}{psych_ms():>9}")


if __name__ == "__main__":
    main()
