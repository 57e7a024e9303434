"""Joining what earlier stages handed over to one row a session."""

import numpy as np
import pandas as pd
import pytest
from example_wave import PATIENTS, ROW, SETTINGS, WAVE, filled, hand_over
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ruptureflow.models import PlanError, center, fit_plan, join_sessions
from ruptureflow.tables import agreement, assay, models, ruptures


def _join(**changes):
    return join_sessions(ROW, WAVE, settings=SETTINGS, **(hand_over() | changes))


def _no_rows(tables):
    return {name: table.iloc[:0] for name, table in tables.items() if name != "participants"}


def test_a_session_has_no_row_or_two():
    joined = models.SESSIONS.conform(_join())
    assert len(joined) == 22 * 4
    assert set(joined["wave"]) == {"example"}
    assert all(list(rows) == [4, 8, 12, 16] for _, rows in joined.groupby("patient")["session"])


def test_time_is_not_counted_as_the_design_says():
    joined = _join()
    assert joined.loc[joined["session"] == 12, "time"].eq(2.0).all()


def test_a_change_that_assay_set_aside_is_analysed():
    changes = hand_over()["changes"]
    first = (changes["patient"] == "P01") & (changes["session"] == 4)
    changes.loc[first, "used"] = False
    joined = _join(changes=changes).set_index(["patient", "session"])
    assert np.isnan(joined.loc[("P01", 4), "oxytocin_change"])
    assert not np.isnan(joined.loc[("P01", 4), "bond"])


def test_a_session_without_any_value_gets_a_row():
    tables = hand_over()
    keep = ~((tables["changes"]["patient"] == "P02") & (tables["changes"]["session"] == 8))
    scores = tables["scores"]
    scores.loc[(scores["patient"] == "P02") & (scores["session"] == 8), "score"] = np.nan
    others = {name: tables[name][tables[name]["session"].ne(8)] for name in ("coded", "ruptures")}
    joined = _join(changes=tables["changes"][keep], scores=scores, **others)
    assert ("P02", 8) not in set(zip(joined["patient"], joined["session"], strict=True))


def test_a_therapists_variable_passes_for_the_patients():
    tables = hand_over()
    therapist = tables["changes"].assign(role="therapist", change=tables["changes"]["change"] + 10)
    rating = tables["scores"][tables["scores"]["instrument"] == "wai_s"].assign(role="therapist", score=3.0)
    verdict = tables["ruptures"].assign(perspective="therapist", rupture=True)
    joined = _join(
        changes=pd.concat([tables["changes"], therapist]),
        scores=pd.concat([tables["scores"], rating]),
        ruptures=pd.concat([tables["ruptures"], verdict]),
    )
    assert np.allclose(joined["therapist_oxytocin_change"], joined["oxytocin_change"] + 10)
    assert joined["therapist_bond"].eq(3).all()
    assert joined["therapist_rupture_point_drop_bond"].eq(1).all()
    assert joined["rupture_point_drop_bond"].isin([0, 1]).all()
    assert {"therapist_oxytocin_change_within", "therapist_oxytocin_change_between"} <= set(joined.columns)


def test_two_instruments_bond_are_mixed_in_one_column():
    tables = hand_over()
    other = tables["scores"][tables["scores"]["instrument"] == "wai_s"].assign(instrument="wai_sr", score=1.0)
    joined = _join(scores=pd.concat([tables["scores"], other]))
    assert "bond" not in joined
    assert joined["wai_sr_bond"].eq(1).all()
    assert joined["wai_s_bond"].mean() > 3


def test_a_score_of_intake_is_lost_or_taken_for_a_session():
    joined = _join()
    assert joined["depression_intake"].notna().all()
    assert joined.groupby("patient")["depression_intake"].nunique().eq(1).all()
    assert 0 not in set(joined["session"])


def test_a_doubled_score_is_averaged_in_silence():
    scores = hand_over()["scores"]
    with pytest.raises(PlanError, match=r"bond: more than one value for .*P01"):
        _join(scores=pd.concat([scores, scores.iloc[[0]]]))


def test_a_covariate_overwrites_a_measured_variable():
    participants = hand_over()["participants"].assign(bond=1.0)
    with pytest.raises(PlanError, match=r"columns \['bond'\] come from two sources"):
        _join(participants=participants)


def test_a_wave_without_sessions_stops_the_run():
    joined = _join(**_no_rows(hand_over()))
    assert len(models.SESSIONS.conform(joined)) == 0


def test_a_unit_does_not_name_what_makes_slopes_comparable():
    units = _join().attrs["units"]
    assert units["oxytocin_change_within"] == "pg/mL in saliva by RIA"
    assert units["bond"] == "wai_s points"
    assert units["time"] == "4 sessions"


def test_an_analyte_that_is_not_oxytocin_needs_new_code():
    changes = hand_over()["changes"].assign(analyte="cortisol")
    joined = _join(changes=changes)
    assert "cortisol_change" in joined
    assert "oxytocin_change" not in joined


@given(
    values=st.lists(st.one_of(st.none(), st.floats(-50, 50)), min_size=1, max_size=40),
    patients=st.integers(1, 6),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_centred_parts_do_not_give_the_variable_back(values, patients):
    series = pd.Series(values, dtype="float64")
    patient = pd.Series([f"P{i % patients}" for i in range(len(values))])
    parts = center(series, patient)
    seen = series.notna()
    if not seen.any():
        return
    together = parts.grand_mean + parts.between + parts.within
    assert np.allclose(together[seen], series[seen], atol=1e-9)
    assert np.allclose(parts.within[seen].groupby(patient[seen]).mean(), 0, atol=1e-9)
    assert abs(parts.between.groupby(patient).first().dropna().mean()) < 1e-9


def test_the_grand_mean_counts_a_patient_with_many_sessions_more():
    parts = center(pd.Series([0.0, 0.0, 0.0, 4.0]), pd.Series(["a", "a", "a", "b"]))
    assert parts.grand_mean == 2.0
    assert parts.between.tolist() == [-2.0, -2.0, -2.0, 2.0]


def test_an_empty_table_of_an_earlier_stage_changes_the_others():
    full = _join()
    without = _join(coded=agreement.CODED.empty(), ruptures=ruptures.RUPTURES.empty())
    assert "confrontation" not in without
    assert np.allclose(full["oxytocin_change_within"], without["oxytocin_change_within"])


def test_a_patient_who_is_not_on_the_roster_is_dropped():
    extra = filled(
        assay.CHANGES, patient=["P99"], role="patient", session=[4], analyte="oxytocin", matrix="saliva",
        unit="pg/mL", change=[1.0], used=True,
    )  # fmt: skip
    joined = _join(changes=pd.concat([hand_over()["changes"], extra]))
    assert "P99" in set(joined["patient"])
    assert "P99" not in PATIENTS


def test_expectations_are_taken_for_values_in_silence():
    changes = hand_over()["changes"]
    changes.loc[changes.index[:3], "treatment"] = assay.CONDITIONAL_EXPECTATION
    plan = fit_plan(_join(changes=changes), SETTINGS).plan
    told = plan[plan["formula"].str.contains("oxytocin") & plan["fate"].eq("fitted")]["reason"]
    assert len(told) and told.str.contains("3 values are expectations given a limit").all()
    untouched = fit_plan(_join(), SETTINGS).plan["reason"]
    assert not untouched.str.contains("expectations").fillna(False).any()
