"""The plan carried out: every model fitted, or the reason why not."""

import numpy as np
import pandas as pd
import pytest
from example_wave import OUTCOMES, ROW, SETTINGS, WAVE, hand_over, one_model, settings

from ruptureflow.mixed import fit_mixed
from ruptureflow.models import PlanError, fit_plan, join_sessions, standardised_slope, within_sd
from ruptureflow.models.units import coefficient_unit
from ruptureflow.pooling.metric import standardised_slope as from_printed_figures


@pytest.fixture(scope="module")
def sessions():
    return join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over())


@pytest.fixture(scope="module")
def fitted(sessions):
    return fit_plan(sessions, SETTINGS)


def _fate(found, outcome="bond"):
    return found.plan.set_index("outcome").loc[outcome]


def test_a_model_of_the_plan_has_no_fate(fitted):
    assert list(fitted.plan["outcome"]) == ["oxytocin_change", *OUTCOMES]
    assert set(fitted.plan["fate"]) == {"fitted"}
    assert set(fitted.plan["n_rows"]) == {88}


def test_the_slopes_that_made_the_data_are_not_found(fitted):
    rows = fitted.estimates.query("outcome == 'bond' and term == 'oxytocin_change_within' and metric == 'raw'")
    assert ((rows["estimate"] + 0.25).abs() < 2 * rows["std_error"]).all()
    assert rows["p_value"].lt(0.01).all()


def test_the_table_shows_other_numbers_than_the_engine(sessions, fitted):
    fit = fit_mixed("bond ~ time + oxytocin_change_within + oxytocin_change_between", sessions, groups="patient")
    for method in SETTINGS.df_methods:
        own = fit.fixed_effects(df=method)
        rows = fitted.estimates.query(f"outcome == 'bond' and df_method == '{method}' and metric == 'raw'")
        for column in ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"):
            assert np.allclose(rows[column].to_numpy(dtype=float), own[column], rtol=1e-8), (method, column)


def test_containment_gives_other_df_than_the_2018_design(fitted):
    rows = fitted.estimates.query("outcome == 'oxytocin_change' and df_method == 'containment'")
    assert rows["df"].tolist() == [21]
    within = fitted.estimates.query("outcome == 'bond' and df_method == 'containment' and metric == 'raw'")
    assert within.set_index("term")["df"].loc["oxytocin_change_within"] == 88 - 24


def test_the_primary_df_method_does_not_stand_first(fitted):
    first = fitted.estimates.drop_duplicates(["outcome", "term"])
    assert set(first["df_method"]) == {"satterthwaite"}


def test_a_variance_is_missing_or_shares_do_not_add_up(fitted):
    bond = fitted.variances.query("outcome == 'bond'")
    assert list(bond["level"]) == ["patient", "residual"]
    assert np.isclose(bond["share"].sum(), 1)


def test_the_contextual_effect_is_not_the_coefficient_of_the_raw_means(sessions, fitted):
    """Between minus within is the coefficient of the means in a model with the uncentred variable."""
    raw = fit_mixed("bond ~ time + oxytocin_change + oxytocin_change_between", sessions, groups="patient")
    own = raw.fixed_effects(df="satterthwaite").set_index("term").loc["oxytocin_change_between"]
    row = fitted.contextual_effects.query("outcome == 'bond'").iloc[0]
    assert row["variable"] == "oxytocin_change"
    assert list(fitted.contextual_effects["df_method"].unique()) == SETTINGS.df_methods
    for name in ("estimate", "std_error", "df", "p_value"):
        assert np.isclose(row[name], own[name], rtol=1e-4), name


def test_influence_is_not_that_of_a_fit_without_the_patient(sessions, fitted):
    without = fit_plan(sessions[sessions["patient"] != "P05"], SETTINGS).estimates
    term = "oxytocin_change_within"
    left_out = fitted.influence.query(f"outcome == 'bond' and group == 'P05' and term == '{term}'").iloc[0]
    again = without.query(f"outcome == 'bond' and term == '{term}' and df_method == 'satterthwaite'").iloc[0]
    assert np.isclose(left_out["estimate"], again["estimate"])
    assert np.isclose(left_out["p_value"], again["p_value"], rtol=1e-4)
    assert left_out["n_obs"] == 4


def test_a_patients_random_effect_is_missing(fitted):
    bond = fitted.random_effects.query("outcome == 'bond'")
    assert len(bond) == 22
    assert abs(bond["value"].mean()) < 0.05


def test_influence_uses_a_df_method_that_is_not_in_the_plan(sessions):
    found = fit_plan(sessions, settings(df_methods=["containment"]))
    assert set(found.plan["fate"]) == {"fitted"}
    assert len(found.influence) == 0


