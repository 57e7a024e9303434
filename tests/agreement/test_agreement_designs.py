"""Who coded what decides the headline: simulated coder sheets through the whole stage, with its words and values."""

import logging

import numpy as np
import pandas as pd
import pytest

from ruptureflow.agreement import AgreementError, rate_agreement
from ruptureflow.agreement.analysed_value import AnalysedValue
from ruptureflow.config.instruments import CodingSystem
from ruptureflow.config.plan import AgreementSettings
from ruptureflow.tables import intake

SYSTEM = CodingSystem.model_validate(
    {
        "kind": "coding",
        "id": "sulks",
        "name": "Sulking scale",
        "version": "1",
        "source": "made up for this test",
        "measures": {"rating": {"minimum": 0, "per": "session"}},
        "codes": [{"code": "sulking", "group": "hostile", "measures": ["rating"]}],
        "totals": [{"name": "hostility", "group": "hostile", "measure": "rating", "aggregate": "mean"}],
        "rupture": {"hostility": 3},
    }
)
SETTINGS = AgreementSettings(bootstrap_draws=100)


def sheets(who: dict[tuple[int, int], str], noise: float = 0.5, seed: int = 1) -> pd.DataFrame:
    """Ratings of sessions (patient, session) by the coders named in a text such as "AB"."""
    generator = np.random.default_rng(seed)
    rows = []
    for (patient, session), coders in who.items():
        truth = generator.normal(4, 1)
        for coder in coders:
            name = "consensus" if coder == "*" else coder
            given = truth + (0 if coder == "*" else generator.normal(0, noise))
            rows.append((f"p{patient:02}", session, name, "sulking", "rating", round(given, 2)))
    frame = pd.DataFrame(rows, columns=["patient", "session", "coder", "code", "measure", "value"])
    frame = frame.assign(instrument="sulks", segment=pd.NA, coded_on=None, source_file="f", source_sheet=None)
    return intake.CODES.conform(frame.assign(source_row=2))


def rate(codes: pd.DataFrame, **changes):
    settings = SETTINGS.model_copy(update=changes)
    return rate_agreement(
        codes, intake.RESPONSES.empty(), intake.REPORTED_SCORES.empty(), {SYSTEM.id: SYSTEM}, settings
    )


def headline(rated) -> pd.Series:
    rows = rated.coefficients[rated.coefficients["headline"]]
    assert len(rows) == 1
    return rows.iloc[0]


def plan(patients: int = 15, sessions: int = 4):
    return [(p, s) for p in range(patients) for s in range(1, sessions + 1)]


def test_two_coders_of_all_sessions_are_a_mean_of_two():
    row = headline(rate(sheets(dict.fromkeys(plan(), "AB"))))
    assert (row["form"], row["notation"], row["n_raters"]) == ("ICC(2,k)", "ICC(A,k)", 2)
    assert row["meaning"] == "mean of 2 coders, coders are a sample of coders, absolute agreement"
    assert row["note"] == "analysed: the mean of a session's 2 coders"


def test_rotating_pairs_are_a_mean_of_two_of_three():
    row = headline(rate(sheets({place: ("AB", "BC", "CA")[i % 3] for i, place in enumerate(plan())})))
    assert (row["form"], row["n_raters"], row["n_targets"]) == ("ICC(2,k)", pytest.approx(2), 60)
    assert row["meaning"].startswith("mean of 2 coders,")
    assert row["note"].startswith("analysed: the mean of a session's 2 coders; incomplete design: 60 targets by 3 ra")
    assert "60 by 2" in row["note"]
    # Truth: 1/(1 + .25/2), the coders having no bias.
    assert row["estimate"] == pytest.approx(0.889, abs=0.05)


