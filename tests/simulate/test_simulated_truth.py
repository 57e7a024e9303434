"""What the workflow's own stages read out of the demonstration waves is what these were made to show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ruptureflow.agreement import icc
from ruptureflow.assay import MeasuredSamples, measure_samples
from ruptureflow.config.instruments import read_instruments
from ruptureflow.config.plan import AssaySettings, IntakeSettings
from ruptureflow.config.wave import Wave, read_wave
from ruptureflow.intake.folder import WaveTables, read_wave_folder
from ruptureflow.mixed import fit_mixed
from ruptureflow.simulate.truth import DYADS, PLASMA, SALIVA

ROOT = Path(__file__).resolve().parents[2]
INSTRUMENTS = read_instruments(ROOT / "config" / "instruments")
KEY = ["patient", "session"]


@dataclass(frozen=True)
class Read:
    """A wave after intake and assay."""

    wave: Wave
    tables: WaveTables
    measured: MeasuredSamples

    @property
    def changes(self) -> pd.DataFrame:
        return self.measured.changes


def _read(name: str) -> Read:
    folder = ROOT / "data" / name
    wave = read_wave(folder)
    tables = read_wave_folder(folder, wave, INSTRUMENTS, IntakeSettings())
    measured = measure_samples(
        tables.samples,
        tables.signals,
        tables.reported_concentrations,
        wave.analytes,
        AssaySettings(),
        recoveries=tables.recoveries,
    )
    return Read(wave, tables, measured)


@pytest.fixture(scope="module")
def saliva() -> Read:
    return _read("demo_saliva")


@pytest.fixture(scope="module")
def dyads() -> Read:
    return _read("demo_dyads")


@pytest.fixture(scope="module")
def plasma() -> Read:
    return _read("demo_plasma")


def _scores(read: Read, instrument: str, items: tuple[str, ...], reverse: tuple[str, ...] = (), top: float = 8):
    """Item means by hand, so that this does not repeat the library's scoring."""
    rows = read.tables.responses
    rows = rows[(rows["instrument"] == instrument) & rows["item"].isin(items)].copy()
    rows["value"] = rows["value"].where(~rows["item"].isin(reverse), top - rows["value"])
    return rows.groupby(["role", *KEY])["value"].mean()


def _coder_totals(read: Read, instrument: str, group: str) -> pd.DataFrame:
    codes = [code.code for code in INSTRUMENTS[instrument].codes if code.group == group]
    rows = read.tables.codes[read.tables.codes["code"].isin(codes) & (read.tables.codes["measure"] == "count")]
    return rows.groupby([*KEY, "coder"], as_index=False)["value"].sum()


def _joined(read: Read, instrument: str) -> pd.DataFrame:
    frame = read.changes[[*KEY, "change"]].astype({"patient": str, "session": int}).set_index(KEY)
    bond = _scores(read, "wai_s" if instrument == "3rs_2009" else "wai_sr", ("3", "5", "7", "9"))
    frame = frame.join(bond.loc["patient"].rename("bond"))
    for outcome, group in (
        ("confrontation", "confrontation"),
        ("withdrawal", "withdrawal"),
        ("resolution_attempts", "resolution"),
    ):
        totals = _coder_totals(read, instrument, group)
        frame = frame.join(totals.groupby(KEY)["value"].mean().rename(outcome))
    frame = frame.reset_index()
    mean = frame.groupby("patient")["change"].transform("mean")
    frame["change_within"], frame["change_between"] = frame["change"] - mean, mean
    frame["time"] = frame["session"].astype(float)
    return frame


def _within_patients(frame: pd.DataFrame) -> pd.DataFrame:
    return frame - frame.groupby(level="patient").transform("mean")


@pytest.mark.parametrize("name", ["saliva", "dyads", "plasma"])
def test_intake_would_refuse_or_warn_about_a_bundled_wave(name, request):
    problems = request.getfixturevalue(name).tables.problems
    told = problems[problems["severity"] != "note"]
    # Four single samples of the dyads got lost: their partners stand alone.
    assert (told["severity"] == "warning").all()
    assert len(told) == (4 if name == "dyads" else 0), told.to_string()


def test_the_2018_design_would_have_other_numbers(saliva):
    people = saliva.tables.participants
    assert (len(people), int((people["gender"] == "female").sum())) == (22, 14)
    assert int(people["personality_disorder"].sum()) == 12
    assert (len(saliva.tables.samples), len(saliva.changes)) == (172, 86)
    assert saliva.changes["change"].notna().all()
    assert sorted(saliva.tables.samples["session"].unique()) == [4, 8, 12, 16]
    assert saliva.tables.signals["run"].nunique() == 4
    assert set(saliva.tables.signals["content"]) == {"total", "nsb", "b0", "standard", "qc", "unknown"}
    intake = saliva.tables.reported_scores
    intake = intake[intake["timepoint"] == "intake"]["score"]
    assert (intake.sum(), round(float(intake.std()), 2)) == (471, 3.92)
    assert people["age"].sum() == 665


