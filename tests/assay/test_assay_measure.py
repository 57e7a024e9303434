"""From signals and reports to concentrations and changes: values, errors, limits, flags, policies."""

import numpy as np
import pandas as pd
import pytest
from assay_plates import OXYTOCIN, plate_rows, reports_table, samples_table, signal, signals_table, tube_rows

from ruptureflow.assay import AssayError, measure_samples
from ruptureflow.assay.flags import MEANINGS, ORDER
from ruptureflow.assay.units import conversion
from ruptureflow.config import parse
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables import assay, intake

PLAN = AssaySettings()
NO_SIGNALS, NO_REPORTS = intake.SIGNALS.empty(), intake.REPORTED_CONCENTRATIONS.empty()


def measure(samples, rows=(), reports=NO_REPORTS, settings=PLAN, analyte=OXYTOCIN, check=False):
    signals = signals_table(list(rows)) if len(rows) else NO_SIGNALS
    measured = measure_samples(samples, signals, reports, [analyte], settings)
    for table in assay.TABLES if check else ():
        table.conform(getattr(measured, table.name))
    return measured


def by_sample(measured):
    return measured.concentrations.set_index("sample")


def flags(cell):
    return set() if pd.isna(cell) else set(cell.split("; "))


def test_a_noiseless_run_gives_the_true_concentrations_and_changes():
    truth = {"P1_4_pre": 12.0, "P1_4_post": 30.0, "P2_4_pre": 150.0, "P2_4_post": 40.0}
    measured = measure(samples_table(truth), plate_rows("R1", truth), check=True)
    np.testing.assert_allclose(by_sample(measured).loc[list(truth), "concentration"], list(truth.values()), rtol=1e-6)
    changes = measured.changes.set_index("patient")
    assert changes.loc["P1", "change"] == pytest.approx(18.0, rel=1e-5)
    assert changes.loc["P2", "log_ratio"] == pytest.approx(np.log(40 / 150), rel=1e-5)
    assert changes["used"].all()
    curve = measured.curves.iloc[0]
    assert curve["b0_percent"] == pytest.approx(100 * (8000 - 400) / 20_000)
    assert curve["nsb_percent"] == pytest.approx(2.0)
    assert (curve["n_levels"], curve["n_levels_within_limits"]) == (9, 9)


def test_dilution_concentration_factor_recovery_and_unit_scale_everything_of_a_sample():
    truth = {"P1_4_pre": 12.0, "P1_4_post": 30.0}
    rows = plate_rows("R1", truth, seed=5)
    plain = by_sample(measure(samples_table(truth), rows))
    treated = OXYTOCIN.model_copy(
        update={"concentration_factor": 4.0, "recovery": 0.8, "molar_mass": 1007.19, "reported_unit": "pmol/L"}
    )
    scaled = by_sample(measure(samples_table(truth, {"P1_4_post": 2.0}), rows, analyte=treated))
    assert (scaled["unit"] == "pmol/L").all()
    factor = {"P1_4_pre": 1 / 4 / 0.8 * 1000 / 1007.19, "P1_4_post": 2 / 4 / 0.8 * 1000 / 1007.19}
    columns = ["concentration", "value", "std_error", "replicate_std_error", "calibration_std_error", "ci_low"]
    for sample, times in factor.items():
        for column in [*columns, "ci_high", "lod", "lloq", "uloq", "gradient_log_midpoint"]:
            assert scaled.loc[sample, column] == pytest.approx(times * plain.loc[sample, column]), column
        for column in ("cv", "signal_cv", "log_std_error", "signal_mean"):
            assert scaled.loc[sample, column] == pytest.approx(plain.loc[sample, column]), column


@pytest.mark.parametrize(
    ("unit", "target", "factor"),
    [("pg/mL", "pmol/L", 0.9929), ("pmol/L", "pg/mL", 1.00719), ("ng/L", "pg/mL", 1.0), ("ng/mL", "pg/mL", 1000.0)],
)
def test_units_convert_by_the_molar_mass(unit, target, factor):
    assert conversion(unit, target, 1007.19) == pytest.approx(factor, abs=5e-5)


