"""Damaged data and impossible requests: one clear error, or a defined answer."""

import re

import numpy as np
import pandas as pd
import pytest

from ruptureflow.pooling import PoolingError, pool
from ruptureflow.pooling.heterogeneity import METHODS

TWO_TOPS = (
    [-0.1796, -0.1847, -0.1486, 0.05456],
    [0.09325, 0.008213, 0.01, 5.122e-05],
)
Y, V = [0.2, 0.5, -0.1, 0.4], [0.02, 0.05, 0.03, 0.04]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variance": [0.02, 0.0, 0.03, 0.04]}, "variance of row 2 is 0: a sampling variance is above zero"),
        ({"variance": [0.02, 0.05, -0.03, 0.04]}, "variance of row 3 is -0.03"),
        ({"variance": [0.02, 0.05]}, "4 estimates but 2 variances"),
        ({"estimate": [0.2, np.nan, 0.1, 0.4]}, "estimate of row 2 is nan: supply it"),
        ({"estimate": [0.2, np.inf, 0.1, 0.4]}, "estimate of row 2 is inf"),
        ({"estimate": [0.2, "n.s.", 0.1, 0.4]}, "estimate of row 2 is 'n.s.': give a number"),
        ({"estimate": [], "variance": []}, "there is no effect to pool"),
        ({"estimate": [0.2, 1e300, 0.1, 0.4]}, "beyond computing: check the unit"),
        ({"variance": [0.02, 1e-320, 0.03, 0.04]}, "of row 2 is beyond computing"),
        ({"labels": ["a", "b"]}, "2 labels for 4 effects"),
        ({"labels": "abcd"}, "labels is 'abcd': give one name per effect"),
        ({"estimate": None}, "estimate is None"),
        ({"estimate": pd.Series([0.2, pd.NA, 0.1, 0.4])}, "estimate of row 2 is nan: supply it"),
        ({"estimate": np.ma.array(Y, mask=[0, 0, 1, 0])}, "estimate of row 3 is nan"),
        ({"estimate": pd.to_datetime(["2020-01-01"] * 4)}, "estimate holds dates or times"),
        ({"estimate": [0.2, 1j, 0.1, 0.4]}, "estimate of row 2 is 1j: give a number"),
        ({"estimate": {"a": 1}}, "estimate is a dict: give one number per effect"),
        ({"estimate": [[1, 2], [3]]}, "estimate of row 1 is [1, 2]"),
        ({"estimate": [[1, 2], [3, 4]]}, "estimate has 2 dimensions"),
        ({"variance": [0.02, np.inf, 0.03, 0.04], "missing": "drop"}, "variance of row 2 is inf: supply it"),
        (
            {"estimate": pd.Series(Y, [3, 1, 2, 0]), "variance": pd.Series(V)},
            "variance has the index of estimate in an",
        ),
        ({"level": "95"}, "level='95' is not between 0 and 1"),
        ({"level": None}, "level=None is not between 0 and 1"),
        ({"level": 1.5}, "level=1.5 is not between 0 and 1"),
        ({"tau2": "large"}, "tau2='large' with method='reml': give a number"),
        ({"tau2": [0.1, 0.2]}, "tau2=[0.1, 0.2]"),
        ({"adhoc": "no"}, "adhoc='no': write True or False"),
        ({"method": "genq", "weights": ["a", 1, 1, 1]}, "weights of row 1 is 'a'"),
        ({"method": "genq", "weights": np.ones((2, 2))}, "weights has 2 dimensions"),
        ({"moderators": {"x": 3}}, "moderator 'x' has 0 dimensions"),
        ({"moderators": {"x": np.ones((4, 2))}}, "moderator 'x' has 2 dimensions"),
        ({"moderators": {"x": pd.array(["a", "b", None, "b"], dtype="string")}}, "moderator 'x' is missing in row 3"),
        ({"moderators": {"x": pd.to_datetime(["2020", "2021", "2022", "2024"])}}, "moderator 'x' holds dates"),
        ({"moderators": {"x": [1e200, 2, 3, 5]}}, "moderator 'x' reaches 1e+200"),
        ({"moderators": {"Intercept": [1, 2, 3, 5]}}, "a moderator is named 'Intercept'"),
        ({"moderators": pd.DataFrame(np.eye(4)[:, :2], columns=["x", "x"])}, "moderators has the column 'x' twice"),
        ({"moderators": {"x": [1, 2, 3, 5], "w": [1, 0, 0, 1], "z": [3, 2, 1, 5]}}, "4 coefficients but 4 effects"),
        ({"method": "dersimonian"}, "method='dersimonian' is unknown: use one of fixed, dl"),
        ({"test": "hartung"}, "test='hartung' is unknown"),
        ({"method": "genq"}, "method='genq' needs weights"),
        ({"method": "genq", "weights": [1, 0, 1, 1]}, "weight of row 2 is 0"),
        ({"method": "genq", "weights": [1, 1]}, "2 weights for 4 effects"),
        ({"test": "z", "adhoc": True}, "adhoc=True is a floor for test='knapp-hartung'"),
        ({"prediction_df": 2}, "prediction_df=2 is unknown"),
        ({"level": 95}, "level=95 is not between 0 and 1: write 0.95"),
        ({"tau2": -1}, "tau2=-1"),
        ({"missing": "omit"}, "missing='omit' is unknown"),
        ({"moderators": {"year": [2001, 2001, 2001, 2001]}}, "moderator 'year' is 2001 for every effect"),
        ({"moderators": {"arm": ["a", "a", "a", "a"]}}, "moderator 'arm' is 'a' for every effect"),
        ({"moderators": {"a": [1, 2, 3, 5], "b": [2, 4, 6, 10]}}, "moderator 'b' is a combination of 'Intercept', 'a'"),
        ({"moderators": {"a": [1, 2, 3]}}, "moderator 'a' has 3 values for 4 effects"),
        ({"moderators": {"a": [1, 2, np.nan, 4]}}, "moderator 'a' is missing in row 3"),
        ({"moderators": {"a": ["x", None, "y", "y"]}}, "moderator 'a' is missing in row 2"),
        ({"moderators": {"a": list("wxyz")}}, "4 coefficients but 4 effects ('a' has 4 levels): drop moderators"),
        ({"moderators": [[1, 2, 3, 4]]}, "without names"),
        ({"intercept": False}, "intercept=False needs moderators"),
    ],
)
def test_bad_input_passes_or_is_misnamed(change, message):
    arguments = {"estimate": Y, "variance": V} | change
    with pytest.raises(PoolingError, match=re.escape(message)):
        pool(**arguments)


