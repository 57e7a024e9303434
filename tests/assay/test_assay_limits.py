"""Values beyond a limit: likelihood, imputation and their joint table; each against what is known of it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm, truncnorm

from ruptureflow.assay import AssayError
from ruptureflow.assay.censored_change import CensoredPairs, bivariate_normal_below, censored_mean_change
from ruptureflow.assay.clustered_mean import MeanChange, clustered_mean
from ruptureflow.assay.imputation import CensoredSamples, beyond_limit, impute, joined_by_rubin
from ruptureflow.assay.limit_sensitivity import limit_sensitivity
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables import assay


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_bivariate_normal_probability_is_scipys(rho):
    h = np.array([-2.0, -0.5, 0.0, 0.7, 3.0, 0.0])
    k = np.array([-1.0, 0.8, 0.0, 0.7, -2.5, 1.2])
    law = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    expected = [law.cdf([a, b]) for a, b in zip(h, k, strict=True)]
    np.testing.assert_allclose(bivariate_normal_below(h, k, rho), expected, atol=2e-7)


def simulated_pairs(patients=60, sessions=4, seed=1, shift=0.4):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), sessions)
    level = rng.normal(size=patients)[patient] * 0.6 + 1
    own_shift = rng.normal(size=patients)[patient] * 0.3 + shift
    pre = level + rng.normal(size=patient.size) * 0.5
    return np.column_stack([pre, pre * 0 + level + own_shift + rng.normal(size=patient.size) * 0.5]), patient


def test_without_censoring_the_likelihood_gives_the_clustered_mean():
    logs, patient = simulated_pairs()
    by_likelihood = censored_mean_change(CensoredPairs(logs, np.zeros(logs.shape, dtype=int), patient))
    plain = clustered_mean(logs[:, 1] - logs[:, 0], patient)
    assert by_likelihood.estimate == pytest.approx(plain.estimate, abs=1e-6)
    assert by_likelihood.std_error == pytest.approx(plain.std_error, rel=1e-4)
    assert by_likelihood.df == plain.df == 59


def test_with_a_third_censored_the_likelihood_finds_the_shift_that_substitution_misses():
    logs, patient = simulated_pairs(patients=400)
    full = logs[:, 1] - logs[:, 0]
    limit = np.quantile(logs, 0.3)
    side = np.where(logs < limit, -1, 0)
    censored = np.where(side < 0, limit, logs)
    found = censored_mean_change(CensoredPairs(censored, side, patient))
    substituted = np.where(side < 0, limit - np.log(np.sqrt(2)), logs)
    bias = abs((substituted[:, 1] - substituted[:, 0]).mean() - full.mean())
    assert abs(found.estimate - full.mean()) < 0.03
    assert bias > 2 * abs(found.estimate - full.mean())
    assert found.std_error > clustered_mean(full, patient).std_error, "what is not seen is not known as well"


def test_values_above_their_limit_mirror_values_below():
    logs, patient = simulated_pairs(patients=40)
    limit = np.quantile(logs, 0.25)
    side = np.where(logs < limit, -1, 0)
    below = censored_mean_change(CensoredPairs(np.where(side < 0, limit, logs), side, patient))
    above = censored_mean_change(CensoredPairs(-np.where(side < 0, limit, logs), -side, patient))
    assert above.estimate == pytest.approx(-below.estimate, abs=1e-6)
    assert above.std_error == pytest.approx(below.std_error, rel=1e-4)


def test_a_likelihood_without_measured_pairs_is_refused():
    logs, patient = simulated_pairs(patients=2, sessions=2)
    with pytest.raises(AssayError, match="fewer than three measured pairs"):
        censored_mean_change(CensoredPairs(logs, np.full(logs.shape, -1), patient))


def test_one_session_a_patient_gives_the_ordinary_standard_error():
    values = np.random.default_rng(2).normal(size=25)
    mean = clustered_mean(values, np.arange(25))
    assert mean.std_error == pytest.approx(values.std(ddof=1) / 5)
    assert mean.df == 24


def test_sessions_of_a_patient_that_repeat_each_other_count_once():
    values = np.random.default_rng(2).normal(size=25)
    once = clustered_mean(values, np.arange(25))
    thrice = clustered_mean(np.repeat(values, 3), np.repeat(np.arange(25), 3))
    assert thrice.std_error == pytest.approx(once.std_error)


@pytest.mark.parametrize(("side", "limit"), [(-1, -0.5), (1, 0.8), (-1, -9.0), (1, 12.0)])
def test_draws_beyond_a_limit_are_those_of_a_truncated_normal(side, limit):
    draws = beyond_limit(np.random.default_rng(1), np.zeros(20_000), 1.0, np.full(20_000, limit), np.full(20_000, side))
    assert (side * (draws - limit) >= 0).all()
    low, high = (-np.inf, limit) if side < 0 else (limit, np.inf)
    mean, variance = truncnorm.stats(low, high, moments="mv")
    assert draws.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / 20_000))


def long_form(logs, patient):
    sessions = np.arange(len(logs))
    occasion = np.array(["pre", "post"] * len(logs), dtype=object)
    return (logs.ravel(), occasion, np.repeat(patient, 2).astype(str), np.repeat(sessions, 2).astype(str))


def test_imputations_lie_beyond_their_limits_keep_what_was_measured_and_recover_the_shift():
    logs, patient = simulated_pairs(patients=60)
    limit = np.quantile(logs, 0.25)
    side = np.where(logs < limit, -1, 0)
    values, occasion, who, session = long_form(np.where(side < 0, limit, logs), patient)
    completed = impute(CensoredSamples(values, side.ravel(), occasion, who, session), draws=20, seed=3)
    hidden = side.ravel() < 0
    assert (completed[:, hidden] <= limit).all()
    assert (completed[:, ~hidden] == values[~hidden]).all()
    joined = joined_by_rubin([clustered_mean(draw[1::2] - draw[::2], patient) for draw in completed])
    full = clustered_mean(logs[:, 1] - logs[:, 0], patient)
    assert joined.estimate == pytest.approx(full.estimate, abs=0.06)
    assert full.std_error * 0.9 < joined.std_error < full.std_error * 1.6
    assert joined.df < full.df
    assert (impute(CensoredSamples(values, side.ravel(), occasion, who, session), 20, 3) == completed).all()


def test_rubins_rules_by_hand():
    # m = 3; Ū = 1, B = 1, T = 1 + 4/3 = 7/3; λ = 4/7; ν_old = 2/λ² = 6.125; ν_obs = (21/23)·20·3/7.
    joined = joined_by_rubin([MeanChange(e, 1.0, 20.0, 30, 21) for e in (1.0, 2.0, 3.0)])
    assert joined.estimate == 2
    assert joined.std_error == pytest.approx(np.sqrt(7 / 3))
    observed = 21 / 23 * 20 * 3 / 7
    assert joined.df == pytest.approx(1 / (1 / 6.125 + 1 / observed))
    same = joined_by_rubin([MeanChange(1.0, 1.0, 20.0, 30, 21)] * 20)
    assert same.df == pytest.approx(21 / 23 * 20)


def concentrations(logs, patient, limit):
    rows = []
    for number, (pair, who) in enumerate(zip(logs, patient, strict=True)):
        for occasion, log in zip(("pre", "post"), pair, strict=True):
            below = log < limit
            rows.append(
                {"sample": f"{who}_{number}_{occasion}", "patient": str(who), "role": "patient", "session": number,
                 "occasion": occasion, "analyte": "oxytocin", "run": "R1", "concentration": np.exp(log),
                 "value": np.exp(limit) / np.sqrt(2) if below else np.exp(log), "lod": np.exp(limit), "uloq": np.nan,
                 "censored": "below" if below else None, "used": True}
            )  # fmt: skip
    return pd.DataFrame(rows).assign(censored=lambda frame: frame["censored"].astype("string"))


def test_every_treatment_stands_in_the_table_and_the_plans_is_primary():
    logs, patient = simulated_pairs(patients=30, seed=4)
    table, draws = limit_sensitivity(concentrations(logs, patient, np.quantile(logs, 0.2)), AssaySettings())
    assay.LIMIT_SENSITIVITY.conform(table)
    ways = {"lod/sqrt2", "lod/2", "missing", "multiple imputation"}
    assert set(table.loc[table["scale"] == "difference", "method"]) == ways
    assert set(table.loc[table["scale"] == "log-ratio", "method"]) == ways | {"censored likelihood"}
    assert table.loc[table["primary"], "method"].unique().tolist() == ["lod/sqrt2"]
    assert table.loc[table["method"] == "lod/2", "note"].str.contains("are substituted").all()
    assert len(draws) == 20 * table["n_censored"].iloc[0]
    assert (draws["value"] > 0).all()
    by_way = table[table["scale"] == "log-ratio"].set_index("method")["estimate"]
    truth = (logs[:, 1] - logs[:, 0]).mean()
    assert abs(by_way["censored likelihood"] - truth) < 0.1
    assert abs(by_way["multiple imputation"] - truth) < 0.1


def test_without_censored_values_there_is_one_row_a_scale_and_no_draw():
    logs, patient = simulated_pairs(patients=10)
    table, draws = limit_sensitivity(concentrations(logs, patient, -99.0), AssaySettings())
    assert table["scale"].tolist() == ["difference", "log-ratio"]
    assert draws.empty
    assert table["estimate"].iloc[1] == pytest.approx((logs[:, 1] - logs[:, 0]).mean())


def test_too_few_values_to_impute_are_named_not_guessed():
    logs, patient = simulated_pairs(patients=2, sessions=2)
    table, draws = limit_sensitivity(concentrations(logs, patient, np.quantile(logs, 0.5)), AssaySettings())
    row = table[(table["method"] == "multiple imputation")].iloc[0]
    assert np.isnan(row["estimate"])
    assert "too few to impute" in row["note"]
    assert draws.empty


def test_bivariate_probability_at_independence_is_the_product():
    np.testing.assert_allclose(
        bivariate_normal_below(np.array([0.3]), np.array([-1.1]), 0.0), norm.cdf(0.3) * norm.cdf(-1.1), rtol=1e-12
    )