def test_pre_and_post_of_a_patient_would_lie_in_different_runs(saliva, dyads, plasma):
    for read in (saliva, dyads):
        runs = read.tables.signals.merge(read.tables.samples[["sample", "patient"]], on="sample")
        assert (runs.groupby("patient")["run"].nunique() == 1).all()
    # Plate 8 holds both samples of the sessions that were measured again.
    assert (plasma.changes["pre_run"] == plasma.changes["post_run"]).all()
    assert plasma.changes["used"].all()


def test_the_printed_mean_change_would_not_come_out(saliva):
    # 0.01: what the runs' estimated curves move (0.002 with this seed) with room for other weightings of the fit.
    change = saliva.changes["change"]
    assert change.mean() == pytest.approx(SALIVA.change_mean, abs=0.01)
    assert change.std() == pytest.approx(SALIVA.change_sd, abs=0.01)
    fit = fit_mixed("change ~ 1", saliva.changes[["patient", "change"]], groups="patient")
    between = float(fit.random_covariance["patient"].iloc[0, 0])
    assert between / (between + fit.residual_variance) == pytest.approx(SALIVA.between_share, abs=0.02)
    row = fit.fixed_effects(df="containment").iloc[0]
    assert row["estimate"] == pytest.approx(0.82, abs=0.01)
    assert row["df"] == 21
    assert row["statistic"] == pytest.approx(5.01, abs=0.06)


@pytest.mark.parametrize("outcome", list(SALIVA.outcomes))
def test_a_printed_slope_would_not_come_out(saliva, outcome):
    # Slopes and errors are met in whole numbers to 0.005; the curves' share moves them by 0.5 per cent more.
    truth = SALIVA.outcomes[outcome]
    frame = _joined(saliva, "3rs_2009")
    fit = fit_mixed(f"{outcome} ~ time + change_within + change_between", frame, groups="patient")
    row = fit.fixed_effects(df="satterthwaite").set_index("term").loc["change_within"]
    assert row["estimate"] == pytest.approx(truth.slope, abs=0.01)
    assert row["std_error"] == pytest.approx(truth.std_error, abs=0.01)


@pytest.mark.parametrize(
    ("outcome", "group"),
    [("confrontation", "confrontation"), ("withdrawal", "withdrawal"), ("resolution_attempts", "resolution")],
)
def test_the_printed_agreement_of_the_coders_would_not_come_out(saliva, outcome, group):
    totals = _coder_totals(saliva, "3rs_2009", group)
    totals["target"] = totals["patient"] + " " + totals["session"].astype(str)
    found = icc(totals, target="target", rater="coder", value="value").set_index("form").loc["ICC(2,1)", "estimate"]
    assert found == pytest.approx(SALIVA.outcomes[outcome].icc, abs=0.005)


def test_reversed_items_would_be_answered_like_the_others(saliva):
    rows = saliva.tables.responses
    wide = rows[rows["instrument"] == "wai_s"].pivot(index=KEY, columns="item", values="value")
    assert wide["4"].corr(wide["6"]) < -0.2
    assert wide["10"].corr(wide["11"]) < -0.2
    assert wide["1"].corr(wide["2"]) > 0.2
    assert 5 <= int(wide.isna().sum().sum()) <= 40


def test_the_dyads_would_not_be_the_hard_case(dyads):
    samples, people = dyads.tables.samples, dyads.tables.participants
    assert (len(people), people["therapist"].nunique(), len(samples)) == (37, 12, 580)
    assert set(samples["role"]) == {"patient", "therapist"}
    assert int(people["dropout"].sum()) == len(DYADS.last_session)
    complete = dyads.changes[dyads.changes["change"].notna()].pivot(index=KEY, columns="role", values="change").dropna()
    assert 140 <= len(complete) <= 146
    centred = _within_patients(complete)
    # The dyads' own correlations scatter around it, and eight sessions are missing.
    expected = np.tanh(DYADS.synchrony_z)
    assert centred["patient"].corr(centred["therapist"]) == pytest.approx(expected, abs=0.10)