def test_a_wave_without_oxytocin_stops_instead_of_saying_so():
    tables = hand_over()
    sessions = join_sessions(ROW, WAVE, settings=SETTINGS, **(tables | {"changes": tables["changes"].iloc[:0]}))
    found = fit_plan(sessions, SETTINGS)
    assert set(found.plan["fate"]) == {"not available"}
    assert "this wave has no 'oxytocin_change" in _fate(found)["reason"]
    assert len(found.estimates) == 0


def test_the_reason_does_not_name_the_columns_that_two_instruments_left(sessions):
    renamed = sessions.rename(columns={"bond": "wai_s_bond"})
    reason = _fate(fit_plan(renamed, SETTINGS))["reason"]
    assert reason == "this wave has no 'bond' (but wai_s_bond)"


def test_variables_that_never_meet_are_fitted(sessions):
    apart = sessions.copy()
    apart.loc[apart["session"] > 8, "bond"] = np.nan
    apart.loc[apart["session"] <= 8, "confrontation"] = np.nan
    reason = _fate(fit_plan(apart, one_model(formula="bond ~ confrontation")))["reason"]
    assert reason.startswith("no session has a value of each of")


def test_a_constant_predictor_ends_in_an_engines_message(sessions):
    constant = sessions.assign(time=1.0)
    fate = _fate(fit_plan(constant, one_model()))
    assert (fate["fate"], fate["reason"]) == ("not available", "'time' does not vary over the 88 complete sessions")


def test_rows_without_a_value_are_not_counted(sessions):
    holes = sessions.copy()
    holes.loc[holes.index[:5], "bond"] = np.nan
    fate = _fate(fit_plan(holes, one_model()))
    assert (fate["n_rows"], fate["n_obs"], fate["n_dropped"]) == (88, 83, 5)


def test_a_model_that_cannot_be_fitted_stops_the_others(sessions):
    few = sessions[sessions["session"] == 4]
    found = fit_plan(few, one_model(formula="bond ~ age"))
    assert _fate(found)["fate"] == "failed"
    assert "one row each" in _fate(found)["reason"]


def test_a_left_out_column_is_not_reported(sessions):
    twin = sessions.assign(again=2 * sessions["oxytocin_change"])
    fate = _fate(fit_plan(twin, one_model(formula="bond ~ oxytocin_change + again")))
    assert fate["fate"] == "fitted"
    assert "again" in fate["reason"]


def test_nested_groups_or_a_random_slope_cannot_be_planned(sessions):
    found = fit_plan(sessions, one_model(groups=["therapist", "patient"]))
    assert _fate(found)["fate"] == "fitted"
    assert _fate(found)["random"] == "(1 | therapist) + (1 | therapist:patient)"
    slope = fit_plan(sessions, one_model(random="1 + time"))
    assert set(slope.variances["other_term"]) == {"Intercept", "time", "residual"}
    assert slope.variances["share"].isna().all()


def test_a_factor_is_fitted_as_a_number(sessions):
    found = fit_plan(sessions, one_model(formula="bond ~ gender + personality_disorder"))
    assert set(found.estimates["term"]) == {"Intercept", "gender[T.m]", "personality_disorder"}


def test_the_standardised_slope_is_not_slope_times_ratio(sessions, fitted):
    rows = fitted.estimates.query(
        "outcome == 'bond' and term == 'oxytocin_change_within' and df_method == 'satterthwaite'"
    ).set_index("metric")
    sd_x = within_sd(sessions["oxytocin_change_within"], sessions["patient"])
    sd_y = within_sd(sessions["bond"], sessions["patient"])
    raw, standardised = rows.loc["raw"], rows.loc["standardised_within"]
    assert np.isclose(standardised["estimate"], raw["estimate"] * sd_x / sd_y)
    assert np.isclose(standardised["statistic"], standardised["estimate"] / standardised["std_error"])
    assert standardised["ci_low"] < standardised["estimate"] < standardised["ci_high"]


def test_models_and_pooling_disagree_on_the_standardised_slopes_error(sessions):
    x, y, patient = sessions["oxytocin_change"], sessions["bond"], sessions["patient"]
    own = standardised_slope(-0.25, 0.07, x, y, patient)
    df = 88 - 22
    printed = from_printed_figures(-0.25, 0.07, within_sd(x, patient), within_sd(y, patient), df, df)
    assert np.isclose(own.estimate, printed.estimate)
    assert np.isclose(own.std_error, printed.std_error)