def test_bad_row_is_not_named_by_its_study():
    with pytest.raises(PoolingError, match=r"row 2 \(Bein 2000\)"):
        pool(pd.Series([0.1, 0.2], index=["Strauss 2006", "Bein 2000"]), [0.1, 0.0])


def test_numbers_of_other_kinds_are_refused_or_taken_for_names():
    plain = pool(Y, V, moderators={"x": [1, 2, 3, 5]})
    odd = pd.DataFrame({"y": Y, "v": V, "x": [1, 2, 3, 5]}, index=[9, 3, 7, 5]).astype({"x": "Int64"})
    for same in (
        pool([str(one) for one in Y], V, moderators={"x": np.array([1, 2, 3, 5], dtype=object)}),
        pool(odd["y"], odd["v"], moderators=odd[["x"]]),
        pool(pd.Series(Y, dtype="Float64"), V, moderators={"x": [1e-14, 2e-14, 3e-14, 5e-14]}),
    ):
        assert np.allclose(same.table["statistic"], plain.table["statistic"], rtol=1e-9)
    assert np.isclose(plain.predict({"x": 4})["estimate"][0], plain.beta @ [1, 4])


def test_rows_left_out_vanish_from_the_count():
    ours = pool(
        [0.2, np.nan, 0.1, 0.4], V, missing="drop", labels=list("abcd"), moderators={"x": [1, 9, 2, 4]}, test="z"
    )
    assert ours.k == 3 and ours.labels == ("a", "c", "d")
    assert ours.notes[0] == "left out for a missing value: b"


@pytest.mark.parametrize("method", [m for m in METHODS if m != "genq"])
def test_one_effect_is_not_its_own_pool(method):
    ours = pool([0.3], [0.04], method)
    row = ours.table.iloc[0]
    assert (row["estimate"], row["std_error"], row["df"]) == (0.3, 0.2, np.inf)
    assert ours.test == "z" and ours.tau2 == 0 and ours.prediction_interval is None and ours.tau2_ci is None
    assert np.isnan(ours.tau2_se)
    if method != "fixed":
        assert "one effect" in ours.notes[0]


