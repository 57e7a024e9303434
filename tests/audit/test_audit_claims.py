"""Published numbers recomputed, against what was found by hand."""

from pathlib import Path

import pandas as pd
import pytest

from ruptureflow.audit import AuditError, check_claims
from ruptureflow.tables import pooling

EVIDENCE = Path(__file__).resolve().parents[2] / "data" / "evidence"
# The hand's words for our verdicts.
SAME = {
    "consistent": {"consistent", "conditional"},
    "consistent_at_edge": {"consistent"},
    "consistent_only_if_df": {"conditional"},
    "consistent_only_if_n": {"conditional"},
    "coherent_only_as_clustered": {"conditional"},
    "inconsistent": {"inconsistent"},
    "sources_disagree": {"inconsistent"},
    "not_checkable": {"not checkable"},
}


def _claims():
    return pd.read_csv(EVIDENCE / "published_claims.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def checked():
    return check_claims(_claims(), pooling.REPRODUCTIONS.empty()).set_index(["claim", "convention"])


@pytest.mark.parametrize("convention", ["rounded", "truncated"])
def test_a_verdict_differs_from_the_one_found_by_hand(checked, convention):
    for row in _claims().to_dict("records"):
        by_hand = row[f"verdict_{convention}"]
        if by_hand:
            assert checked.loc[(row["claim"], convention), "verdict"] in SAME[by_hand], row["claim"]


@pytest.mark.parametrize(
    ("claim", "convention", "low", "high"),
    [
        ("zm2018.bond.t", "rounded", -3.923, -3.267),
        ("zm2018.bond.t", "truncated", -3.714, -3.125),
        ("zm2018.confrontation.t", "rounded", 3.204, 3.383),
        ("zm2018.resolution.t", "rounded", 3.432, 3.686),
        ("zm2018.withdrawal.t", "truncated", 0.0261, 0.0318),
        ("zm2018.confrontation.p", "rounded", 11.04, 12.60),
        ("zm2018.confrontation.p", "truncated", 10.42, 11.76),
        ("zm2018.resolution.p", "rounded", 11.10, 13.04),
        ("zm2018.resolution.p", "truncated", 10.38, 11.97),
        ("zm2018.bond.p", "truncated", 44.5, 207.4),
        ("zm2018.intercept.t", "rounded", 0.1625, 0.1648),
        ("eubanks2018.repair.p", "rounded", 0.0028, 0.0064),
        ("eubanks2018.repair.d", "rounded", 0.595, 0.617),
        ("eubanks2019.therapist_alliance.p", "rounded", 34, 38),
        ("safran2011.prepost.z", "rounded", 5.30, 5.81),
    ],
)
def test_a_range_differs_from_the_one_found_by_hand(checked, claim, convention, low, high):
    row = checked.loc[(claim, convention)]
    assert row["recomputed_low"] == pytest.approx(low, rel=2e-3, abs=5e-5)
    assert row["recomputed_high"] == pytest.approx(high, rel=2e-3, abs=5e-5)


def test_the_2018_table_is_not_consistent_under_truncation(checked):
    table = checked.loc[[("zm2018" in claim) for claim in checked.index.get_level_values("claim")]]
    truncated = table.xs("truncated", level="convention")
    assert "inconsistent" not in set(truncated["verdict"])
    rounded = table.xs("rounded", level="convention")
    wrong = set(rounded.index[rounded["verdict"] == "inconsistent"])
    assert wrong == {"zm2018.bond.t", "zm2018.withdrawal.p", "zm2018.age", "zm2018.hrsd"}


def test_the_df_a_printed_p_needs_are_not_said(checked):
    assert checked.loc[("zm2018.bond.p", "rounded"), "condition"] == "df at least 70.95"
    assert checked.loc[("zm2018.confrontation.p", "rounded"), "condition"] == "df from 11.04 to 12.60 (whole: 12)"
    assert "No df is common to all" in checked.loc[("zm2018.df_joint", "rounded"), "how"]


def test_grim_does_not_name_the_nearest_means(checked):
    row = checked.loc[("zm2018.age", "rounded")]
    assert (round(row["recomputed_low"], 2), round(row["recomputed_high"], 2)) == (30.18, 30.23)


def _p(kind, statistic, value, comparison, p, df=""):
    return {
        "kind": kind,
        "statistic": statistic,
        "statistic_value": value,
        "df": df,
        "p_comparison": comparison,
        "p": p,
    }


def _r_p(r, p, n):
    return {"kind": "r_p", "effect": "r", "effect_value": r, "p_comparison": "=", "p": p, "n": n}


def _one(**cells):
    row = dict.fromkeys(_claims().columns, "") | {"claim": "c", "source": "s", "quantity": "q", "comparison": "="}
    return check_claims(pd.DataFrame([row | cells]), pooling.REPRODUCTIONS.empty(), ["rounded"]).iloc[0]


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        (_p("t_p", "t", "2.00", "=", ".06", df="20"), "consistent"),
        (_p("t_p", "t", "2.00", "<", ".05", df="20"), "inconsistent"),
        (_p("z_p", "z", "1.96", "=", ".04"), "inconsistent"),
        (_p("q_p", "Q", "3.84", "=", ".05", df="1"), "consistent"),
        ({"kind": "grim", "value": "2.33", "n": "3"}, "consistent"),
        ({"kind": "grim", "value": "2.35", "n": "3"}, "inconsistent"),
        ({"kind": "percent", "value": "50", "n": "7"}, "inconsistent"),
        ({"kind": "count", "value": "171", "n": "22"}, "inconsistent"),
        ({"kind": "sum", "value": "10", "recomputed": "3 + 4 + 2 = 9"}, "inconsistent"),
        (_r_p(".10", ".90", "100"), "conditional"),
        (_r_p(".10", ".32", "100"), "consistent"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["kind"],
)  # fmt: skip
def test_a_wrong_number_passes_or_a_right_one_fails(cells, verdict):
    assert _one(**cells)["verdict"] == verdict


def test_a_broken_claim_ends_in_a_traceback_or_passes():
    with pytest.raises(AuditError, match=r"row 2 \(c\): column 'n'|row 2, column 'kind': 'guess' is unknown"):
        _one(kind="guess")
    with pytest.raises(AuditError, match=r"row 2 \(c\): column 'value': 'many' is not a number"):
        _one(kind="grim", value="many", n="3")


def _line(**columns):
    return pooling.REPRODUCTIONS.conform(
        pd.DataFrame({"pool": "between", "recomputed": 2.6, "recomputed_low": 2.5, "recomputed_high": 3.0} | columns)
    )


def test_a_number_that_excludes_the_others_of_its_table_passes_as_consistent():
    line = _line(
        quantity=["z", "z", "r", "n"],
        published=["2.66", "2.66", ".15", "321"],
        convention=["as the paper", "variance 1/(n - 3)", "as the paper", "count"],
        verdict=[
            "reproduced within the rows' rounding; alone only: with all others no reading found",
            "not reproduced",
            "reproduced; met jointly without between.z",
            "not reproduced",
        ],
    )
    found = check_claims(_claims().iloc[:0], line).set_index("claim")
    # The convention that stands first is the paper's; one known to fail is no claim of it.
    assert found["verdict"].to_dict() == {
        "between.z": "conditional",
        "between.r": "consistent",
        "between.n": "inconsistent",
    }
    assert found.loc["between.z", "condition"].startswith("alone only")
    assert found.loc["between.r", "how"] == "as the paper; met jointly without between.z"


def test_the_pooled_line_is_no_claim():
    line = pooling.REPRODUCTIONS.conform(
        pd.DataFrame(
            {
                "pool": "repair",
                "quantity": ["r", "r", "z"],
                "published": [".24", ".24", "3.06"],
                "recomputed": [0.245, 0.25, 2.9],
                "recomputed_low": [0.244, 0.25, 2.8],
                "recomputed_high": [0.248, 0.25, 3.0],
                "convention": ["primary", "other", "primary"],
                "verdict": ["reproduced", "not reproduced", "not reproduced"],
            }
        )
    )
    found = check_claims(_claims().iloc[:0], line).set_index("claim")["verdict"]
    assert found.to_dict() == {"repair.r": "consistent", "repair.z": "inconsistent"}