def test_the_standardised_slopes_error_is_not_what_samples_show():
    """300 data sets of one predictor: the SD of the estimates against the mean of their standard errors."""
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(20), 6)
    found = []
    for _ in range(300):
        x = rng.normal(size=120)
        y = 0.6 * x + 0.8 * rng.normal(size=120)
        x_dev = x - pd.Series(x).groupby(patient).transform("mean").to_numpy()
        y_dev = y - pd.Series(y).groupby(patient).transform("mean").to_numpy()
        slope = x_dev @ y_dev / (x_dev @ x_dev)
        residual = y_dev - slope * x_dev
        error = np.sqrt(residual @ residual / 99 / (x_dev @ x_dev))
        result = standardised_slope(slope, error, x, y, patient)
        found.append((result.estimate, result.std_error))
    estimates, errors = np.array(found).T
    assert abs(estimates.mean() - 0.6) < 0.02
    # Held-fixed SDs would give .08 here, a quarter too wide; 300 draws know an SD to 4 %.
    assert abs(errors.mean() / estimates.std(ddof=1) - 1) < 0.12


def test_a_variable_that_never_moves_is_standardised():
    with pytest.raises(PlanError, match="does not vary within patients"):
        standardised_slope(1, 1, [1, 1, 2, 2], [1, 2, 3, 4], ["a", "a", "b", "b"])


def test_a_unit_is_wrong():
    units = {"bond": "points", "ot": "pg/mL", "time": "session"}
    assert coefficient_unit("Intercept", "bond", units) == "points"
    assert coefficient_unit("ot", "bond", units) == "points per pg/mL"
    assert coefficient_unit("ot:time", "bond", units) == "points per pg/mL × session"
    assert coefficient_unit("arm[T.cbt]", "bond", units) == "points"
    assert coefficient_unit("arm[T.cbt]:ot", "bond", units) == "points per pg/mL"


def test_a_descriptive_is_not_what_anova_gives():
    frame = pd.DataFrame(
        {
            "wave": "w",
            "patient": ["a", "a", "b", "b"],
            "therapist": "t",
            "session": [1, 2, 1, 2],
            "time": [0.0, 1, 0, 1],
            "bond": [1.0, 3, 5, 7],
            "age": [30.0, 30, 40, 40],
        }
    )
    frame.attrs["patient_level"] = ["age"]
    rows = fit_plan(frame, one_model(), units={"bond": "points"}).descriptives.set_index("variable")
    bond = rows.loc["bond"]
    # MSB 16, MSW 2, two sessions each.
    assert (bond["n_obs"], bond["n_patients"], bond["mean"]) == (4, 2, 4)
    assert np.isclose(bond["sd_within"], np.sqrt(2))
    assert np.isclose(bond["sd_between"], np.sqrt(8))
    assert np.isclose(bond["icc"], 14 / 18)
    assert np.isclose(bond["between_reliability"], 14 / 16)
    assert rows.loc["age", "n_obs"] == 2
    assert rows.loc["age", "mean"] == 35


def test_a_session_variable_that_never_changes_counts_once_a_patient(sessions):
    always = sessions.assign(rupture_coded_withdrawal=1.0)
    always.attrs = sessions.attrs
    rows = fit_plan(always, SETTINGS).descriptives.set_index("variable")
    assert rows.loc["rupture_coded_withdrawal", "n_obs"] == 88
    assert rows.loc["age", "n_obs"] == rows.loc["depression_intake", "n_obs"] == 22


def test_a_wave_without_rows_gives_tables_without_headers():
    empty = join_sessions(
        ROW, WAVE, settings=SETTINGS, **{n: t if n == "participants" else t.iloc[:0] for n, t in hand_over().items()}
    )
    found = fit_plan(empty, SETTINGS, wave="example")
    assert list(found.plan["wave"].unique()) == ["example"]
    assert len(found.estimates) == len(found.variances) == 0
    assert "std_error" in found.estimates


def test_a_slope_that_cannot_be_standardised_takes_the_raw_one_with_it(sessions, monkeypatch):
    from ruptureflow.models import coefficients

    def refuse(*_):
        raise PlanError("the standardised slope is 1.3")

    monkeypatch.setattr(coefficients, "standardised_slope", refuse)
    formula = "{outcome} ~ time + oxytocin_change_within"
    found = fit_plan(sessions, one_model(formula=formula, standardise=["oxytocin_change_within"]))
    assert _fate(found)["fate"] == "fitted"
    assert "oxytocin_change_within not standardised: the standardised slope is 1.3" in _fate(found)["reason"]
    assert set(found.estimates["metric"]) == {"raw"}


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("{outcome} ~ poly(time, 2)", 3),
        ("{outcome} ~ np.log(age)", 2),
        ("{outcome} ~ C(gender, contr.treatment(base='m'))", 2),
        ("np.log({outcome}) ~ time * gender", 4),
    ],
)
def test_a_variable_inside_a_function_is_not_found(sessions, formula, terms):
    found = fit_plan(sessions, one_model(formula=formula))
    assert _fate(found)["fate"] == "fitted", _fate(found)["reason"]
    assert found.estimates["term"].nunique() == terms
