"""Speed of the mixed-model engine beside lme4 (where Rscript is present) and statsmodels, same data, same run.

    python benchmarks/mixed.py [--quick]

Prints one table: medians in milliseconds and ratios (ours / theirs), with the ratio to reach. The rounds of the two
sides alternate, so that a busy machine slows both. ``--quick`` leaves out the million rows.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# One thread each: lme4 from Debian runs on one, and threads only disturb blocks this small.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from ruptureflow.mixed import fit_arrays, fit_mixed, parametric_bootstrap  # noqa: E402

FORMULA = "bond ~ time + ot_within + ot_between"
BIG_FORMULA = "bond ~ time + x"

R_SCRIPT = r"""
suppressMessages({library(lme4); library(pbkrtest)})
a <- commandArgs(TRUE); folder <- a[1]; what <- a[2]
small <- read.csv(file.path(folder, "small.csv"))
ms <- function(times, f) { f(); out <- numeric(times)
  for (i in seq_len(times)) { t <- proc.time()[[3]]; s <- Sys.time(); f(); out[i] <- as.numeric(Sys.time() - s, units = "secs") }
  cat(what, paste(out * 1000, collapse = " "), "\n") }
quiet <- function(e) suppressWarnings(suppressMessages(e))
f1 <- bond ~ time + ot_within + ot_between + (1 | patient)
f2 <- bond ~ time + ot_within + ot_between + (1 + time | patient)
g1 <- bond ~ time + x + (1 | patient)
g2 <- bond ~ time + x + (1 + time | patient)
big <- function(n) readRDS(file.path(folder, paste0(n, ".rds")))
if (what == "prepare") { for (n in a[-(1:2)]) saveRDS(read.csv(file.path(folder, paste0(n, ".csv"))), file.path(folder, paste0(n, ".rds"))) }
if (what == "intercept") ms(15, function() quiet(lmer(f1, small)))
if (what == "slope") ms(15, function() quiet(lmer(f2, small)))
if (what == "kr") { m <- lmer(f1, small); ms(9, function() vcovAdj(m)) }
if (what == "profile") { m <- quiet(lmer(f1, small)); ms(3, function() quiet(confint(profile(m)))) }
if (what == "bootstrap") { m <- lmer(f1, small)
  s <- Sys.time(); quiet(bootMer(m, function(x) c(fixef(x), sigma(x)), nsim = 200, seed = 1))
  cat(what, as.numeric(Sys.time() - s, units = "secs") * 1000 * 10000 / 200, "\n") }
if (what == "60000 intercept") { d <- big("n60000"); ms(3, function() quiet(lmer(g1, d))) }
if (what == "60000 slope") { d <- big("n60000"); ms(3, function() quiet(lmer(g2, d))) }
if (what == "60000 kr") { d <- big("n60000"); m <- lmer(g1, d)
  s <- Sys.time(); vcovAdj(m); cat(what, as.numeric(Sys.time() - s, units = "secs") * 1000, "\n") }
