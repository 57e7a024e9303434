"""The whole stage: the plan's criteria on a wave's tables."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.config.instruments import CodingSystem
from ruptureflow.config.plan import RuptureSettings
from ruptureflow.ruptures import RuptureError, identify_ruptures
from ruptureflow.tables import agreement, ruptures


def scores(role: str, scale: str, values: dict[tuple, float], instrument: str = "wai_s") -> pd.DataFrame:
    rows = [
        {
            "patient": patient,
            "role": role,
            "timepoint": "session",
            "session": session,
            "instrument": instrument,
            "scale": scale,
            "score": value,
            "n_items": 4,
            "n_answered": 4,
            "origin": "items",
        }
        for (patient, session), value in values.items()
    ]
    return agreement.SCORES.conform(pd.DataFrame(rows))


def coded(values: dict[tuple, float], code: str = "withdrawal") -> pd.DataFrame:
    rows = [
        {
            "patient": patient,
            "session": session,
            "instrument": "coding",
            "code": code,
            "value": value,
            "n_coders": 2,
            "coders": "A;B",
        }
        for (patient, session), value in values.items()
    ]
    return agreement.CODED.conform(pd.DataFrame(rows))


def plan(*criteria: dict, **settings) -> RuptureSettings:
    return RuptureSettings.model_validate({"criteria": list(criteria), "bootstrap_draws": 200, **settings})


def coding(threshold: dict) -> CodingSystem:
    return CodingSystem.model_validate(
        {
            "kind": "coding",
            "id": "coding",
            "name": "c",
            "version": "1",
            "source": "s",
            "measures": {"count": {"minimum": 0, "per": "session"}},
            "codes": [{"code": "mark", "group": "g", "measures": ["count"]}],
            "totals": [{"name": "withdrawal", "group": "g", "measure": "count", "aggregate": "sum"}],
            "rupture": threshold,
        }
    )


BOND = scores("patient", "bond", {("p1", 1): 6, ("p1", 2): 4.5, ("p1", 3): np.nan, ("p2", 1): 5, ("p2", 2): 5})
POINT = {"criterion": "point-drop", "variable": "bond"}
CODED = {"criterion": "coded", "variable": "withdrawal", "perspective": "observer"}


def test_a_session_that_cannot_be_judged_is_empty_not_false():
    found = identify_ruptures(BOND, agreement.CODED.empty(), {}, plan(POINT)).ruptures
    verdicts = found.set_index(["patient", "session"])["rupture"]
    assert verdicts[("p1", 2)] is np.True_ or verdicts[("p1", 2)] is True
    assert pd.isna(verdicts[("p1", 1)])
    assert pd.isna(verdicts[("p1", 3)])
    assert not verdicts[("p2", 2)]
    row = found.set_index(["patient", "session"]).loc[("p1", 2)]
    assert (row["change"], row["threshold"], row["size"]) == (-1.5, 1.0, 1.5)
    assert not row["resolved"]
    assert not row["follow_up_complete"]


def test_only_sessions_count_not_intake_or_end():
    end = BOND.assign(timepoint="end", session=pd.NA).iloc[[0]]
    both = agreement.SCORES.conform(pd.concat([BOND, end], ignore_index=True))
    assert len(identify_ruptures(both, agreement.CODED.empty(), {}, plan(POINT)).ruptures) == len(BOND)


def test_coded_thresholds_come_from_the_instrument_file():
    values = coded({("p1", 1): 0.5, ("p1", 2): 1.0, ("p1", 3): 2.0})
    found = identify_ruptures(BOND, values, {"coding": coding({"withdrawal": 2})}, plan(CODED)).ruptures
    assert found["rupture"].tolist() == [False, False, True]
    option = {**CODED, "options": {"threshold": 1}}
    found = identify_ruptures(BOND, values, {"coding": coding({"withdrawal": 2})}, plan(option)).ruptures
    assert found["rupture"].tolist() == [False, True, True]
    with pytest.raises(RuptureError, match="names no threshold for 'withdrawal'"):
        identify_ruptures(BOND, values, {"coding": coding({})}, plan(CODED))


def test_a_variable_the_wave_lacks_is_skipped_and_said_in_the_log(caplog):
    caplog.set_level("INFO")
    found = identify_ruptures(BOND, agreement.CODED.empty(), {}, plan(CODED, {**POINT, "perspective": "therapist"}))
    assert found.ruptures.empty
    assert found.base_rates.columns.tolist() == ruptures.BASE_RATES.names
    assert "no bond of the therapist in this wave" in caplog.text


def test_two_instruments_with_the_same_scale_must_be_told_apart():
    both = agreement.SCORES.conform(
        pd.concat([BOND, scores("patient", "bond", {("p1", 1): 3, ("p1", 2): 2}, "wai_sr")], ignore_index=True)
    )
    with pytest.raises(RuptureError, match=r"comes from instruments \['wai_s', 'wai_sr'\]"):
        identify_ruptures(both, agreement.CODED.empty(), {}, plan(POINT))
    named = identify_ruptures(both, agreement.CODED.empty(), {}, plan({**POINT, "instrument": "wai_sr"}))
    assert len(named.ruptures) == 2


def test_a_reported_degree_of_resolution_is_joined_from_its_scale():
    presence = scores("patient", "present", {("p1", 1): 1, ("p1", 2): 1}, "psq")
    degree = scores("patient", "degree", {("p1", 1): 5, ("p1", 2): 1}, "psq")
    table = pd.concat([presence, degree], ignore_index=True)
    report = {"criterion": "self-report", "variable": "present", "options": {"resolution": "degree"}}
    found = identify_ruptures(table, agreement.CODED.empty(), {}, plan(report)).ruptures
    assert found["resolved"].tolist() == [True, False]
    misspelt = {**report, "options": {"resolution": "degre"}}
    with pytest.raises(RuptureError, match="did you mean 'degree'"):
        identify_ruptures(table, agreement.CODED.empty(), {}, plan(misspelt))


def test_base_rates_and_agreement_count_only_what_both_judged():
    values = coded({("p1", 1): 3, ("p1", 2): 3, ("p2", 1): 0, ("p2", 2): 0})
    found = identify_ruptures(BOND, values, {"coding": coding({"withdrawal": 1})}, plan(POINT, CODED))
    rates = found.base_rates.set_index("criterion")
    assert rates.loc["point-drop", ["n_sessions", "n_ruptures", "n_patients"]].tolist() == [2, 1, 2]
    assert rates.loc["coded", "percent_sessions"] == 50
    (pair,) = found.perspective_agreement.to_dict("records")
    assert (pair["n_sessions"], pair["n_both"], pair["n_neither"]) == (2, 1, 1)
    assert pair["kappa"] == 1.0
    assert np.isnan(pair["kappa_low"])


def test_intervals_are_given_from_ten_patients_on():
    generator = np.random.default_rng(1)

    def rates(n_patients: int) -> pd.DataFrame:
        values = {(f"p{i}", s): float(generator.poisson(1)) for i in range(n_patients) for s in range(1, 5)}
        return identify_ruptures(BOND, coded(values), {"coding": coding({"withdrawal": 1})}, plan(CODED)).base_rates

    assert rates(9)["percent_low"].isna().all()
    enough = rates(12).iloc[0]
    assert enough["percent_low"] < enough["percent_sessions"] < enough["percent_high"]


def test_the_observers_verdict_is_the_outcome_of_the_logit_whatever_the_order():
    generator = np.random.default_rng(2)
    places = [(f"p{i:02}", s) for i in range(14) for s in range(1, 6)]
    bond = scores("patient", "bond", {place: float(generator.choice([3.0, 4.0, 5.0])) for place in places})
    values = coded({place: float(generator.poisson(0.8)) for place in places})
    instruments = {"coding": coding({"withdrawal": 1})}
    one = identify_ruptures(bond, values, instruments, plan(POINT, CODED)).perspective_agreement.iloc[0]
    other = identify_ruptures(bond, values, instruments, plan(CODED, POINT)).perspective_agreement.iloc[0]
    assert (one["odds_outcome"], other["odds_outcome"]) == ("second", "first")
    assert one["odds_ratio"] == pytest.approx(other["odds_ratio"], rel=1e-9)
    assert one["odds_ratio_low"] < one["odds_ratio"] < one["odds_ratio_high"]
    ratio = one["n_both"] * one["n_neither"] / (one["n_first_only"] * one["n_second_only"])
    assert one["odds_ratio"] == pytest.approx(ratio, rel=0.3)


def test_criteria_of_one_perspective_have_no_odds_ratio():
    drop = RuptureSettings.model_validate({"criteria": [POINT, POINT | {"criterion": "sd-drop"}]})
    pair = identify_ruptures(BOND, agreement.CODED.empty(), {}, drop).perspective_agreement
    assert pair["odds_ratio"].isna().all()
    assert pair["odds_note"].str.contains("one perspective").all()


def test_no_tables_give_no_ruptures():
    found = identify_ruptures(agreement.SCORES.empty(), agreement.CODED.empty(), {}, plan(POINT, CODED))
    for table in ruptures.TABLES:
        assert getattr(found, table.name).empty
        assert getattr(found, table.name).columns.tolist() == table.names


def test_a_criterion_that_can_judge_nothing_is_said_in_the_log_and_compared_with_nothing(caplog):
    caplog.set_level("INFO")
    chart = {"criterion": "control-chart", "variable": "bond"}
    found = identify_ruptures(BOND, agreement.CODED.empty(), {}, plan(POINT, chart))
    assert "criterion control-chart cannot judge any session" in caplog.text
    assert found.ruptures.loc[found.ruptures["criterion"] == "control-chart", "rupture"].isna().all()
    assert found.base_rates["criterion"].tolist() == ["point-drop"]
    assert found.perspective_agreement.empty