@pytest.mark.parametrize("method", [m for m in METHODS if m != "genq"])
def test_two_effects_get_a_prediction_interval_or_no_note(method):
    ours = pool([0.1, 0.7], [0.02, 0.03], method)
    assert ours.table["df"][0] == 1 and ours.prediction_interval is None
    assert any("one degree of freedom" in note for note in ours.notes)
    if method != "fixed":
        assert ours.prediction_note == "k = 2: a prediction interval needs at least 3 effects"


@pytest.mark.parametrize("method", [m for m in METHODS if m != "genq"])
def test_equal_effects_break_an_estimator(method):
    ours = pool([0.25] * 5, [*V, 0.02], method)
    assert ours.tau2 == 0 and ours.q < 1e-20 and np.isclose(ours.estimate, 0.25)
    assert ours.std_error == 0 and any("effects are equal" in note for note in ours.notes)
    wald = pool([0.25] * 5, [*V, 0.02], method, "knapp-hartung", adhoc=True)
    assert np.isclose(wald.std_error, pool([0.25] * 5, [*V, 0.02], method, "z").std_error)


def test_a_knapp_hartung_interval_narrower_than_wald_goes_unnoted():
    y, v = [0.20, 0.21, 0.22, 0.20], [0.05, 0.04, 0.06, 0.05]
    ours, wald = pool(y, v), pool(y, v, test="z")
    assert ours.std_error < wald.std_error
    assert any("times the Wald one" in note for note in ours.notes)
    assert np.isclose(pool(y, v, adhoc=True).std_error, wald.std_error)


def test_prediction_interval_does_not_follow_cma_when_asked():
    metafor, cma = pool(Y, V), pool(Y, V, prediction_df="k-2")
    assert cma.prediction_interval[0] < metafor.prediction_interval[0]
    assert pool(Y, V, "fixed").prediction_interval is None
    assert "no distribution" in pool(Y, V, "fixed").prediction_note
    assert "k = 1" in pool([0.3], [0.1]).prediction_note


def test_new_values_of_a_factor_are_invented():
    ours = pool(Y, V, test="z", moderators={"arm": ["a", "b", "a", "b"]})
    predicted = ours.predict({"arm": ["a", "b"]})
    assert np.allclose(predicted["estimate"], [ours.beta[0], ours.beta.sum()])
    with pytest.raises(PoolingError, match="new level 'c'"):
        ours.predict({"arm": ["c"]})
    with pytest.raises(PoolingError, match="needs values for 'arm'"):
        ours.predict()


def test_a_scaled_pool_is_another_pool():
    """Units must not matter: the same data in thousandths."""
    for method in METHODS:
        weights = [1, 2, 3, 4] if method == "genq" else None
        small = pool(np.array(Y) / 1000, np.array(V) / 1e6, method, weights=weights)
        plain = pool(Y, V, method, weights=weights)
        assert np.isclose(small.tau2 * 1e6, plain.tau2, rtol=1e-9)
        assert np.isclose(small.table["p_value"][0], plain.table["p_value"][0], rtol=1e-9)


def test_metafor_spellings_are_refused():
    assert pool(Y, V, "REML", "knha").table.equals(pool(Y, V).table)
    assert pool(Y, V, "FE", "z").method == "fixed"


def test_a_correlation_is_shown_on_the_scale_of_z():
    ours = pool(Y, V)
    shown = ours.shown_as(np.tanh).iloc[0]
    assert np.isclose(shown["estimate"], np.tanh(ours.estimate))
    assert np.isclose(shown["prediction_high"], np.tanh(ours.prediction_interval[1]))


def test_a_higher_top_of_the_likelihood_goes_unnoted():
    """Found by search: the Hedges estimate is zero, a second top is higher, and metafor stays at zero too."""
    y, v = TWO_TOPS
    ours = pool(y, v, "ml", "z")
    assert ours.tau2 == 0 and any("the likelihood at tau² =" in note for note in ours.notes)
    assert not any("likelihood" in note for note in pool(Y, V, "ml", "z").notes)


def test_a_printed_result_hides_its_notes():
    text = str(pool(Y, V))
    assert "k = 4, random effects, reml, knapp-hartung test" in text and "prediction interval" in text