if (what == "1000000 intercept") { d <- big("n999990"); s <- Sys.time(); quiet(lmer(g1, d)); cat(what, as.numeric(Sys.time() - s, units = "secs") * 1000, "\n") }
if (what == "1000000 slope") { d <- big("n999990"); s <- Sys.time(); quiet(lmer(g2, d)); cat(what, as.numeric(Sys.time() - s, units = "secs") * 1000, "\n") }
"""  # noqa: E501


@dataclass(frozen=True)
class Row:
    """One line of the table: ours, theirs, and the ratio to reach."""

    work: str
    ours: float
    lme4: float | None
    statsmodels: float | None
    reach: float | None


def small_data() -> pd.DataFrame:
    """86 sessions of 22 patients."""
    generator = np.random.Generator(np.random.PCG64(2018))
    patient = np.repeat(np.arange(22), 4)
    data = pd.DataFrame({"patient": patient, "time": np.tile(np.arange(4.0), 22)})
    data["ot_within"] = generator.standard_normal(88)
    data["ot_between"] = generator.standard_normal(22)[patient]
    u, v = generator.standard_normal(22), 0.5 * generator.standard_normal(22)
    data["bond"] = 5 + 0.3 * data["ot_within"] + u[patient] + v[patient] * data["time"] + generator.standard_normal(88)
    return data.drop(index=[7, 42]).reset_index(drop=True)


def big_data(rows: int) -> pd.DataFrame:
    """30 rows a patient."""
    patients = rows // 30
    rows = patients * 30
    generator = np.random.Generator(np.random.PCG64(rows))
    patient = np.repeat(np.arange(patients), 30)
    time_ = np.tile(np.arange(30), patients) / 10
    x = generator.standard_normal(rows)
    u, v = generator.standard_normal(patients), 0.3 * generator.standard_normal(patients)
    bond = 1 + 0.2 * time_ + 0.5 * x + u[patient] + v[patient] * time_ + generator.standard_normal(rows)
    return pd.DataFrame({"patient": patient, "time": time_, "x": x, "bond": bond})


def median_ms(work: Callable[[], object], rounds: int) -> list[float]:
    """Times of one piece of work, after one round that is not counted."""
    work()
    out = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        out.append((time.perf_counter() - start) * 1000)
    return out


class LmerSide:
    """lme4 in a process of its own; absent where Rscript is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rscript = shutil.which("Rscript")
        if self.rscript:
            (folder / "side.R").write_text(R_SCRIPT, encoding="utf-8")

    def run(self, what: str, *more: str) -> list[float]:
        """Milliseconds of a piece of work, one number a round."""
        if not self.rscript:
            return []
        call = [self.rscript, str(self.folder / "side.R"), str(self.folder), what, *more]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{what} in R failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return []
        line = next((x for x in done.stdout.splitlines() if x.startswith(what)), "")
        return [float(x) for x in line[len(what) :].split()]


def compare(side: LmerSide, what: str, work: Callable[[], object], rounds: int, turns: int = 3) -> tuple:
    """Medians of both sides over alternating turns."""
    ours, theirs = [], []
    for _ in range(turns):
        theirs += side.run(what)
        ours += median_ms(work, rounds)
    return float(np.median(ours)), float(np.median(theirs)) if theirs else None


def statsmodels_ms(data: pd.DataFrame, formula: str, slope: bool, rounds: int) -> float:
    """Median time of statsmodels' MixedLM."""
    import statsmodels.formula.api as smf

    def work():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            smf.mixedlm(formula, data, groups="patient", re_formula="~time" if slope else None).fit(reml=True)

    return float(np.median(median_ms(work, rounds)))


def memory_ratio(data: pd.DataFrame, random: str) -> float:
    """Peak memory of a fit divided by the size of the data."""
    tracemalloc.start()
    fit_mixed(BIG_FORMULA, data, groups="patient", random=random)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / data.memory_usage(index=False).sum()


def small_rows(side: LmerSide, data: pd.DataFrame) -> list[Row]:
    """Everything on 86 rows."""
    fixed = np.column_stack([np.ones(len(data)), data[["time", "ot_within", "ot_between"]]])
    y, patient = data["bond"].to_numpy(), data["patient"].to_numpy()
    rows = []
    lmer = {}
    for what, random, z, reach_formula, reach_arrays in (
        ("intercept", "1", fixed[:, :1], 1 / 3, 1 / 15),
        ("slope", "1 + time", fixed[:, :2], 1 / 3, 1 / 8),
    ):
        other = statsmodels_ms(data, FORMULA, what == "slope", 5)

        def from_formula(random=random):
            return fit_mixed(FORMULA, data, groups="patient", random=random)

        def from_arrays(z=z):
            return fit_arrays(y, fixed, patient, z)

        ours, lmer[what] = compare(side, what, from_formula, 25)
        rows.append(Row(f"fit, 86 rows, random {what}, formula", ours, lmer[what], other, reach_formula))
        ours, theirs = compare(side, what, from_arrays, 50)
        rows.append(Row(f"fit, 86 rows, random {what}, matrices", ours, theirs, other, reach_arrays))
    # products of numbers are read without formulaic, a factor is not
    arm = data.assign(arm=np.where(data["patient"] % 2, "a", "b"))
    for what, more in (("an interaction", "time:ot_within"), ("a factor", "arm")):
        through = f"{FORMULA} + {more}"
        ours, theirs = compare(side, "intercept", lambda text=through: fit_mixed(text, arm, groups="patient"), 25)
        rows.append(Row(f"fit, 86 rows, formula with {what}", ours, theirs, None, 1 / 3))
    fit = fit_mixed(FORMULA, data, groups="patient")
    ours, theirs = compare(side, "kr", fit.fixed_effects, 25)
    rows.append(Row("Kenward-Roger, 86 rows", ours, theirs, None, 1 / 20))
    ours, theirs = compare(side, "bootstrap", lambda: parametric_bootstrap(fit, 10_000), 3, 2)
    rows.append(Row("10,000 parametric-bootstrap refits, 86 rows", ours, theirs, None, 1 / 500))
    ours, theirs = compare(side, "profile", fit.profile_intervals, 5, 2)
    rows.append(Row("profile intervals, 86 rows", ours, theirs, None, 1 / 20))
    ours, theirs = compare(side, "intercept", fit.influence, 9)
    rows.append(Row("22 leave-one-patient-out refits, Kenward-Roger", ours, theirs, None, 2.0))
    return rows


