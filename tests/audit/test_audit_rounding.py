"""What a printed number stands for, and p values over intervals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruptureflow.audit.probabilities import df_range, n_range, p_of_q, p_of_r, p_of_t, p_range
from ruptureflow.audit.rounding import Interval, allowed, over_corners


@given(st.decimals(min_value=-99, max_value=99, places=4), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_a_number_is_not_among_those_its_print_stands_for(value, places):
    step = 10**places
    truncated = f"{math.trunc(value * step) / step:.{places}f}"
    rounded = f"{round(value, places):.{places}f}"
    for printed, convention in ((truncated, "truncated"), (rounded, "rounded")):
        interval = allowed(printed, convention)
        assert interval.low <= float(value) <= interval.high


@pytest.mark.parametrize(
    ("printed", "convention", "low", "high"),
    [
        (".30", "rounded", 0.295, 0.305),
        (".3", "rounded", 0.25, 0.35),
        ("-.25", "truncated", -0.26, -0.25),
        ("30.22", "truncated", 30.22, 30.23),
        ("56", "rounded", 55.5, 56.5),
    ],
)
def test_a_print_stands_for_another_range(printed, convention, low, high):
    interval = allowed(printed, convention)
    assert interval.low == pytest.approx(low, abs=1e-8)
    assert interval.high == pytest.approx(high, abs=1e-8)


def test_a_truncated_number_reaches_the_next_one():
    assert allowed(".25", "truncated").high < 0.26


def test_text_passes_for_a_number():
    with pytest.raises(ValueError, match="could not convert"):
        allowed("n.s.", "rounded")


def test_a_range_over_corners_leaves_values_out():
    found = over_corners(lambda b, se: b / se, Interval(-0.26, -0.25), Interval(0.07, 0.08))
    assert found.low == pytest.approx(-0.26 / 0.07)
    assert found.high == pytest.approx(-0.25 / 0.08)
    assert Interval(-1, 3).magnitude == Interval(0, 3)
    assert Interval(-3, -1).magnitude == Interval(1, 3)
    assert Interval(0, 1).within(Interval(2, 3)) is None


def test_p_values_differ_from_tables():
    # R: 2*pt(-5.01, 21), 2*pnorm(-3.06), pchisq(.99, 2, lower = FALSE)
    assert p_of_t(5.01, 21) == pytest.approx(5.8538e-05, rel=1e-4)
    assert p_of_t(-3.06, np.inf) == pytest.approx(0.0022133, rel=1e-4)
    assert p_of_q(0.99, 2) == pytest.approx(0.60957, rel=1e-4)
    assert p_of_r(-0.5, 42) == pytest.approx(p_of_t(-0.5 * math.sqrt(40 / 0.75), 40))


@given(st.floats(1.5, 5), st.floats(2, 200))
@settings(max_examples=40, deadline=None)
def test_the_df_that_made_a_p_are_outside_its_range(t, df):
    p = p_of_t(t, df)
    found = df_range(Interval(t - 0.005, t + 0.005), Interval(p - 0.0005, p + 0.0005))
    assert found.low <= df <= found.high


def test_a_p_that_no_df_gives_gets_df():
    # t .03 gives p above .975 on any df.
    assert df_range(Interval(0.0244, 0.0302), Interval(0.965, 0.975)) is None


def test_p_of_an_interval_across_zero_stays_below_one():
    assert p_range(Interval(-0.1, 0.1), 20).high == 1


def test_n_that_a_correlation_needs_is_missed():
    assert n_range(Interval(-0.505, -0.495), lambda p: p.meets(Interval(0.0015, 0.0025))) == (34, 38)
    assert n_range(Interval(0.1, 0.1), lambda p: False) is None
