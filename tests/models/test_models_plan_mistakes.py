"""Mistakes in the plan's section `models`: one message each, with the place, the value and the fix."""

import copy

import pytest
from example_wave import ROW, SETTINGS, WAVE, hand_over, one_model

from ruptureflow.config.models import ModelSettings
from ruptureflow.config.strict import ConfigError, parse
from ruptureflow.models import PlanError, fit_plan, join_sessions


@pytest.fixture(scope="module")
def sessions():
    return join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over())


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"formula": "{outcome} ~ tmie"}, "this wave has no 'tmie'; did you mean 'time'?"),
        ({"outcomes": ["bnod"]}, "this wave has no 'bnod'; did you mean 'bond'?"),
        ({"groups": "pateint"}, "this wave has no 'pateint' (groups); did you mean 'patient'?"),
        ({"groups": ["clinic", "patient"]}, "this wave has no 'clinic' (groups)"),
        ({"random": "1 + tiem"}, "this wave has no 'tiem' (random); did you mean 'time'?"),
        ({"residual": "ar1(sesion)"}, "this wave has no 'sesion' (residual); did you mean 'session'?"),
        ({"where": {"amr": "cbt"}}, "this wave has no 'amr' (where)"),
        ({"where": {"gender": "d"}}, "no row has gender 'd'; there are gender: f, m"),
        (
            {"groups": {"patient": "1", "run": "1"}},
            "this wave has no 'run' (groups); only samples have it: write rows: samples",
        ),
        ({"formula": "{outcome} ~ therapist_bond"}, "this wave has no 'therapist_bond'"),
        ({"formula": "{outcome} ~ tiem(time)"}, "this wave has no 'tiem'; did you mean 'time'?"),
        ({"rows": "samples"}, "this wave has no samples"),
    ],
)
def test_a_wrong_name_in_the_plan_is_not_named(sessions, model, reason):
    found = fit_plan(sessions, one_model(**model))
    assert list(found.plan["fate"]) == ["not available"]
    assert found.plan["reason"].iloc[0] == reason


def test_an_answer_that_no_coefficient_gives_is_not_remarked(sessions):
    row = fit_plan(sessions, one_model(formula="{outcome} ~ gender", primary_term="gender[T.d]")).plan.iloc[0]
    assert row["fate"] == "fitted"
    assert row["reason"] == "Its coefficients are Intercept, gender[T.m]: gender[T.d] is none of them."


@pytest.mark.parametrize("formula", ["bond ~ time ++) 1", "bond ~ time +", "bond ~ (time", "bond ~ time (1 | patient)"])
def test_a_formula_that_cannot_be_read_ends_in_a_traceback_or_in_a_terminals_colours(sessions, formula):
    with pytest.raises(PlanError) as found:
        fit_plan(sessions, one_model(formula=formula))
    message = str(found.value)
    assert message.startswith(f"config: models: a, m: formula {formula!r} cannot be read: ")
    assert "»" in message
    assert "\x1b" not in message
    assert "\n" not in message


def test_a_random_part_that_cannot_be_read_shows_a_terminals_colours(sessions):
    with pytest.raises(PlanError, match=r"formula '1 \+ time\(' cannot be read") as found:
        fit_plan(sessions, one_model(random="1 + time("))
    assert "\x1b" not in str(found.value)


def _message(change) -> str:
    plan = copy.deepcopy(SETTINGS.model_dump())
    change(plan["analyses"][1], plan["analyses"][1]["models"][0], plan)
    with pytest.raises(ConfigError) as found:
        parse(ModelSettings, plan, "config.yaml: models")
    message = str(found.value)
    assert message.count("\n") == 0
    return message.removeprefix("config.yaml: models: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda analysis, model, plan: analysis.update(primary_term="oxytocin_chnage_within"),
            "analyses.1: primary_term 'oxytocin_chnage_within' is no term of its models; "
            "did you mean 'oxytocin_change_within'?",
        ),
        (
            lambda analysis, model, plan: analysis["models"].append(dict(model)),
            "analyses.1: models: 'within_between' stands twice; name each once",
        ),
        (
            lambda analysis, model, plan: plan["analyses"].append(dict(analysis)),
            "analyses: 'rupture' stands twice; name each once",
        ),
        (
            lambda analysis, model, plan: model.update(outcomes=["bond", "bond"]),
            "analyses.1.models.0: model 'within_between': outcomes: 'bond' stands twice; name each once",
        ),
        (
            lambda analysis, model, plan: model.update(standardise=["time"]),
            "rupture: model 'within_between': standardise: 'time' is the within-patient part of no variable under "
            "center, and only those have within-patient standard deviations; known: oxytocin_change_within, "
            "therapist_oxytocin_change_within",
        ),
        (
            lambda analysis, model, plan: model.update(standardise=["oxytocin_change_wihtin"]),
            "analyses.1.models.0: model 'within_between': standardise: 'oxytocin_change_wihtin' does not stand in its "
            "formula; did you mean 'oxytocin_change_within'?",
        ),
        (
            lambda analysis, model, plan: plan.update(center=["oxytocin_chnage"]),
            "rupture: model 'within_between': formula: 'oxytocin_change_within' needs 'oxytocin_change' under center; "
            "did you mean 'oxytocin_chnage'?",
        ),
        (
            lambda analysis, model, plan: model.update(random=["1", "1"]),
            "analyses.1.models.0: model 'within_between': 2 random parts for 1 groups; give one for all, or one each",
        ),
        (
            lambda analysis, model, plan: model.update(formula="bond ~ time + oxytocin_change_within"),
            "analyses.1.models.0: model 'within_between': its formula is not one of 'confrontation'; write "
            "'{outcome} ~ …'",
        ),
        (
            lambda analysis, model, plan: model.update(groups={"patient": "1", "run": "1"}, optional_groups=["rum"]),
            "analyses.1.models.0: model 'within_between': optional_groups: 'rum' is no group of it; did you mean "
            "'run'?",
        ),
        (
            lambda analysis, model, plan: model.update(optional_groups=["patient"]),
            "analyses.1.models.0: model 'within_between': optional_groups are crossed ones; write groups as "
            '{patient: "1", …}',
        ),
        (
            lambda analysis, model, plan: model.update(groups={"patient": "1"}, optional_groups=["patient"]),
            "analyses.1.models.0: model 'within_between': one group at least must stay; take it out of optional_groups",
        ),
        (
            lambda analysis, model, plan: model.update(groups={"patient": "1"}, random="1 + time"),
            "analyses.1.models.0: model 'within_between': crossed groups name their random parts themselves; remove "
            "random",
        ),
        (
            lambda analysis, model, plan: model.update(rows="sample"),
            "analyses.1.models.0.rows: input should be 'sessions' or 'samples' (found 'sample')",
        ),
    ],
)
def test_a_mistake_that_needs_no_data_is_found_after_the_first_job(change, message):
    """Some of these messages also name what was found; the message starts with place, value and fix."""
    assert _message(change).startswith(message)
