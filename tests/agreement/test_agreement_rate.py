"""Coder sheets to session values, and the whole stage."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ruptureflow.agreement import AgreementError, icc, rate_agreement
from ruptureflow.agreement.analysed_value import AnalysedValue
from ruptureflow.agreement.coding import coder_values, session_values
from ruptureflow.agreement.compare_coders import coded_value, skewness_checks
from ruptureflow.agreement.patient_bootstrap import Bootstrap
from ruptureflow.config.instruments import CodingSystem, read_instrument
from ruptureflow.config.plan import AgreementSettings
from ruptureflow.tables import agreement as tables
from ruptureflow.tables import intake

SYSTEM = CodingSystem.model_validate(
    {
        "kind": "coding",
        "id": "sasb_simplified",
        "name": "A coding system that is not the 3RS",
        "version": "1",
        "source": "made up",
        "measures": {
            "count": {"minimum": 0, "per": "segment"},
            "rating": {"minimum": 1, "maximum": 5, "per": "session"},
        },
        "codes": [
            {"code": "sulking", "group": "hostile", "measures": ["count", "rating"]},
            {"code": "blaming", "group": "hostile", "measures": ["count"]},
            {"code": "overall", "group": "overall", "measures": ["rating"]},
        ],
        "totals": [
            {"name": "hostility", "group": "hostile", "measure": "count", "aggregate": "sum"},
            {"name": "overall", "group": "overall", "measure": "rating", "aggregate": "mean"},
        ],
        "rupture": {"hostility": 2},
    }
)
INSTRUMENTS = {SYSTEM.id: SYSTEM}
SOURCE = {"coded_on": None, "source_file": "coder.xlsx", "source_sheet": "A", "source_row": 2}
SETTINGS = AgreementSettings(bootstrap_draws=200)


def marks(rows: list[tuple]) -> pd.DataFrame:
    names = ("patient", "session", "coder", "segment", "code", "measure", "value")
    return intake.CODES.conform(
        pd.DataFrame([{"instrument": SYSTEM.id, **dict(zip(names, row, strict=True)), **SOURCE} for row in rows])
    )


def sheets(n_patients: int = 12, n_sessions: int = 3, coders: str = "AB", seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    rows = []
    for patient in range(n_patients):
        for session in range(1, n_sessions + 1):
            rate, grade = generator.gamma(1.5, 1.2), generator.integers(1, 6)
            for coder in coders:
                for segment in (1, 2):
                    for code in ("sulking", "blaming"):
                        count = generator.poisson(rate)
                        rows.append((f"p{patient}", session, coder, segment, code, "count", count))
                given = float(np.clip(grade + generator.integers(-1, 2), 1, 5))
                rows.append((f"p{patient}", session, coder, None, "overall", "rating", given))
    return marks(rows)


def rate(codes: pd.DataFrame, settings: AgreementSettings = SETTINGS):
    return rate_agreement(codes, intake.RESPONSES.empty(), intake.REPORTED_SCORES.empty(), INSTRUMENTS, settings)


def value_of(values: pd.DataFrame, code: str, coder: str = "A") -> float:
    return values[(values["code"] == code) & (values["coder"] == coder)]["value"].iloc[0]


def test_a_total_sums_its_groups_marks_over_segments():
    found = coder_values(
        marks(
            [
                ("p1", 1, "A", 1, "sulking", "count", 2),
                ("p1", 1, "A", 2, "sulking", "count", 0),
                ("p1", 1, "A", 1, "blaming", "count", 1),
                ("p1", 1, "A", None, "sulking", "rating", 4),
            ]
        ),
        INSTRUMENTS,
    )
    assert value_of(found, "hostility") == 3
    assert value_of(found, "sulking") == 2
    assert value_of(found, "sulking_rating") == 4


def test_not_coded_is_not_zero():
    found = coder_values(
        marks([("p1", 1, "A", 1, "sulking", "count", 2), ("p1", 1, "A", 2, "sulking", "count", np.nan)]), INSTRUMENTS
    )
    assert pd.isna(value_of(found, "hostility"))
    zeros = coder_values(marks([("p1", 1, "A", 1, "sulking", "count", 0)]), INSTRUMENTS)
    assert value_of(zeros, "hostility") == 0


def test_a_total_counts_a_subgroup_or_the_segments_with_any_mark():
    system = SYSTEM.model_dump() | {"id": "grouped"}
    system["codes"][0]["subgroup"] = "quiet"
    system["totals"] = [
        {"name": "quiet", "group": "hostile", "subgroup": "quiet", "measure": "count", "aggregate": "sum"},
        {"name": "spread", "group": "hostile", "measure": "count", "aggregate": "segments"},
    ]
    grouped = CodingSystem.model_validate(system | {"rupture": {}})
    rows = [
        # Session 1: three marks in the first segment, none in the second, one beside an uncoded code in the third.
        ("p1", 1, "A", 1, "sulking", "count", 2), ("p1", 1, "A", 1, "blaming", "count", 1),
        ("p1", 1, "A", 2, "sulking", "count", 0), ("p1", 1, "A", 2, "blaming", "count", 0),
        ("p1", 1, "A", 3, "sulking", "count", np.nan), ("p1", 1, "A", 3, "blaming", "count", 1),
        # Session 2: whether the second segment holds a mark is not known.
        ("p1", 2, "A", 1, "sulking", "count", 1), ("p1", 2, "A", 1, "blaming", "count", 0),
        ("p1", 2, "A", 2, "sulking", "count", np.nan), ("p1", 2, "A", 2, "blaming", "count", 0),
    ]  # fmt: skip
    values = coder_values(marks(rows).assign(instrument="grouped"), {"grouped": grouped})
    found = values[values["code"].isin(["quiet", "spread"])].set_index(["code", "session"])["value"]
    assert found["spread", 1] == 2
    assert np.isnan(found["spread", 2])
    assert np.isnan(found["quiet", 1])
    ok = marks(rows[:4]).assign(instrument="grouped")
    assert value_of(coder_values(ok, {"grouped": grouped}), "quiet") == 2


def test_the_3rs_groups_its_strategies_into_immediate_and_exploratory_ones():
    folder = Path(__file__).parents[2] / "config" / "instruments"
    for name in ("3rs_2009", "3rs_2015"):
        system = read_instrument(folder / f"{name}.yaml")
        strategies = [code for code in system.codes if code.group == "resolution"]
        totals = {total.subgroup for total in system.totals if total.group == "resolution"}
        assert len(strategies) == 10
        assert {code.subgroup for code in strategies} == totals - {""} == {"immediate", "exploratory"}
        assert sum(code.group in ("withdrawal", "confrontation") for code in system.codes) == 14


def test_unknown_codes_and_systems_are_refused_by_name():
    with pytest.raises(AgreementError, match=r"codes \['sulkng'\] are not in the instrument file"):
        coder_values(marks([("p1", 1, "A", 1, "sulkng", "count", 2)]), INSTRUMENTS)
    with pytest.raises(AgreementError, match="no coding-system file"):
        coder_values(marks([("p1", 1, "A", 1, "sulking", "count", 2)]), {})


def test_the_analysed_value_is_the_mean_of_those_who_coded():
    values = coder_values(
        marks(
            [
                ("p1", 1, "A", 1, "sulking", "count", 2),
                ("p1", 1, "B", 1, "sulking", "count", 5),
                ("p1", 1, "C", 1, "sulking", "count", np.nan),
                ("p1", 2, "A", 1, "sulking", "count", np.nan),
            ]
        ),
        INSTRUMENTS,
    )
    coded = session_values(values, INSTRUMENTS, AnalysedValue()).set_index("session")
    assert coded.loc[1, ["value", "n_coders", "coders"]].tolist() == [3.5, 2, "A;B"]
    assert pd.isna(coded.loc[2, "value"])
    assert coded.loc[2, "n_coders"] == 0


def test_a_consensus_sheet_is_the_value_and_no_coder():
    codes = pd.concat([sheets(), marks([("p0", 1, "consensus", 1, "sulking", "count", 9)])], ignore_index=True)
    agreed = rate(codes, SETTINGS.model_copy(update={"analysed_value": "consensus"}))
    assert agreed.coded["value"].dropna().tolist() == [9.0]
    headline = agreed.coefficients[agreed.coefficients["headline"]]
    assert set(headline["form"]) == {"ICC(2,1)"}
    assert headline["note"].str.contains("before the consensus").all()
    assert "consensus" not in set(agreed.coder_biases["coder"])
    averaged = rate(codes).coded.set_index(["patient", "session", "code"])
    assert averaged.loc[("p0", 1, "hostility"), "coders"] == "A;B"


def test_the_stage_hands_over_every_table_in_its_schema():
    rated = rate(sheets())
    for table in tables.TABLES:
        table.conform(getattr(rated, table.name))
    headline = rated.coefficients[rated.coefficients["headline"]]
    assert headline["code"].tolist() == ["hostility", "overall"]
    assert set(headline["form"]) == {"ICC(2,k)"}
    assert (headline["bootstrap_low"] < headline["estimate"]).all()
    within = rated.reliabilities.set_index(["scale", "coefficient"]).loc[("hostility", "within-patient")]
    assert within["ci_low"] < within["estimate"] < within["ci_high"]


def test_counts_have_a_ratio_alpha_ratings_an_ordinal_one_and_presence_a_kappa():
    coefficients = rate(sheets()).coefficients
    forms = {code: set(rows["form"]) for code, rows in coefficients.groupby("code")}
    assert {"alpha (ratio)", "kappa (presence)", "PABAK (presence)"} <= forms["hostility"]
    assert {"alpha (ordinal)", "weighted kappa (quadratic)"} <= forms["overall"]
    assert not any("presence" in form for form in forms["overall"])
    assert "weighted kappa (quadratic)" not in forms["hostility"]


def test_a_count_stands_beside_its_logarithm_and_its_ranks():
    forms = rate(sheets()).coefficients.set_index(["code", "form"])
    log_form = forms.loc[("hostility", "ICC(2,k) of ln(1 + value)")]
    assert 0 < log_form["estimate"] < 1
    assert not log_form["headline"]
    assert ("overall", "ICC(2,k) of ranks") not in forms.index


def test_ranks_of_ties_are_their_mean_rank():
    values = coded_value(
        pd.DataFrame({"patient": "p", "session": [1, 1, 2, 2], "coder": list("ABAB"), "value": [0.0, 0, 5, 9]})
    )
    row = skewness_checks(values, "ICC(3,1)", Bootstrap(0, 1))[1]
    by_hand = pd.DataFrame({"session": [1, 1, 2, 2], "coder": list("ABAB"), "count": [1.5, 1.5, 3, 4]})
    expected = icc(by_hand).set_index("form").loc["ICC(3,1)", "estimate"]
    assert row["estimate"] == pytest.approx(expected)


def test_a_low_reliability_within_patients_is_noted_and_warned_of(caplog):
    strict = SETTINGS.model_copy(update={"within_patient_limit": 0.999})
    notes = rate(sheets(), strict).reliabilities.set_index(["scale", "coefficient"])["note"]
    assert "slopes on this value are attenuated" in notes[("hostility", "within-patient")]
    assert "attenuated" not in notes[("hostility", "between-patient")]
    assert "hostility: within-patient reliability" in caplog.text


def test_rotating_pairs_keep_every_session_and_show_the_reml_variances():
    codes = sheets(coders="ABC")
    hidden = {(p, s): "ABC"[(int(p[1:]) + s) % 3] for p in codes["patient"].unique() for s in (1, 2, 3)}
    kept = [hidden[(row.patient, row.session)] != row.coder for row in codes.itertuples()]
    rated = rate(codes[kept])
    headline = rated.coefficients[rated.coefficients["headline"]].set_index("code")
    assert headline.loc["hostility", "n_targets"] == 36
    assert headline.loc["hostility", "n_raters"] == pytest.approx(2)
    assert "36 targets by 3 raters: 36 by 2" in headline.loc["hostility", "note"]
    variances = rated.coder_variances[rated.coder_variances["code"] == "hostility"]
    assert variances["reml"].notna().all()
    assert len(rated.coder_pairs[rated.coder_pairs["code"] == "hostility"]) == 3


def test_a_low_headline_is_flagged_or_stops_the_run_as_the_plan_says():
    strict = SETTINGS.model_copy(update={"icc_limit": 0.999})
    flagged = rate(sheets(), strict).coefficients
    assert flagged[flagged["headline"]]["note"].str.contains("below the limit of 0.999").all()
    with pytest.raises(AgreementError, match=r"sasb_simplified hostility: ICC\(2,k\) is 0\.\d+, below icc_limit"):
        rate(sheets(), strict.model_copy(update={"icc_policy": "stop"}))


def test_one_coder_gives_values_and_no_coefficients():
    rated = rate(sheets(coders="A"))
    assert len(rated.coded) == 72
    assert rated.coefficients["estimate"].isna().all()
    assert rated.coefficients["note"].str.contains("one rater").all()
    assert rated.coder_variances.empty


def test_sheets_without_a_single_mark_are_no_error():
    codes = sheets()
    codes["value"] = codes["value"].where(codes["measure"] != "count", 0.0)
    rated = rate(codes)
    none = rated.coefficients[rated.coefficients["code"] == "hostility"]
    assert none["note"].str.contains("all ratings are equal").all()
    assert (rated.coded[rated.coded["code"] == "hostility"]["value"] == 0).all()


def test_a_wave_without_codes_and_answers_gives_empty_tables():
    rated = rate(intake.CODES.empty())
    for table in tables.TABLES:
        assert getattr(rated, table.name).empty
        assert getattr(rated, table.name).columns.tolist() == table.names


def test_the_same_input_gives_the_same_numbers():
    first, second = rate(sheets()), rate(sheets().sample(frac=1, random_state=1))
    for name in ("coded", "coder_variances"):
        key = list(getattr(tables, name.upper()).key)
        pd.testing.assert_frame_equal(
            getattr(first, name).sort_values(key, ignore_index=True),
            getattr(second, name).sort_values(key, ignore_index=True),
        )


def test_another_coding_system_needs_nothing_but_its_file():
    system = read_instrument(Path(__file__).parents[2] / "config" / "instruments" / "cis.yaml")
    generator = np.random.default_rng(6)
    rows = [
        {
            "instrument": "cis",
            "patient": f"p{patient}",
            "session": session,
            "coder": coder,
            "segment": segment,
            "code": code.code,
            "measure": "count",
            "value": generator.poisson(1 + patient % 4),
            **SOURCE,
        }
        for patient in range(8)
        for session in (1, 2)
        for coder in "AB"
        for segment in (1, 2)
        for code in system.codes
    ]
    codes = intake.CODES.conform(pd.DataFrame(rows))
    answers = intake.RESPONSES.empty(), intake.REPORTED_SCORES.empty()
    rated = rate_agreement(codes, *answers, {"cis": system}, SETTINGS)
    assert set(rated.coded["code"]) == {total.name for total in system.totals}
    assert rated.coefficients["headline"].sum() == 5
    forms = rated.coefficients.set_index("code")["form"]
    assert "kappa (presence)" in set(forms["direct_rupture"])
    assert "kappa (presence)" not in set(forms["collaboration"])