def test_a_unit_that_needs_the_molar_mass_says_so():
    with pytest.raises(AssayError, match="molar_mass"):
        conversion("pg/mL", "pmol/L", None)
    with pytest.raises(AssayError, match="'IU' is not a mass"):
        conversion("IU", "pmol/L", 1.0)


def test_standard_errors_split_into_replicates_and_calibration():
    truth = {f"P{k}_4_{o}": c for k in range(8) for o, c in (("pre", 10.0), ("post", 20.0))}
    table = by_sample(measure(samples_table(truth), plate_rows("R1", truth, seed=3)))
    together = table["replicate_std_error"] ** 2 + table["calibration_std_error"] ** 2
    np.testing.assert_allclose(table["std_error"] ** 2, together)
    assert (table["calibration_std_error"] > 0).all()
    four = by_sample(measure(samples_table(truth), plate_rows("R1", truth, seed=3, replicates=4)))
    ratio = four["replicate_std_error"].mean() / table["replicate_std_error"].mean()
    assert ratio == pytest.approx(1 / np.sqrt(2), rel=0.25), "twice the tubes, half the replicate variance"


def test_the_change_within_a_run_keeps_only_what_the_curve_does_not_cancel():
    truth = {"P1_4_pre": 20.0, "P1_4_post": 21.0}
    measured = measure(samples_table(truth), plate_rows("R1", truth, seed=8))
    table, change = by_sample(measured), measured.changes.iloc[0]
    names = measured.curve_covariances["parameter"].unique()
    sigma = measured.curve_covariances.pivot(index="parameter", columns="other_parameter", values="covariance")
    columns = [f"gradient_{name}" for name in names]
    g = (table.loc["P1_4_post", columns] - table.loc["P1_4_pre", columns]).to_numpy(dtype=float)
    common = g @ sigma.loc[names, names].to_numpy() @ g
    replicate = (table["replicate_std_error"] ** 2).sum()
    assert change["std_error"] == pytest.approx(np.sqrt(common + replicate))
    assert common < 0.05 * (table["calibration_std_error"] ** 2).sum(), "near doses share the curve's error"


def test_standard_error_of_the_change_is_the_spread_over_simulated_runs():
    truth = {"P1_4_pre": 12.0, "P1_4_post": 35.0}
    rows = [row for run in range(160) for row in plate_rows(f"R{run}", truth_of(run, truth), seed=run, cv=0.03)]
    samples = samples_table([name for run in range(160) for name in truth_of(run, truth)])
    changes = measure(samples, rows).changes
    assert len(changes) == 160
    assert np.sqrt((changes["std_error"] ** 2).mean()) == pytest.approx(changes["change"].std(), rel=0.15)
    assert np.sqrt((changes["log_ratio_std_error"] ** 2).mean()) == pytest.approx(changes["log_ratio"].std(), rel=0.15)


def truth_of(run, truth):
    return {f"Q{run}_{name.split('_', 1)[1]}": value for name, value in truth.items()}


def test_samples_below_above_and_outside_are_flagged_and_given_the_plans_value():
    truth = {"P1_4_pre": 0.05, "P1_4_post": 12.0, "P2_4_pre": 1500.0, "P2_4_post": 3000.0}
    rows = plate_rows("R1", truth, seed=2)
    rows += tube_rows("R1", "unknown", None, None, "P3_4_pre", [8800.0, 8810.0])
    rows += tube_rows("R1", "unknown", None, None, "P3_4_post", [300.0, 302.0])
    measured = measure(samples_table([*truth, "P3_4_pre", "P3_4_post"]), rows)
    table = by_sample(measured)
    low = table.loc["P1_4_pre"]
    assert low["censored"] == "below"
    assert "below lod" in flags(low["flags"])
    assert low["value"] == pytest.approx(low["lod"] / np.sqrt(2))
    beyond = table.loc["P3_4_pre"]
    assert {"outside curve", "below lod", "extrapolated"} <= flags(beyond["flags"])
    assert np.isnan(beyond["concentration"])
    assert beyond["value"] == pytest.approx(beyond["lod"] / np.sqrt(2))
    above = table.loc["P3_4_post"]
    assert {"outside curve", "above uloq"} <= flags(above["flags"])
    assert above["value"] == above["uloq"]
    assert {"above uloq", "extrapolated"} <= flags(table.loc["P2_4_pre", "flags"])
    change = measured.changes.set_index("patient").loc["P1"]
    assert np.isnan(change["std_error"]), "a substituted value has no standard error"
    assert "below lod" in flags(change["flags"])
    missing = by_sample(measure(samples_table(truth), rows, settings=AssaySettings(below_limit="missing")))
    assert np.isnan(missing.loc["P1_4_pre", "value"])
    assert not missing.loc["P1_4_pre", "used"]