def test_a_lone_coder_has_a_value_and_an_unknown_agreement(caplog):
    with caplog.at_level(logging.WARNING):
        rated = rate(sheets(dict.fromkeys(plan(), "A")), icc_policy="stop", within_patient_policy="stop")
    row = headline(rated)
    assert (row["form"], row["n_raters"]) == ("ICC(2,1)", 1)
    assert np.isnan(row["estimate"])
    assert row["meaning"] == "single coder, coders are a sample of coders, absolute agreement"
    assert row["note"] == (
        "analysed: one coder's value, as no session was coded twice; how far coders agree is not known; "
        "not computable: one rater"
    )
    assert "no ICC(2,1), analysed: one coder's value" in caplog.text
    assert "below" not in caplog.text + row["note"]
    assert rated.coded["n_coders"].eq(1).all()


def test_three_coders_of_whom_never_two_code_one_session_are_single_coders():
    row = headline(rate(sheets({place: "ABC"[i % 3] for i, place in enumerate(plan())})))
    assert (row["form"], row["n_raters"]) == ("ICC(2,1)", 1)
    assert "no session was coded twice" in row["note"]
    assert "not computable: no target was rated twice" in row["note"]


def test_a_fifth_coded_twice_is_little_more_than_one_coder():
    who = {place: ("AB", "BC", "CA")[i % 3] if i % 5 == 0 else "ABC"[i % 3] for i, place in enumerate(plan())}
    rated = rate(sheets(who))
    row = headline(rated)
    assert row["form"] == "ICC(2,k)"
    # Harmonic mean of 48 ones and 12 twos.
    assert row["n_raters"] == pytest.approx(60 / (48 + 12 / 2))
    assert row["meaning"].startswith("mean of 1.11 coders (effective number a session)")
    assert "1.11 of them (effective number); 48 of 60 sessions have one coder" in row["note"]
    assert "60 targets by 3 raters: 48 rated once, 12 by 2" in row["note"]
    single = rated.coefficients.set_index(["code", "form"]).loc[("hostility", "ICC(2,1)"), "estimate"]
    assert single < row["estimate"] < 2 * single / (1 + single)


def test_a_single_coders_value_is_the_first_of_the_order_and_has_that_coders_reliability(caplog):
    who = {place: "AB" if i % 2 else "B" for i, place in enumerate(plan())}
    codes = sheets(who)
    rated = rate(codes, analysed_value="single coder", coder_order=["B"])
    assert rated.coded["coders"].eq("B").all()
    given = codes[codes["coder"] == "B"].set_index(["patient", "session"])["value"]
    assert rated.coded.set_index(["patient", "session"])["value"].equals(given.sort_index())
    row = headline(rated)
    assert row["form"] == "ICC(2,1)"
    assert row["note"].startswith("analysed: one coder's value, the first of B, A who coded the session")
    assert "coder_order" not in caplog.text
    with caplog.at_level(logging.WARNING):
        rate(codes, analysed_value="single coder", coder_order=["Bea"])
    assert "coder_order names ['Bea'], of whom this wave has no sheet; its coders: ['A', 'B']" in caplog.text
    by_id = rate(codes, analysed_value="single coder")
    assert by_id.coded.groupby("coders").size().to_dict() == {"A": 30, "B": 30}


def test_reliability_within_patients_is_that_of_the_value_analysed():
    codes = sheets(dict.fromkeys(plan(), "AB"))
    rows = {
        kind: rate(codes, analysed_value=kind).reliabilities.set_index("coefficient").loc["within-patient"]
        for kind in ("mean of coders", "single coder")
    }
    mean, single = (rows[kind]["estimate"] for kind in ("mean of coders", "single coder"))
    # Spearman–Brown holds exactly where every session has the same two coders.
    assert mean == pytest.approx(2 * single / (1 + single), abs=1e-12)
    assert "of one coder's value" in rows["single coder"]["note"]


def test_a_consensus_is_analysed_and_one_coder_before_it_is_the_headline(caplog):
    codes = sheets({place: "AB*" if i % 4 else "AB" for i, place in enumerate(plan())})
    with caplog.at_level(logging.WARNING):
        rated = rate(codes, analysed_value="consensus")
    assert len(rated.coded) == 60
    assert rated.coded["value"].isna().sum() == 15
    assert "15 coded sessions have a total without consensus: their analysed value is empty" in caplog.text
    row = headline(rated)
    assert row["form"] == "ICC(2,1)"
    assert "of one coder before the consensus, which itself has no classical ICC" in row["note"]


