"""Control charts, change points, reports, codes and sudden gains."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.ruptures import RuptureError, find_ruptures
from ruptureflow.ruptures.change_points import ChangePointOptions, partition
from ruptureflow.ruptures.control_charts import run_ends, xmr_chart
from ruptureflow.ruptures.gains import is_stable


def one(values: list, criterion: str, sessions: list | None = None, **options) -> pd.DataFrame:
    frame = pd.DataFrame({"session": sessions or range(1, len(values) + 1), "bond": values}).assign(patient="a")
    return find_ruptures(frame, criterion, **options)


CALM = [5.0, 5.2, 4.9, 5.1, 5.0, 3.5, 5.1, 5.0, 4.9, 5.1]


def test_chart_limits_are_the_mean_and_2_66_mean_moving_ranges():
    chart = xmr_chart(np.array([1.0, 3.0, 2.0]))
    assert (chart.centre, chart.lower, chart.upper) == pytest.approx((2, 2 - 2.66 * 1.5, 2 + 2.66 * 1.5))


def test_a_point_below_its_own_chart_is_a_rupture():
    found = one(CALM, "control-chart")
    assert found.index[found["rupture"]].tolist() == [5]
    assert found["size"].iloc[5] == pytest.approx(np.mean(CALM) - 3.5)
    assert found["resolved_session"].iloc[5] == 7


def test_a_chart_of_four_sessions_is_not_judged():
    assert not one([5, 5, 5, 1], "control-chart")["rupture"].any()
    assert one([5, 5, 5, 5, 5, 1], "control-chart", minimum_ratings=4, baseline=5)["rupture"].iloc[5]


def test_a_run_below_the_centre_counts_once_where_it_is_completed():
    assert run_ends(np.array([True, True, False, True, True, True, True]), 3).tolist() == [
        False,
        False,
        False,
        False,
        False,
        True,
        False,
    ]
    low = [5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 4.9, 4.8, 4.9, 4.8]
    assert not one(low, "control-chart")["rupture"].any()
    assert one(low, "control-chart", run=4)["rupture"].tolist()[-1]


def test_back_inside_the_limit_is_less_than_back_at_the_centre():
    values = [*CALM[:5], 3.5, 4.5, 4.5, 4.5, 4.5, 4.5]
    centre = one(values, "control-chart", baseline=5, run=0)
    assert centre["rupture"].iloc[5]
    assert not centre["resolved"].iloc[5]
    assert one(values, "control-chart", baseline=5, resolved_at="limit", limit=4)["resolved"].iloc[5]


STEP = [6.0, 6.1, 5.9, 6.0, 6.1, 5.9, 4.0, 4.1, 3.9, 4.0, 4.1, 3.9]


@pytest.mark.parametrize("options", [{}, {"search": "binary"}, {"search": "binary", "stop": "permutation"}])
def test_a_lasting_fall_is_one_rupture_at_its_first_session(options):
    found = one(STEP, "change-point", **options)
    assert found.index[found["rupture"]].tolist() == [6]
    assert found["size"].iloc[6] == pytest.approx(2.0)
    assert not found["resolved"].iloc[6]


def test_a_fall_that_is_made_good_again_is_found_by_the_optimal_partition_only():
    values = [*STEP, 6.0, 6.1, 5.9, 6.0, 6.1, 5.9, 6.0, 6.1]
    found = one(values, "change-point", window=7)
    assert found.index[found["rupture"]].tolist() == [6]
    assert found["resolved_session"].iloc[6] == 13


def test_a_rise_is_no_rupture_and_a_small_fall_can_be_ignored():
    assert not one(STEP[::-1], "change-point")["rupture"].any()
    assert not one(STEP, "change-point", minimum_drop=2.5)["rupture"].any()


@pytest.mark.parametrize("search", ["optimal", "binary"])
def test_noise_is_rarely_split(search):
    generator = np.random.default_rng(0)
    options = ChangePointOptions(search=search)
    split = [len(partition(generator.normal(size=16), options)) > 1 for _ in range(150)]
    assert np.mean(split) < 0.15


def test_the_optimal_partition_is_the_best_of_all_partitions():
    values = np.random.default_rng(4).normal(size=8) + np.repeat([0.0, 2.0, -1.0], [3, 2, 3])
    options = ChangePointOptions(penalty=1.0, minimum_segment=2)

    def criterion(starts: list[int]) -> float:
        squares = sum(((part - part.mean()) ** 2).sum() for part in np.split(values, starts[1:]))
        return 8 * np.log(squares) + np.log(8) * (len(starts) - 1)

    every = [
        [0],
        *([0, a] for a in range(2, 7)),
        *([0, a, b] for a in range(2, 5) for b in range(a + 2, 7)),
        [0, 2, 4, 6],
    ]
    assert partition(values, options) == min(every, key=criterion)


def test_a_constant_series_has_no_change_points():
    assert not one([5.0] * 10, "change-point")["rupture"].any()


def test_a_code_at_the_threshold_is_a_rupture_resolved_by_the_next_session_below_it():
    found = one([0, 2, 1, 0, 3], "coded")
    assert found["rupture"].tolist() == [False, True, True, False, True]
    assert found["resolved_session"].tolist()[1:3] == [4, 4]
    assert found["size"].tolist()[1:3] == [2, 1]
    assert not found["follow_up_complete"].iloc[4]
    assert one([1.0, 1.5], "coded", threshold=1.1)["rupture"].tolist() == [False, True]


def test_a_reported_rupture_is_resolved_as_the_reporter_says():
    frame = pd.DataFrame(
        {"patient": "a", "session": [1, 2, 3, 4], "present": [1, 0, 1, 1], "degree": [4, np.nan, 2, np.nan]}
    )
    found = find_ruptures(frame, "self-report", value="present", resolution="degree")
    assert found["rupture"].tolist() == [True, False, True, True]
    assert found["resolved"].tolist() == [True, False, False, False]
    assert found["resolved_session"].tolist()[0] == 1
    assert found["follow_up_complete"].tolist() == [True, False, True, False]
    with pytest.raises(RuptureError, match="no column 'dgree'; did you mean 'degree'"):
        find_ruptures(frame, "self-report", value="present", resolution="dgree")


DEPRESSION = [30, 29, 31, 18, 17, 19, 18]


def test_a_sudden_gain_of_symptoms_meets_three_criteria():
    found = one(DEPRESSION, "sudden-gain", direction="decrease", cutoff=7)
    assert found["rupture"].tolist() == [False, False, False, True, False, False, False]
    assert found["size"].iloc[3] == 13
    assert not found["resolved"].iloc[3]


def test_a_gain_below_the_cutoff_or_a_quarter_is_none():
    assert not one([30, 29, 31, 25, 24, 25], "sudden-gain", direction="decrease", cutoff=7)["rupture"].any()
    small = [40, 40, 41, 33, 33, 34]
    assert not one(small, "sudden-gain", direction="decrease", cutoff=7)["rupture"].any()
    assert one(small, "sudden-gain", direction="decrease", cutoff=7, percent=None)["rupture"].iloc[3]


def test_the_stability_rule_has_the_published_critical_values():
    # Means 10 apart; with a pooled SD of 10/t the difference is just not enough.
    def pair(n1: int, n2: int, spread: float) -> bool:
        shape = {2: np.array([-1, 1]) / np.sqrt(2), 3: np.array([-1.0, 0, 1])}
        return is_stable(shape[n1] * spread, 10 + shape[n2] * spread)

    for n1, n2, critical in ((3, 3, 2.776), (3, 2, 3.182), (2, 2, 4.303)):
        assert pair(n1, n2, 10 / (critical + 0.001))
        assert not pair(n1, n2, 10 / (critical - 0.001))


def test_a_missing_neighbour_raises_the_critical_value_and_two_missing_forbid_a_verdict():
    noisy = [10, 10, 14, 20, 24, 20]
    assert one(noisy, "sudden-gain")["rupture"].iloc[3]
    gap = one([np.nan, 10, 14, 20, 24, np.nan], "sudden-gain")
    assert not gap["rupture"].any()
    assert not one([np.nan, np.nan, 14, 20, 24, 20], "sudden-gain")["rupture"].any()


def test_a_gain_over_a_missed_session_is_not_from_one_session_to_the_next():
    assert not one([10, 10, 10, np.nan, 20, 20, 20], "sudden-gain")["rupture"].any()


def test_a_gain_given_back_by_half_is_lost():
    found = one([10, 10, 11, 20, 20, 21, 15, 20], "sudden-gain")
    assert found["resolved_session"].iloc[3] == 7


def test_the_reliable_change_cutoff_is_stiless():
    frame = pd.DataFrame(
        {"patient": list("aaaaabbbbb"), "session": [1, 2, 3, 4, 5] * 2, "bond": [4, 4, 4, 7, 7, 2, 2, 2, 2, 2.0]}
    )
    # SD of first ratings 1.414; 1.96·√2·1.414·√(1 − .4) = 3.04 > 3 ≥ 1.96·√2·1.414·√(1 − .5) = 2.77.
    assert not find_ruptures(frame, "sudden-gain", reliability=0.4)["rupture"].any()
    assert find_ruptures(frame, "sudden-gain", reliability=0.5)["rupture"].iloc[3]


def test_options_of_the_wrong_kind_are_named_all_at_once():
    with pytest.raises(RuptureError) as error:
        one(CALM, "control-chart", limit="wide", run=1.5, minimum_ratings=-1)
    assert len(str(error.value).splitlines()) == 3
    with pytest.raises(RuptureError, match="option limit is no number"):
        one(CALM, "control-chart", limit=True)