def test_replicates_that_disagree_and_single_tubes_are_flagged():
    rows = plate_rows("R1", {"P1_4_pre": 20.0, "P1_4_post": 20.0})
    rows += tube_rows("R1", "unknown", None, None, "P2_4_pre", [signal(15), signal(25)])
    rows += tube_rows("R1", "unknown", None, None, "P2_4_post", [signal(20)])
    table = by_sample(measure(samples_table(["P1_4_pre", "P1_4_post", "P2_4_pre", "P2_4_post"]), rows))
    assert table.loc["P2_4_pre", "cv"] == pytest.approx(100 * 10 / np.sqrt(2) / 20, rel=1e-3), "|x1 − x2| / (√2 mean)"
    assert flags(table.loc["P2_4_pre", "flags"]) == {"replicate cv"}
    assert flags(table.loc["P2_4_post", "flags"]) == {"single replicate"}
    assert np.isnan(table.loc["P2_4_post", "cv"])


def test_averaging_concentrations_instead_of_signals_is_an_option():
    rows = plate_rows("R1", {})
    rows += tube_rows("R1", "unknown", None, None, "P1_4_pre", [signal(10), signal(40)])
    samples = samples_table(["P1_4_pre"])
    by_signals = by_sample(measure(samples, rows)).loc["P1_4_pre", "concentration"]
    settings = AssaySettings(replicates="average concentrations")
    by_doses = by_sample(measure(samples, rows, settings=settings)).loc["P1_4_pre", "concentration"]
    assert by_doses == pytest.approx(25.0, rel=1e-4)
    assert by_signals != pytest.approx(25.0, rel=1e-2)


def test_reported_concentrations_keep_their_qualifiers_and_say_what_was_not_checked():
    reports = reports_table(
        [("P1_4_pre", None, "<", 15.67), ("P1_4_post", 22.0, None, None), ("P2_4_pre", None, ">", 900.0),
         ("P2_4_post", None, None, None), ("P3_4_pre", 0.0, None, None, "plate 1"), ("P3_4_post", 8.0, None, None)]
    )  # fmt: skip
    names = ["P1_4_pre", "P1_4_post", "P2_4_pre", "P2_4_post", "P3_4_pre", "P3_4_post", "P4_4_pre"]
    measured = measure(samples_table(names), reports=reports, check=True)
    table = by_sample(measured)
    assert table.loc["P1_4_pre", "censored"] == "below"
    assert table.loc["P1_4_pre", "lod"] == 15.67
    assert table.loc["P1_4_pre", "value"] == pytest.approx(15.67 / np.sqrt(2))
    assert table.loc["P2_4_pre", "censored"] == "above"
    assert table.loc["P2_4_pre", "value"] == 900.0
    assert "not measured" in flags(table.loc["P2_4_post", "flags"])
    assert flags(table.loc["P4_4_pre", "flags"]) == {"not measured"}
    assert "not positive" in flags(table.loc["P3_4_pre", "flags"])
    assert "no run" not in flags(table.loc["P3_4_pre", "flags"])
    assert {"no signals", "no run"} <= flags(table.loc["P1_4_post", "flags"])
    assert table["std_error"].isna().all()
    changes = measured.changes.set_index("patient")
    assert changes.loc["P1", "used"]
    assert "run unknown" in flags(changes.loc["P1", "flags"])
    assert "post missing" in flags(changes.loc["P2", "flags"])
    assert not changes.loc["P2", "used"]
    assert changes.loc["P3", "change"] == 8.0
    assert np.isnan(changes.loc["P3", "log_ratio"])
    assert measured.curves.empty


