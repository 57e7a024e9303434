"""Draws have exactly the moments they promise, and whole numbers are moved to their targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruptureflow.agreement import icc
from ruptureflow.simulate.assays import Curve, Noise, Reagents, dealt, run_tubes
from ruptureflow.simulate.calibration import SlopeTarget, tune, two_rater_icc
from ruptureflow.simulate.moments import (
    generator,
    nested_draw,
    residual_draw,
    whole_numbers,
    within,
    within_variance,
)

GROUP = np.repeat(np.arange(6), [4, 4, 3, 4, 2, 4])


def _anova_share(values: np.ndarray, group: np.ndarray) -> float:
    sizes = np.bincount(group)
    means = np.bincount(group, weights=values) / sizes
    rows, groups = len(values), len(sizes)
    error = ((values - means[group]) ** 2).sum() / (rows - groups)
    between = (sizes * (means - values.mean()) ** 2).sum() / (groups - 1)
    variance = (between - error) / ((rows - (sizes**2).sum() / rows) / (groups - 1))
    return variance / (variance + error)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    mean=st.floats(-5, 5),
    sd=st.floats(0.1, 10),
    share=st.floats(0.05, 0.9),
)
def test_a_small_sample_would_miss_its_mean_sd_or_share(seed, mean, sd, share):
    values = nested_draw(GROUP, mean, sd, share, generator(seed))
    assert values.mean() == pytest.approx(mean, abs=1e-9)
    assert values.std(ddof=1) == pytest.approx(sd)
    assert _anova_share(values, GROUP) == pytest.approx(share)


def test_the_mean_would_depend_on_how_patients_are_weighted():
    values = nested_draw(GROUP, 0.82, 1.01, 0.43, generator(1))
    sizes = np.bincount(GROUP)
    means = np.bincount(GROUP, weights=values) / sizes
    error = within_variance(1.01, 0.43, GROUP)
    weights = 1 / (error * 0.43 / 0.57 + error / sizes)
    assert (weights * means).sum() / weights.sum() == pytest.approx(0.82)


def test_residuals_would_lean_on_the_predictor_they_are_added_to():
    random = generator(3)
    predictor = random.standard_normal(len(GROUP))
    drawn = residual_draw(GROUP, predictor[:, None], 2.5, random)
    assert np.bincount(GROUP, weights=drawn) == pytest.approx(np.zeros(6), abs=1e-9)
    assert (drawn * within(predictor, GROUP)).sum() == pytest.approx(0, abs=1e-9)
    assert (drawn**2).sum() / (len(GROUP) - 6 - 1) == pytest.approx(2.5)


def test_ages_would_not_add_up_to_their_total():
    values = whole_numbers(22, 471, 3.92, 14, 32, generator(4))
    assert sum(values) == 471
    assert np.std(values, ddof=1) == pytest.approx(3.92, abs=0.02)
    assert min(values) >= 14
    assert max(values) <= 32


def test_tuned_counts_would_miss_the_slope_its_error_or_the_agreement():
    random = generator(5)
    group = np.repeat(np.arange(20), 4)
    change = within(random.standard_normal(80), group)
    target = SlopeTarget(np.arange(80), group, change[:, None], 0.7, 0.2)
    start = np.clip(np.round(4 + random.standard_normal((80, 2)) + random.standard_normal(80)[:, None]), 0, None)
    cells = tune(start, np.full((80, 2), 0.5), 0, 20, target, 0.9)
    outcome = cells.mean(axis=1)
    x, y = within(change, group), within(outcome, group)
    slope = (x * y).sum() / (x**2).sum()
    std_error = np.sqrt(((y - slope * x) ** 2).sum() / (80 - 20 - 1) / (x**2).sum())
    assert slope == pytest.approx(0.7, abs=0.01)
    assert std_error == pytest.approx(0.2, abs=0.01)
    assert two_rater_icc(cells[:, 0], cells[:, 1]) == pytest.approx(0.9, abs=0.01)
    assert cells.min() >= 0


def test_our_icc_of_two_raters_would_be_another_form():
    import pandas as pd

    ratings = np.array([[9, 2], [6, 1], [8, 4], [7, 1], [10, 5], [6, 2]])
    rows = [(s, c, ratings[s, c]) for s in range(6) for c in range(2)]
    table = icc(pd.DataFrame(rows, columns=["session", "coder", "count"])).set_index("form")
    assert two_rater_icc(ratings[:, 0], ratings[:, 1]) == pytest.approx(table.loc["ICC(2,1)", "estimate"])


REAGENTS = Reagents(
    curve=Curve(zero=7000, infinite=400, midpoint=70, slope=1.0),
    noise=Noise(share=0.01, minutes=5),
    run_spread=(0.0, 0.0),
    total=20_000,
    standards={"S1": 10.0, "S2": 100.0},
    controls={"QC": 50.0},
    decimals=0,
)


def test_a_sample_would_be_read_elsewhere_than_at_its_dose():
    tubes = run_tubes(REAGENTS, [("a", 40.0), ("b", 90.0)], {"reagent": 2, "standard": 2, "control": 1}, generator(6))
    labels = [tube.label for tube in tubes]
    assert labels == [*["T"] * 2, *["NSB"] * 2, *["B0"] * 2, *["S1"] * 2, *["S2"] * 2, "QC", *"aabb", "QC"]
    for label, dose in (("a", 40.0), ("b", 90.0)):
        mean = np.mean([tube.signal for tube in tubes if tube.label == label])
        assert mean == pytest.approx(float(REAGENTS.curve.signal(dose)), abs=0.51)


def test_a_patients_samples_would_be_split_over_two_runs():
    assert dealt(["a", "b", "c", "d", "e"], 2) == [["a", "b", "c"], ["d", "e"]]