def test_one_partner_would_have_no_effect_on_the_others_session(dyads):
    alliance = _scores(dyads, "wai_s", tuple(map(str, range(1, 13))), ("4", "10")).unstack("role")
    depth = _scores(dyads, "seq", ("3", "4", "7", "8", "9"), ("3", "7", "9")).unstack("role")
    both = _within_patients(alliance.join(depth.add_suffix("_depth")).dropna())
    design = both[["patient", "therapist"]].to_numpy()
    for place, role in enumerate(("patient", "therapist")):
        (own, other), *_ = np.linalg.lstsq(design[:, :: 1 - 2 * place], both[f"{role}_depth"].to_numpy(), rcond=None)
        # A scale of twelve items and one of five in whole numbers weaken both slopes by up to a fifth.
        assert own == pytest.approx(DYADS.actor[place], abs=0.15)
        assert other == pytest.approx(DYADS.partner[place], abs=0.15)


def test_ruptures_would_be_reported_without_their_size_or_sized_without_being_there(dyads):
    rows = dyads.tables.responses
    wide = rows[rows["instrument"] == "psq"].pivot(index=["role", *KEY], columns="item", values="value")
    assert (wide["rupture_intensity"].notna() == (wide["rupture_presence"] == 1)).all()
    shares = wide.groupby("role")["rupture_presence"].mean()
    assert 0.1 < shares["patient"] < shares["therapist"] < 0.5


def test_the_coders_would_not_rotate_in_pairs(plasma):
    coded = plasma.tables.codes.groupby(KEY)["coder"].agg(lambda column: "".join(sorted(set(column))))
    assert set(coded) == {"AB", "BC", "AC"}
    assert coded.value_counts().min() > 30
    assert set(plasma.tables.codes["segment"].dropna()) == {1, 2, 3, 4}


def test_the_plates_would_hold_no_dilution_no_blank_or_no_sample_near_the_limit(plasma):
    assert set(plasma.tables.signals["content"]) == {"blank", "nsb", "b0", "standard", "qc", "unknown"}
    assert set(plasma.tables.samples["dilution"]) == {1.0, 2.0, *PLASMA.series}
    assert set(plasma.tables.participants["arm"]) == set(PLASMA.arms)
    assert set(plasma.tables.participants["gender"]) == {"female", "male"}
    assert plasma.changes["flags"].fillna("").str.contains("below").any()


def test_spiked_pools_would_give_back_another_share_than_extraction_takes(plasma):
    table = plasma.measured.recovery
    assert len(table) == len(PLASMA.pools) * len(PLASMA.spikes)
    assert table["recovery"].mean() == pytest.approx(100 * PLASMA.recovery, abs=0.05)
    assert (plasma.measured.concentrations["recovery_std_error"].dropna() > 0).all()


def test_the_change_in_plasma_would_be_that_of_the_extracts(plasma):
    # One change ends at 5 pg/mL instead of below, one patient's samples lie near the limit, curves are estimated.
    change = plasma.changes["change"]
    assert change.mean() == pytest.approx(PLASMA.change_mean, abs=0.25)
    assert change.std() == pytest.approx(PLASMA.change_sd, abs=0.6)


def test_diluted_specimens_would_not_run_parallel_or_lie_beyond_the_curve(plasma):
    table = plasma.measured.parallelism
    assert len(table) == table["patient"].nunique() == PLASMA.series_samples
    assert (table["n_dilutions"] == 1 + len(PLASMA.series)).all()
    assert table["parallel"].all()
    assert table["within_limits"].all()
    own = plasma.measured.concentrations.merge(table[["patient", "session", "occasion", "run"]])
    assert len(own) == table["n_dilutions"].sum()
    assert own["flags"].isna().all()


def test_repeats_would_not_agree_or_the_first_results_count(plasma):
    table = plasma.measured.reanalysis
    assert len(table) == 2 * PLASMA.repeated_sessions
    assert table["acceptable"].all()
    # The scatter of the first results; the curves' part and the small number leave room.
    assert table["difference"].std() == pytest.approx(100 * PLASMA.repeat_sd, rel=0.4)
    results = plasma.measured.concentrations.merge(table[["sample", "first_run"]], on="sample")
    assert (results["used"] == (results["run"] != results["first_run"])).all()


@pytest.mark.parametrize("outcome", list(PLASMA.outcomes))
def test_a_slope_of_the_plasma_wave_would_be_another(plasma, outcome):
    frame = _joined(plasma, "3rs_2015")
    fit = fit_mixed(f"{outcome} ~ change_within + change_between", frame.dropna(), groups="patient")
    row = fit.fixed_effects(df="satterthwaite").set_index("term").loc["change_within"]
    # Coders, whole numbers and clipping at zero add noise to slopes that hold exactly before.
    assert row["estimate"] == pytest.approx(PLASMA.outcomes[outcome].slope, abs=1.5 * row["std_error"])
