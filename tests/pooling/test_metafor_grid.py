"""Every estimator × test × moderators against metafor."""

import numpy as np
import pytest

from ruptureflow.pooling import pool
from ruptureflow.pooling.heterogeneity import METHODS

TESTS = ("z", "t", "knapp-hartung", "adhoc")
DATA = {"bcg": 3, "molloy": 3, "mcdaniel": 3, "repair": 1}
# Worst differences seen are 2.0e-10 (r2 of ml and pm, where metafor's own iterations stop) and 5e-12 elsewhere.
TOLERANCE = 1e-9


def moderators(data, which):
    if which == "none":
        return None
    columns = {"number": data["number"]}
    return columns if which == "number" else columns | {"factor": data["factor"]}


def fit(golden, case):
    data = golden["data"][case["data"]]
    variance = np.array(data["vi"])
    return pool(
        data["yi"],
        variance,
        case["method"],
        "knapp-hartung" if case["test"] == "adhoc" else case["test"],
        moderators(data, case["mods"]),
        weights=1 / (variance + 0.1) if case["method"] == "genq" else None,
        adhoc=case["test"] == "adhoc",
    )


def test_no_cell_of_the_grid_is_missing(golden):
    cells = {(c["data"], c["method"], c["test"], c["mods"]) for c in golden["grid"]}
    wanted = {
        (data, method, test, mods)
        for data, count in DATA.items()
        for method in METHODS
        for test in TESTS
        for mods in ("none", "number", "both")[:count]
    }
    assert cells == wanted
    assert len(golden["grid"]) == len(wanted) == 400


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", DATA)
def test_estimates_tests_and_heterogeneity_differ_from_metafor(golden, close, data, method):
    for case in golden["grid"]:
        if (case["data"], case["method"]) != (data, method):
            continue
        ours, what = fit(golden, case), f"{data} {method} {case['test']} {case['mods']}"
        table = ours.table
        for column, name in (("estimate", "beta"), ("std_error", "se"), ("statistic", "statistic"), ("p_value", "p")):
            close(table[column], case[name], TOLERANCE, f"{what} {name}")
        close(table["ci_low"], case["ci_low"], TOLERANCE, what)
        close(table["ci_high"], case["ci_high"], TOLERANCE, what)
        df = np.inf if case["df"] is None else case["df"]
        assert (table["df"] == df).all(), what
        for name in ("tau2", "tau2_se", "i2", "h2", "q", "q_p"):
            close(getattr(ours, name), case[name], TOLERANCE, f"{what} {name}")
        close(ours.log_likelihood, case["ll"], TOLERANCE, f"{what} log-likelihood")
        close(ours.weights, case["weights"], TOLERANCE, f"{what} weights")
        if case["mods"] != "none":
            close(ours.qm, case["qm"], TOLERANCE, f"{what} QM")
            close(ours.qm_p, case["qm_p"], TOLERANCE, f"{what} QM p")
            close(ours.r2, case["r2"], TOLERANCE, f"{what} R²")
        elif method != "fixed":
            close(ours.prediction_interval, case["pi"], TOLERANCE, f"{what} prediction interval")


def test_intervals_of_tau2_differ_from_confint(golden, close):
    for case in golden["intervals"]:
        data = golden["data"][case["data"]]
        ours = pool(data["yi"], data["vi"], case.get("method", "reml"), level=case["level"])
        close(ours.tau2_interval(case["kind"]), case["tau2"], TOLERANCE, str(case["data"]))
        if case["kind"] == "q-profile":
            assert ours.tau2_ci == ours.tau2_interval("q-profile")
            shown = ours.heterogeneity.set_index("quantity")
            for name in ("i2", "h2"):
                close(shown.loc[name, ["ci_low", "ci_high"]], case[name], TOLERANCE, name)


def test_paule_mandel_is_not_empirical_bayes(golden):
    for data in golden["data"].values():
        pm, eb = (pool(data["yi"], data["vi"], method) for method in ("pm", "eb"))
        assert pm.tau2 == eb.tau2
        if pm.tau2 > 0:
            # The defining equation itself: Q at tau² equals its df.
            w = 1 / (pm.variances + pm.tau2)
            assert abs((w * (pm.estimates - pm.estimate) ** 2).sum() - (pm.k - 1)) < 1e-9


def test_scipy_stats_or_statsmodels_comes_with_the_import():
    import subprocess
    import sys

    heavy = "('scipy.stats', 'statsmodels', 'matplotlib', 'pandas')"
    code = f"import sys, ruptureflow.pooling; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
