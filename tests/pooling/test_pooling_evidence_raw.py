"""Raw slopes of waves: pooled only where what was measured agrees, and the note names what does not."""

from pathlib import Path

import pandas as pd
import pytest

from ruptureflow.config.instruments import read_instruments
from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.wave import Wave, read_wave
from ruptureflow.config.waves import WaveRow
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.identity import measure_identity
from ruptureflow.tables import models

ROOT = Path(__file__).resolve().parents[2]
INSTRUMENTS = read_instruments(ROOT / "config" / "instruments")
RAW = {
    "pool": "bond", "title": "Bond", "analysis": "a", "model": "m", "outcome": "bond",
    "term": "oxytocin_change_within", "metric": "raw",
}  # fmt: skip
ANALYTE = {
    "name": "oxytocin", "matrix": "saliva", "unit": "pg/mL", "method": "RIA", "kit": "K1", "extraction": "none done",
}  # fmt: skip
UNIT = "wai_s points per pg/mL in saliva by RIA"


def _wave(minutes=None, **analyte):
    return Wave.model_validate(
        {
            "title": "t",
            "design": {"sessions": [1, 2], "duration_minutes": minutes},
            "analytes": [ANALYTE | analyte],
            "files": [{"kind": "participants", "path": "p.csv"}],
        }
    )


def _pooled(waves, instruments=("wai_s",), units=(UNIT, UNIT)):
    rows = [
        {
            "wave": name, "analysis": "a", "model": "m", "outcome": "bond", "term": RAW["term"], "estimate": -0.2,
            "std_error": 0.1, "df": 60.0, "df_method": "kenward-roger", "metric": "raw", "unit": unit, "n_obs": 80,
            "n_groups": 20, "status": "converged",
        }
        for name, unit in zip(waves, units, strict=False)
    ]  # fmt: skip
    estimates = models.ESTIMATES.conform(pd.DataFrame(rows).reindex(columns=models.ESTIMATES.names))
    listed = [WaveRow(wave=name, folder=f"data/{name}", origin="real") for name in waves]
    settings = PoolingSettings(methods=["reml"], tests=["z"], waves=[RAW])
    given = {name: INSTRUMENTS[name] for name in instruments}
    return pool_evidence(WaveEvidence(estimates, listed, declared=waves, instruments=given), {}, settings)


def test_waves_that_measured_alike_are_not_pooled():
    found = _pooled({"w1": _wave(), "w2": _wave()})
    assert found.tables["pooled"]["k"].tolist() == [2]


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"matrix": "plasma"}, "matrix is 'saliva' in w1 but 'plasma' in w2"),
        ({"unit": "pmol/L"}, "unit is 'pg/mL' in w1 but 'pmol/L' in w2"),
        ({"reported_unit": "pmol/L"}, "unit is 'pg/mL' in w1 but 'pmol/L' in w2"),
        ({"method": "ELISA"}, "assay is 'RIA, kit K1, extraction none done' in w1 but 'ELISA"),
        ({"kit": "K2"}, "assay is 'RIA, kit K1, extraction none done' in w1 but 'RIA, kit K2"),
        ({"extraction": "solid phase"}, "but 'RIA, kit K1, extraction solid phase' in w2"),
        ({"kit": "not reported"}, "but 'RIA, kit not reported, extraction none done' in w2"),
    ],
)
def test_slopes_with_the_same_unit_are_pooled_over_different_assays(other, difference):
    found = _pooled({"w1": _wave(), "w2": _wave(**other)})
    assert not len(found.tables["pooled"])
    assert found.tables["effects"]["note"].str.contains(difference, regex=False).all()
    assert found.tables["effects"]["weight"].isna().all()


def test_slopes_in_different_units_are_pooled():
    found = _pooled({"w1": _wave(), "w2": _wave()}, units=(UNIT, "wai_sr points per pg/mL in saliva by RIA"))
    assert not len(found.tables["pooled"])
    assert found.tables["effects"]["note"].str.contains("the unit is 'wai_s points").all()


def test_one_wave_alone_must_agree_with_nobody():
    assert _pooled({"w1": _wave(kit="not reported")}).tables["pooled"]["k"].tolist() == [1]


def test_two_forms_of_a_scale_are_one_instrument():
    short, revised = ({name: INSTRUMENTS[name]} for name in ("wai_s", "wai_sr"))
    one, other = (measure_identity(_wave(), form, "bond", RAW["term"]) for form in (short, revised))
    assert one.instrument != other.instrument
    assert one.range != other.range


def test_counts_of_longer_sessions_are_the_same_counts():
    system = {"3rs_2015": INSTRUMENTS["3rs_2015"]}
    one, other = (measure_identity(_wave(each), system, "confrontation", RAW["term"]) for each in (20, 50))
    assert one.instrument == other.instrument
    assert one.range != other.range


def test_a_therapist_s_or_a_centred_variable_is_another_measure():
    wave = read_wave(ROOT / "data" / "demo_dyads")
    forms = {"wai_s": INSTRUMENTS["wai_s"]}
    own = measure_identity(wave, forms, "bond", "oxytocin_change_within")
    theirs = measure_identity(wave, forms, "therapist_bond", "therapist_oxytocin_change_between")
    assert own == theirs
    assert own.analyte == "oxytocin"
    assert measure_identity(wave, forms, "bond", "time").analyte == "none"


def test_two_assays_of_which_nothing_is_known_agree():
    found = _pooled({"w1": _wave(kit="not reported"), "w2": _wave(kit="not reported")})
    assert not len(found.tables["pooled"])
    assert (
        found.tables["effects"]["note"]
        .str.contains("kit not reported, extraction none done) cannot be said to agree", regex=False)
        .all()
    )
