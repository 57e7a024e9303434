"""Worst difference between our values and what sweeps.R wrote, quantity by quantity.

    python validation/pooling/compare_sweeps.py FOLDER

Differences are relative where metafor's value exceeds 1, else absolute. Ends with status 1 where one is beyond its
limit and not in KNOWN. README.md holds the outcome.
"""

import json
import sys
from pathlib import Path

import numpy as np

from ruptureflow.pooling import PoolingError, pool
from ruptureflow.pooling.bias import egger_test, fail_safe_n, pet_peese, rank_test, trim_and_fill
from ruptureflow.pooling.influence import baujat, cumulative, influence_diagnostics, leave_one_out
from ruptureflow.pooling.multilevel import pool_multilevel
from ruptureflow.pooling.robust import cluster_robust
from ruptureflow.pooling.selection import selection_model

LIMIT = 1e-8
# Where an optimiser of metafor's decides; the likelihoods are held to 1e-6.
OPTIMISED = {"nested": 5e-5, "selection": 2e-4}
# metafor's standard error of k0 follows the sign of a rounding error where all but one effect are trimmed.
# Uncentred years: exact arithmetic sides with our Q (tests/pooling/test_metadat_grid.py).
# tau² is zero; metafor's scoring stops at 1e-12 above it.
KNOWN = {
    "diagnostics trimfill L0": ("three_1",),
    "diagnostics influence QE.del": ("egger2001",),
    "diagnostics cumulative I2": ("decades_2",),
    "diagnostics leave_one_out I2": ("decades_2",),
}
TESTS = {"knha": "knapp-hartung", "z": "z", "t": "t"}
METHODS = {"FE": "fixed", "DL": "dl", "REML": "reml", "ML": "ml"}
FIT = {"beta": "estimate", "se": "std_error", "p": "p_value", "lo": "ci_low", "hi": "ci_high"}
ONE_OUT = {
    "estimate": "estimate", "se": "std_error", "pval": "p_value", "ci.lb": "ci_low", "ci.ub": "ci_high", "tau2": "tau2",
    "I2": "i2", "H2": "h2", "Q": "q", "Qp": "q_p",
}  # fmt: skip
INFLUENCE = {
    "rstudent": "rstudent", "dffits": "dffits", "cook.d": "cook_d", "cov.r": "cov_ratio", "tau2.del": "tau2_deleted",
    "QE.del": "q_deleted", "hat": "hat", "weight": "weight", "influential": "influential",
}  # fmt: skip


def moderators(data, which):
    """Columns of the model's moderators."""
    number, factor = np.array(data["number"], dtype=float), np.array(data["factor"])
    columns = {"number": number} if which in ("number", "interaction") else {}
    if which in ("factor", "interaction"):
        columns["factor"] = factor
    if which == "interaction":
        columns |= {f"number:{level}": number * (factor == level) for level in sorted(set(factor))[1:]}
    return columns or None


def pooled(data, case):
    """Our fit of one case."""
    method, test = METHODS[case.get("method", "REML")], TESTS[case.get("test", "z")]
    return pool(data["yi"], data["vi"], method, test, moderators(data, case.get("mods", "none")))


def nested(data, case):
    """Values of a model of several effects per study."""
    levels = {name: data.get(name, list(range(len(data["yi"])))) for name in case["levels"]}
    mods, method = moderators(data, case["mods"]), METHODS[case["method"]]
    fit = pool_multilevel(data["yi"], data["vi"], levels, mods, case["test"], method)
    for key, column in FIT.items():
        yield key, fit.table[column], case[key]
    yield "sigma2", fit.levels["variance"], case["sigma2"]
    yield "q", fit.q, case["q"]
    yield "likelihood short of metafor's", min(0.0, fit.log_likelihood - case["ll"]), 0.0
    yield "likelihood beyond metafor's", fit.log_likelihood, max(case["ll"], fit.log_likelihood - 1e-5)
    if "cr2" in case:
        yield from tested("cr2", cluster_robust(fit).table, case["cr2"])


def tested(name, table, case):
    """Robust standard errors, df and p."""
    for key, column in (("se", "std_error"), ("df", "df"), ("p", "p_value")):
        yield f"{name} {key}", table[column], case[key]


def robust(data, case):
    """CR2 of one effect per study."""
    cluster = data[next(name for name in data if name.startswith("g_"))]
    yield from tested("cr2", cluster_robust(pooled(data, case), cluster).table, case)


