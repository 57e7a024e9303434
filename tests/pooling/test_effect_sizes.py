"""Effect sizes against escalc, conversions against themselves, combinations by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruptureflow.pooling import (
    PoolingError,
    change_difference,
    combine_effects,
    correlation,
    d_from_f,
    d_from_p,
    d_from_t,
    d_to_log_odds,
    d_to_r,
    d_to_z,
    effect_from_interval,
    fisher_z,
    log_odds_to_d,
    mean_difference,
    odds_ratio,
    point_biserial,
    pre_post_change,
    pre_post_sweep,
    r_from_t,
    r_to_d,
    r_to_z,
    risk_ratio,
    standardised_mean_difference,
    z_to_d,
    z_to_r,
)

TOLERANCE = 1e-13


def test_effect_sizes_differ_from_escalc(golden, close):
    cases = golden["effect_sizes"]
    means, pp, tables = (cases["inputs"][name] for name in ("means", "prepost", "tables"))
    m = [means[name] for name in ("m1", "sd1", "n1", "m2", "sd2", "n2")]
    t = [tables[name] for name in ("ai", "n1", "ci", "n2")]
    change = [pp[name] for name in ("pre", "sd_pre", "post", "sd_post", "n", "r")]
    d = standardised_mean_difference(*m, correction=False)
    found = {
        "smd_ls": standardised_mean_difference(*m),
        "smd_ub": standardised_mean_difference(*m, variance="ub"),
        "smd_ls2": standardised_mean_difference(*m, variance="ls2"),
        "md": mean_difference(*m),
        "smcr": pre_post_change(*change),
        "smcc": pre_post_change(*change, by="change"),
        "log_or": odds_ratio(*t),
        "log_rr": risk_ratio(*t),
        "cor": correlation(cases["inputs"]["r"], cases["inputs"]["n"]),
        "zcor": fisher_z(cases["inputs"]["r"], cases["inputs"]["n"]),
    }
    n1, n2 = np.array(means["n1"]), np.array(means["n2"])
    h = (n1 + n2 - 2) * (1 / n1 + 1 / n2)
    found["rpb"] = point_biserial(d.estimate / np.sqrt(d.estimate**2 + h), n1, n2)
    assert set(found) == set(cases) - {"inputs"}
    for name, ours in found.items():
        close(ours.estimate, cases[name]["estimate"], TOLERANCE, name)
        close(ours.variance, cases[name]["variance"], TOLERANCE, name)


@given(st.floats(-0.95, 0.95), st.floats(1e-3, 0.5), st.integers(3, 200), st.integers(3, 200))
def test_a_round_trip_changes_the_effect_or_its_variance(r, variance, n1, n2):
    z = r_to_z(r, variance)
    back = z_to_r(z.estimate, z.variance)
    d = r_to_d(r, n1, n2, variance)
    again = d_to_r(d.estimate, n1, n2, d.variance)
    straight = z_to_d(z.estimate, z.variance, n1, n2)
    odds = d_to_log_odds(d.estimate, d.variance)
    home = log_odds_to_d(odds.estimate, odds.variance)
    for effect in (back, again):
        assert np.allclose([effect.estimate, effect.variance], [r, variance], rtol=1e-9, atol=1e-12)
    assert np.allclose([straight.estimate, straight.variance], [d.estimate, d.variance], rtol=1e-9, atol=1e-12)
    assert np.allclose([home.estimate, home.variance], [d.estimate, d.variance], rtol=1e-12, atol=1e-15)


def test_the_2011_rows_are_not_rebuilt_from_r_and_group_sizes():
    """Strauss 2006: r .39 with 14 against 11 patients has a standard error of .192 on Fisher's z, not 1/√22 = .213."""
    z = d_to_z(r_to_d(0.39, 14, 11).estimate, 14, 11)
    assert np.isclose(z.std_error, 0.192, atol=5e-4)
    assert np.isclose(z.estimate, np.arctanh(0.39))


def test_a_present_absent_correlation_gets_the_variance_of_a_pearson_one():
    pearson, ours = fisher_z(0.39, 25), point_biserial(0.39, 14, 11, on_z=True)
    assert ours.variance < pearson.variance


def test_statistics_lead_to_different_effects():
    t, n1, n2 = 2.3, 18, 22
    d = d_from_t(t, n1, n2)
    assert np.isclose(d_from_f(t**2, n1, n2).estimate, d.estimate)
    assert np.isclose(d_from_f(t**2, n1, n2, sign=-1).estimate, -d.estimate)
    from scipy.special import stdtr

    p = 2 * stdtr(38, -t)
    assert np.isclose(d_from_p(p, n1, n2).estimate, d.estimate)
    assert np.isclose(d_from_p(p / 2, n1, n2, tails=1).estimate, d.estimate)
    assert np.isclose(r_from_t(t, 38).estimate, t / np.sqrt(t**2 + 38))


