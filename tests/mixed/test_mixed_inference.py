"""Degrees of freedom, tests, boundary rules and everything read off a fit."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ruptureflow.mixed import (
    ModelError,
    bootstrap_test,
    cluster_bootstrap,
    fit_arrays,
    fit_mixed,
    likelihood_ratio,
    parametric_bootstrap,
)

FORMULA = "bond ~ time + ot_within + ot_between"
COLUMNS = ["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]


@pytest.fixture
def fit(sessions):
    return fit_mixed(FORMULA, sessions, groups="patient")


@pytest.fixture
def singular(sessions):
    generator = np.random.Generator(np.random.PCG64(1))
    y = generator.standard_normal(len(sessions))
    y -= pd.Series(y).groupby(sessions["patient"]).transform("mean")
    return fit_mixed(FORMULA, sessions.assign(bond=y), groups="patient")


def test_the_table_has_the_fixed_columns_and_t_intervals(fit):
    table = fit.fixed_effects(df="satterthwaite", level=0.9)
    assert table.columns.tolist() == COLUMNS
    assert table["term"].tolist() == ["Intercept", "time", "ot_within", "ot_between"]
    half = stats.t.ppf(0.95, table["df"]) * table["std_error"]
    assert table["ci_low"].to_numpy() == pytest.approx((table["estimate"] - half).to_numpy())
    assert table["p_value"].to_numpy() == pytest.approx(2 * stats.t.sf(abs(table["statistic"]), table["df"]))
    normal = fit.fixed_effects(df="normal")
    assert np.isinf(normal["df"]).all()
    assert normal["p_value"].to_numpy() == pytest.approx(2 * stats.norm.sf(abs(normal["statistic"])))


def test_counted_df_of_the_2018_design_are_those_of_sas(fit, sessions):
    assert fit.fixed_effects(df="residual")["df"].tolist() == [82] * 4
    assert fit.fixed_effects(df="between-within")["df"].tolist() == [20, 62, 62, 20]
    assert fit.fixed_effects(df="containment")["df"].tolist() == [21, 62, 62, 62]
    assert fit.fixed_effects(df="containment")["note"].tolist()[3] != ""
    only = fit_mixed("bond ~ 1", sessions, groups="patient")
    assert only.fixed_effects(df="containment")["df"].tolist() == [21]
    slope = fit_mixed(FORMULA, sessions, groups="patient", random="1 + time")
    assert slope.fixed_effects(df="containment")["df"].tolist() == [21, 21, 41, 41]


def test_between_within_df_of_nested_groups_count_the_units_at_the_level_of_each_term(sessions):
    sessions["therapist"] = sessions["patient"] // 4
    sessions["school"] = (sessions["therapist"] % 2).map({0: "x", 1: "y"})
    fit = fit_mixed("bond ~ school + ot_between + time", sessions, groups=["therapist", "patient"])
    assert fit.fixed_effects(df="between-within")["df"].tolist() == [6 - 2, 6 - 2, 22 - 6 - 1, 86 - 22 - 1]


def test_a_single_row_f_test_is_the_square_of_t(fit):
    for df in ("kenward-roger", "satterthwaite", "containment", "between-within", "residual", "normal"):
        row = fit.fixed_effects(df=df).iloc[2]
        joint = fit.test(["ot_within"], df=df)
        assert joint.columns.tolist() == ["statistic", "df_num", "df_den", "p_value"]
        assert joint["statistic"][0] == pytest.approx(row["statistic"] ** 2, rel=1e-9)
        assert joint["df_den"][0] == pytest.approx(row["df"], rel=1e-8)
        assert joint["p_value"][0] == pytest.approx(row["p_value"], rel=1e-7)


def test_redundant_rows_of_a_hypothesis_do_not_count(fit):
    once = fit.test(["time", "ot_within"])
    thrice = fit.test(np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0]]))
    assert thrice["df_num"][0] == 2
    assert thrice["statistic"][0] == pytest.approx(once["statistic"][0])


def test_satterthwaite_at_zero_variance_gives_n_minus_p(singular):
    assert singular.status.singular
    assert singular.status.at_zero == ("patient: Intercept",)
    assert singular.fixed_effects(df="satterthwaite")["df"].to_numpy() == pytest.approx([82.0] * 4, rel=1e-9)


def test_the_boundary_rule_is_named_and_between_within_df_stand_beside(singular, sessions):
    assert "pbkrtest" in singular.status.boundary_rule
    table = singular.fixed_effects()
    assert table["df_between_within"].tolist()[0] == 20
    assert table["df_between_within"].isna().tolist() == [False, True, True, False]
    assert table["df"][3] < 30
    sas = fit_mixed(FORMULA, sessions.assign(bond=singular.design.outcome), groups="patient", boundary="sas")
    assert sas.fixed_effects()["df"].to_numpy() == pytest.approx([82.0] * 4, rel=1e-9)
    assert "SAS" in sas.status.boundary_rule


def test_unconstrained_fits_reach_the_negative_anova_estimate():
    generator = np.random.Generator(np.random.PCG64(2))
    y = generator.standard_normal((15, 5))
    y -= 0.8 * y.mean(axis=1, keepdims=True)
    fit = fit_arrays(y.ravel(), np.ones((75, 1)), np.repeat(np.arange(15), 5), boundary="unconstrained")
    within, between = y.var(axis=1, ddof=1).mean(), 5 * y.mean(axis=1).var(ddof=1)
    assert fit.random_covariance["group"].iloc[0, 0] == pytest.approx((between - within) / 5, rel=1e-8)
    assert fit.fixed_effects(df="satterthwaite")["df"][0] == pytest.approx(14, rel=1e-8)


def test_a_correlation_at_one_is_named(sessions):
    generator = np.random.Generator(np.random.PCG64(3))
    u = generator.standard_normal(22)[sessions["patient"]]
    y = u * (1 + 0.5 * sessions["time"]) + 0.3 * generator.standard_normal(len(sessions))
    fit = fit_mixed("bond ~ time", sessions.assign(bond=y), groups="patient", random="1 + time")
    if fit.status.singular:
        assert fit.status.at_one == ("patient: Intercept ~ time",)
    assert fit.status.converged


def test_a_variance_component_is_tested_with_the_mixture(sessions):
    small = fit_mixed(FORMULA, sessions, groups="patient")
    large = fit_mixed(FORMULA, sessions, groups="patient", random="1 + time")
    result = likelihood_ratio(small, large)
    statistic = 2 * (large.log_likelihood - small.log_likelihood)
    assert result["reference"][0] == "50:50 chi2(1), chi2(2)"
    expected = 0.5 * stats.chi2.sf(max(statistic, 0), 1) + 0.5 * stats.chi2.sf(max(statistic, 0), 2)
    assert result["p_value"][0] == pytest.approx(expected)


def test_leaving_a_patient_out_equals_fitting_the_others(fit, sessions):
    table = fit.influence()
    assert len(table) == 22 * 4
    for patient in (0, 13):
        rest = fit_mixed(FORMULA, sessions[sessions["patient"] != patient], groups="patient").fixed_effects()
        ours = table[table["group"] == patient].reset_index(drop=True)
        for column in ("estimate", "std_error", "df", "p_value"):
            assert ours[column].to_numpy() == pytest.approx(rest[column].to_numpy(), rel=1e-6)
    move = fit.coefficients.to_numpy() - table[table["group"] == 3]["estimate"].to_numpy()
    cook = move @ np.linalg.solve(fit.covariance.to_numpy(), move) / 4
    assert table[table["group"] == 3]["cook_distance"].iloc[0] == pytest.approx(cook, rel=1e-7)


def test_influence_works_for_nested_and_structured_models(sessions):
    sessions["therapist"] = sessions["patient"] // 4
    nested = fit_mixed("bond ~ time", sessions, groups=["therapist", "patient"])
    rest = fit_mixed("bond ~ time", sessions[sessions["therapist"] != 2], groups=["therapist", "patient"])
    ours = nested.influence(df="normal")
    assert ours[ours["group"] == 2]["estimate"].to_numpy() == pytest.approx(rest.coefficients.to_numpy(), rel=1e-6)
    ar = fit_mixed("bond ~ time", sessions, groups="patient", residual="ar1(session)")
    rest = fit_mixed("bond ~ time", sessions[sessions["patient"] != 5], groups="patient", residual="ar1(session)")
    ours = ar.influence()
    assert ours[ours["group"] == 5]["estimate"].to_numpy() == pytest.approx(rest.coefficients.to_numpy(), rel=1e-5)


def test_the_same_seed_gives_the_same_draws_and_the_first_do_not_depend_on_how_many(fit):
    a, b = parametric_bootstrap(fit, draws=700, seed=5), parametric_bootstrap(fit, draws=1_200, seed=5)
    pd.testing.assert_frame_equal(a, b.iloc[:700])
    assert not np.allclose(a["time"], parametric_bootstrap(fit, draws=700, seed=6)["time"])
    assert [*fit.terms, "var[patient: Intercept]", "residual_variance", "singular"] == a.columns.tolist()


def test_bootstrap_refits_are_ordinary_fits(fit):
    from ruptureflow.mixed.bootstrap import refit_noise
    from ruptureflow.mixed.simulation import noise

    for random in ("1", "1 + time"):
        model = fit_mixed(FORMULA, fit.design.frame, groups="patient", random=random)
        values = noise(model.estimate, np.random.Generator(np.random.PCG64(1)), 6)
        draws = refit_noise(model.estimate, values)
        for j in range(6):
            y = model.design.fixed.values @ model.estimate.coefficients + model.estimate.scaled.unit * values[:, j]
            own = fit_mixed(FORMULA, model.design.frame.assign(bond=y), groups="patient", random=random)
            assert draws.coefficients[j] + model.estimate.coefficients == pytest.approx(
                own.coefficients.to_numpy(), abs=1e-6
            )
            assert draws.variances[j][-1] == pytest.approx(own.residual_variance, rel=1e-6)
            assert draws.deviance[j] == pytest.approx(-2 * own.log_likelihood, rel=1e-9)


def test_the_parametric_bootstrap_is_centred_and_as_wide_as_the_standard_errors(fit):
    draws = parametric_bootstrap(fit, draws=4_000, seed=2)
    table = fit.fixed_effects(df="normal").set_index("term")
    for term in fit.terms:
        assert draws[term].mean() == pytest.approx(
            table.loc[term, "estimate"], abs=4 * table.loc[term, "std_error"] / 60
        )
        assert draws[term].std() == pytest.approx(table.loc[term, "std_error"], rel=0.06)


def test_cluster_bootstrap_and_bootstrap_test_are_reproducible(fit):
    a, b = cluster_bootstrap(fit, draws=20, seed=3), cluster_bootstrap(fit, draws=20, seed=3)
    pd.testing.assert_frame_equal(a, b)
    one = bootstrap_test(fit, ["ot_within"], draws=400, seed=3)
    assert one["p_value"][0] == bootstrap_test(fit, ["ot_within"], draws=400, seed=3)["p_value"][0]
    expected = fit.fixed_effects()["p_value"][2]
    assert one["p_value"][0] == pytest.approx(expected, abs=0.06)


def test_profile_intervals_end_where_the_deviance_has_risen_by_the_quantile(fit, sessions):
    row = fit.profile_intervals().set_index("term").loc["ot_within"]
    ml = fit.refit("ml")
    held = sessions.assign(bond=sessions["bond"] - row["ci_high"] * sessions["ot_within"])
    at_end = fit_mixed("bond ~ time + ot_between", held, groups="patient", method="ml")
    assert 2 * (ml.log_likelihood - at_end.log_likelihood) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)


def test_profile_of_a_variance_at_zero_starts_at_zero(singular):
    table = singular.profile_intervals().set_index("term")
    assert table.loc["sd[patient: Intercept]", "ci_low"] == 0.0
    assert table.loc["sd[patient: Intercept]", "ci_high"] > 0.1


def test_means_and_contrasts_are_linear_combinations_of_the_fixed_effects(sessions):
    fit = fit_mixed("bond ~ role * time", sessions, groups="patient")
    means = fit.means("role", at={"time": [0.0, 3.0]})
    assert len(means) == 4
    b = fit.coefficients
    chosen = means[(means["role"] == "therapist") & (means["time"] == 3.0)]["estimate"].iloc[0]
    expected = b["Intercept"] + b["role[T.therapist]"] + 3 * b["time"] + 3 * b["role[T.therapist]:time"]
    assert chosen == pytest.approx(expected)
    pair = fit.pairwise("role", at={"time": [0.0]})
    assert pair["estimate"][0] == pytest.approx(-b["role[T.therapist]"])
    assert pair["p_value"][0] == pytest.approx(
        fit.fixed_effects().set_index("term").loc["role[T.therapist]", "p_value"]
    )


def test_whole_terms_of_the_formula_can_be_tested(sessions):
    sessions["arm"] = pd.Categorical(
        np.array(["a", "b", "c"])[sessions["patient"] % 3], categories=["a", "b", "c", "unused"]
    )
    fit = fit_mixed("bond ~ arm + time", sessions, groups="patient")
    assert fit.terms == ("Intercept", "arm[T.b]", "arm[T.c]", "time")
    assert fit.test(["arm"])["df_num"][0] == 2
    assert fit.test(["arm"])["statistic"][0] == pytest.approx(fit.test(["arm[T.b]", "arm[T.c]"])["statistic"][0])


def test_fitted_values_residuals_predictions_and_shares_add_up(fit, sessions):
    assert (fit.fitted_values() + fit.residuals()).to_numpy() == pytest.approx(sessions["bond"].to_numpy())
    assert fit.predict(sessions).to_numpy() == pytest.approx(fit.fitted_values(random=False).to_numpy())
    g, s2 = fit.random_covariance["patient"].iloc[0, 0], fit.residual_variance
    assert fit.icc["patient"] == pytest.approx(g / (g + s2))
    f = fit.fitted_values(random=False).var()
    assert fit.r_squared.tolist() == pytest.approx([f / (f + g + s2), (f + g) / (f + g + s2)])


def test_predictions_of_known_groups_are_the_fitted_values(sessions):
    sessions["therapist"] = "T" + (sessions["patient"] // 4).astype(str)
    sessions["number"] = sessions["patient"] % 4
    for kw in (
        {"groups": "patient", "random": "1 + time"},
        {"groups": ["therapist", "number"]},
        {"groups": {"patient": "1", "session": "1"}},
        {"groups": {"session": "1", "patient": "1 + time", "role": "1"}},
        {"groups": "patient", "random": "0 + role"},
    ):
        model = fit_mixed("bond ~ time + role", sessions, **kw)
        assert model.predict(sessions, random=True).to_numpy() == pytest.approx(model.fitted_values().to_numpy())
    strangers = sessions.assign(patient=99)
    model = fit_mixed("bond ~ time", sessions, groups="patient")
    assert model.predict(strangers, random=True).to_numpy() == pytest.approx(model.predict(strangers).to_numpy())


def test_blups_carry_lme4s_and_sass_standard_errors(fit, sessions):
    table = fit.random_effects["patient"].set_index("group")
    g, s2 = fit.random_covariance["patient"].iloc[0, 0], fit.residual_variance
    counts = sessions["patient"].value_counts()
    assert table.loc[3, "conditional_sd"] == pytest.approx(np.sqrt(g * s2 / (s2 + counts[3] * g)))
    assert (table["std_error"] > table["conditional_sd"]).all()


def test_nested_labels_may_repeat_under_different_outer_units(sessions):
    sessions["therapist"] = sessions["patient"] // 4
    sessions["within"] = sessions["patient"] % 4
    a = fit_mixed("bond ~ time", sessions, groups=["therapist", "within"])
    b = fit_mixed("bond ~ time", sessions, groups=["therapist", "patient"])
    assert a.n_groups == {"therapist": 6, "within": 22}
    assert a.log_likelihood == pytest.approx(b.log_likelihood)


def test_the_summary_names_model_verdict_and_method(fit):
    assert "22 patient" in repr(fit)
    text = fit.summary()
    assert "converged" in text
    assert "kenward-roger" in text
    assert "ot_between" in text
    assert "satterthwaite" in fit.refit("ml").summary()


def test_the_two_partners_of_a_session_may_lack_one(sessions):
    fit = fit_mixed("bond ~ 0 + role", sessions.assign(occasion=sessions["session"] // 9), groups="patient",
                    residual="unstructured(role | occasion)")  # fmt: skip
    assert fit.status.converged
    assert set(fit.residual_parameters) == {
        "variance[patient]", "variance[therapist]", "correlation[patient, therapist]",
    }  # fmt: skip
    assert fit.terms == ("role[patient]", "role[therapist]")


def test_a_meta_analysis_with_two_levels_is_fast_and_right():
    generator = np.random.Generator(np.random.PCG64(9))
    data = pd.DataFrame({"study": np.repeat(np.arange(500), 2), "effect": np.arange(1000)})
    data["vi"] = generator.uniform(0.01, 0.1, 1000)
    data["yi"] = (
        0.3 + 0.3 * generator.standard_normal(500)[data["study"]] + 0.2 * generator.standard_normal(1000)
        + np.sqrt(data["vi"]) * generator.standard_normal(1000)
    )  # fmt: skip
    fit = fit_mixed("yi ~ 1", data, groups=["study", "effect"], sampling_variance="vi")
    same = data["study"].to_numpy()[:, None] == data["study"].to_numpy()[None]
    g1, g2 = (fit.random_covariance[name].iloc[0, 0] for name in ("study", "effect"))
    v = g1 * same + np.diag(g2 + data["vi"])
    weight = np.linalg.solve(v, np.ones(1000))
    assert fit.coefficients["Intercept"] == pytest.approx(weight @ data["yi"] / weight.sum())
    assert fit.fixed_effects(df="normal")["std_error"][0] == pytest.approx(weight.sum() ** -0.5)
    assert fit.status.gradient_norm < 1e-6


def test_importing_the_engine_does_not_import_slow_packages():
    code = (
        "import sys, ruptureflow.mixed; "
        "slow = [m for m in ('scipy.stats', 'statsmodels', 'formulaic', 'matplotlib') if m in sys.modules]; "
        "others = sorted({m.split('.')[1] for m in sys.modules if m.startswith('ruptureflow.')} - {'mixed'}); "
        "print(slow, others)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_two_levels_give_the_same_sums_with_and_without_dense_blocks(sessions):
    from dataclasses import replace

    sessions["therapist"] = sessions["patient"] // 11
    calls = [
        {"groups": ["therapist", "patient"], "random": random}
        for random in (["1", "1"], ["1", "1 + time"], ["1 + time", "1 + time"])
    ]
    calls += [
        {"groups": groups} for groups in ({"session": "1", "patient": "1 + time"}, {"patient": "1", "session": "1"})
    ]
    calls += [{"groups": {"patient": "1 + time", "role": "1 + time"}}]
    calls += [
        {"groups": {"session": "1", "patient": inner, "role": outer}}
        for inner, outer in (("1", "1"), ("1 + time", "1 + ot_within"))
    ]
    calls += [{"groups": {"patient": "1 + time", "session": "1", "role": "1"}}]
    for call in calls:
        fit = fit_mixed(FORMULA, sessions, **call)
        likelihood = fit.estimate.likelihood
        dense = replace(likelihood, batches=tuple(likelihood.batches))
        psis = [f @ f.T + 0.1 * np.eye(len(f)) for f in likelihood.factors(fit.estimate.theta)]
        one, two = likelihood.moments(psis), dense.moments(psis)
        for name in (
            "rss",
            "log_det_v",
            "log_det_x",
            "trace",
            "traces",
            "first",
            "second_fixed",
            "second_data",
            "second",
        ):
            assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("random", ["1", "1 + time"])
def test_containment_counts_the_rank_of_the_whole_design(sessions, random):
    sessions["therapist"] = sessions["patient"] // 11
    fit = fit_mixed(FORMULA, sessions, groups=["therapist", "patient"], random=["1", random])
    x = np.column_stack([np.ones(86), sessions[["time", "ot_within", "ot_between"]]])
    patient = pd.get_dummies(sessions["patient"]).to_numpy(dtype=float)
    parts = [x, patient] + ([patient * sessions[["time"]].to_numpy()] if "time" in random else [])
    df = fit.fixed_effects(df="containment")["df"].tolist()
    left = 86 - np.linalg.matrix_rank(np.column_stack(parts))
    without = 86 - np.linalg.matrix_rank(np.column_stack(parts[:2]))
    assert df == [1, without - left if "time" in random else left, left, left]


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize("random", ["1", "1 + time", "1 + time + ot_within"])
@pytest.mark.parametrize("known", [False, True])
def test_newtons_short_sums_are_those_of_the_moments(sessions, method, random, known):
    from ruptureflow.mixed.likelihood import chain
    from ruptureflow.mixed.moments import profile_derivatives, scoring_step

    sessions["vi"] = 0.3 + 0.01 * np.arange(len(sessions))
    call = {"sampling_variance": "vi"} if known else {}
    estimate = fit_mixed(FORMULA, sessions, groups="patient", random=random, method=method, **call).estimate
    likelihood = estimate.likelihood
    theta = estimate.theta + np.linspace(0.1, 0.3, len(estimate.theta))
    moments = likelihood.moments_at(theta, full=False)
    gradient, hessian = profile_derivatives(moments, likelihood.criterion)
    jacobian, curvature = chain(likelihood.layouts, likelihood.factors(theta), gradient)
    value, short_gradient, short_hessian = likelihood.evaluate(theta)
    assert value == pytest.approx(likelihood.criterion.value(moments.rss, moments.log_det_v, moments.log_det_x))
    assert short_gradient == pytest.approx(jacobian.T @ gradient, rel=1e-9, abs=1e-9)
    assert short_hessian == pytest.approx(jacobian.T @ hessian @ jacobian + curvature, rel=1e-9, abs=1e-9)
    at_zero = likelihood.moments([np.zeros_like(psi) for psi in estimate.psis], full=False)
    assert likelihood.scoring_step() == pytest.approx(scoring_step(at_zero, likelihood.criterion), rel=1e-8, abs=1e-9)


def test_terms_may_come_in_any_list_of_names(fit):
    whole = fit.test(["time", "ot_within"])
    for terms in (
        np.array(["time", "ot_within"]),
        pd.Index(["time", "ot_within"]),
        pd.Series(["time", "ot_within"]),
        {"ot_within", "time"},
        ("time", "ot_within"),
    ):
        assert fit.test(terms)["statistic"][0] == pytest.approx(whole["statistic"][0])
    assert fit.test(np.array([0.0, 1, 0, 0]))["statistic"][0] == pytest.approx(fit.test("time")["statistic"][0])


@pytest.mark.parametrize(
    "right",
    ["a", "a:b", "b:a + a:b", "a*b*c", "a*b:c", "0 + a:b + a", "1 + a*b + c:a + k:a", "a:b:c + a*b", " a : b+ 1"],
)
def test_sums_and_products_of_numbers_are_read_as_formulaic_reads_them(right):
    from ruptureflow.mixed import formula

    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(9, 3)), columns=list("abc")).assign(k=np.arange(9))
    own = formula._plain_terms_matrix(formula._plain_terms(right, data), data)
    theirs = formula._matrix(formula._build(formula._parse(right), right, data))
    assert own.names == theirs.names
    assert own.terms == theirs.terms
    assert own.values == pytest.approx(theirs.values, rel=1e-15)
    assert formula.new_rows(own, data) == pytest.approx(theirs.values, rel=1e-15)


def test_influence_of_a_named_factor_is_the_fit_without_its_rows(sessions):
    sessions["rater"] = (3 * sessions["patient"] + sessions["session"]) % 5
    sessions["therapist"] = sessions["patient"] // 4
    for call, group, label, gone in (
        ({"groups": {"patient": "1", "rater": "1"}}, "patient", 3, sessions["patient"] == 3),
        ({"groups": {"patient": "1", "rater": "1"}}, "rater", 2, sessions["rater"] == 2),
        ({"groups": ["therapist", "patient"]}, "patient", "1/5", sessions["patient"] == 5),
    ):
        table = fit_mixed(FORMULA, sessions, **call).influence(group=group)
        own = table[table["group"] == label].set_index("term")
        refit = fit_mixed(FORMULA, sessions[~gone], **call).fixed_effects().set_index("term")
        assert own["rows"].unique().tolist() == [gone.sum()]
        for column in ("estimate", "std_error", "df", "p_value"):
            assert own[column].to_numpy() == pytest.approx(refit[column].to_numpy(), rel=1e-6)
    nested = fit_mixed(FORMULA, sessions, groups=["therapist", "patient"])
    pd.testing.assert_frame_equal(nested.influence(), nested.influence(group="therapist"))


def test_what_crossed_groups_do_not_have_is_refused_with_what_to_use(sessions):
    fit = fit_mixed(FORMULA, sessions, groups={"patient": "1", "session": "1"})
    for ask, instead in (
        (fit.influence, "group='patient'"),
        (fit.robust_effects, "Kenward-Roger"),
        (lambda: fit.fixed_effects(df="between-within"), "'satterthwaite'"),
        (lambda: cluster_bootstrap(fit, 2), "parametric_bootstrap"),
        (lambda: fit.influence(group="rater"), "patient, session"),
    ):
        with pytest.raises(ModelError, match=instead):
            ask()
