"""The engine against lme4, lmerTest, pbkrtest, nlme and clubSandwich (validation/mixed).

Tolerances are a little above the worst error observed, which validation/mixed/README.md lists.
"""

import numpy as np
import pandas as pd
import pytest
from golden_values import load_goldens

from ruptureflow.mixed import fit_mixed, kenward_roger, satterthwaite
from ruptureflow.mixed.fitting import at_parameters

CASES = load_goldens()
LME4 = [name for name, case in CASES.items() if case["software"] == "lme4" and "data" in case]
NLME = [name for name, case in CASES.items() if case["software"] == "nlme"]
REML = [name for name in LME4 if CASES[name]["reml"]]
COVERED = (
    "random intercept", "random intercept, ML", "random slope", "uncorrelated slope", "nested, inner labels repeat",
    "crossed", "near zero", "exactly zero", "correlation at one", "unbalanced, tiny groups", "AR(1)", "continuous AR",
    "three factors", "three factors with a slope",
    "variances by role", "dyad within a session", "60,000 rows, intercept", "60,000 rows, slope",
)  # fmt: skip


def fit_case(case: dict):
    """Our fit of a golden case."""
    call = dict(case["call"])
    call.setdefault("method", "reml" if case["reml"] else "ml")
    return fit_mixed(data=pd.DataFrame(case["data"]), **call)


@pytest.fixture(scope="module")
def fits() -> dict:
    return {name: fit_case(CASES[name]) for name in LME4 + NLME}


def of_level(blocks: dict, level: str) -> list:
    """lme4's entries of one of our levels: ``patient``, ``patient.1`` or, nested, ``patient:therapist``."""
    own = [value for key, value in blocks.items() if key.split(".")[0] == level]
    return own or [value for key, value in blocks.items() if level in key.split(":")]


def golden_covariances(case: dict, fit) -> list[np.ndarray]:
    """lme4's covariance matrices in the order of our levels; split terms of one factor joined."""
    out = []
    for level in fit.design.levels:
        own = [np.atleast_2d(np.array(value)) for value in of_level(case["random"], level.name)]
        out.append(own[0] if len(own) == 1 else np.diag([m[0, 0] for m in own]))
    return out


def test_the_grid_of_golden_cases_is_complete():
    assert set(COVERED) <= set(CASES)


@pytest.mark.parametrize("name", LME4)
def test_estimates_and_log_likelihood_are_lme4s(name, fits):
    case, fit = CASES[name], fits[name]
    std_error = np.sqrt(np.diag(np.array(case["covariance"], ndmin=2)))
    ours = fit.fixed_effects(df="normal")
    assert list(fit.terms[1:]) == [
        t.replace("roletherapist", "role[T.therapist]") for t in np.atleast_1d(case["terms"])[1:]
    ]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-10)
    assert np.abs(ours["estimate"] - case["estimates"]).max() < 1e-8 * std_error.max()
    assert ours["std_error"].to_numpy() == pytest.approx(std_error, rel=1e-8)
    assert fit.residual_variance == pytest.approx(case["sigma2"], rel=1e-8)
    assert fit.aic == pytest.approx(case["aic"], abs=1e-9)
    assert fit.bic == pytest.approx(case["bic"], abs=1e-9)
    for theirs, mine in zip(golden_covariances(case, fit), fit.random_covariance.values(), strict=True):
        assert mine.to_numpy() == pytest.approx(theirs, abs=1e-8)


@pytest.mark.parametrize("name", LME4)
def test_satterthwaite_is_lmertests(name, fits):
    # lmerTest differentiates numerically: its df are good to about 1e-6 relative
    case, fit = CASES[name], fits[name]
    assert fit.fixed_effects(df="satterthwaite")["df"].to_numpy() == pytest.approx(
        np.atleast_1d(case["satterthwaite"]["df"]), rel=5e-6
    )
    if "F" in case["satterthwaite"]:
        joint = fit.test(list(fit.terms[1:]), df="satterthwaite")
        assert joint["statistic"][0] == pytest.approx(case["satterthwaite"]["F"], rel=1e-8)
        assert joint["df_den"][0] == pytest.approx(case["satterthwaite"]["joint_df"], rel=5e-6)


