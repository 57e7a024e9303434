"""Recovery, reanalysis, accuracy, anchor points, dilutions, hooks and bridges: what ICH M10 asks, on known truth."""

import numpy as np
import pandas as pd
import pytest
from assay_plates import OXYTOCIN, plate_rows, samples_table, signal, signals_table, tube_rows

from ruptureflow.assay import AssayError, measure_samples, validation_plots
from ruptureflow.assay.recovery import analyte_recovery, recovery_rows
from ruptureflow.assay.validation_plots import well_deviations
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables import assay, intake

PAIR = {"P1_4_pre": 12.0, "P1_4_post": 30.0}


def measure(samples, rows, settings=None, analyte=OXYTOCIN, recoveries=None):
    measured = measure_samples(
        samples, signals_table(rows), intake.REPORTED_CONCENTRATIONS.empty(), [analyte], settings or AssaySettings(),
        recoveries=recoveries,
    )  # fmt: skip
    for table in assay.TABLES:
        table.conform(getattr(measured, table.name))
    return measured


def pools(rows):
    """Spiked pools from (pool, endogenous, spike, measured)."""
    frame = pd.DataFrame(
        [
            {"analyte": "oxytocin", "pool": pool, "run": None, "endogenous": held, "spike": spike, "measured": found,
             "replicate": k + 1, "source_file": "pools.csv", "source_sheet": None, "source_row": k + 2}
            for k, (pool, held, spike, found) in enumerate(rows)
        ]
    )  # fmt: skip
    return intake.RECOVERIES.conform(frame)


def test_recovery_by_hand_with_a_known_pool_and_with_one_that_was_extracted_too():
    table = recovery_rows(pools([("A", 10, 90, 80), ("A", 10, 90, 84), ("A", 10, 90, 76)]), "oxytocin")
    assert table.loc[0, "recovery"] == pytest.approx(80)
    assert table.loc[0, "std_error"] == pytest.approx(100 * 4 / np.sqrt(3) / 100)
    # Without spike 8 ± came back, with it 80: (80 − 8)/90 of the spike.
    table = recovery_rows(
        pools([("B", None, 0, 7), ("B", None, 0, 9), ("B", None, 90, 79), ("B", None, 90, 81)]), "oxytocin"
    )
    assert table.loc[0, "recovery"] == pytest.approx(80)
    assert table.loc[0, "std_error"] == pytest.approx(100 * np.sqrt(2 / 2 + 2 / 2) / 90)
    assert table.loc[0, "endogenous"] == pytest.approx(8)


def test_a_measured_recovery_divides_concentrations_and_its_error_is_in_theirs_but_not_in_the_log_ratio():
    rows = plate_rows("R1", PAIR, seed=5)
    spiked = pools([("A", 10, 90, 80), ("A", 10, 90, 90), ("A", 10, 90, 70)])
    plain, corrected = measure(samples_table(PAIR), rows), measure(samples_table(PAIR), rows, recoveries=spiked)
    before, after = (m.concentrations.set_index("sample") for m in (plain, corrected))
    np.testing.assert_allclose(after["concentration"], before["concentration"] / 0.8)
    relative = 10 / np.sqrt(3) / 80
    np.testing.assert_allclose(after["recovery_std_error"] / after["concentration"], relative)
    np.testing.assert_allclose(after["log_std_error"] ** 2, before["log_std_error"] ** 2 + relative**2)
    np.testing.assert_allclose(after["lod"], before["lod"] / 0.8)
    old, new = plain.changes.iloc[0], corrected.changes.iloc[0]
    assert new["log_ratio_std_error"] == pytest.approx(old["log_ratio_std_error"])
    assert new["std_error"] ** 2 == pytest.approx((old["std_error"] / 0.8) ** 2 + (new["change"] * relative) ** 2)
    assert corrected.recovery["recovery"].tolist() == pytest.approx([80])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("A", None, 90, 80)], "give one endogenous concentration, or extract the pool without spike too"),
        ([("A", None, 0, 80), ("A", None, 90, 70)], "nothing of the spike came back"),
    ],
)
def test_pools_that_say_nothing_are_refused_by_name(rows, words):
    with pytest.raises(AssayError, match=words):
        recovery_rows(pools(rows), "oxytocin")


def test_two_recoveries_of_one_analyte_are_refused():
    declared = OXYTOCIN.model_copy(update={"recovery": 0.7})
    with pytest.raises(AssayError, match=r"recovery 0\.7 is declared in wave\.yaml, and spiked pools give one too"):
        analyte_recovery(recovery_rows(pools([("A", 10, 90, 80)]), "oxytocin"), declared)


