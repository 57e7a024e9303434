"""Growing evidence from the plan: waves beside published studies, references, spending rules, precision, episodes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ruptureflow.config.pools import PoolingSettings
from ruptureflow.config.strict import ConfigError, parse
from ruptureflow.config.waves import WaveRow
from ruptureflow.pooling import PoolingError, partial_r, pool
from ruptureflow.pooling.effect_sizes import point_biserial
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.plan_pool import PlanPool
from ruptureflow.pooling.plots import of_plan
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models, ruptures

EVIDENCE = Path(__file__).resolve().parents[2] / "data" / "evidence"
FILE, OTHERS = "data/studies/slopes.csv", "abstracts_pooled.csv"
TEXT = "study,year,t,df\nAda,2010,-2.1,50\nBea,2014,-1.2,40\nCal,2012,-2.9,61\n"
STUDIES = {
    "pool": "slopes", "title": "Slopes", "construct": "x and bond", "file": FILE, "effect": "partial_r",
}  # fmt: skip
WAVES = {
    "pool": "bond", "title": "Bond", "construct": "x and bond", "analysis": "a", "model": "m", "outcome": "bond",
    "term": "x_within", "metric": "partial_r", "beside": "slopes",
}  # fmt: skip
SLOPES = {"w1": -2.5, "w2": -1.1, "w3": -3.0}


def _estimates(df=60.0):
    rows = [
        {
            "wave": wave, "analysis": "a", "model": "m", "outcome": "bond", "term": "x_within", "estimate": t / 10,
            "std_error": 0.1, "df": df, "statistic": t, "df_method": "kenward-roger", "metric": metric, "unit": "u",
            "n_obs": 80, "n_groups": 20, "status": "converged",
        }
        for wave, t in SLOPES.items()
        for metric in ("raw", "standardised_within")
    ]  # fmt: skip
    return models.ESTIMATES.conform(pd.DataFrame(rows).reindex(columns=models.ESTIMATES.names))


def _settings(published=None, waves=None, **more):
    given = {"methods": ["reml"], "tests": ["knapp-hartung", "z"], "bias": False}
    given |= {"published": [STUDIES | (published or {})], "waves": [WAVES | (waves or {})]}
    return parse(PoolingSettings, given | more, "config")


def _pooled(origin="real", text=TEXT, origins=None, df=60.0, **changes):
    settings = _settings(**changes)
    rows = [WaveRow(wave=w, folder=f"data/{w}", origin=(origins or {}).get(w, origin)) for w in SLOPES]
    files = {FILE: read_cells(text.encode(), FILE), OTHERS: read_cells((EVIDENCE / OTHERS).read_bytes(), OTHERS)}
    return pool_evidence(WaveEvidence(_estimates(df), rows), files, settings)


def _rows(found, table, pool_id="bond"):
    return found.tables[table].query("pool == @pool_id")


def test_real_waves_do_not_join_published_studies_of_their_construct():
    found = _pooled()
    effects = _rows(found, "effects")
    assert effects["origin"].tolist() == ["published"] * 3 + ["real"] * 3
    every = partial_r(np.array([-2.1, -1.2, -2.9, *SLOPES.values()]), np.array([50.0, 40, 61, 60, 60, 60]), on_z=True)
    expected = pool(every.estimate, every.variance)
    row = _rows(found, "pooled").query("primary").iloc[0]
    assert row["k"] == 6 and row["estimate"] == pytest.approx(expected.estimate, abs=1e-12)
    assert row["shown"] == pytest.approx(np.tanh(expected.estimate), abs=1e-12)
    assert of_plan.plan_forest(found.tables["effects"], found.tables["pooled"], "bond").axes
    # Each rests on its own files: the joined pool on both.
    assert found.pools["bond"].files == [FILE] and found.pools["bond"].waves == list(SLOPES)
    assert found.pools["slopes"].waves == []


def test_another_df_method_stands_in_for_a_primary_one_that_failed():
    settings = _settings(waves={"beside": ""})
    estimates = _estimates()
    estimates.loc[estimates["wave"] == "w2", "df_method"] = "satterthwaite"
    rows = [WaveRow(wave=w, folder=f"data/{w}", origin="real") for w in SLOPES]
    files = {FILE: read_cells(TEXT.encode(), FILE)}
    found = pool_evidence(WaveEvidence(estimates, rows, df_method="kenward-roger"), files, settings)
    effects = _rows(found, "effects").set_index("label")
    assert effects["weight"].isna().to_dict() == {"w1": False, "w2": True, "w3": False}
    assert "kenward-roger, could not be computed" in effects.loc["w2", "note"]
    assert _rows(found, "pooled").query("primary")["k"].tolist() == [2]


def test_simulated_waves_meet_published_studies():
    found = _pooled(origin="simulated", waves={"references": [{"file": OTHERS, "rows": ["fluckiger_2018"]}]})
    assert set(_rows(found, "effects")["origin"]) == {"simulated"}
    assert _rows(found, "pooled")["note"].str.contains("never meet published studies").all()
    # Neither as a hollow diamond: not even a reference stands beside them, and no file of theirs is named.
    assert not len(_rows(found, "references")) and found.pools["bond"].files == []


def test_a_simulated_wave_stays_beside_a_real_one_and_published_studies():
    found = _pooled(origins={"w2": "simulated"})
    assert _rows(found, "effects")["label"].tolist() == ["Ada", "Bea", "Cal", "w1", "w3"]
    effect = {"pool": "p", "label": "w2", "origin": "simulated", "estimate": 0.1, "variance": 0.1}
    with pytest.raises(PoolingError, match="'w2' is simulated: it never enters a pool or a plot"):
        PlanPool(_settings().waves[0], [effect, effect | {"label": "a", "origin": "published"}])


@pytest.mark.parametrize(
    ("published", "waves", "message"),
    [
        ({"construct": "y and bond"}, {}, "construct is 'x and bond' but 'y and bond' in slopes"),
        ({}, {"metric": "standardised_within"}, "metric is 'standardised_within' but 'fisher_z' in slopes"),
        ({"construct": ""}, {}, "pool slopes: construct is missing"),
        ({}, {"beside": "slope"}, "beside: no published pool 'slope'; did you mean 'slopes'?"),
        ({}, {"one_stage": ["fixed"]}, "pool bond: one_stage pools slopes, and a partial r is none"),
        ({"construct": "", "references": [{"file": OTHERS, "rows": ["a"]}]}, {}, "pool slopes: references are drawn"),
    ],
)
def test_different_things_are_put_together_or_the_message_hides_the_difference(published, waves, message):
    with pytest.raises(ConfigError) as caught:
        _settings(published=published, waves=waves)
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_reference_of_another_construct_or_that_is_not_there_is_drawn():
    def asked(construct, rows):
        return _pooled(
            published={"construct": construct, "references": [{"file": OTHERS, "rows": rows}]}, waves={"beside": ""}
        )

    found = asked("rupture repair and outcome", ["eubanks_2018_repair"])
    row = _rows(found, "references", "slopes").iloc[0]
    assert (row["shown"], row["shown_low"], row["shown_high"], row["k"], row["n"]) == (0.29, 0.10, 0.47, 11, 1314)
    figure = of_plan.plan_forest(
        found.tables["effects"], found.tables["pooled"], "slopes", references=found.tables["references"]
    )
    assert "Eubanks" in " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    # It enters nothing.
    assert _rows(found, "pooled", "slopes").query("primary")["k"].tolist() == [3]
    with pytest.raises(PoolingError, match="is about 'alliance and outcome' but the pool about 'rupture repair and"):
        asked("rupture repair and outcome", ["fluckiger_2018"])
    with pytest.raises(PoolingError, match="no row has the id 'eubanks_2018'; did you mean 'eubanks_2018_"):
        asked("rupture repair and outcome", ["eubanks_2018"])


def test_a_slope_without_df_enters_as_one_number():
    text = TEXT.replace("Bea,2014,-1.2,40", "Bea,2014,-1.2,")
    found = _pooled(text=text, published={"df_range": [11, 83], "df_source": "its table"})
    effects = _rows(found, "effects").set_index("label")
    assert (
        np.isnan(effects.loc["Bea", "weight"])
        and "r from -0.34 to -0.13 over 11 to 83 df" in effects.loc["Bea", "note"]
    )
    assert _rows(found, "pooled").query("primary")["k"].tolist() == [5]
    ends = _rows(found, "sensitivity").set_index("value")
    for df in (11.0, 83.0):
        every = partial_r(
            np.array([-2.1, -1.2, -2.9, *SLOPES.values()]), np.array([50.0, df, 61, 60, 60, 60]), on_z=True
        )
        assert ends.loc[df, "estimate"] == pytest.approx(pool(every.estimate, every.variance).estimate, abs=1e-12)
    with pytest.raises(PoolingError, match="column 'df': '' is empty"):
        _pooled(text=text)


def test_a_wave_without_df_has_a_partial_r():
    found = _pooled(df=np.inf)
    assert _rows(found, "effects").query("origin == 'real'")["weight"].isna().all()
    assert _rows(found, "effects")["note"].str.contains("needs df of the slope above 1").sum() == 3


def test_looks_have_a_verdict_without_a_registered_rule():
    looks = _rows(_pooled(), "cumulative")
    # Published studies by year, then waves in their order.
    assert looks["added"].tolist() == ["Ada", "Cal", "Bea", "w1", "w2", "w3"]
    assert looks["crosses"].isna().all() and looks["boundary"].isna().all()
    assert looks["note"].str.contains("no verdict").all()
    rule = {"rule": "pocock", "information": 400}
    looks = _rows(_pooled(waves={"spending": rule}), "cumulative")
    assert looks["boundary"].notna().all() and looks["crosses"].notna().all()
    assert looks["alpha_spent"].is_monotonic_increasing and looks["alpha_spent"].iloc[-1] <= 0.05
    # Information is that of the z test: effects that happen to agree are none.
    wald = np.cumsum([49.0, 60, 39, 59, 59, 59])
    assert looks["information"].to_numpy() == pytest.approx(wald)
    with pytest.raises(ConfigError, match="information"):
        _settings(waves={"spending": {"rule": "pocock"}})


def test_more_evidence_is_promised_that_does_not_suffice():
    planned = _rows(_pooled(waves={"precision": {"half_width": 0.05, "draws": 200}}), "precision").set_index("add")
    again = _rows(_pooled(waves={"precision": {"half_width": 0.05, "draws": 200}}), "precision").set_index("add")
    pd.testing.assert_frame_equal(planned, again)
    assert planned.loc["waves", "needed"] > 0 and planned.loc["waves", "now"] > 0.05
    # The patients of published studies are not known here.
    assert "not known" in planned.loc["patients", "note"]


def test_an_episode_has_the_variance_of_a_correlation_of_two_ratings():
    patients = [f"p{n}" for n in range(8)]
    # p0–p2: resolved; p3–p5: none; p6: cut short; p7: no outcome.
    rupture = [True, True, True, False, True, False, True, False]
    resolved = [True, True, True, None, False, None, False, None]
    complete = [False, True, True, None, True, None, False, None]
    rows = pd.DataFrame({"patient": patients, "rupture": rupture, "resolved": resolved, "follow_up_complete": complete})
    rows = rows.assign(session=2, criterion="point-drop", perspective="patient", variable="bond")
    rows = ruptures.RUPTURES.conform(rows.reindex(columns=ruptures.RUPTURES.names))
    end = [5.0, 7, 6, 12, 14, 9, 3, None]
    sessions = pd.DataFrame({"wave": "w1", "patient": patients, "session": 2, "end": end, "start": 20.0})
    asked = {
        "pool": "repair", "title": "Repair", "criterion": "point-drop", "variable": "bond", "outcome": "end",
        "change_from": "start", "better": "lower",
    }  # fmt: skip
    settings = parse(PoolingSettings, {"methods": ["reml"], "tests": ["z"], "episodes": [asked]}, "config")
    waves = WaveEvidence(
        models.ESTIMATES.empty(),
        [WaveRow(wave="w1", folder="data/w1", origin="real"), WaveRow(wave="w2", folder="data/w2", origin="real")],
        {"w1": sessions},
        {"w1": rows},
    )
    found = pool_evidence(waves, {}, settings)
    effect = _rows(found, "effects", "repair").iloc[0]
    r = np.corrcoef([1, 1, 1, 0, 0, 0], [-5.0, -7, -6, -12, -14, -9])[0, 1]
    expected = point_biserial(r, 3, 3, on_z=True)
    assert (
        r > 0 and effect["shown"] == pytest.approx(r) and effect["variance"] == pytest.approx(float(expected.variance))
    )
    assert effect["note"] == (
        "3 patients with a resolved rupture, 3 without one; left out, window cut short: 1; left out, no outcome: 1"
    )
    assert _rows(found, "pooled", "repair")["note"].str.contains("without this effect: w2").all()


def test_sessions_in_one_stage_tell_of_another_slope_than_the_waves():
    rng = np.random.default_rng(5)
    sessions = {}
    for wave in SLOPES:
        patient = np.repeat(np.arange(15), 6)
        x = rng.normal(size=90)
        x = x - pd.Series(x).groupby(patient).transform("mean").to_numpy()
        y = 0.4 * x + rng.normal(size=15)[patient] + rng.normal(size=90)
        sessions[wave] = pd.DataFrame({"wave": wave, "patient": patient.astype(str), "x_within": x, "bond": y})
    settings = _settings(waves={"metric": "standardised_within", "beside": "", "one_stage": ["fixed"]})
    rows = [WaveRow(wave=wave, folder=f"data/{wave}", origin="simulated") for wave in SLOPES]
    files = {FILE: read_cells(TEXT.encode(), FILE)}
    found = pool_evidence(WaveEvidence(_estimates(), rows, sessions), files, settings)
    row = _rows(found, "one_stage").iloc[0]
    assert row["n_sessions"] == 270 and row["k"] == 3 and 0.2 < row["estimate"] < 0.6
    assert row["difference"] == pytest.approx(row["estimate"] - row["two_stage"])
    assert "one residual variance" in row["note"]
    # Sessions that lack a term: said, and the run goes on.
    lacking = {wave: frame.drop(columns="x_within") for wave, frame in sessions.items()}
    row = _rows(pool_evidence(WaveEvidence(_estimates(), rows, lacking), files, settings), "one_stage").iloc[0]
    assert np.isnan(row["estimate"]) and "'x_within' is no column of the sessions of w1" in row["note"]
