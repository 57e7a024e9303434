"""Ruptures as drops: what counts, against what, and when they are resolved."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruptureflow.ruptures import RuptureError, find_ruptures

FOUND = ["rupture", "size", "resolved", "resolved_session", "follow_up_complete"]


def one(values: list, sessions: list | None = None, **options) -> pd.DataFrame:
    frame = pd.DataFrame({"session": sessions or range(1, len(values) + 1), "bond": values}).assign(patient="a")
    return find_ruptures(frame, **options)


def test_a_drop_of_exactly_one_point_is_a_rupture_in_spite_of_binary_fractions():
    # 5.3 − 4.3 is 0.9999999999999996 in binary; so are many means of four items.
    found = one([5.3, 4.3, 4.31, 3.4])
    assert found["rupture"].tolist() == [False, True, False, False]
    assert found["size"].tolist()[1] == pytest.approx(1.0)
    assert found["size"].isna().tolist() == [True, False, True, True]


def test_missing_ratings_are_skipped_and_keep_their_row():
    found = one([6, np.nan, np.nan, 5, np.nan])
    assert found["rupture"].tolist() == [False, False, False, True, False]
    assert len(found) == 5


def test_the_first_rating_has_nothing_to_drop_from():
    assert not one([1.0])["rupture"].any()


def test_each_drop_of_a_slide_is_a_rupture_of_its_own_and_resolves_to_its_own_rating():
    found = one([6, 5, 4, 4.8, 5.8])
    assert found["rupture"].tolist() == [False, True, True, False, False]
    # Back from 4 to within .25 of 5 in session 4, back to within .25 of 6 in session 5.
    assert found["resolved_session"].tolist()[1:3] == [5, 4]


@pytest.mark.parametrize(("back", "resolved"), [(5.75, True), (5.74, False), (6.9, True)])
def test_resolved_is_within_a_quarter_point_of_the_pre_rupture_rating_or_above(back, resolved):
    found = one([6, 4.5, back])
    assert bool(found["resolved"].iloc[1]) is resolved


@pytest.mark.parametrize(("session", "resolved"), [(7, True), (8, False)])
def test_the_window_ends_five_session_numbers_after_the_rupture(session, resolved):
    found = one([6, 4.5, 6, 6], [1, 2, session, 12])
    assert bool(found["resolved"].iloc[1]) is resolved
    assert bool(found["follow_up_complete"].iloc[1])


def test_a_window_that_the_data_cut_short_is_unresolved_and_incomplete():
    found = one([6, 4.5, 5, 5], [1, 2, 3, 4])
    assert not found["resolved"].iloc[1]
    assert not found["follow_up_complete"].iloc[1]
    assert pd.isna(found["resolved_session"].iloc[1])


def test_a_rating_that_is_missing_at_the_end_of_the_window_does_not_complete_it():
    assert not one([6, 4.5, 5, np.nan], [1, 2, 3, 7])["follow_up_complete"].iloc[1]
    assert one([6, 4.5, 5, 5], [1, 2, 3, 7])["follow_up_complete"].iloc[1]


def test_assessments_count_ratings_where_sessions_count_numbers():
    values, plan = [6, 4.5, 5, 6], [4, 8, 12, 16]
    by_number = one(values, plan)
    by_rating = one(values, plan, window_in="assessments", window=2)
    assert not by_number["resolved"].iloc[1]
    assert by_number["follow_up_complete"].iloc[1]
    assert by_rating["resolved_session"].iloc[1] == 16
    assert by_rating["follow_up_complete"].iloc[1]
    assert not one(values, plan, window_in="assessments", window=3)["follow_up_complete"].iloc[1]


def test_three_to_five_sessions_can_be_read_strictly():
    assert one([6, 4.5, 6, 4, 4, 4, 4])["resolved"].iloc[1]
    assert not one([6, 4.5, 6, 4, 4, 4, 4], window_start=3)["resolved"].iloc[1]


def test_a_running_peak_finds_a_slow_fall_once():
    slow = [6, 5.6, 5.2, 4.9, 4.8, 3.9]
    assert not one(slow, reference="last", threshold=1)["rupture"].any()
    peak = one(slow, reference="peak")
    assert peak["rupture"].tolist() == [False, False, False, True, False, True]
    assert peak["size"].iloc[3] == pytest.approx(1.1)


def test_columns_index_and_order_of_the_caller_are_kept():
    frame = pd.DataFrame(
        {"dyad": ["b", "a", "b", "a"], "visit": [2, 2, 1, 1], "wai": [3.0, 5.0, 6.0, 5.5], "note": list("wxyz")},
        index=[10, 7, 7, 2],
    )
    found = find_ruptures(frame, "point-drop", person="dyad", session="visit", value="wai")
    assert found.index.tolist() == frame.index.tolist()
    assert found.columns.tolist() == ["dyad", "visit", "wai", "note", *FOUND]
    assert found["rupture"].tolist() == [True, False, False, False]
    assert frame.columns.tolist() == ["dyad", "visit", "wai", "note"]


def test_verdicts_are_real_booleans_even_without_rows():
    for found in (one([6, 5]), one([6, 5]).iloc[:0].drop(columns=FOUND).pipe(find_ruptures)):
        for column in ("rupture", "resolved", "follow_up_complete"):
            assert found[column].dtype == bool


def test_a_session_that_stands_twice_is_refused_with_both_rows():
    frame = pd.DataFrame({"patient": "a", "session": [1, 2, 2], "bond": [5, 4, 6]})
    with pytest.raises(
        RuptureError, match=r"patient a has 2 rows for session 2: row 1 \(bond 4\) and row 2 \(bond 6\)"
    ):
        find_ruptures(frame)


def test_mistakes_are_named():
    frame = pd.DataFrame({"patient": "a", "session": [1, 2], "bond": [5, 4]})
    with pytest.raises(RuptureError, match="unknown criterion 'pointdrop'; did you mean 'point-drop'"):
        find_ruptures(frame, "pointdrop")
    with pytest.raises(RuptureError, match="unknown option 'windw'; did you mean 'window'"):
        find_ruptures(frame, windw=3)
    with pytest.raises(RuptureError, match=r"option window_in is none of \['sessions', 'assessments'\]"):
        find_ruptures(frame, window_in="session")
    with pytest.raises(RuptureError, match="no column 'alliance'"):
        find_ruptures(frame, value="alliance")
    with pytest.raises(RuptureError, match="'bond' holds 'low' in row 1, which is no number"):
        find_ruptures(frame.assign(bond=["5", "low"]))
    with pytest.raises(RuptureError, match=r"already have columns \['size'\]"):
        find_ruptures(frame.assign(size=1))
    with pytest.raises(RuptureError, match="has no patient or no session"):
        find_ruptures(frame.assign(session=[1, None]))


def test_sd_drop_is_a_drop_by_the_mean_of_the_persons_own_sds():
    frame = pd.DataFrame(
        {
            "patient": list("aaabbb"),
            "session": [1, 2, 3] * 2,
            "bond": [5.0, 3.0, 4.0, 5.0, 4.5, 5.0],
        }
    )
    # SDs 1 and 0.2887: the threshold is 0.6443; b's drop of 0.5 is less.
    found = find_ruptures(frame, "sd-drop")
    assert found["rupture"].tolist() == [False, True, False, False, False, False]
    # A rise of 1 from the rupture's rating is at least the threshold, though not the size of the drop.
    assert found["resolved"].iloc[1]
    assert not find_ruptures(frame, "sd-drop", multiplier=2)["resolved"].iloc[1]


def test_sd_drop_judges_nobody_with_fewer_than_three_ratings():
    frame = pd.DataFrame({"patient": list("aabbb"), "session": [1, 2, 1, 2, 3], "bond": [6, 1, 5, 4, 5.0]})
    found = find_ruptures(frame, "sd-drop")
    assert found["rupture"].tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("sd", "threshold"),
    [
        ("person", (1.0 + np.sqrt(1 / 12)) / 2),
        ("session", (0 + np.std([3, 4.5], ddof=1) + np.std([4, 5], ddof=1)) / 3),
        ("pooled", np.sqrt((2 + 1 / 6) / 4)),
    ],
)
def test_three_readings_of_the_mean_sd(sd, threshold):
    from ruptureflow.ruptures.drops import mean_sd
    from ruptureflow.ruptures.series import split_by_person

    frame = pd.DataFrame({"patient": list("aaabbb"), "session": [1, 2, 3] * 2, "bond": [5.0, 3.0, 4.0, 5.0, 4.5, 5.0]})
    assert mean_sd(split_by_person(frame, "patient", "session", "bond"), sd) == pytest.approx(threshold)


def test_a_sample_without_any_variance_has_no_sd_drops():
    assert not one([5, 5, 5, 5], criterion="sd-drop")["rupture"].any()


ratings_lists = st.lists(st.one_of(st.none(), st.integers(4, 28).map(lambda quarter: quarter / 4)), max_size=12)


@given(ratings_lists, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_point_drops_follow_their_definition_read_word_by_word(values, seed):
    values = [np.nan if v is None else v for v in values]
    frame = pd.DataFrame({"patient": "a", "session": range(1, len(values) + 1), "bond": pd.Series(values, dtype=float)})
    shuffled = frame.sample(frac=1, random_state=seed)
    found = find_ruptures(shuffled).sort_values("session").reset_index(drop=True)
    last = None
    for i, value in enumerate(values):
        rupture = last is not None and not np.isnan(value) and last - value >= 1
        assert bool(found["rupture"].iloc[i]) is rupture
        if rupture:
            session = i + 1
            later = [(j + 1, v) for j, v in enumerate(values) if j > i and not np.isnan(v)]
            back = [s for s, v in later if v >= last - 0.25 and s <= session + 5]
            assert bool(found["resolved"].iloc[i]) is bool(back)
            if back:
                assert found["resolved_session"].iloc[i] == back[0]
            assert bool(found["follow_up_complete"].iloc[i]) is bool(later and later[-1][0] >= session + 5)
            assert found["size"].iloc[i] == last - value
        if not np.isnan(value):
            last = value