def test_repeats_are_judged_against_the_mean_of_both_and_two_thirds_must_hold():
    truth = {f"P{k}_4_pre": 40.0 for k in range(3)}
    rows = plate_rows("R1", truth)
    # 40 again; 40 → 54 is 29.8 % of the mean; 40 → 55 is 31.6 %.
    rows += plate_rows("R2", {"P0_4_pre": 40.0, "P1_4_pre": 54.0, "P2_4_pre": 55.0})
    found = measure(samples_table(truth), rows).reanalysis.set_index("sample")
    np.testing.assert_allclose(found["difference"], [0, 100 * 14 / 47, 100 * 15 / 47.5], atol=1e-3)
    assert found["within_limits"].tolist() == [True, True, False]
    assert found["share_within"].iloc[0] == pytest.approx(200 / 3)
    assert found["acceptable"].all()
    strict = measure(samples_table(truth), rows, AssaySettings(reanalysis_limit=29))
    assert not strict.reanalysis["acceptable"].any()


def test_bias_cv_and_total_error_of_a_qc_level_by_hand():
    rows = [row for row in plate_rows("R1", PAIR) if row["content"] != "qc"]
    for number, dose in enumerate((110.0, 120.0, 130.0)):
        rows += tube_rows("R1", "qc", "high", 100, None, [float(signal(dose))])
        rows[-1]["position"] = f"q{number}"
    found = measure(samples_table(PAIR), rows).accuracy.iloc[0]
    assert found["bias"] == pytest.approx(20, abs=1e-3)
    assert found["cv"] == pytest.approx(100 * 10 / 120, abs=1e-3)
    assert found["total_error"] == pytest.approx(20 + 100 / 12, abs=1e-3)
    assert found["share_within"] == pytest.approx(200 / 3, abs=20)
    assert found["within_limits"]
    tight = measure(samples_table(PAIR), rows, AssaySettings(total_error_limit=28))
    assert not tight.accuracy["within_limits"].any()


def test_an_anchor_point_helps_the_fit_and_is_not_judged():
    rows = plate_rows("R1", PAIR, seed=2)
    for row in rows:
        if row["level"] == "S1":
            row["signal"] *= 1.05
    judged = measure(samples_table(PAIR), rows)
    anchored = measure(samples_table(PAIR), rows, analyte=OXYTOCIN.model_copy(update={"anchors": ["S1"]}))
    level = anchored.standards.set_index("level").loc["S1"]
    assert pd.isna(level["within_limits"])
    assert np.isnan(level["limit"])
    assert level["n_tubes"] == 2
    assert judged.curves.loc[0, "n_levels"] == 9
    assert anchored.curves.loc[0, "n_levels"] == 8
    assert "end level" in judged.curves.loc[0, "flags"]
    assert not str(anchored.curves.loc[0, "flags"]).count("end level")
    assert anchored.standards.set_index("level").loc["S2", "limit"] == 25
    assert anchored.curves.loc[0, "midpoint"] == judged.curves.loc[0, "midpoint"]


def test_fewer_levels_within_their_limits_than_needed_is_a_flag_even_where_three_quarters_pass():
    rows = plate_rows("R1", PAIR)
    for row in rows:
        if row["level"] == "S5":
            row["signal"] *= 0.8
    curve = measure(samples_table(PAIR), rows, AssaySettings(levels_needed=9)).curves.iloc[0]
    assert 7 <= curve["n_levels_within_limits"] < curve["n_levels"] == 9
    flags = curve["flags"].split("; ")
    assert "few levels within limits" in flags
    assert "few levels" not in flags
    assert "back-calculation" not in flags


def diluted(doses):
    """A specimen at several dilutions: manifest and signals from (dilution, dose in the tube)."""
    names = {f"P1_4_pre_{k}": dose for k, (_, dose) in enumerate(doses)}
    return samples_table(names, {f"P1_4_pre_{k}": d for k, (d, _) in enumerate(doses)}), plate_rows("R1", names, seed=3)


def test_a_dilution_series_that_runs_backwards_is_a_hook_and_a_parallel_one_is_not():
    samples, rows = diluted([(1, 60.0), (4, 100.0), (16, 25.0)])
    found = measure(samples, rows).concentrations.set_index("sample")["flags"].fillna("")
    assert "hook effect" in found["P1_4_pre_0"]
    assert "hook effect" not in found["P1_4_pre_1"]
    samples, rows = diluted([(1, 160.0), (2, 80.0), (4, 40.0)])
    measured = measure(samples, rows)
    assert not measured.concentrations["flags"].fillna("").str.contains("hook").any()
    assert measured.parallelism["within_limits"].all()


def test_a_dilution_off_by_more_than_a_fifth_fails():
    samples, rows = diluted([(1, 160.0), (2, 80.0), (4, 52.0)])
    row = measure(samples, rows).parallelism.iloc[0]
    assert row["largest_deviation"] == pytest.approx(30, abs=8)
    assert not row["within_limits"]


def test_a_signal_past_the_plateau_is_told_apart_from_one_near_it():
    rows = plate_rows("R1", {}, seed=4)
    rows += tube_rows("R1", "unknown", None, None, "P1_4_pre", [150.0, 160.0])
    rows += tube_rows("R1", "unknown", None, None, "P1_4_post", [420.0, 430.0])
    found = measure(samples_table(PAIR), rows).concentrations.set_index("sample")["flags"].fillna("")
    assert "beyond plateau" in found["P1_4_pre"]
    assert "beyond plateau" not in found["P1_4_post"]