def test_a_declared_lod_censors_reported_values():
    analyte = OXYTOCIN.model_copy(update={"lod": 5.0})
    reports = reports_table([("P1_4_pre", 3.0, None, None), ("P1_4_post", 7.0, None, None)])
    table = by_sample(measure(samples_table(["P1_4_pre", "P1_4_post"]), reports=reports, analyte=analyte))
    assert table["censored"].tolist() == ["below", pd.NA]
    assert table.loc["P1_4_pre", "value"] == pytest.approx(5 / np.sqrt(2))


def test_pre_and_post_in_different_runs_follow_the_plans_policy():
    samples = samples_table(["P1_4_pre", "P1_4_post"])
    rows = plate_rows("R1", {"P1_4_pre": 20.0}, seed=1) + plate_rows("R2", {"P1_4_post": 30.0}, seed=2)
    aside = measure(samples, rows).changes.iloc[0]
    assert aside["flags"] == "different runs"
    assert not aside["used"]
    assert aside["change"] == pytest.approx(10, abs=4), "set aside, not lost"
    table = by_sample(measure(samples, rows))
    assert aside["std_error"] == pytest.approx(np.sqrt((table["std_error"] ** 2).sum())), "nothing cancels"
    kept = measure(samples, rows, settings=AssaySettings(policies={"different runs": "keep"})).changes.iloc[0]
    assert kept["used"]
    with pytest.raises(AssayError, match=r"different runs .*: P1 \(patient\) session 4 \(oxytocin\) \(1\)"):
        measure(samples, rows, settings=AssaySettings(policies={"different runs": "stop"}))


def test_policies_of_samples_set_aside_and_stop():
    rows = plate_rows("R1", {"P1_4_post": 20.0})
    rows += tube_rows("R1", "unknown", None, None, "P1_4_pre", [signal(15), signal(25)])
    samples = samples_table(["P1_4_pre", "P1_4_post"])
    measured = measure(samples, rows, settings=AssaySettings(policies={"replicate cv": "set aside"}))
    assert by_sample(measured)["used"].tolist() == [False, True]
    assert flags(measured.changes.iloc[0]["flags"]) == {"pre missing"}
    with pytest.raises(AssayError, match=r"replicate cv .*P1_4_pre \(oxytocin\)"):
        measure(samples, rows, settings=AssaySettings(policies={"replicate cv": "stop"}))


def test_a_misspelt_flag_in_the_policies_is_refused_with_the_flags_there_are():
    from ruptureflow.config import ConfigError

    with pytest.raises(ConfigError, match="replicate cv"):
        parse(AssaySettings, {"policies": {"replicate_cv": "keep"}}, "config.yaml")


def test_a_flag_of_a_run_sets_its_samples_aside_or_stops_as_the_plan_says():
    samples = samples_table(["P1_4_pre", "P1_4_post", "P1_8_pre", "P1_8_post"])
    good = plate_rows("R1", {"P1_4_pre": 20.0, "P1_4_post": 30.0})
    spoilt = [row | {"signal": row["signal"] * (6 if row["content"] == "nsb" else 1)} for row in plate_rows(
        "R2", {"P1_8_pre": 20.0, "P1_8_post": 30.0}, seed=2
    )]  # fmt: skip
    kept = measure(samples, good + spoilt)
    assert "nsb percent" in kept.curves.set_index("run").loc["R2", "flags"]
    assert kept.concentrations["used"].all()
    aside = measure(samples, good + spoilt, settings=AssaySettings(run_policies={"nsb percent": "set aside"}))
    by_run = aside.concentrations.set_index("run")
    assert by_run["used"].to_dict() == {"R1": True, "R2": False}
    assert by_run.loc["R2", "flags"].str.contains("run set aside").all()
    with pytest.raises(AssayError, match=r"run flag 'nsb percent' \(oxytocin\): R2; .*run_policies"):
        measure(samples, good + spoilt, settings=AssaySettings(run_policies={"nsb percent": "stop"}))


def test_every_flag_has_a_meaning():
    assert set(MEANINGS) == set(ORDER)


def test_a_sample_measured_again_keeps_both_results_and_uses_the_last():
    samples = samples_table(["P1_4_pre", "P1_4_post"])
    rows = plate_rows("R1", {"P1_4_pre": 20.0, "P1_4_post": 30.0}) + plate_rows("R2", {"P1_4_pre": 25.0})
    table = measure(samples, rows).concentrations
    again = table[table["sample"] == "P1_4_pre"].set_index("run")
    assert again["used"].to_dict() == {"R1": False, "R2": True}
    assert again.loc["R1", "flags"] == "assayed again"
    assert measure(samples, rows).changes.iloc[0]["pre_run"] == "R2"