def test_an_interval_does_not_give_its_estimate_back():
    low, high = np.tanh(0.3 - 1.959963984540054 * 0.1), np.tanh(0.3 + 1.959963984540054 * 0.1)
    ours = effect_from_interval(low, high, transform="r")
    assert np.allclose([ours.estimate, ours.std_error], [0.3, 0.1])
    ratio = effect_from_interval(0.5, 2.0, transform="ratio")
    assert np.isclose(ratio.estimate, 0)


def test_a_pre_post_effect_goes_without_its_correlation():
    with pytest.raises(PoolingError, match="correlation of pre and post is not given"):
        pre_post_change(20, 5, 12, 6, 30)
    with pytest.raises(PoolingError, match="correlation of pre and post is not given"):
        change_difference((20, 5, 12, 30), (20, 5, 18, 28))
    ours = pre_post_change(20, 5, 12, 6, 30, 0.6, "test manual")
    assert "0.6 (test manual)" in ours.note
    sweep = pre_post_sweep(20, 5, 12, 6, 30)
    assert list(sweep["correlation"]) == [0.3, 0.5, 0.7, 0.9] and sweep["variance"].is_monotonic_decreasing


def test_change_difference_has_another_variance_than_morris():
    """Morris (2008), equation 25, evaluated by hand."""
    ours = change_difference((20, 5, 12, 30), {"mean_pre": 21, "sd_pre": 6, "mean_post": 18, "n": 28}, 0.6)
    pooled = np.sqrt((29 * 25 + 27 * 36) / 56)
    g = (1 - 3 / (4 * 56 - 1)) * (-8 + 3) / pooled
    assert np.isclose(ours.estimate, g, rtol=1e-4)
    base = 2 * 0.4 * 58 / 840
    assert np.isclose(ours.variance, (1 - 3 / 223) ** 2 * base * 56 / 54 * (1 + g**2 / base) - g**2, rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: r_to_z(1.0, 0.1), "r is 1: it must lie strictly between"),
        (lambda: fisher_z(-1, 20), "r is -1"),
        (lambda: fisher_z(0.2, 3), "n is 3: this effect size needs at least 4"),
        (lambda: fisher_z([0.2, np.nan], 20), "r has a missing or infinite value"),
        (lambda: fisher_z("high", 20), "r is 'high': give numbers"),
        (lambda: standardised_mean_difference(1, 0, 20, 2, 1, 20), "sd1 is 0: it must be above zero"),
        (lambda: d_to_r(0.5, 20, None), "only one group's size is given"),
        (lambda: odds_ratio(21, 20, 3, 20), "events lie outside"),
        (lambda: odds_ratio(0, 20, 0, 20), "holds no information"),
        (lambda: effect_from_interval(0.5, 0.2), "low is not below high"),
        (lambda: d_from_p(0.0, 10, 10), "give the exact p"),
        (lambda: fisher_z([0.1, 0.2], [20, 30, 40]), "different lengths .r 2, n 3."),
        (lambda: z_to_r("a", 0.1), "effect is 'a': give numbers"),
        (lambda: r_to_z(0.1, n="a"), "n is 'a': give numbers"),
        (lambda: change_difference((1, 2, 3), (1, 2, 3, 4), 0.5), "treated has 3 of its 4 values"),
        (lambda: effect_from_interval(0.1, 0.2, level=95), "level=95"),
        (lambda: effect_from_interval(0.1, 0.2, df=0), "df is 0"),
        (lambda: odds_ratio(0, 0, 2, 10), "n1 is 0"),
        (lambda: fisher_z(0.2, 20).interval(95), "level=95"),
    ],
)
def test_an_impossible_effect_is_computed(call, message):
    with pytest.raises(PoolingError, match=message):
        call()


def test_outcomes_of_one_study_are_combined_wrongly():
    y, v, study = [0.2, 0.4, 0.9], [0.04, 0.09, 0.05], ["a", "a", "b"]
    independent = combine_effects(y, v, study, "independent")
    assert list(independent["study"]) == ["a", "b"] and list(independent["n_effects"]) == [2, 1]
    assert np.allclose(independent["estimate"], [0.3, 0.9])
    assert np.allclose(independent["variance"], [0.13 / 4, 0.05])
    correlated = combine_effects(y, v, study, "correlated", correlation=0.5)
    assert np.isclose(correlated["variance"][0], (0.13 + 2 * 0.5 * 0.2 * 0.3) / 4)
    weighted = combine_effects(y, v, study, "independent", weighting="inverse-variance")
    assert np.isclose(weighted["variance"][0], 1 / (1 / 0.04 + 1 / 0.09))
    assert len(combine_effects(y, v, study, "keep")) == 3
    with pytest.raises(PoolingError, match="state the correlation between outcomes"):
        combine_effects(y, v, study, "correlated")


def test_a_standard_error_typed_as_an_sd_goes_unnoted():
    assert "typed as an SD" in standardised_mean_difference(10, 0.4, 30, 8, 0.5, 30).note
    assert "typed as an SD" not in standardised_mean_difference(10, 2.4, 30, 8, 2.5, 30).note
