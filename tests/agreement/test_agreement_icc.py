"""Intraclass correlations against psych, by hand, and on data that leave nothing to compute."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rating_data import goldens, long, matrix

from ruptureflow.agreement import AgreementError, bootstrap_icc, icc
from ruptureflow.agreement.incomplete import implied_mean_squares
from ruptureflow.agreement.mean_squares import coefficients, mean_squares

SHROUT_FLEISS = matrix(goldens()["icc"]["shrout_fleiss"]["ratings"])


@pytest.mark.parametrize("case", sorted(goldens()["icc"]))
def test_every_form_test_and_interval_is_psychs(case):
    golden = goldens()["icc"][case]
    ours = icc(long(matrix(golden["ratings"])), level=golden["level"]).set_index("form").loc[golden["forms"]]
    # Worst differences: 3e-15, and 1e-12 where 1e5 was added to ratings of SD 1.
    tolerance = 1e-10 if case == "far_from_zero" else 1e-13
    for column in ("estimate", "statistic", "df1", "df2", "p_value", "ci_low", "ci_high"):
        np.testing.assert_allclose(ours[column], golden[column], rtol=tolerance, atol=tolerance, err_msg=column)


@pytest.mark.parametrize("number", range(len(goldens()["sweep"])))
def test_tables_of_every_kind_have_psychs_numbers(number):
    golden = goldens()["sweep"][number]
    values = matrix(golden["ratings"])
    ours = icc(long(values)).set_index("form").loc[golden["forms"]]
    theirs = pd.DataFrame({name: golden[name] for name in ("estimate", "statistic", "df1", "df2", "p_value")})
    ends = pd.DataFrame({name: golden[name] for name in ("ci_low", "ci_high")}).astype(float).to_numpy()
    if np.ptp(values, axis=1).max() == 0:
        # Perfect agreement: psych's residual mean square is rounding noise, and so is its F.
        assert (ours["estimate"] == 1).all()
        assert np.isinf(ours["statistic"]).all()
        assert theirs["statistic"].min() > 1e20
        theirs["statistic"] = np.inf
    for column in theirs:
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-8, atol=1e-8, err_msg=column)
    # Where psych's interval does not hold psych's estimate (past the pole of the step-up, or df near 0), ours is
    # missing or ends at minus infinity, and says so.
    sound = (ends[:, 0] <= theirs["estimate"] + 1e-9) & (theirs["estimate"] <= ends[:, 1] + 1e-9)
    sound = sound.to_numpy()
    np.testing.assert_allclose(ours.loc[sound, ["ci_low", "ci_high"]], ends[sound], rtol=1e-8, atol=1e-8)
    rest = ours[~sound]
    assert (np.isneginf(rest["ci_low"]) | rest["ci_low"].isna()).all()
    assert rest["note"].str.contains("no lower end|no interval").all()


def test_shrout_and_fleiss_published_table_is_reproduced():
    estimates = icc(long(SHROUT_FLEISS)).set_index("form")["estimate"].round(2)
    assert estimates.to_dict() == {
        "ICC(1,1)": 0.17,
        "ICC(2,1)": 0.29,
        "ICC(3,1)": 0.71,
        "ICC(1,k)": 0.44,
        "ICC(2,k)": 0.62,
        "ICC(3,k)": 0.91,
    }


@pytest.mark.parametrize("case", sorted(goldens()["incomplete"]))
def test_incomplete_designs_have_lme4s_variance_components(case):
    golden = goldens()["incomplete"][case]
    forms = icc(long(matrix(golden["ratings"]))).set_index("form")
    target, rater, residual = golden["target"], golden["rater"], golden["residual"]
    assert forms.loc["ICC(2,1)", "estimate"] == pytest.approx(target / (target + rater + residual), abs=1e-7)
    assert forms.loc["ICC(3,1)", "estimate"] == pytest.approx(target / (target + residual), abs=1e-7)
    # Harmonic means: of 2; of 3; of 64 ones and 16 twos.
    k = {"rotating_pairs": 2, "gaps": 3, "a_fifth_twice": 80 / (64 + 16 / 2)}[case]
    assert forms["n_raters"].tolist() == pytest.approx([k] * 6)
    assert forms.loc["ICC(2,k)", "estimate"] == pytest.approx(target / (target + (rater + residual) / k), abs=1e-7)
    assert forms["note"].str.contains("incomplete design").all()
    assert (forms["ci_low"] < forms["estimate"]).all()
    assert (forms["estimate"] < forms["ci_high"]).all()


def test_the_route_of_incomplete_designs_gives_the_mean_squares_of_a_complete_one():
    implied, direct = implied_mean_squares(SHROUT_FLEISS).squares, mean_squares(SHROUT_FLEISS)
    for form, value in coefficients(direct).items():
        assert coefficients(implied)[form] == pytest.approx(value, abs=1e-6)


def test_pairs_of_raters_who_share_no_target_cost_no_further_degree_of_freedom():
    values = np.full((20, 4), np.nan)
    drawn = np.random.default_rng(2).normal(size=(20, 2)) + np.random.default_rng(3).normal(size=(20, 1))
    values[:10, :2], values[10:, 2:] = drawn[:10], drawn[10:]
    found = icc(long(values)).set_index("form")
    # One contrast of raters inside each pair: 40 ratings − 20 targets − 2.
    assert found.loc["ICC(2,k)", "df2"] == 18
    assert found.loc["ICC(1,k)", "df2"] == 20
    assert found["estimate"].notna().all()


def test_a_target_rated_once_counts_towards_the_effective_number_of_raters():
    values = SHROUT_FLEISS.copy()
    values[0, 1:] = np.nan
    found = icc(long(values))
    assert found["n_targets"].unique().tolist() == [6]
    assert found["n_raters"].iloc[0] == pytest.approx(6 / (1 + 5 / 4))


def test_a_doubled_rating_is_refused_with_both_rows():
    ratings = long(SHROUT_FLEISS)
    doubled = pd.concat([ratings, ratings.iloc[[3]].assign(count=1)], ignore_index=True)
    with pytest.raises(AgreementError, match=r"session 0, coder D is rated 2 times: row 3 .*8.* and row 24 .*1"):
        icc(doubled)


def test_sessions_numbered_alike_in_two_patients_need_both_columns():
    ratings = pd.concat([long(SHROUT_FLEISS), long(SHROUT_FLEISS + 1).assign(patient="q")])
    with pytest.raises(AgreementError, match="patient and session"):
        icc(ratings)
    assert icc(ratings, target=["patient", "session"])["n_targets"].iloc[0] == 12


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((5, 2)), "all ratings are equal"),
        (SHROUT_FLEISS[:1], "one target"),
        (SHROUT_FLEISS[:, :1], "one rater"),
        (np.array([[1, np.nan], [np.nan, 2], [3, np.nan]]), "no target was rated twice"),
        (np.full((3, 2), np.nan), "no ratings"),
    ],
)
def test_what_cannot_be_computed_is_missing_and_says_why(values, reason):
    found = icc(long(values))
    assert found["estimate"].isna().all()
    assert found["note"].str.contains(f"not computable: {reason}").all()
    assert len(found) == 6


def test_perfect_agreement_is_one_with_an_interval_of_one():
    found = icc(long(np.repeat(SHROUT_FLEISS[:, :1] / 7, 3, axis=1)))
    assert found["estimate"].tolist() == [1.0] * 6
    assert found["ci_low"].tolist() == [1.0] * 6
    assert found["p_value"].tolist() == [0.0] * 6


def test_a_constant_bias_leaves_consistency_perfect_and_agreement_not():
    found = icc(long(np.column_stack([SHROUT_FLEISS[:, 0], SHROUT_FLEISS[:, 0] + 2]))).set_index("form")
    assert found.loc["ICC(3,1)", "estimate"] == 1.0
    assert found.loc["ICC(2,1)", "estimate"] == pytest.approx(4 / 7)


def test_a_coder_without_variance_is_named():
    found = icc(long(np.column_stack([SHROUT_FLEISS[:, 0], np.full(6, 3.0)])))
    assert found["note"].str.contains("no variance in the ratings of B").all()
    assert found.set_index("form").loc["ICC(1,1)", "estimate"] == pytest.approx(-0.8)


def test_negative_coefficients_are_not_clamped():
    assert icc(long(matrix(goldens()["icc"]["negative"]["ratings"])))["estimate"].min() < 0


def test_opposite_coders_have_no_coefficient_of_the_mean():
    found = icc(long(np.column_stack([SHROUT_FLEISS[:, 0], -SHROUT_FLEISS[:, 0]]))).set_index("form")
    assert found.loc["ICC(3,1)", "estimate"] == -1.0
    assert np.isnan(found.loc["ICC(3,k)", "estimate"])
    assert "minus infinity" in found.loc["ICC(3,k)", "note"]


@given(st.integers(0, 10_000), st.floats(-50, 50), st.floats(0.1, 20))
@settings(max_examples=20, deadline=None)
def test_order_shift_and_unit_of_ratings_do_not_matter(seed, shift, unit):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(8, 1)) + generator.normal(size=(8, 3))
    ratings = long(values)
    moved = ratings.assign(count=ratings["count"] * unit + shift).sample(frac=1, random_state=seed)
    np.testing.assert_allclose(icc(moved)["estimate"], icc(ratings)["estimate"], atol=1e-9)


def test_a_bootstrap_draw_of_every_patient_once_is_the_estimate():
    patients = ["a", "a", "b", "b", "c", "c"]
    ratings = long(SHROUT_FLEISS, patients)
    drawn = bootstrap_icc(ratings, draws=400, seed=3)
    estimates = icc(ratings, target=["patient", "session"]).set_index("form")["estimate"]
    distance = (drawn - estimates[drawn.columns].to_numpy()).abs().max(axis=1)
    # 400 draws of three patients contain the sample itself about 90 times (6/27).
    assert (distance < 1e-12).sum() > 40


def test_a_draw_is_the_coefficient_of_the_patients_drawn():
    values = np.random.default_rng(1).normal(size=(12, 2)) + np.arange(12)[:, None] % 5
    clusters = np.repeat([0, 1, 2], 4)
    from ruptureflow.agreement.icc import draw_icc

    drawn = draw_icc(values, clusters, np.array([[2.0, 0.0, 1.0]]))
    by_hand = coefficients(mean_squares(values[np.r_[0:4, 0:4, 8:12]]))
    for form, value in by_hand.items():
        assert drawn[form][0] == pytest.approx(value, abs=1e-12)


def test_the_bootstrap_keeps_sessions_of_a_patient_together():
    generator = np.random.default_rng(5)
    level = np.repeat(generator.normal(size=15), 4)
    values = level[:, None] + generator.normal(0, 0.4, size=(60, 2))
    patients = np.repeat([f"p{i}" for i in range(15)], 4).tolist()
    by_patient = bootstrap_icc(long(values, patients), draws=2000, seed=1)["ICC(2,1)"].std()
    by_session = bootstrap_icc(long(values, [f"s{i}" for i in range(60)]), draws=2000, seed=1)["ICC(2,1)"].std()
    assert by_patient > 1.2 * by_session
