"""What people hand to icc, bootstrap_icc, alpha and kappa: every shape has an answer or one message of our own."""

import numpy as np
import pandas as pd
import pytest
from rating_data import long

from ruptureflow.agreement import AgreementError, bootstrap_icc, icc, krippendorff_alpha, weighted_kappa

RATINGS = pd.DataFrame({"session": [1, 1, 2, 2, 3, 3], "coder": list("ABABAB"), "count": [1, 2, 3, 3, 5, 4]})


@pytest.mark.parametrize(
    ("ratings", "names", "message"),
    [
        ({"session": [1]}, {}, "must be a pandas DataFrame with one row a rating, found dict"),
        (np.ones((4, 2)), {}, "found ndarray"),
        (RATINGS["count"], {}, "found Series"),
        (None, {}, "found NoneType"),
        (RATINGS, {"value": "cuont"}, "no column 'cuont'; did you mean 'count'"),
        (pd.DataFrame(), {}, "no column 'session'; there are no columns"),
        (RATINGS.set_index(["session", "coder"]), {}, r"it is in the index: call reset_index\(\) first"),
        (pd.concat([RATINGS, RATINGS[["count"]]], axis=1), {}, "2 columns named 'count'; rename or drop one"),
        (RATINGS, {"target": "coder"}, "column 'coder' is named more than once"),
        (RATINGS, {"value": "session"}, "column 'session' is named more than once"),
        (RATINGS, {"target": []}, "target names no column"),
        (RATINGS, {"target": 3}, "no column 3; known: session, coder, count"),
        (RATINGS, {"level": 95}, "level 95 is not between 0 and 1"),
        (RATINGS, {"level": "0.95"}, "level '0.95' is not between 0 and 1"),
        (RATINGS.assign(count=["1", "2", "x", "3", "y", "4"]), {}, r"'x' in row 2, which is no number \(and 1 more"),
        (RATINGS.assign(count=["1,5", "2", "2", "3", "3", "4"]), {}, "'1,5' in row 0.*decimal point"),
        (RATINGS.assign(count=[1, 2, np.inf, 3, 3, 4]), {}, "inf in row 2, an infinite value"),
        (RATINGS.assign(count=[10**400, 1, 2, 3, 4, 5]), {}, "something that is no number"),
        (RATINGS.assign(count=[1j] * 6), {}, "complex128, no numbers"),
        (RATINGS.assign(count=pd.Series([1j] * 6, dtype=object)), {}, "complex numbers"),
        (RATINGS.assign(count=pd.Timestamp("2020-01-01")), {}, "datetime64.*no numbers"),
        (RATINGS.assign(count=pd.Categorical(list("abccba"))), {}, "'a' in row 0, which is no number"),
        (RATINGS.assign(session=[[1]] * 6), {}, "must hold ids, plain numbers or text"),
        (RATINGS.assign(coder=["A", None] * 3), {}, "row 1 names no session or no coder"),
    ],
)
def test_unusable_ratings_are_one_message_of_our_own(ratings, names, message):
    with pytest.raises(AgreementError, match=message):
        icc(ratings, **names)


def test_a_doubled_rating_is_named_by_place_where_labels_are_not_its_own():
    with pytest.raises(AgreementError, match=r"row number 2 \(count 2\) and row number 7 \(count 2\)"):
        icc(pd.concat([RATINGS, RATINGS.iloc[[1]]]))


@pytest.mark.parametrize(
    "count",
    [
        ["1", "2", " 3", "3", "5", "4.0"],
        pd.Categorical([1, 2, 3, 3, 5, 4]),
        pd.array([1, 2, 3, 3, 5, 4], dtype="Int64"),
        np.array([1, 2, 3, 3, 5, 4]) * 1e200,
        np.array([1, 2, 3, 3, 5, 4]) * 1e-200,
    ],
)
def test_the_type_and_size_of_numbers_do_not_matter(count):
    found = icc(RATINGS.assign(count=count))
    pd.testing.assert_frame_equal(found, icc(RATINGS), check_exact=False, rtol=1e-12)


def test_a_coder_with_an_empty_sheet_leaves_a_complete_design_complete():
    idle = pd.DataFrame({"session": [1, 2, 3], "coder": "C", "count": np.nan})
    pd.testing.assert_frame_equal(icc(pd.concat([RATINGS, idle], ignore_index=True)), icc(RATINGS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": -1}, "draws -1 is no whole number of at least 0"),
        ({"draws": 1.5}, "draws 1.5 is no whole number"),
        ({"seed": -1}, "seed -1 is no whole number"),
        ({"cluster": "patient"}, "no column 'patient'"),
    ],
)
def test_a_bootstrap_that_cannot_be_drawn_says_so(options, message):
    with pytest.raises(AgreementError, match=message):
        bootstrap_icc(RATINGS, **({"cluster": "session", "draws": 3} | options))


