"""Models of single samples: their rows, crossed groups, kinds of assay, and what leaving a plate out does."""

import numpy as np
import pandas as pd
import pytest
from example_samples import MODEL, concentrations
from example_wave import ROW, SETTINGS, WAVE, hand_over, one_model

from ruptureflow.models import PlanError, fit_plan, gather, join_samples, join_sessions
from ruptureflow.tables import assay, models


def _gathered(**changes):
    return gather(ROW, WAVE, settings=SETTINGS, **(hand_over() | changes))


def _fit(samples, **model):
    sessions = join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over())
    return fit_plan(sessions, one_model(**MODEL | model), samples=samples)


@pytest.fixture(scope="module")
def samples():
    return join_samples(_gathered(), concentrations())


def test_a_samples_row_misses_its_run_its_session_or_the_sessions_variables(samples):
    table = models.SAMPLES.conform(samples)
    assert len(table) == 176
    assert set(table["patient_session"]) == {f"P{p:02d} {s}" for p in range(1, 23) for s in (4, 8, 12, 16)}
    assert table["run"].nunique() == 6
    assert set(table["assay"]) == {"oxytocin in saliva by RIA, pg/mL"}
    assert np.allclose(np.exp(table["log_concentration"]), table["concentration"])
    sessions = join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over()).set_index(["patient", "session"])
    for name in ("bond", "age", "oxytocin_change_within", "oxytocin_change_between", "depression_intake"):
        own = sessions.loc[list(zip(table["patient"], table["session"], strict=True)), name]
        assert np.allclose(table[name].astype(float), own.astype(float)), name


def test_a_sample_that_is_not_used_or_has_no_partner_is_treated_like_the_others():
    raw = concentrations()
    raw.loc[0, "used"] = False
    changes = hand_over()["changes"].query("not (patient == 'P02' and session == 4)")
    nobody = {name: table.iloc[:0] for name, table in hand_over().items() if name in ("coded", "scores", "ruptures")}
    joined = join_samples(_gathered(changes=changes, **nobody), raw)
    assert len(joined) == 175
    alone = joined.query("patient == 'P02' and session == 4")
    assert list(alone["occasion"]) == ["post", "pre"]
    assert alone["therapist"].notna().all()
    assert alone["time"].eq(0).all()
    assert alone["age"].notna().all()
    assert alone["oxytocin_change_within"].isna().all()
    assert alone["oxytocin_change_between"].notna().all()


def test_a_concentration_that_is_not_positive_stops_the_wave_or_becomes_minus_infinity():
    raw = concentrations()
    raw.loc[0, "value"] = 0.0
    joined = join_samples(_gathered(), raw)
    assert joined["log_concentration"].isna().sum() == 1
    assert _fit(joined).plan.iloc[0]["n_dropped"] == 1


def test_a_covariate_named_as_a_samples_column_overwrites_it():
    participants = hand_over()["participants"].assign(run="x")
    with pytest.raises(PlanError, match=r"columns \['run'\] are names of a sample's own columns"):
        join_samples(_gathered(participants=participants), concentrations())


def test_crossed_runs_are_not_fitted_or_their_share_is_missing(samples):
    found = _fit(samples)
    plan = found.plan.iloc[0]
    assert (plan["fate"], plan["rows"], plan["n_obs"]) == ("fitted", "samples", 176)
    assert plan["random"] == "(1 | patient) + (1 | patient_session) + (1 | run)"
    assert plan["reason"].startswith("df method between-within failed: ")
    assert set(found.estimates["df_method"]) == {"satterthwaite", "containment"}
    share = found.variances.set_index("level")["share"]
    assert list(share.index) == ["patient", "patient_session", "run", "residual"]
    assert share.sum() == pytest.approx(1)
    assert share["run"] > 0.2
    rise = found.estimates.query("term == 'occasion[T.post]'").iloc[0]
    assert abs(rise["estimate"] - 0.1) < 3 * rise["std_error"]
    assert rise["unit"] == "ln(pg/mL) in saliva by RIA"


def test_the_level_of_reference_is_not_before_the_session(samples):
    assert "occasion[T.post]" in set(_fit(samples).estimates["term"])


def test_an_interaction_of_occasion_and_rupture_cannot_be_asked(samples):
    term = "occasion[T.post]:rupture_point_drop_bond"
    found = _fit(samples, formula="{outcome} ~ time + occasion * rupture_point_drop_bond", primary_term=term)
    assert found.plan["fate"].iloc[0] == "fitted"
    assert term in set(found.estimates["term"])


@pytest.mark.parametrize(
    ("run", "why"),
    [("R1", "there is one run only"), (None, "no row of this wave names its run")],
)
def test_a_run_that_cannot_be_a_group_is_left_out_in_silence(run, why):
    joined = join_samples(_gathered(), concentrations(run=run))
    found = _fit(joined)
    plan = found.plan.iloc[0]
    assert plan["fate"] == "fitted"
    assert plan["random"] == "(1 | patient) + (1 | patient_session)"
    assert plan["reason"] == f"no random effect of 'run': {why} (optional_groups)."
    assert set(found.variances["level"]) == {"patient", "patient_session", "residual"}
    assert plan["n_obs"] == 176


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (
            "R1",
            "there is one 'run' only over the 176 complete samples, so that its variance cannot be estimated; name it "
            "under optional_groups to leave it out",
        ),
        (None, "no sample has a value of 'run'"),
    ],
)
def test_a_run_that_must_be_a_group_is_dropped(run, reason):
    joined = join_samples(_gathered(), concentrations(run=run))
    plan = _fit(joined, optional_groups=[]).plan.iloc[0]
    assert (plan["fate"], plan["reason"]) == ("not available", reason)


