"""Pooling beside metafor and PyMARE: one small fit, a thousand refits, a thousand effects, a hundred thousand.

`python -m benchmarks.pooling` (metafor where `Rscript` finds it, PyMARE where it can be imported or
PYMARE_PYTHON names an interpreter that can). `--full` adds metafor's 1,000-effect three-level model,
which takes it about a minute. Exits with 1 if a promised ratio is missed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ruptureflow.pooling import cluster_robust, pool, pool_many, pool_multilevel

SMALL, SETS, STUDIES, MANY = 13, 1000, 500, 100_000

R_CODE = """
suppressMessages(library(metafor))
a <- commandArgs(TRUE); small <- read.csv(a[1]); big <- read.csv(a[2])
quick <- Inf
for (i in 1:200) {
  t <- Sys.time()
  rma(y, v, data = small)
  quick <- min(quick, as.numeric(Sys.time() - t, units = "secs"))
}
out <- c(small = quick,
  big = unname(system.time(rma(y, v, data = big))[3]),
  mv = if (a[3] == "full") unname(system.time(rma.mv(y, v, random = ~ 1 | study / effect, data = big))[3]) else NA)
cat(sprintf('{"small": %.9f, "big": %.6f, "mv": %s}', out[1], out[2], ifelse(is.na(out[3]), "null", out[3])))
"""
PYMARE_CODE = """
import sys, time, json
import numpy as np
from pymare import Dataset
from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
y, v = np.load(sys.argv[1]), np.load(sys.argv[2])
out = {}
for name, one in (("dl", DerSimonianLaird()), ("reml", VarianceBasedLikelihoodEstimator(method="REML"))):
    data = Dataset(y=y.T, v=v.T)
    one.fit_dataset(data)
    start = time.perf_counter()
    one.fit_dataset(data)
    out[name] = time.perf_counter() - start
print(json.dumps(out))
"""


def best(function, runs: int) -> float:
    """Shortest of several runs, in seconds: the others measure the machine's other work."""
    function()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def draw(k: int, studies: int, seed: int) -> dict[str, np.ndarray]:
    """Effects of two levels with known variances."""
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(studies), k // studies)
    v = rng.uniform(0.01, 0.2, k)
    y = rng.normal(0, 0.3, studies)[study] + rng.normal(0, 0.2, k) + rng.normal(size=k) * np.sqrt(v)
    return {"y": y, "v": v, "study": study, "effect": np.arange(k)}


def metafor(small: dict, big: dict, full: bool) -> dict[str, float | None]:
    """metafor's seconds, empty where there is none."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, data in (("small", small), ("big", big)):
            path = Path(folder) / f"{name}.csv"
            rows = np.column_stack([data[c] for c in ("y", "v", "study", "effect")])
            np.savetxt(path, rows, delimiter=",", header="y,v,study,effect", comments="", fmt="%.17g")
            files.append(str(path))
        command = ["Rscript", "-e", R_CODE, *files, "full" if full else "short"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(answer.stdout) if answer.returncode == 0 else {}


def pymare(y: np.ndarray, v: np.ndarray) -> dict[str, float]:
    """PyMARE's seconds for all sets at once, empty where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("y.npy", "v.npy")]
        np.save(paths[0], y)
        np.save(paths[1], v)
        command = [os.environ.get("PYMARE_PYTHON", sys.executable), "-c", PYMARE_CODE, *paths]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(answer.stdout.strip().splitlines()[-1]) if answer.returncode == 0 else {}


def main() -> int:
    """Print the table; 1 if a promise is broken."""
    full = "--full" in sys.argv
    small, big, huge = draw(SMALL, SMALL, 1), draw(2 * STUDIES, STUDIES, 2), draw(MANY, MANY // 2, 3)
    rng = np.random.default_rng(4)
    v = rng.uniform(0.01, 0.3, (SETS, SMALL))
    y = rng.normal(0, 0.3, v.shape) + rng.normal(size=v.shape) * np.sqrt(v)
    theirs, peers = metafor(small, big, full), pymare(y, v)

    def levels(data):
        return {"study": data["study"], "effect": data["effect"]}

    rma, rma_mv = "metafor rma", "metafor rma.mv"
    one = theirs.get("small"), 1 / 10
    seconds = {
        "small": best(lambda: pool(small["y"], small["v"]), 500),
        "table": best(lambda: pool(small["y"], small["v"]).table, 300),
        "reml": best(lambda: pool_many(y, v), 20),
        "dl": best(lambda: pool_many(y, v, "dl"), 20),
        "big": best(lambda: pool(big["y"], big["v"]), 50),
        "mv": best(lambda: pool_multilevel(big["y"], big["v"], levels(big)), 10),
        "huge": best(lambda: pool(huge["y"], huge["v"]), 3),
        "huge mv": best(lambda: pool_multilevel(huge["y"], huge["v"], levels(huge)), 1),
        "robust": best(lambda: cluster_robust(pool(big["y"], big["v"], test="z"), big["study"]), 3),
    }
    rows = [
        ("REML, 13 effects", "small", rma, *one),
        ("the same with its table", "table", rma, theirs.get("small"), None),
        ("1,000 REML refits of 13 effects", "reml", "PyMARE REML", peers.get("reml"), 1.0),
        ("1,000 DL refits of 13 effects", "dl", "PyMARE DL", peers.get("dl"), 1.0),
        ("REML, 1,000 effects", "big", rma, theirs.get("big"), 1 / 500),
        ("three levels, 1,000 effects in 500 studies", "mv", rma_mv, theirs.get("mv"), 1 / 500),
        ("REML, 100,000 effects", "huge", "", None, None),
        ("three levels, 100,000 effects", "huge mv", "", None, None),
        ("CR2, 1,000 effects in 500 clusters", "robust", "", None, None),
    ]
    table = Table("task", "here, ms", "peer", "peer, ms", "here / peer", "promised")
    broken = 0
    for task, key, peer, other, promise in rows:
        ratio = None if other is None else seconds[key] / other
        broken += None not in (ratio, promise) and ratio > promise
        table.add_row(
            task,
            f"{1e3 * seconds[key]:,.2f}",
            peer,
            "" if other is None else f"{1e3 * other:,.2f}",
            "" if ratio is None else f"1/{1 / ratio:,.0f}" if ratio < 0.5 else f"{ratio:.2f}",
            "" if promise is None else f"≤ 1/{1 / promise:,.0f}" if promise < 1 else "≤ 1",
        )
    Console(width=120).print(table)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
