"""The 2011 paper's pooled figures, row by row."""

import numpy as np
import pytest

from ruptureflow.pooling.inferred_digits import illegible_cell_scan, uncertain_digits
from ruptureflow.pooling.joint_readings import joint_reading
from ruptureflow.pooling.printed_studies import total_n, training_studies
from ruptureflow.pooling.published import as_reproductions, reproduce_figures


@pytest.fixture(scope="module")
def tables(evidence):
    return [evidence(f"safran2011_{name}") for name in ("table1", "table2", "pooled_check", "uncertain_digits")]


@pytest.fixture(scope="module")
def figures(tables):
    return reproduce_figures(*tables[:3]).set_index("figure")


def test_a_printed_figure_has_no_row(tables, figures):
    assert list(figures.index) == list(tables[2]["figure"]) and len(figures) == 43


def test_the_verdicts_have_changed(figures):
    failed = set(figures.index[figures["verdict"] == "not reproduced"])
    assert failed == {
        "rupture_repair_n_minus_3.z", "rupture_repair_n_minus_3.q", "prepost_arms_dependent.q", "prepost_n_minus_3.r",
        "prepost_n_minus_3.z", "prepost_n_minus_3.q", "between_without_outlier.n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "value", "tolerance"),
    [
        ("rupture_repair.z", 3.06, 0.005), ("rupture_repair.q", 0.986, 0.005),
        ("rupture_repair_n_minus_3.z", 2.93, 0.005),
        ("prepost.r", 0.645, 0.0005), ("prepost.z", 5.57, 0.015), ("prepost.q", 202.1, 0.1),
        ("prepost_arms_dependent.q", 144.1, 0.05), ("prepost_n_minus_3.z", 4.53, 0.005),
        ("prepost_without_two.z", 6.935, 0.006), ("prepost_axis_1.r", 0.754, 0.0005), ("prepost_axis_2.z", 5.31, 0.03),
        ("prepost_subgroups.q_between", 10.985, 0.026), ("between.r", 0.151, 0.0005), ("between.z", 2.60, 0.005),
        ("between.q", 7.58, 0.005), ("between_without_outlier.z", 2.255, 0.017), ("between_axis_1.z", 3.22, 0.034),
        ("between_axis_2.z", 0.57, 0.005), ("between_subgroups.q_between", 3.14, 0.015),
    ],
)  # fmt: skip
def test_our_figures_leave_those_found_by_hand(figures, value, tolerance, figure):
    assert abs(figures.loc[figure, "recomputed"] - value) <= tolerance


def test_ranges_do_not_hold_their_middle(figures):
    assert ((figures["low"] <= figures["recomputed"] + 1e-9) & (figures["recomputed"] <= figures["high"] + 1e-9)).all()


def test_the_joint_verdict_blames_another_figure(figures):
    between = figures[figures["joint"].ne("") & figures.index.str.startswith("between")]
    assert between.loc["between.z", "joint"].startswith("alone only")
    assert (between.drop("between.z")["joint"] == "met jointly without between.z").all()
    rest = figures[figures["joint"].ne("") & ~figures.index.str.startswith("between")]
    assert (rest["joint"] == "met jointly").all()


def test_2_66_is_met_together_with_3_18_and_2_24(tables):
    checks = [row for row in tables[2].to_dict("records") if row["figure"] in (
        "between.z", "between_without_outlier.z", "between_axis_1.z")]  # fmt: skip
    assert not joint_reading(training_studies(tables[1], "between"), checks).possible


def test_the_illegible_cell_does_not_need_17_to_18_for_2_66(tables):
    scan = illegible_cell_scan(tables[1], tables[2])
    alone = scan[scan["between_met"]]
    assert alone["std_error"].min() >= 0.170 and alone["std_error"].max() <= 0.180
    assert not (alone["between_axis_1_met"] | alone["between_without_outlier_met"]).any()
    assert not alone["legible"].any()
    legible = scan[scan["legible"]]
    assert legible["std_error"].min() > 0.19 and legible["std_error"].max() < 0.26


def test_an_inferred_digit_is_not_the_one_its_row_allows(tables):
    digits = uncertain_digits(tables[1], tables[3])
    used = digits[digits["used"]]
    assert used["possible"].all()
    ruled_out = digits[~digits["possible"]]
    for row, cell, candidate in (("1", "between_z", "1.17"), ("3", "prepost_z", "3.82"), ("9", "between_r", "0.44")):
        assert ((ruled_out["row"] == row) & (ruled_out["cell"] == cell) & (ruled_out["candidate"] == candidate)).any()
    moved = digits[digits["possible"] & (digits["pool"] == "between")]
    assert np.ptp(moved["r"]) < 0.003 and np.ptp(moved["z"]) < 0.06


def test_totals_of_patients_change(tables):
    two = ["Bambling et al. (2006)", "Castonguay et al. (2004)"]
    assert (total_n(tables[1]), total_n(tables[1], two)) == (376, 252)
    assert (total_n(tables[1], between=True), total_n(tables[1], two[1:], between=True)) == (343, 322)


def test_subgroup_pool_of_the_library_gives_another_q_between(tables, figures):
    from ruptureflow.pooling import pool_subgroups

    studies = training_studies(tables[1], "between")
    y, v = zip(*(study.middle for study in studies), strict=True)
    ours = pool_subgroups(y, v, [study.group for study in studies], "dl", "z")
    assert np.isclose(ours.q_between, figures.loc["between_subgroups.q_between", "recomputed"])


def test_the_hand_over_table_loses_a_figure(figures):
    handed = as_reproductions(figures.reset_index())
    assert len(handed) == 43
    z = handed[(handed["pool"] == "between") & (handed["quantity"] == "z")].iloc[0]
    assert "alone only" in z["verdict"] and z["published"] == "2.66"
