"""Values beyond a limit: likelihood, imputation and their joint table; each against what is known of it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm, truncnorm

from ruptureflow.assay import AssayError
from ruptureflow.assay.beyond_limit import cohorts, draw_rows, imputed_change_rows, with_treatment
from ruptureflow.assay.censored_change import CensoredPairs, bivariate_normal_below, fit_censored_change
from ruptureflow.assay.clustered_mean import MeanChange, clustered_mean
from ruptureflow.assay.imputation import (
    CensoredSamples,
    _cut_means,
    beyond_limit,
    expected_values,
    impute,
    joined_by_rubin,
)
from ruptureflow.assay.limit_sensitivity import limit_sensitivity
from ruptureflow.assay.pairing import change_rows
from ruptureflow.assay.samples import GRADIENTS
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
    by_likelihood = fit_censored_change(CensoredPairs(logs, np.zeros(logs.shape, dtype=int), patient)).log_ratio()
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
    found = fit_censored_change(CensoredPairs(censored, side, patient)).log_ratio()
    substituted = np.where(side < 0, limit - np.log(np.sqrt(2)), logs)
    bias = abs((substituted[:, 1] - substituted[:, 0]).mean() - full.mean())
    assert abs(found.estimate - full.mean()) < 0.03
    assert bias > 2 * abs(found.estimate - full.mean())
    assert found.std_error > clustered_mean(full, patient).std_error, "what is not seen is not known as well"


def test_values_above_their_limit_mirror_values_below():
    logs, patient = simulated_pairs(patients=40)
    limit = np.quantile(logs, 0.25)
    side = np.where(logs < limit, -1, 0)
    below = fit_censored_change(CensoredPairs(np.where(side < 0, limit, logs), side, patient)).log_ratio()
    above = fit_censored_change(CensoredPairs(-np.where(side < 0, limit, logs), -side, patient)).log_ratio()
    assert above.estimate == pytest.approx(-below.estimate, abs=1e-6)
    assert above.std_error == pytest.approx(below.std_error, rel=1e-4)


def test_a_likelihood_without_measured_pairs_is_refused():
    logs, patient = simulated_pairs(patients=2, sessions=2)
    with pytest.raises(AssayError, match="fewer than three measured pairs"):
        fit_censored_change(CensoredPairs(logs, np.full(logs.shape, -1), patient))


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
                 "value": np.exp(log), "lod": np.exp(limit), "uloq": np.nan, "unit": "pg/mL", "matrix": "saliva",
                 "censored": "below" if below else None, "used": True, "flags": "below lod" if below else None,
                 "replicate_std_error": 0.1, "recovery_std_error": 0.0, **dict.fromkeys(GRADIENTS, 0.0)}
            )  # fmt: skip
    return pd.DataFrame(rows).assign(censored=lambda frame: frame["censored"].astype("string"))


def treated(frame, **settings):
    """Every table that depends on the treatment of values beyond a limit, by name."""
    plan = AssaySettings(**settings)
    groups = cohorts(frame, plan)
    filled = with_treatment(frame, groups, plan)
    changes = change_rows(filled, {}, plan)
    return {
        "concentrations": filled,
        "changes": changes,
        "sensitivity": limit_sensitivity(groups, plan),
        "draws": draw_rows(filled, groups),
        "imputed_changes": imputed_change_rows(changes, groups, plan),
    }


PRIMARIES = ["lod/sqrt2", "lod/2", "missing", "censored likelihood", "multiple imputation"]


@pytest.mark.parametrize("primary", PRIMARIES)
def test_every_treatment_stands_in_the_table_and_the_plans_is_primary(primary):
    logs, patient = simulated_pairs(patients=30, seed=4)
    found = treated(concentrations(logs, patient, np.quantile(logs, 0.2)), below_limit=primary)
    table, draws = found["sensitivity"], found["draws"]
    assay.LIMIT_SENSITIVITY.conform(table)
    for scale in ("difference", "log-ratio"):
        assert set(table.loc[table["scale"] == scale, "method"]) == set(PRIMARIES)
    assert table.loc[table["primary"], "method"].tolist() == [primary, primary]
    assert table.loc[table["method"] == "lod/2", "note"].str.contains("are substituted").all()
    assert len(draws) == 20 * table["n_censored"].iloc[0]
    assert (draws["value"] > 0).all()
    by_way = table[table["scale"] == "log-ratio"].set_index("method")["estimate"]
    truth = (logs[:, 1] - logs[:, 0]).mean()
    assert abs(by_way["censored likelihood"] - truth) < 0.1
    assert abs(by_way["multiple imputation"] - truth) < 0.1
    raw = table[table["scale"] == "difference"].set_index("method")["estimate"]
    raw_truth = (np.exp(logs[:, 1]) - np.exp(logs[:, 0])).mean()
    assert abs(raw["censored likelihood"] - raw_truth) < 0.12 * abs(raw_truth) + 0.1


@pytest.mark.parametrize("primary", ["lod/sqrt2", "lod/2", "missing", "multiple imputation"])
def test_the_primary_row_is_the_mean_of_the_changes_that_models_use(primary):
    logs, patient = simulated_pairs(patients=20, seed=8)
    frame = concentrations(logs, patient, np.quantile(logs, 0.25))
    # Two sessions across runs: not used, and not in the table either. One value above its limit, read nonetheless.
    frame.loc[[0, 6], "run"] = "R2"
    frame.loc[3, ["censored", "uloq"]] = ["above", frame.loc[3, "concentration"] * 0.9]
    found = treated(frame, below_limit=primary)
    used = found["changes"][found["changes"]["used"].fillna(False)]
    rows = found["sensitivity"].set_index(["scale", "method"])
    for scale, column in (("difference", "change"), ("log-ratio", "log_ratio")):
        assert rows.loc[(scale, primary), "estimate"] == pytest.approx(used[column].mean(), rel=1e-12)
        assert rows.loc[(scale, primary), "n_changes"] == len(used)


def test_imputed_changes_hold_every_draw_of_every_used_change_with_an_imputed_sample_and_nothing_else():
    logs, patient = simulated_pairs(patients=20, seed=8)
    limit = np.quantile(logs, 0.25)
    frame = concentrations(logs, patient, limit)
    found = treated(frame, below_limit="multiple imputation")
    rows, changes = found["imputed_changes"], found["changes"]
    assay.IMPUTED_CHANGES.conform(rows)
    hidden = (logs < limit).any(axis=1)
    assert len(rows) == 20 * hidden.sum()
    assert set(rows["draw"]) == set(range(1, 21))
    assert set(rows["session"]) == set(np.flatnonzero(hidden))
    means = rows.groupby("session")[["pre", "post", "change", "log_ratio"]].mean()
    own = changes.set_index("session").loc[means.index]
    for column in means:
        np.testing.assert_allclose(own[column], means[column], rtol=1e-10)
    assert own["treatment"].eq("mean of imputations").all()
    assert changes.set_index("session")["treatment"].drop(means.index).isna().all()
    for other in ("lod/2", "censored likelihood"):
        assert treated(frame, below_limit=other)["imputed_changes"].empty


def test_expectations_given_the_limit_are_those_of_long_imputation_and_scatter_less_than_values():
    logs, patient = simulated_pairs(patients=25, seed=2)
    limit = np.quantile(logs, 0.3)
    side = np.where(logs < limit, -1, 0)
    values, occasion, who, session = long_form(np.where(side < 0, limit, logs), patient)
    samples = CensoredSamples(values, side.ravel(), occasion, who, session)
    log, value = expected_values(samples, seed=5)
    hidden = side.ravel() < 0
    draws = impute(samples, draws=600, seed=9)[:, hidden]
    np.testing.assert_allclose(log[hidden], draws.mean(axis=0), atol=0.12)
    np.testing.assert_allclose(value[hidden], np.exp(draws).mean(axis=0), rtol=0.12)
    assert (log[hidden] < limit).all()
    assert (log[~hidden] == values[~hidden]).all()
    assert log[hidden].std() < 0.8 * draws.std()


@pytest.mark.parametrize("side", [-1, 1])
def test_the_mean_of_a_cut_normal_is_scipys_on_both_scales(side):
    mean, sd, limit = np.array([-1.0, 0.2, 4.0]), 0.7, np.array([0.1, 0.1, 0.1])
    log, value = _cut_means(mean, sd, limit, np.full(3, side))
    for k in range(3):
        ends = (-np.inf, (limit[k] - mean[k]) / sd) if side < 0 else ((limit[k] - mean[k]) / sd, np.inf)
        law = truncnorm(*ends, loc=mean[k], scale=sd)
        y = np.linspace(max(law.ppf(0), mean[k] - 9 * sd), min(law.ppf(1), mean[k] + 9 * sd), 200_001)
        assert log[k] == pytest.approx(law.mean(), rel=1e-6)
        assert value[k] == pytest.approx(np.trapezoid(np.exp(y) * law.pdf(y), y), rel=1e-6)


def test_a_predictor_of_the_change_is_found_although_a_third_is_censored():
    rng = np.random.default_rng(12)
    patient = np.repeat(np.arange(150), 4)
    x = rng.normal(50, 10, patient.size)
    before = 1 + 0.5 * rng.normal(size=150)[patient] + 0.4 * rng.normal(size=patient.size)
    logs = np.column_stack([before, before + 0.3 + 0.02 * (x - 50) + 0.4 * rng.normal(size=patient.size)])
    limit = np.quantile(logs, 0.3)
    side = np.where(logs < limit, -1, 0)
    table = fit_censored_change(CensoredPairs(np.where(side < 0, limit, logs), side, patient), {"x": x})
    slope = table.change_coefficients().set_index("term").loc["x"]
    assert slope["estimate"] == pytest.approx(0.02, abs=0.004)
    assert slope["ci_low"] < 0.02 < slope["ci_high"]
    assert slope["df"] == 148
    # Substitution flattens it.
    low = np.where(side < 0, limit - np.log(np.sqrt(2)), logs)
    assert np.polyfit(x, low[:, 1] - low[:, 0], 1)[0] < 0.9 * slope["estimate"]


def test_without_censoring_a_predictors_coefficient_is_that_of_least_squares():
    logs, patient = simulated_pairs(patients=40)
    x = np.random.default_rng(1).normal(size=len(logs))
    nothing = np.zeros(logs.shape, dtype=int)
    found = fit_censored_change(CensoredPairs(logs, nothing, patient), {"x": x}).change_coefficients()
    slope, intercept = np.polyfit(x, logs[:, 1] - logs[:, 0], 1)
    np.testing.assert_allclose(found["estimate"], [intercept, slope], atol=1e-6)


@pytest.mark.parametrize(
    ("predictors", "words"),
    [
        ({"x": np.ones(40)}, "do not differ"),
        ({"x": np.arange(3.0)}, "3 values for 40 pairs"),
        ({"x": np.r_[np.nan, np.arange(39.0)]}, "no value in 1 pairs"),
    ],
)
def test_a_predictor_that_cannot_be_used_is_named(predictors, words):
    logs, patient = simulated_pairs(patients=10)
    with pytest.raises(AssayError, match=words):
        fit_censored_change(CensoredPairs(logs, np.zeros(logs.shape, dtype=int), patient), predictors)


@pytest.mark.parametrize("primary", PRIMARIES)
def test_without_censored_values_there_is_one_row_a_scale_and_no_draw(primary):
    logs, patient = simulated_pairs(patients=10)
    found = treated(concentrations(logs, patient, -99.0), below_limit=primary)
    table = found["sensitivity"]
    assert table["scale"].tolist() == ["difference", "log-ratio"]
    assert table["primary"].all()
    assert found["draws"].empty
    assert found["imputed_changes"].empty
    assert table["estimate"].iloc[1] == pytest.approx((logs[:, 1] - logs[:, 0]).mean())


def test_too_few_values_to_impute_are_named_not_guessed():
    logs, patient = simulated_pairs(patients=2, sessions=2)
    found = treated(concentrations(logs, patient, np.quantile(logs, 0.5)), below_limit="multiple imputation")
    row = found["sensitivity"].query("method == 'multiple imputation'").iloc[0]
    assert np.isnan(row["estimate"])
    assert "too few to impute" in row["note"]
    assert found["draws"].empty
    hidden = found["concentrations"]["censored"].notna()
    assert found["concentrations"].loc[hidden, "value"].isna().all()
    assert found["concentrations"].loc[hidden, "treatment"].eq("missing").all()
    assert not found["concentrations"].loc[hidden, "used"].any()


def test_bivariate_probability_at_independence_is_the_product():
    np.testing.assert_allclose(
        bivariate_normal_below(np.array([0.3]), np.array([-1.1]), 0.0), norm.cdf(0.3) * norm.cdf(-1.1), rtol=1e-12
    )