def two_runs(shift, seed=None, patient="P1"):
    """Before in one run, after in another, where everything but the standards reads `shift` times as much."""
    first, second = f"{patient} R1", f"{patient} R2"
    low = plate_rows(first, {f"{patient}_4_pre": 20.0}, seed=seed, qc=((8, "low"), (30, "mid"), (100, "high")))
    high = plate_rows(
        second, {f"{patient}_4_post": 40.0 * shift}, seed=None if seed is None else seed + 1,
        qc=((8 * shift, "low"), (30 * shift, "mid"), (100 * shift, "high")),
    )  # fmt: skip
    nominal = {"low": 8.0, "mid": 30.0, "high": 100.0}
    for row in high:
        if row["content"] == "qc":
            row["dose"] = nominal[row["level"]]
    return low + high


def test_a_bridge_of_common_qc_samples_takes_the_runs_difference_out_of_the_change():
    names = samples_table(["P1_4_pre", "P1_4_post"])
    apart = measure(names, two_runs(1.3)).changes.iloc[0]
    assert "different runs" in apart["flags"]
    assert not apart["used"]
    assert apart["log_ratio"] == pytest.approx(np.log(2 * 1.3), abs=1e-4)
    joined = measure(names, two_runs(1.3), AssaySettings(bridge_runs=True)).changes.iloc[0]
    assert joined["log_ratio"] == pytest.approx(np.log(2), abs=1e-4)
    assert joined["post"] == pytest.approx(40, rel=1e-4)
    assert "bridged runs" in joined["flags"]
    assert joined["used"]


def test_the_bridges_standard_error_is_the_spread_of_bridged_changes():
    people = [f"P{k}" for k in range(60)]
    rows = [row for k, who in enumerate(people) for row in two_runs(1.3, seed=2 * k, patient=who)]
    names = samples_table([f"{who}_4_{occasion}" for who in people for occasion in ("pre", "post")])
    changes = measure(names, rows, AssaySettings(bridge_runs=True)).changes
    assert changes["log_ratio"].mean() == pytest.approx(np.log(2), abs=0.03)
    error = np.sqrt((changes["log_ratio_std_error"] ** 2).mean())
    assert error == pytest.approx(changes["log_ratio"].std(ddof=1), rel=0.35)
    raw = np.sqrt((changes["std_error"] ** 2).mean())
    assert raw == pytest.approx(changes["change"].std(ddof=1), rel=0.5)


def test_runs_without_a_common_qc_level_stay_different_runs():
    rows = [row for row in two_runs(1.3) if not (row["content"] == "qc" and row["run"] == "P1 R2")]
    change = measure(samples_table(["P1_4_pre", "P1_4_post"]), rows, AssaySettings(bridge_runs=True)).changes.iloc[0]
    assert "different runs" in change["flags"]


def test_wells_of_the_edge_are_known_and_tube_numbers_are_none():
    frame = signals_table(plate_rows("R1", PAIR, seed=1))
    assert well_deviations(frame).empty
    wells = [f"{letter}{column}" for column in range(1, 13) for letter in "ABCDEFGH"]
    frame = frame.assign(position=wells[: len(frame)])
    frame.loc[frame["position"] == "A1", "signal"] *= 1.1
    found = well_deviations(frame)
    assert set(found.loc[found["edge"], "row"]) == set(range(1, 9))
    assert found.loc[(found["row"] == 1) & (found["column"] == 1), "edge"].item()
    assert not found.loc[(found["row"] == 2) & (found["column"] == 2), "edge"].item()
    # 22,000 beside 20,000 and 20,000: 6.45 % above their mean.
    assert found.loc[(found["row"] == 1) & (found["column"] == 1), "deviation"].item() == pytest.approx(
        6.4516, abs=1e-3
    )


def test_every_plot_draws_what_there_is_and_says_what_there_is_not():
    samples, rows = diluted([(1, 160.0), (2, 80.0), (4, 40.0)])
    spiked = pools([("A", 10, 90, 80), ("A", 10, 90, 90)])
    rows = rows + plate_rows("R2", {"P1_4_pre_0": 150.0}, seed=4)
    full = measure(samples, rows, recoveries=spiked)
    empty = measure(intake.SAMPLES.empty(), [])
    for found, words in ((full, 0), (empty, 1)):
        table = signals_table(rows if found is full else [])
        table = table.assign(position=[f"A{k % 12 + 1}" for k in range(len(table))])
        figures = [
            validation_plots.precision_profile(found.concentrations),
            validation_plots.recovery(found.recovery),
            validation_plots.dilution_series(found.concentrations, samples, found.parallelism),
            validation_plots.repeats(found.reanalysis),
            validation_plots.plate_map(table),
        ]
        for figure in figures:
            figure.canvas.draw()
            assert len([axis for axis in figure.axes if not axis.axison]) == words
