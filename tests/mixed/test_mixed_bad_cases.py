"""Bad cases get one clear error or a verdict, never a shrug."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.mixed import ModelError, ModelWarning, fit_arrays, fit_mixed, likelihood_ratio, parametric_bootstrap

FORMULA = "bond ~ time + ot_within + ot_between"


def test_a_single_group_is_refused(sessions):
    with pytest.raises(ModelError, match="fewer than two groups"):
        fit_mixed(FORMULA, sessions.assign(patient=1), groups="patient")


def test_a_constant_outcome_is_refused(sessions):
    with pytest.raises(ModelError, match="constant"):
        fit_mixed(FORMULA, sessions.assign(bond=3.0), groups="patient")


def test_an_outcome_without_residual_variance_is_refused(sessions):
    with pytest.raises(ModelError, match="residual variance is zero"):
        fit_mixed(FORMULA, sessions.assign(bond=1 + 2 * sessions["time"]), groups="patient")
    with pytest.raises(ModelError, match="residual variance"):
        fit_mixed("bond ~ time", sessions.assign(bond=sessions["ot_between"]), groups="patient")


def test_values_that_are_not_finite_are_refused_with_their_rows(sessions):
    sessions.loc[5, "ot_within"] = np.inf
    with pytest.raises(ModelError, match=r"'ot_within' is not a finite number in rows \[5\]"):
        fit_mixed(FORMULA, sessions, groups="patient")
    sessions.loc[5, "ot_within"] = 0.0
    sessions.loc[6, "bond"] = -np.inf
    with pytest.raises(ModelError, match=r"rows \[6\]"):
        fit_mixed(FORMULA, sessions, groups="patient")


def test_a_missing_group_is_refused(sessions):
    sessions["patient"] = sessions["patient"].astype(float)
    sessions.loc[3, "patient"] = np.nan
    with pytest.raises(ModelError, match="'patient' has 1 missing"):
        fit_mixed(FORMULA, sessions, groups="patient")


def test_rows_with_missing_values_are_dropped_counted_and_listed(sessions):
    whole = fit_mixed(FORMULA, sessions.drop(index=[4, 9]), groups="patient")
    sessions.loc[4, "bond"] = np.nan
    sessions.loc[9, "ot_within"] = np.nan
    sessions["unrelated"] = np.nan
    fit = fit_mixed(FORMULA, sessions, groups="patient")
    assert fit.n_obs == 84
    assert fit.n_dropped == fit.status.rows_dropped == 2
    assert fit.dropped_rows == (4, 9)
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood)


def test_an_aliased_column_is_named_and_left_out(sessions):
    sessions["twice"] = 2 * sessions["time"] + 1
    with pytest.warns(ModelWarning, match="twice"):
        fit = fit_mixed(FORMULA + " + twice", sessions, groups="patient")
    assert fit.status.aliased == ("twice",)
    assert "twice" not in fit.fixed_effects()["term"].tolist()
    assert fit.log_likelihood == pytest.approx(fit_mixed(FORMULA, sessions, groups="patient").log_likelihood)


def test_as_many_groups_as_rows_cannot_be_told_from_the_residual(sessions):
    with pytest.raises(ModelError, match="one row each"):
        fit_mixed(FORMULA, sessions.assign(patient=range(len(sessions))), groups="patient")


def test_unknown_names_are_refused_with_the_choices(sessions):
    with pytest.raises(ModelError, match="'mood'"):
        fit_mixed("bond ~ mood", sessions, groups="patient")
    with pytest.raises(ModelError, match="'person'"):
        fit_mixed(FORMULA, sessions, groups="person")
    with pytest.raises(ModelError, match="kenward-roger"):
        fit_mixed(FORMULA, sessions, groups="patient").fixed_effects(df="kr")
    with pytest.raises(ModelError, match="'reml' or 'ml'"):
        fit_mixed(FORMULA, sessions, groups="patient", method="REML2")
    with pytest.raises(ModelError, match=r"car1\(weeks\)"):
        fit_mixed(FORMULA, sessions, groups="patient", residual="ar(1)")
    with pytest.raises(ModelError, match="no column 'week'"):
        fit_mixed(FORMULA, sessions, groups="patient", residual="car1(week)")
    with pytest.raises(ModelError, match="no '~'"):
        fit_mixed("bond", sessions, groups="patient")
    with pytest.raises(ModelError, match="unstructured or diagonal"):
        fit_mixed(FORMULA, sessions, groups="patient", covariance="banded")


def test_lme4s_bar_in_the_formula_is_refused_with_the_way_to_write_it(sessions):
    with pytest.raises(ModelError, match="groups= and random="):
        fit_mixed("bond ~ time + (1 | patient)", sessions, groups="patient")


def test_a_text_outcome_is_refused(sessions):
    with pytest.raises(ModelError, match="text, not numbers"):
        fit_mixed("role ~ time", sessions, groups="patient")


def test_partners_who_never_share_a_session_have_no_correlation_to_estimate(sessions):
    with pytest.raises(ModelError, match="two rows in one session: none has"):
        fit_mixed(FORMULA, sessions, groups="patient", residual="unstructured(role | session)")


def test_kenward_roger_after_ml_is_refused_not_replaced(sessions):
    fit = fit_mixed(FORMULA, sessions, groups="patient", method="ml")
    with pytest.raises(ModelError, match="REML fits only"):
        fit.fixed_effects(df="kenward-roger")


def test_two_rows_of_one_occasion_are_refused(sessions):
    twice = pd.concat([sessions, sessions.iloc[[0]]], ignore_index=True)
    with pytest.raises(ModelError, match="same session"):
        fit_mixed(FORMULA, twice, groups="patient", residual="ar1(session)")
    with pytest.raises(ModelError, match="same role and session"):
        fit_mixed(FORMULA, twice, groups="patient", residual="unstructured(role | session)")


def test_crossed_groups_beyond_three_thousand_rows_are_refused():
    generator = np.random.Generator(np.random.PCG64(1))
    n = 3_100
    data = pd.DataFrame({"y": generator.standard_normal(n), "a": np.arange(n) % 31, "b": np.arange(n) % 10})
    with pytest.raises(ModelError, match="at most 3000 rows, these data have 3100"):
        fit_mixed("y ~ 1", data, groups={"a": "1", "b": "1"})


def test_a_dict_of_factors_that_turn_out_nested_is_fitted_as_nested(sessions):
    sessions["therapist"] = sessions["patient"] // 4
    a = fit_mixed("bond ~ time", sessions, groups={"patient": "1", "therapist": "1"})
    b = fit_mixed("bond ~ time", sessions, groups=["therapist", "patient"])
    assert a.design.nested
    assert a.log_likelihood == pytest.approx(b.log_likelihood)


def test_reml_likelihoods_of_different_fixed_effects_are_not_compared(sessions):
    small = fit_mixed("bond ~ time", sessions, groups="patient")
    large = fit_mixed(FORMULA, sessions, groups="patient")
    with pytest.raises(ModelError, match="method='ml'"):
        likelihood_ratio(small, large)
    result = likelihood_ratio(small.refit("ml"), large.refit("ml"))
    assert result["df"][0] == 2
    assert result["reference"][0] == "chi2"


def test_a_hypothesis_of_the_wrong_shape_is_refused(sessions):
    fit = fit_mixed(FORMULA, sessions, groups="patient")
    with pytest.raises(ModelError, match="one column for each of the 4"):
        fit.test(np.eye(3))
    with pytest.raises(ModelError, match="no term 'mood'"):
        fit.test(["mood"])
    with pytest.raises(ModelError, match="all zero"):
        fit.test(np.zeros((1, 4)))


def test_a_negative_variance_is_not_simulated_from():
    generator = np.random.Generator(np.random.PCG64(5))
    y = generator.standard_normal((20, 4))
    y -= 0.9 * y.mean(axis=1, keepdims=True)
    fit = fit_arrays(y.ravel(), np.ones((80, 1)), np.repeat(np.arange(20), 4), boundary="unconstrained")
    assert fit.random_covariance["group"].iloc[0, 0] < 0
    assert "negative" in fit.status.boundary_rule
    with pytest.raises(ModelError, match="cannot be simulated"):
        parametric_bootstrap(fit, draws=2)


def test_sessions_written_as_text_are_ordered_by_the_alphabet():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"patient": np.repeat(np.arange(12), 4), "session": np.tile([4, 8, 12, 16], 12)})
    data["y"] = np.repeat(rng.normal(size=12), 4) + rng.normal(size=48).cumsum() * 0.3
    numbers = fit_mixed("y ~ 1", data, groups="patient", residual="ar1(session)")
    texts = fit_mixed("y ~ 1", data.assign(session=data["session"].astype(str)), "patient", residual="ar1(session)")
    assert np.isclose(texts.log_likelihood, numbers.log_likelihood, atol=1e-10)


def test_a_formulas_error_carries_no_terminal_colours(sessions, monkeypatch):
    import formulaic

    def refuse(self, *args, **kwargs):
        raise ValueError("bad \x1b[1;31mterm\x1b[0m\nsecond line")

    monkeypatch.setattr(type(formulaic.Formula("y ~ x")), "get_model_matrix", refuse)
    with pytest.raises(ModelError, match=r"on the data: bad term second line$"):
        fit_mixed("bond ~ log(time + 1)", sessions, groups="patient")
    for formula in ("bond ~ time $ x", "bond ~ time + (", "bond ~ time ~ role", "bond ~ C(role"):
        with pytest.raises(ModelError) as caught:
            fit_mixed(formula, sessions, groups="patient")
        assert str(caught.value).isprintable()


def test_dates_as_predictors_are_refused_and_dates_of_car1_are_days(sessions):
    start = pd.Timestamp("2021-03-01", tz="UTC")
    sessions["date"] = start + pd.to_timedelta(7 * sessions["session"], unit="D")
    sessions["days"] = 7.0 * sessions["session"]
    with pytest.raises(ModelError, match="'date', which holds dates"):
        fit_mixed("bond ~ date", sessions, groups="patient")
    days = fit_mixed("bond ~ time", sessions, groups="patient", residual="car1(days)")
    for column in (sessions["date"], sessions["date"] - start):
        dated = fit_mixed("bond ~ time", sessions.assign(date=column), groups="patient", residual="car1(date)")
        assert dated.residual_parameters["correlation"] == pytest.approx(days.residual_parameters["correlation"])


def test_a_residual_parameter_at_its_bound_is_reported():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"patient": np.repeat(range(15), 4), "weeks": np.tile([0.0, 1, 3, 4], 15)})
    data["y"] = rng.normal(size=15)[data["patient"]] + rng.normal(size=60)
    fit = fit_mixed("y ~ weeks", data, groups="patient", residual="car1(weeks)")
    assert fit.status.singular
    assert fit.status.at_bound == ("correlation at 0",)
    assert fit.status.message == "converged, singular (residual correlation at 0)"
    plain = fit_mixed("y ~ weeks", data, groups="patient")
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood)
    sas = fit_mixed("y ~ weeks", data, groups="patient", residual="car1(weeks)", boundary="sas")
    assert sas.fixed_effects()["df"].tolist() == pytest.approx(plain.fixed_effects()["df"].tolist(), rel=1e-5)
    data["half"] = np.where(np.arange(60) % 2, "a", "b")
    interior = fit_mixed("y ~ weeks", data, groups="patient", residual="varying(half)")
    assert not interior.status.singular
    assert interior.status.at_bound == ()