def big_rows(side: LmerSide, rows: int, label: str, turns: int) -> list[Row]:
    """Fits of many rows."""
    data = big_data(rows)
    data.to_csv(side.folder / f"n{len(data)}.csv", index=False)
    side.run("prepare", f"n{len(data)}")
    fixed = np.column_stack([np.ones(len(data)), data[["time", "x"]]])
    y, patient = data["bond"].to_numpy(), data["patient"].to_numpy()
    out = []
    for what, random, z in (("intercept", "1", fixed[:, :1]), ("slope", "1 + time", fixed[:, :2])):
        other = statsmodels_ms(data, BIG_FORMULA, what == "slope", 1) if rows <= 60_000 else None

        def from_formula(random=random):
            return fit_mixed(BIG_FORMULA, data, groups="patient", random=random)

        def from_arrays(z=z):
            return fit_arrays(y, fixed, patient, z)

        ours, theirs = compare(side, f"{label} {what}", from_formula, 3, turns)
        out.append(Row(f"fit, {rows:,} rows, random {what}, formula", ours, theirs, other, 1 / 10))
        out.append(
            Row(f"fit, {rows:,} rows, random {what}, matrices", float(np.median(median_ms(from_arrays, 3))), theirs,
                other, 1 / 10)
        )  # fmt: skip
    if rows == 60_000:
        fit = fit_mixed(BIG_FORMULA, data, groups="patient")
        fresh = fit.estimate

        def kenward_roger():
            from dataclasses import replace

            return type(fit)(replace(fresh)).fixed_effects()

        ours, theirs = compare(side, "60000 kr", kenward_roger, 5, 1)
        out.append(Row("Kenward-Roger, 60,000 rows", ours, theirs, None, 1 / 100))
    for random in ("1", "1 + time"):
        print(f"memory, {rows:,} rows, random {random}: {memory_ratio(data, random):.2f} times the data's (reach 3)")
    return out


def print_table(rows: list[Row]) -> None:
    """The table of medians and ratios."""
    head = f"{'work':<48} {'ours ms':>9} {'lme4 ms':>9} {'ratio':>8} {'reach':>8}   {'statsmodels ms':>14} {'ratio':>8}"
    print(head + "\n" + "-" * len(head))
    for row in rows:
        lme4, ratio = ("-", "-") if row.lme4 is None else (f"{row.lme4:.1f}", f"1/{row.lme4 / row.ours:.1f}")
        sm, sm_ratio = ("-", "-") if row.statsmodels is None else (
            f"{row.statsmodels:.1f}", f"1/{row.statsmodels / row.ours:.1f}"
        )  # fmt: skip
        reach = "-" if row.reach is None else (f"1/{1 / row.reach:.0f}" if row.reach < 1 else f"{row.reach:.0f}")
        if row.lme4 is not None and row.ours > row.lme4:
            ratio = f"{row.ours / row.lme4:.2f}"
        met = "" if row.lme4 is None or row.reach is None else ("" if row.ours <= row.reach * row.lme4 else "  missed")
        print(
            f"{row.work:<48} {row.ours:>9.2f} {lme4:>9} {ratio:>8} {reach:>8}   {sm:>14} {sm_ratio:>8}{met}", flush=True
        )


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the million rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        side = LmerSide(Path(name))
        if not side.rscript:
            print("Rscript is not on the PATH: lme4's columns stay empty.")
        data = small_data()
        data.to_csv(side.folder / "small.csv", index=False)
        rows = small_rows(side, data)
        rows += big_rows(side, 60_000, "60000", 2)
        if not arguments.quick:
            rows += big_rows(side, 1_000_000, "1000000", 1)
    print_table(rows)


if __name__ == "__main__":
    main()