@pytest.mark.parametrize("name", REML)
def test_kenward_roger_is_pbkrtests(name, fits):
    case, fit = CASES[name]["kenward_roger"], fits[name]
    table = fit.fixed_effects()
    assert table["std_error"].to_numpy() == pytest.approx(np.atleast_1d(case["std_error"]), rel=1e-8)
    assert table["df"].to_numpy() == pytest.approx(np.atleast_1d(case["df"]), rel=1e-8)
    assert kenward_roger.adjust(fit.estimate).covariance == pytest.approx(
        np.atleast_2d(case["covariance"]), rel=1e-7, abs=1e-10
    )
    if "joint" in case:
        joint = fit.test(list(fit.terms[1:]))
        assert joint["statistic"][0] == pytest.approx(case["joint"]["F"], rel=1e-8)
        assert joint["df_den"][0] == pytest.approx(case["joint"]["df"], rel=1e-8)


@pytest.mark.parametrize("name", REML)
def test_formulas_are_right_when_variance_components_are_given(name, fits):
    case, fit = CASES[name], fits[name]
    given = at_parameters(fit.estimate, golden_covariances(case, fit), case["sigma2"])
    p = fit.design.columns
    assert given.coefficients == pytest.approx(np.atleast_1d(case["estimates"]), rel=1e-9, abs=1e-9)
    adjusted = kenward_roger.rows(given, np.eye(p))
    assert adjusted.df == pytest.approx(np.atleast_1d(case["kenward_roger"]["df"]), rel=1e-9)
    assert adjusted.std_error == pytest.approx(np.atleast_1d(case["kenward_roger"]["std_error"]), rel=1e-9)
    if not fit.status.singular:
        df = satterthwaite.rows(given, np.eye(p)).df
        assert df == pytest.approx(np.atleast_1d(case["satterthwaite"]["df"]), rel=5e-6)


@pytest.mark.parametrize("name", [name for name in LME4 if "cr2" in CASES[name]])
def test_cr2_is_clubsandwichs(name, fits):
    case, table = CASES[name]["cr2"], fits[name].robust_effects()
    assert table["std_error"].to_numpy() == pytest.approx(case["std_error"], rel=1e-8)
    assert table["df"].to_numpy() == pytest.approx(case["df"], rel=1e-8)


@pytest.mark.parametrize("name", [name for name in LME4 if "profile" in CASES[name]])
def test_profile_intervals_are_lme4s(name, fits):
    # lme4 interpolates its profile with splines: good to about 1e-5, at the edge of a correlation to 2e-3
    case = CASES[name]["profile"]
    ours = fits[name].profile_intervals().set_index("term")
    for theirs, low, high in zip(case["names"], case["low"], case["high"], strict=True):
        if theirs.startswith("cor_"):
            row = ours.loc["cor[patient: Intercept, time]"]
        elif theirs.startswith("sd_"):
            row = ours.loc[f"sd[patient: {theirs[3:].split('|')[0].replace('(Intercept)', 'Intercept')}]"]
        else:
            row = ours.loc[{"sigma": "sd[residual]", "(Intercept)": "Intercept"}.get(theirs, theirs)]
        assert [row["ci_low"], row["ci_high"]] == pytest.approx([low, high], abs=2e-3)


@pytest.mark.parametrize("name", LME4)
def test_random_effects_are_lme4s(name, fits):
    case, fit = CASES[name], fits[name]
    for level in fit.design.levels:
        theirs = of_level(case["ranef"], level.name)
        if len(theirs) != 1:
            continue
        table = fit.random_effects[level.name]
        assert len(table) == np.size(theirs[0]["values"])
        if ":" in "".join(case["ranef"]):
            continue  # lme4 sorts the labels of nested units as text
        assert table["value"].to_numpy() == pytest.approx(np.ravel(theirs[0]["values"]), abs=1e-7)
        if theirs[0].get("sd"):
            assert table["conditional_sd"].to_numpy() == pytest.approx(np.ravel(theirs[0]["sd"]), abs=1e-7)


