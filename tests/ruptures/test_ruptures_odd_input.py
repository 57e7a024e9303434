"""What people hand to find_ruptures: every criterion has an answer or one message of our own."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.ruptures import RuptureError, find_ruptures

CRITERIA = ["point-drop", "sd-drop", "control-chart", "change-point", "self-report", "coded", "sudden-gain"]
RATINGS = pd.DataFrame({"patient": list("aaaabbbb"), "session": [4, 8, 12, 16] * 2, "bond": [5, 6, 4, 5.8, 5, 5, 5, 3]})


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize(
    ("ratings", "names", "message"),
    [
        ({"bond": [1]}, {}, "must be a pandas DataFrame with one row a rating, found dict"),
        (None, {}, "found NoneType"),
        (RATINGS["bond"], {}, "found Series"),
        (pd.DataFrame(), {}, "no column 'patient'; there are no columns"),
        (RATINGS, {"value": "bnd"}, "no column 'bnd'; did you mean 'bond'"),
        (RATINGS.set_index(["patient", "session"]), {}, "it is in the index"),
        (RATINGS, {"value": "session"}, "column 'session' is named more than once"),
        (pd.concat([RATINGS, RATINGS[["bond"]]], axis=1), {}, "columns have different names"),
        (RATINGS.assign(bond=["5", "x"] + ["5"] * 6), {}, "'x' in row 1, which is no number"),
        (RATINGS.assign(bond=["5,5"] + ["5"] * 7), {}, "'5,5' in row 0.*decimal point"),
        (RATINGS.assign(bond=[np.inf] + [5] * 7), {}, "inf in row 0, an infinite value"),
        (RATINGS.assign(bond=[10**400] + [5] * 7), {}, "something that is no number"),
        (RATINGS.assign(session=["s4", "8", "12", "16"] * 2), {}, "'s4' in row 0"),
        (RATINGS.assign(session=list(pd.date_range("2020-01-01", periods=4)) * 2), {}, "datetime64.*no numbers"),
        (RATINGS.assign(session=[4, None, 12, 16] * 2), {}, "row 1 has no patient or no session"),
        (RATINGS.assign(patient=[[1]] * 8), {}, "must hold ids"),
        (pd.concat([RATINGS, RATINGS.iloc[[2]]]), {}, r"row number 3 \(bond 4.0\) and row number 9"),
        (
            pd.concat([RATINGS, RATINGS.iloc[[2]]], ignore_index=True),
            {},
            r"patient a has 2 rows for session 12: row 2 \(bond 4.0\) and row 8 \(bond 4.0\)",
        ),
    ],
)
def test_unusable_ratings_are_one_message_of_our_own(criterion, ratings, names, message):
    with pytest.raises(RuptureError, match=message):
        find_ruptures(ratings, criterion, **names)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize(
    "ratings",
    [
        RATINGS.iloc[:0],
        RATINGS.iloc[:0].astype(object),
        RATINGS.assign(bond=np.nan),
        RATINGS.iloc[:1],
        RATINGS.assign(bond=4.0),
    ],
)
def test_no_one_and_equal_ratings_have_an_answer(criterion, ratings):
    found = find_ruptures(ratings, criterion)
    assert len(found) == len(ratings)
    assert found["rupture"].dtype == bool
    if criterion not in ("self-report", "coded"):
        assert not found["rupture"].any()


@pytest.mark.parametrize("criterion", CRITERIA)
def test_order_type_and_index_of_rows_do_not_matter(criterion):
    plain = find_ruptures(RATINGS, criterion)
    mixed = RATINGS.assign(bond=RATINGS["bond"].astype(str), session=RATINGS["session"].astype(str))
    shuffled = find_ruptures(mixed.sample(frac=1, random_state=1), criterion).sort_index()
    names = ["rupture", "size", "resolved", "resolved_session", "follow_up_complete"]
    pd.testing.assert_frame_equal(shuffled[names], plain[names])
    unlabelled = find_ruptures(RATINGS.set_axis([0] * 8), criterion)
    assert unlabelled["rupture"].tolist() == plain["rupture"].tolist()


@pytest.mark.parametrize("criterion", ["pointdrop", "", None, 3, ["point-drop"]])
def test_an_unknown_criterion_is_refused_whatever_it_is(criterion):
    with pytest.raises(RuptureError, match="unknown criterion"):
        find_ruptures(RATINGS, criterion)
