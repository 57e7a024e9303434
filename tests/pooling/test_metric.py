"""The metric of waves: standardised slopes, partial r, raw slopes only of one metric."""

import numpy as np
import pytest

from ruptureflow.pooling import (
    MeasureIdentity,
    PoolingError,
    check_raw_metric,
    partial_r,
    partial_r_range,
    standardised_slope,
    standardised_slope_from_draws,
)

SALIVA = {
    "instrument": "WAI-S", "range": "1–7", "analyte": "oxytocin", "matrix": "saliva", "unit": "pg/ml", "assay": "RIA",
}  # fmt: skip


def test_standardised_slope_is_not_b_times_the_ratio_of_sds():
    ours = standardised_slope(-0.25, 0.07, 0.76, 0.8)
    assert np.isclose(ours.estimate, -0.25 * 0.76 / 0.8)
    assert np.isclose(ours.variance, (0.07 * 0.76 / 0.8) ** 2)


def test_delta_variance_of_one_predictor_is_not_that_of_r():
    """b, SDs and residual of one regression with n − 1 df: the variance has to be (1 − r²)²/n."""
    n, r = 4000, 0.6
    ours = standardised_slope(r, np.sqrt((1 - r**2) / n), 1.0, 1.0, n, n)
    assert np.isclose(ours.variance, (1 - r**2) ** 2 / n)


def test_delta_variance_misses_the_simulated_one():
    rng = np.random.default_rng(8)
    patients, sessions, b = 30, 5, 0.5
    found, stated = [], []
    for _ in range(1500):
        x = rng.normal(size=(patients, sessions))
        y = b * x + rng.normal(size=(patients, sessions))
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        df = patients * (sessions - 1)
        slope = (x * y).sum() / (x**2).sum()
        residual = ((y - slope * x) ** 2).sum() / (df - 1)
        one = standardised_slope(
            slope, np.sqrt(residual / (x**2).sum()), np.sqrt((x**2).sum() / df), np.sqrt((y**2).sum() / df), df, df
        )
        found.append(one.estimate)
        stated.append(one.variance)
    # Monte Carlo error of a variance from 1,500 draws is 3.7 %.
    assert np.isclose(np.mean(stated), np.var(found), rtol=0.12)


def test_draws_of_the_slope_give_another_variance():
    rng = np.random.default_rng(2)
    draws = rng.normal(0.3, 0.1, 20_000)
    ours = standardised_slope_from_draws(0.3, 0.8, 1.6, draws)
    assert np.isclose(ours.estimate, 0.15) and np.isclose(ours.variance, 0.0025, rtol=0.05)
    with pytest.raises(PoolingError, match="at least 100 finite draws"):
        standardised_slope_from_draws(0.3, 0.8, 1.6, [0.1, 0.2])


def test_raw_slopes_of_different_metrics_are_pooled():
    check_raw_metric({"a": SALIVA, "b": MeasureIdentity(**SALIVA)})
    other = SALIVA | {"matrix": "plasma", "assay": "ELISA"}
    with pytest.raises(PoolingError) as error:
        check_raw_metric({"demo_saliva": SALIVA, "demo_plasma": other})
    text = str(error.value)
    assert "matrix is 'saliva' in demo_saliva but 'plasma' in demo_plasma" in text
    assert "assay is 'RIA'" in text and "use the metric 'standardised_within'" in text
    with pytest.raises(PoolingError, match="wave 'b' does not declare assay"):
        check_raw_metric({"a": SALIVA, "b": {name: SALIVA[name] for name in SALIVA if name != "assay"}})


def test_partial_r_goes_without_its_df():
    ours = partial_r(-3.13, 62)
    assert np.isclose(ours.estimate, -3.13 / np.sqrt(3.13**2 + 62))
    assert np.isclose(partial_r(-3.13, 62, on_z=True).variance, 1 / 61)
    for df in (np.nan, np.inf, 1):
        with pytest.raises(PoolingError, match="use partial_r_range"):
            partial_r(-3.13, df)
    span = partial_r_range(3.26, 10.42, 12.60)
    assert span["estimate"].is_monotonic_decreasing and len(span) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, 0.1, 0.0, 1.0), "sd_x is 0"),
        ((0.5, -0.1, 1.0, 1.0), "std_error is -0.1"),
        ((0.5, 0.1, 1.0, 1.0, 60), "give both, or neither"),
        ((2.0, 0.1, 1.0, 1.0, 60, 60), "the standardised slope is 2"),
        ((np.nan, 0.1, 1.0, 1.0), "slope has a missing"),
    ],
)
def test_impossible_slopes_are_standardised(arguments, message):
    with pytest.raises(PoolingError, match=message):
        standardised_slope(*arguments)


def test_waves_are_standardised_otherwise_than_published_slopes():
    from ruptureflow.models import standardised_slope as from_rows
    from ruptureflow.models import within_sd

    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(22), 4)
    x = rng.normal(size=88) + rng.normal(size=22)[patient]
    y = 0.4 * x + rng.normal(size=88)
    theirs = from_rows(0.4, 0.11, x, y, patient)
    ours = standardised_slope(0.4, 0.11, within_sd(x, patient), within_sd(y, patient), 66, 66)
    assert np.isclose(ours.estimate, theirs.estimate) and np.isclose(ours.std_error, theirs.std_error)
