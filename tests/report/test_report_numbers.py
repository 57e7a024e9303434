"""How numbers are printed."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruptureflow.report import numbers

MINUS = "−"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.8209, "0.82"),
        (-0.2504, f"{MINUS}0.25"),
        (0.006, "0.0060"),
        (-0.0041, f"{MINUS}0.0041"),
        (0.0000123, "0.0000"),
        (1234.5, "1,234.50"),
        (0, "0.00"),
        (-0.0, "0.00"),
        (math.inf, "∞"),
        (None, "—"),
        (pd.NA, "—"),
        (math.nan, "—"),
    ],
)
def test_an_estimate_would_be_misprinted(value, printed):
    assert numbers.estimate(value) == printed


@pytest.mark.parametrize(
    ("value", "printed", "phrase"),
    [
        (0.00067, "< .001", "< .001"),
        (0.0023, ".002", "= .002"),
        (0.0499, ".050", "= .050"),
        (0.97, ".970", "= .970"),
        (0.9996, "> .999", "> .999"),
        (None, "—", "—"),
    ],
)
def test_a_p_value_would_have_a_zero_before_its_point_or_be_exactly_zero(value, printed, phrase):
    assert numbers.p_value(value) == printed
    assert numbers.p_phrase(value) == phrase


@pytest.mark.parametrize(
    ("value", "printed"), [(0.947, ".95"), (-0.12, f"{MINUS}.12"), (1, "1.00"), (-1.47, f"{MINUS}1.47"), (0, ".00")]
)
def test_a_coefficient_that_cannot_exceed_one_would_have_a_leading_zero(value, printed):
    assert numbers.unit_interval(value) == printed


@pytest.mark.parametrize(("value", "printed"), [(62.0, "62"), (62.36, "62.4"), (math.inf, "∞"), (None, "—")])
def test_degrees_of_freedom_would_claim_decimals_they_do_not_have(value, printed):
    assert numbers.degrees(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"), [(183.4, "183"), (4.4718, "4.47"), (0.03123, "0.0312"), (12345, "12,300"), (0, "0")]
)
def test_a_concentration_would_show_more_digits_than_it_has(value, printed):
    assert numbers.significant(value) == printed


@settings(deadline=None, max_examples=60)
@given(st.floats(min_value=-1e6, max_value=1e6, allow_nan=False))
def test_a_printed_number_would_be_further_from_its_value_than_rounding_allows(value):
    for style, decimals in ((lambda v: numbers.fixed(v, 2), 2), (numbers.percent, 1), (numbers.count, 0)):
        read_back = float(style(value).replace(MINUS, "-").replace(",", ""))
        assert abs(read_back - value) <= 0.5 * 10**-decimals + 1e-9 * abs(value)


@pytest.mark.parametrize(
    ("scale", "printed"),
    [
        (0.16, "−0.25"),
        (0.08, "−0.250"),
        (0.0024, "−0.2500"),
        (3.4, "−0.25"),
        (1e-9, "−0.2500"),
        (0.0, "−0.25"),
        (None, "−0.25"),
    ],
)
def test_a_coefficient_would_be_printed_with_other_decimals_than_its_standard_error(scale, printed):
    assert numbers.aligned(scale)(-0.25) == printed


def test_a_printed_number_would_be_given_digits_it_was_not_printed_with():
    assert numbers.as_printed("-.20")(-0.2) == "−.20"
    assert numbers.as_printed("not given")(None) == "—"