def diagnostics(data, case):
    """Every diagnostic of one fit."""
    fit = pooled(data, case)
    for key, ours, theirs in (
        ("leave_one_out", lambda: leave_one_out(fit), ONE_OUT),
        ("cumulative", lambda: cumulative(fit, data["order"]), ONE_OUT),
        ("influence", lambda: influence_diagnostics(fit), INFLUENCE),
    ):
        if case.get(key):
            table = ours()
            for name, column in theirs.items():
                if case[key].get(name):
                    yield f"{key} {name}", table[column], case[key][name]
    if case.get("influence"):
        for term, wanted in zip(fit.terms, case["influence"]["dfbetas"], strict=False):
            yield "influence dfbetas", influence_diagnostics(fit)[f"dfbetas_{term}"], wanted
        if case["influence"].get("x"):
            table = baujat(fit)
            yield "baujat x", table["heterogeneity"], case["influence"]["x"]
            yield "baujat y", table["influence"], case["influence"]["y"]
    for model in ("rma", "lm"):
        for theirs, predictor in (("sei", "std_error"), ("vi", "variance")):
            if wanted := case.get(f"egger_{model}_{theirs}"):
                ours = egger_test(fit, model, predictor)
                first = ours.table.iloc[0]
                found = [ours.statistic, ours.p_value, first["estimate"], first["ci_low"], first["ci_high"]]
                yield f"egger {model} {theirs}", found, wanted
    if wanted := case.get("pet_peese"):
        both = pet_peese(fit)
        row = getattr(both, both.selected).iloc[0]
        yield "pet_peese", [both.pet["p_value"].iloc[0], both.estimate, row["std_error"]], wanted
    if wanted := case.get("rank"):
        ours = rank_test(fit)
        yield "rank", [ours.statistic, ours.p_value], wanted
    for estimator in ("L0", "R0"):
        if wanted := case.get(f"trimfill_{estimator}"):
            ours = trim_and_fill(fit, estimator=estimator)
            yield (
                f"trimfill {estimator} k0, side",
                [ours.missing, ours.side == "left"],
                [
                    wanted["k0"],
                    wanted["side"] == "left",
                ],
            )
            yield (
                f"trimfill {estimator}",
                [ours.missing_se, ours.filled.estimate, ours.filled.tau2],
                wanted["values"],
            )


def fail_safe(data, case):
    """The three fail-safe numbers."""
    for kind, wanted in case.items():
        yield f"fail-safe {kind}", fail_safe_n(data["yi"], data["vi"], kind), wanted


def selection(data, case):
    """The step-function selection model."""
    ours = selection_model(pool(data["yi"], data["vi"], "ml", "z"), case["steps"], case["side"])
    yield "likelihood short of metafor's", min(0.0, ours.log_likelihood - case["ll"]), 0.0
    yield "likelihood beyond metafor's", ours.log_likelihood, max(case["ll"], ours.log_likelihood - 1e-5)
    yield "beta, tau2", [ours.table["estimate"][0], ours.tau2], [case["beta"], case["tau2"]]
    yield "se", ours.table["std_error"][0], case["se"]
    yield "delta", ours.steps["delta"], case["delta"]
    yield "lrt", ours.lrt, case["lrt"]


def long(data, case):
    """Data sets of more than 125 effects."""
    fit = pooled(data, case | {"test": "knha"})
    for key, column in FIT.items():
        yield key, fit.table[column], case[key]
    for key, ours in (("tau2", fit.tau2), ("tau2_se", fit.tau2_se), ("i2", fit.i2), ("q", fit.q), ("qm", fit.qm)):
        if case.get(key) is not None:
            yield key, ours, case[key]
    yield "log-likelihood", fit.log_likelihood, case["ll"]


PARTS = {one.__name__: one for one in (nested, robust, diagnostics, fail_safe, selection, long)}


def difference(ours, theirs):
    """Greatest difference, and how many values only one of the two has."""
    theirs = [np.nan if one in (None, []) else one for one in np.atleast_1d(np.array(theirs, dtype=object))]
    ours, theirs = np.atleast_1d(np.asarray(ours, float)), np.array(theirs, dtype=float)
    if ours.shape != theirs.shape:
        return np.inf, 0, ours.size
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    same = both & (ours != theirs)
    worst = np.abs(ours - theirs)[same] / np.maximum(1.0, np.abs(theirs[same]))
    return float(worst.max(initial=0.0)), int(both.sum()), int((np.isnan(ours) & ~np.isnan(theirs)).sum())


def compared(folder):
    """(part, quantity, set, model, difference, values compared, values that we lack), one by one."""
    for path in sorted(Path(folder).glob("sweep_*.json")):
        found, name = json.loads(path.read_text(encoding="utf-8")), path.stem.removeprefix("sweep_")
        for part, values in PARTS.items():
            cases = [found[part]] if part == "fail_safe" else found[part]
            for case in filter(None, cases or []):
                shown = " ".join(str(case[key]) for key in ("method", "test", "mods", "levels", "steps") if key in case)
                try:
                    for quantity, ours, theirs in values(found["data"], case):
                        yield part, quantity, name, shown, *difference(ours, theirs)
                except PoolingError as error:
                    yield part, str(error), name, shown, np.inf, 0, 0


def main(folder):
    """Print the table; status 1 where something is beyond its limit and not known."""
    table, beyond = {}, []
    for part, quantity, name, shown, worst, count, missing in compared(folder):
        row = table.setdefault((part, quantity), [0, 0.0, "", 0])
        row[0], row[3] = row[0] + count, row[3] + missing
        known = any(key in (part, f"{part} {quantity}") and name in names for key, names in KNOWN.items())
        if worst > row[1] and not known:
            row[1], row[2] = worst, f"{name} {shown}"
        short = quantity.startswith("likelihood")
        if (worst > (1e-6 if short else OPTIMISED.get(part, LIMIT)) or missing) and not known:
            beyond.append(f"{part} | {quantity} | {name} {shown} | {worst:.1e}, {missing} missing")
    for (part, quantity), (count, worst, where, missing) in table.items():
        print(f"{part:12} {quantity:32} {count:7} {worst:8.1e} {missing:4}  {where}")
    print(*beyond, sep="\n")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