@pytest.mark.parametrize("name", NLME)
def test_residual_structures_and_known_variances_are_nlmes(name, fits):
    # nlme's optimiser stops with parameters good to 1e-6 (worst seen: 1e-5 on a slope variance)
    case, fit = CASES[name], fits[name]
    std_error = np.sqrt(np.diag(np.array(case["covariance"])))
    ours = fit.fixed_effects(df="normal")
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-9)
    assert np.abs((ours["estimate"] - case["estimates"]) / std_error).max() < 2e-6
    assert ours["std_error"].to_numpy() == pytest.approx(std_error, rel=5e-6)
    parameters = fit.residual_parameters
    if "correlation" in case:
        mine = next(value for key, value in parameters.items() if key.startswith("correlation"))
        assert mine == pytest.approx(case["correlation"], abs=5e-6)
    for stratum, variance in case.get("variances", {}).items():
        assert parameters[f"variance[{stratum}]"] == pytest.approx(variance, rel=1e-6)
    for key, theirs in case.get("random", {}).items():
        assert fit.random_covariance[key].to_numpy() == pytest.approx(np.atleast_2d(theirs), abs=5e-5)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["software"] == "glmmTMB"])
def test_two_residual_structures_have_glmmtmbs_likelihood(name):
    # glmmTMB keeps a tiny residual variance beside the structure: its log-likelihood is good to about 1e-6
    case = CASES[name]
    fit = fit_case(case)
    std_error = np.sqrt(np.diag(np.array(case["covariance"])))
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=5e-6)
    assert np.abs((fit.coefficients - case["estimates"]) / std_error).max() < 5e-4


def park_miller(n: int, seed: int) -> np.ndarray:
    """The generator of validation/mixed/goldens.R, exact in doubles on both sides."""
    out, state = np.empty(n), seed
    for i in range(n):
        state = (16807 * state) % 2147483647
        out[i] = state / 2147483647
    return out


@pytest.fixture(scope="module")
def many_rows() -> pd.DataFrame:
    n, k = 60_000, 2_000

    def table(rows, seed):
        return park_miller(rows * 4, seed).reshape(4, rows).T.sum(axis=1)

    patient = np.repeat(np.arange(1, k + 1), 30)
    time = np.tile(np.arange(30), k) / 10
    x = park_miller(n, 777) - 0.5
    u, w = table(k, 4242) - 2, table(k, 999) - 2
    bond = 1 + 0.2 * time + 0.5 * x + u[patient - 1] + 0.3 * w[patient - 1] * time + table(n, 12345) - 2
    return pd.DataFrame({"patient": patient, "time": time, "x": x, "bond": bond})


@pytest.mark.parametrize("name", ["60,000 rows, intercept", "60,000 rows, slope"])
def test_sixty_thousand_rows_agree_with_lme4(name, many_rows):
    case = CASES[name]
    fit = fit_mixed(data=many_rows, **case["call"])
    ours = fit.fixed_effects(df="normal")
    std_error = np.sqrt(np.diag(np.array(case["covariance"])))
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-6)
    assert np.abs((ours["estimate"] - case["estimates"]) / std_error).max() < 1e-7
    assert ours["std_error"].to_numpy() == pytest.approx(std_error, rel=1e-6)
    if "kenward_roger" in case:
        assert fit.fixed_effects()["df"].to_numpy() == pytest.approx(case["kenward_roger"]["df"], rel=1e-6)


def test_random_effects_meta_analysis_of_the_bcg_trials_is_metafors():
    # Colditz et al. (1994) as metafor's dat.bcg; metafor prints tau² 0.3132, estimate -0.7145, SE 0.1798, z -3.9744 and
    # a REML log-likelihood of -12.2024, which counts log|X'X| / 2 that lme4 and this engine leave out.
    counts = np.array(
        [(4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
         (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
         (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)], dtype=float
    )  # fmt: skip
    treated, control = counts[:, :2].sum(axis=1), counts[:, 2:].sum(axis=1)
    data = pd.DataFrame({"trial": range(13)})
    data["yi"] = np.log(counts[:, 0] / treated) - np.log(counts[:, 2] / control)
    data["vi"] = 1 / counts[:, 0] - 1 / treated + 1 / counts[:, 2] - 1 / control
    fit = fit_mixed("yi ~ 1", data, groups="trial", sampling_variance="vi")
    row = fit.fixed_effects(df="normal").iloc[0]
    assert fit.random_covariance["trial"].iloc[0, 0] == pytest.approx(0.3132, abs=5e-5)
    assert [row["estimate"], row["std_error"], row["statistic"]] == pytest.approx([-0.7145, 0.1798, -3.9744], abs=5e-5)
    assert fit.log_likelihood + 0.5 * np.log(13) == pytest.approx(-12.2024, abs=5e-5)
    assert np.isnan(fit.residual_variance)