def test_a_consensus_alone_has_a_headline_that_says_it_has_none():
    row = headline(rate(sheets(dict.fromkeys(plan(), "*")), analysed_value="consensus"))
    assert np.isnan(row["estimate"])
    assert "analysed: the consensus" in row["note"]
    assert "not computable: no ratings" in row["note"]


def test_consensus_sheets_that_the_plan_does_not_analyse_are_told(caplog):
    with caplog.at_level(logging.WARNING):
        rated = rate(sheets(dict.fromkeys(plan(), "AB*")))
    assert "consensus sheets (coder consensus) are there, but the plan analyses the mean of coders" in caplog.text
    assert rated.coded["coders"].eq("A;B").all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"icc_limit": 0.99, "icc_policy": "stop"}, r"sulks hostility: ICC\(2,k\) is 0\.\d{3}, below icc_limit 0\.99"),
        (
            {"within_patient_limit": 0.99, "within_patient_policy": "stop"},
            r"sulks hostility: within-patient reliability is 0\.\d{3}, below within_patient_limit 0\.99",
        ),
    ],
)
def test_each_limit_has_a_policy_of_its_own(changes, message, caplog):
    codes = sheets(dict.fromkeys(plan(), "AB"))
    with pytest.raises(AgreementError, match=message):
        rate(codes, **changes)
    with caplog.at_level(logging.WARNING):
        rated = rate(codes, **{name: "warn" if value == "stop" else value for name, value in changes.items()})
    assert len(caplog.messages) == 1
    notes = pd.concat([rated.coefficients["note"], rated.reliabilities["note"]]).dropna()
    assert notes.str.contains(r"below the limit of 0\.99 \(policy warn\)").sum() == 1


def test_a_coder_who_drifts_along_the_order_of_coding_is_found_whatever_the_session_numbers():
    generator = np.random.default_rng(4)
    codes = sheets(dict.fromkeys(plan(), "AB"), noise=0.2)
    # A codes the sessions in an order of its own and gives .01 more with each sheet; B, dated too, does not drift.
    for coder, step in (("A", 0.01), ("B", 0.0)):
        rows = codes.index[codes["coder"] == coder]
        order = generator.permutation(len(rows))
        codes.loc[rows, "value"] += step * order
        codes.loc[rows, "coded_on"] = [str(d)[:10] for d in pd.Timestamp("2020-01-30") + pd.to_timedelta(order, "D")]
    found = rate(codes).coder_biases.set_index("coder")
    assert found["n_dated"].tolist() == [60, 60]
    assert found.loc["A", "coding_drift"] == pytest.approx(0.1, abs=0.04)
    assert found.loc["A", "coding_drift_low"] > 0
    assert found.loc["B", "coding_drift_low"] < 0 < found.loc["B", "coding_drift_high"]
    assert rate(codes).coder_values["coded_on"].notna().all()


def test_sheets_without_dates_have_no_drift_along_the_order_of_coding():
    biases = rate(sheets(dict.fromkeys(plan(), "AB"))).coder_biases
    assert biases["n_dated"].eq(0).all()
    assert biases["coding_drift"].isna().all()
    assert biases["drift"].notna().all()


def test_shares_of_coders_sum_to_one_and_follow_the_order():
    values = np.array([[1, np.nan, 3], [np.nan, 2, 3], [1, 2, 3]], dtype=float)
    single = AnalysedValue("single coder", ("C",)).shares(values, ["A", "B", "C"])
    assert single.tolist() == [[0, 0, 1]] * 3
    by_id = AnalysedValue("consensus").shares(values, ["A", "B", "C"])
    assert by_id.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    mean = AnalysedValue().shares(values, ["A", "B", "C"])
    assert mean[0].tolist() == [0.5, 0, 0.5]
    assert mean.sum(axis=1) == pytest.approx(np.ones(3))