def test_several_samples_of_one_occasion_are_averaged_and_flagged():
    names = {"P1_4_pre": 20.0, "P1_4_post": 30.0, "P1_4_post_b": 34.0}
    change = measure(samples_table(names), plate_rows("R1", names, seed=4)).changes.iloc[0]
    assert change["post_sample"] == "P1_4_post+P1_4_post_b"
    assert change["post"] == pytest.approx(32, rel=0.05)
    assert flags(change["flags"]) == {"several samples"}
    assert change["std_error"] > 0


def test_a_run_without_a_usable_curve_says_so_and_keeps_its_samples():
    rows = [row for row in plate_rows("R1", {"P1_4_pre": 20.0, "P1_4_post": 30.0}) if row["content"] != "standard"]
    measured = measure(samples_table(["P1_4_pre", "P1_4_post"]), rows)
    assert "no curve" in flags(measured.curves.iloc[0]["flags"])
    assert len(measured.concentrations) == 2
    assert not measured.concentrations["used"].any()
    assert measured.concentrations["signal_mean"].notna().all()


def test_curve_flags_few_levels_binding_and_hook():
    rows = plate_rows("R1", {"P1_4_pre": 20.0})
    few = [row for row in rows if row["content"] != "standard" or row["dose"] in (5, 20, 80, 320)]
    assert {"few levels"} <= flags(measure(samples_table(["P1_4_pre"]), few).curves.iloc[0]["flags"])
    for row in rows:
        if row["content"] == "nsb":
            row["signal"] = 1500.0
        if row["content"] == "total":
            row["signal"] = 40_000.0
    assert flags(measure(samples_table(["P1_4_pre"]), rows).curves.iloc[0]["flags"]) == {"b0 percent"}
    hooked = plate_rows("R1", {"P1_4_pre": 20.0}, seed=1)
    for row in hooked:
        if row["content"] == "standard" and row["dose"] == 750:
            row["signal"] = 2500.0
    found = flags(measure(samples_table(["P1_4_pre"]), hooked).curves.iloc[0]["flags"])
    assert {"hook effect", "back-calculation"} <= found or "hook effect" in found


@pytest.mark.parametrize(
    ("wrong", "flagged"),
    [({}, False), ({"low": 1}, False), ({"low": 2}, True), ({"low": 1, "high": 1, "middle": 1}, True)],
)
def test_a_run_passes_with_two_thirds_of_its_qc_tubes_and_half_of_each_level(wrong, flagged):
    rows = plate_rows("R1", {"P1_4_pre": 20.0}, qc=((8, "low"), (100, "high"), (40, "middle")))
    for row in rows:
        if row["content"] == "qc" and row["replicate"] <= wrong.get(row["level"], 0):
            row["signal"] = signal(row["dose"] * 1.3)
    measured = measure(samples_table(["P1_4_pre"]), rows)
    assert ("qc samples" in flags(measured.curves.iloc[0]["flags"])) == flagged
    assert ("poor curve" in flags(measured.concentrations.iloc[0]["flags"])) == flagged


def test_bound_percent_takes_the_nonspecific_binding_off_both():
    measured = measure(samples_table(["P1_4_pre"]), plate_rows("R1", {"P1_4_pre": 20.0}))
    expected = 100 * (signal(20) - 400) / (8000 - 400)
    assert measured.concentrations.iloc[0]["bound_percent"] == pytest.approx(expected)
    assert measured.standards.set_index("dose").loc[20.0, "bound_percent"] == pytest.approx(expected)


def test_a_level_far_from_its_curve_fails_back_calculation_and_moves_the_limit():
    rows = plate_rows("R1", {"P1_4_pre": 20.0}, seed=6)
    for row in rows:
        if row["content"] == "standard" and row["dose"] == 2.5:
            row["signal"] = signal(4.5)
    measured = measure(samples_table(["P1_4_pre"]), rows)
    lowest = measured.standards.iloc[0]
    assert not lowest["within_limits"]
    assert lowest["limit"] == 25
    assert measured.standards.iloc[1]["limit"] == 20
    assert measured.curves.iloc[0]["lloq"] == 5.0


