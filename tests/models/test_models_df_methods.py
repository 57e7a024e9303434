"""A df method that cannot be computed: the others' rows stay, and none takes its place without a word."""

import pytest
from example_wave import ROW, SETTINGS, WAVE, hand_over, one_model, settings

from ruptureflow.mixed import ModelError, fit_mixed
from ruptureflow.models import fit_plan, fits, join_sessions


@pytest.fixture(scope="module")
def sessions():
    return join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over())


class Refusing:
    """A fit of which some df methods cannot be computed."""

    def __init__(self, fit, methods):
        self.fit, self.methods = fit, methods

    def __getattr__(self, name):
        return getattr(self.fit, name)

    def fixed_effects(self, df, level):
        if df in self.methods:
            raise ModelError("not for this fit.")
        return self.fit.fixed_effects(df=df, level=level)


def _refuse(monkeypatch, *methods):
    monkeypatch.setattr(fits, "fit_mixed", lambda *args, **keys: Refusing(fit_mixed(*args, **keys), methods))


def _fate(found, outcome="bond"):
    return found.plan.set_index("outcome").loc[outcome]


def test_a_df_method_that_fails_takes_the_others_with_it(sessions, monkeypatch):
    _refuse(monkeypatch, "kenward-roger")
    found = fit_plan(sessions, settings(df_methods=["satterthwaite", "kenward-roger", "containment"]))
    assert set(found.plan["fate"]) == {"fitted"}
    assert _fate(found)["reason"] == "df method kenward-roger failed: not for this fit."
    assert set(found.estimates["df_method"]) == {"satterthwaite", "containment"}
    assert set(found.contextual_effects["df_method"]) == {"satterthwaite", "containment"}
    assert set(found.influence["df_method"]) == {"satterthwaite"}
    assert len(found.variances) > 0


def test_another_df_method_stands_in_for_the_primary_one_without_a_word(sessions, monkeypatch):
    _refuse(monkeypatch, "kenward-roger")
    found = fit_plan(sessions, settings(df_methods=["kenward-roger", "satterthwaite"]))
    assert set(found.plan["fate"]) == {"fitted; primary df method failed"}
    assert _fate(found)["reason"] == "df method kenward-roger failed: not for this fit."
    assert set(found.estimates["df_method"]) == {"satterthwaite"}


def test_a_model_without_any_df_method_passes_for_fitted(sessions, monkeypatch):
    _refuse(monkeypatch, "kenward-roger", "satterthwaite")
    found = fit_plan(sessions, settings(df_methods=["kenward-roger", "satterthwaite"]))
    assert set(found.plan["fate"]) == {"failed"}
    assert "df method satterthwaite failed: not for this fit." in _fate(found)["reason"]
    assert len(found.estimates) == len(found.variances) == 0


def test_a_df_method_that_maximum_likelihood_excludes_fails_the_model(sessions):
    plan = one_model(method="ml").model_copy(update={"df_methods": ["kenward-roger", "containment"]})
    found = fit_plan(sessions, plan)
    assert _fate(found)["fate"] == "fitted; primary df method failed"
    assert _fate(found)["reason"].startswith("df method kenward-roger failed: ")
    assert set(found.estimates["df_method"]) == {"containment"}