def test_samples_without_a_run_vanish_without_a_word():
    raw = concentrations()
    raw.loc[:9, "run"] = pd.NA
    plan = _fit(join_samples(_gathered(), raw)).plan.iloc[0]
    assert (plan["n_obs"], plan["n_dropped"]) == (166, 10)
    assert "10 rows without 'run' are left out." in plan["reason"]


def _two_kinds():
    raw = concentrations()
    other = concentrations(seed=12, analyte="cortisol", unit="ng/mL", sample=[f"C{i}" for i in range(176)])
    return join_samples(_gathered(), pd.concat([raw, other], ignore_index=True))


def test_two_kinds_of_assay_are_pooled_without_a_term():
    plan = _fit(_two_kinds()).plan.iloc[0]
    assert plan["fate"] == "failed"
    assert plan["reason"] == (
        "its rows hold 2 kinds of assay (cortisol, ng/mL, oxytocin in saliva by RIA, pg/mL), and kinds are never "
        "pooled without a term that tells them apart: add assay to the formula, or choose one by "
        "where: {analyte: cortisol}"
    )


@pytest.mark.parametrize(
    "model",
    [
        {"formula": "{outcome} ~ time + occasion + assay"},
        {"formula": "{outcome} ~ time + occasion * analyte"},
        {"where": {"analyte": "oxytocin"}},
        {"where": {"unit": "ng/mL"}},
    ],
)
def test_kinds_that_a_term_or_a_choice_tells_apart_are_refused(model):
    assert _fit(_two_kinds(), **model).plan["fate"].iloc[0] == "fitted"


def test_a_term_that_does_not_tell_all_kinds_apart_is_enough():
    raw = concentrations()
    serum = concentrations(seed=13, matrix="serum", sample=[f"M{i}" for i in range(176)])
    ng = concentrations(seed=14, unit="ng/mL", sample=[f"U{i}" for i in range(176)])
    joined = join_samples(_gathered(), pd.concat([raw, serum, ng], ignore_index=True))
    assert _fit(joined, formula="{outcome} ~ occasion + matrix").plan["fate"].iloc[0] == "failed"
    assert _fit(joined, formula="{outcome} ~ occasion + matrix + unit").plan["fate"].iloc[0] == "fitted"


def test_a_role_that_is_not_asked_for_enters():
    raw = concentrations()
    raw.loc[raw["patient"] > "P11", "role"] = "therapist"
    plan = _fit(
        join_samples(_gathered(), raw), where={"role": "patient"}, formula="{outcome} ~ time + occasion"
    ).plan.iloc[0]
    assert (plan["where"], plan["n_rows"]) == ("role = patient", 88)


def test_a_wave_without_samples_stops_the_run():
    joined = join_samples(_gathered(), assay.CONCENTRATIONS.empty())
    assert len(models.SAMPLES.conform(joined)) == 0
    plan = _fit(joined).plan.iloc[0]
    assert (plan["fate"], plan["reason"]) == ("not available", "this wave has no samples")


def _plates(seed: int):
    """457 samples of 30 subjects on 16 plates; most samples of a plate are of one condition.

    Variances on the log scale: plate .19, subject .06, residual .18; the condition lowers by .19, and plates with
    much of it happen to read high, as in a public set of salivary oxytocin.
    """
    rng = np.random.default_rng(seed)
    plate = np.arange(457) % 16
    subject = rng.integers(0, 30, 457)
    share = np.where(np.arange(16) < 8, 0.85, 0.15)
    condition = rng.random(457) < share[plate]
    # The plates' own levels: variance .19, the eight with much of the condition .44 above the others.
    level = rng.normal(0, 0.2, 16)
    level -= np.where(share > 0.5, level[:8].mean(), level[8:].mean())
    level += np.where(share > 0.5, 0.38, -0.38)
    y = level[plate] + rng.normal(0, np.sqrt(0.06), 30)[subject] - 0.19 * condition + rng.normal(0, np.sqrt(0.18), 457)
    return pd.DataFrame(
        {
            "wave": "w", "sample": [f"S{i}" for i in range(457)], "patient": [f"P{i:02d}" for i in subject],
            "run": [f"R{i:02d}" for i in plate], "log_concentration": y, "condition": condition.astype(float),
            "analyte": "oxytocin", "matrix": "saliva", "unit": "pg/mL", "method": "EIA", "assay": "oxytocin",
        }
    )  # fmt: skip


def test_leaving_the_plate_out_does_not_turn_the_effect_round():
    samples = _plates(seed=5)
    model = MODEL | {"formula": "{outcome} ~ condition", "primary_term": "condition", "optional_groups": []}
    sessions = pd.DataFrame({"wave": ["w"], "patient": ["P00"], "session": [1], "time": [0.0]})
    found = {}
    for name, groups in {"with": {"patient": "1", "run": "1"}, "without": {"patient": "1"}}.items():
        fitted = fit_plan(sessions, one_model(**model | {"groups": groups}), samples=samples)
        found[name] = fitted.estimates.query("term == 'condition'").iloc[0]
        if name == "with":
            variances = fitted.variances.set_index("level")["variance"]
    assert variances["run"] > 2 * variances["patient"]
    assert found["with"]["estimate"] < 0
    assert found["with"]["p_value"] < 0.05
    assert found["without"]["estimate"] > 0
    assert found["without"]["p_value"] < 0.01