def test_a_bootstrap_of_nothing_is_missing():
    assert bootstrap_icc(RATINGS.iloc[:0].assign(patient=1), draws=4).isna().all().all()


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        ([1, 2], [1], {}, "2 and 1 ratings"),
        ([1, np.inf], [1, 2], {}, "an infinite value"),
        (["yes", "no"], ["no", "no"], {"weights": "linear"}, "'yes' in row 0, which is no number"),
        ([1, 2], [1, 2], {"weights": "quad"}, "unknown weights 'quad'"),
        ([1, 2], [1, 2], {"level": 95}, "level 95"),
        (np.ones((2, 2)), np.ones((2, 2)), {}, "one list, one rating a target"),
    ],
)
def test_a_kappa_that_cannot_be_computed_says_so(first, second, options, message):
    with pytest.raises(AgreementError, match=message):
        weighted_kappa(first, second, **options)


def test_kappa_of_labels_is_that_of_numbers():
    first, second = list("abbcab"), ["a", "b", "c", "c", "a", None]
    numbers = {"a": 1, "b": 2, "c": 3, None: np.nan}
    assert weighted_kappa(first, second) == weighted_kappa([numbers[c] for c in first], [numbers[c] for c in second])


def test_alpha_of_many_different_values_needs_no_table_of_their_pairs():
    values = np.random.default_rng(1).normal(size=(300, 6))
    # 1,800 categories: a coincidence matrix a target would take 8 GB.
    assert -0.1 < krippendorff_alpha(long(values)) < 0.1


@pytest.mark.parametrize(
    ("values", "form", "estimate", "low", "remark"),
    [
        # Three sessions: the end of ICC(2,1) is below −1, where Spearman and Brown's formula has its pole.
        ([[1, 2], [3, 3], [5, 4]], "ICC(2,k)", 12 / 13, -np.inf, "no lower end (minus infinity)"),
        # MSR .0025, MSC .0025, MSE .9025 by hand: (MSR − MSE)/(MSR + (MSC − MSE)/2) = −.9/−.4475.
        ([[1, 2], [2, 1.1]], "ICC(2,k)", 0.9 / 0.4475, np.nan, "above 1: negative variance components"),
        ([[1, 2], [2, 1.1]], "ICC(2,1)", -180.0, -361.0, "negative below −1, which few targets allow"),
        # MSR .5, MSE 7/6 by hand.
        ([[1, 3], [2, 3], [2, 1]], "ICC(3,1)", -0.4, None, "negative and reported as it is"),
        ([[1, 2], [1, 2], [1, 2]], "ICC(3,1)", np.nan, np.nan, "not computable: neither targets nor the residual"),
        ([[1, 2], [1, 2], [1, 2]], "ICC(2,1)", 0.0, np.nan, "no interval"),
    ],
)
def test_coefficients_outside_their_usual_range_stand_with_a_remark(values, form, estimate, low, remark):
    found = icc(long(np.array(values, dtype=float))).set_index("form").loc[form]
    assert found["estimate"] == pytest.approx(estimate, abs=1e-9, nan_ok=True)
    if low is not None:
        assert found["ci_low"] == pytest.approx(low, abs=1e-6, nan_ok=True)
    assert remark in found["note"]


def test_an_interval_holds_its_estimate_or_is_missing():
    generator = np.random.default_rng(3)
    for _ in range(150):
        targets, raters = generator.integers(2, 8), generator.integers(2, 5)
        values = np.round(generator.normal(size=(targets, 1)) + generator.normal(size=(targets, raters)), 1)
        found = icc(long(values))
        stated = found[found["ci_low"].notna()]
        assert (stated["ci_low"] <= stated["estimate"] + 1e-9).all()
        assert (stated["estimate"] <= stated["ci_high"] + 1e-9).all()
        assert (found.loc[found["ci_low"].isna(), "note"] != "").all()


def test_the_form_is_named_in_words_with_both_notations_and_the_number_of_coders():
    found = icc(RATINGS).set_index("form")
    assert found.loc["ICC(2,k)", "meaning"] == "mean of 2 coders, coders are a sample of coders, absolute agreement"
    assert found["notation"].tolist() == ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]
    gappy = icc(RATINGS.assign(count=[1, np.nan, 3, 3, 5, 4])).set_index("form")
    assert gappy.loc["ICC(2,k)", "meaning"].startswith("mean of 1.50 coders (effective number a session)")
    assert "3 targets by 2 raters: 1 rated once, 2 by all 2" in gappy.loc["ICC(2,k)", "note"]