SPOILT = {
    "the same signal everywhere": lambda dose, rng: 5000.0,
    "noise only": lambda dose, rng: 5000 + 100 * rng.normal(),
    "nothing counted": lambda dose, rng: 0.0,
    "up and down": lambda dose, rng: 5000 + 3000 * np.cos(1.2 * np.log(max(dose, 1))),
    "negative": lambda dose, rng: -signal(dose),
}


@pytest.mark.parametrize("model", ["4pl", "5pl", "logit-log"])
@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_run_is_flagged_and_leaves_the_good_run_alone(kind, model):
    rng = np.random.default_rng(1)
    bad = plate_rows("bad", {"P2_4_pre": 20.0}, seed=2)
    for row in bad:
        if row["content"] in ("standard", "b0"):
            row["signal"] = SPOILT[kind](row["dose"] or 0, rng)
    good = plate_rows("good", {"P1_4_pre": 20.0}, seed=1)
    measured = measure(samples_table(["P1_4_pre", "P2_4_pre"]), good + bad, settings=AssaySettings(model=model))
    assert by_sample(measured).loc["P1_4_pre", "concentration"] == pytest.approx(20, rel=0.15)
    assert flags(measured.curves.set_index("run").loc["bad", "flags"]), "a run like this must not pass unflagged"


def test_tables_without_rows_have_headers_and_no_error():
    nothing = measure(intake.SAMPLES.empty(), check=True)
    for table in assay.TABLES:
        assert list(getattr(nothing, table.name).columns) == table.names
        assert getattr(nothing, table.name).empty
    unmeasured = measure(samples_table(["P1_4_pre", "P1_4_post"]))
    assert unmeasured.concentrations["flags"].tolist() == ["not measured", "not measured"]
    assert unmeasured.changes.iloc[0]["flags"] == "pre missing; post missing"


def test_an_undeclared_analyte_is_refused():
    samples = samples_table(["P1_4_pre"]).assign(analyte="cortisol")
    with pytest.raises(AssayError, match="analyte 'cortisol' is not declared"):
        measure(samples)


def test_a_rising_elisa_curve_is_read_the_same_way():
    truth = {"P1_4_pre": 12.0, "P1_4_post": 60.0}
    rows = plate_rows("R1", truth)
    for row in rows:
        row["signal"] = (8400 - row["signal"]) / 4000
        row["signal_unit"] = "od"
    rows = [row for row in rows if row["content"] not in ("total", "nsb")]
    measured = measure(samples_table(truth), rows)
    np.testing.assert_allclose(by_sample(measured).loc[list(truth), "concentration"], list(truth.values()), rtol=1e-5)
    assert measured.curves.iloc[0]["infinite_dose_signal"] > measured.curves.iloc[0]["zero_dose_signal"]


@pytest.mark.parametrize("model", ["5pl", "logit-log"])
def test_other_curves_read_the_same_noiseless_run(model):
    truth = {"P1_4_pre": 12.0, "P1_4_post": 30.0}
    measured = measure(samples_table(truth), plate_rows("R1", truth), settings=AssaySettings(model=model))
    np.testing.assert_allclose(by_sample(measured).loc[list(truth), "concentration"], list(truth.values()), rtol=1e-4)
    assert measured.curves.iloc[0]["model"] == model


def test_logit_log_standard_errors_include_b0_and_nsb():
    names = [f"Q{run}_4_pre" for run in range(120)]
    rows = [
        row
        for run, name in enumerate(names)
        for row in noisy_binding(plate_rows(f"R{run}", {name: 25.0}, seed=run), run)
    ]
    settings = AssaySettings(model="logit-log", weights="power")
    table = measure(samples_table(names), rows, settings=settings).concentrations
    claimed = np.sqrt((table["log_std_error"] ** 2).mean())
    assert claimed == pytest.approx(np.log(table["concentration"]).std(), rel=0.25)


def noisy_binding(rows, seed):
    rng = np.random.default_rng(1000 + seed)
    for row in rows:
        if row["content"] == "nsb":
            row["signal"] += 8 * rng.normal()
    return rows
