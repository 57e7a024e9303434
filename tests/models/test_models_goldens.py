"""Sample-level models of the demonstration waves, and of plates that differ, against lme4, lmerTest and pbkrtest."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from example_wave import one_model

from ruptureflow.models import fit_plan

GOLDENS = json.loads((Path(__file__).parents[2] / "validation" / "models" / "goldens.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in GOLDENS["cases"]}
KIND = {"analyte": "oxytocin", "matrix": "m", "method": "a", "unit": "pg/mL", "assay": "a"}
GROUPS = {"patient": "1", "patient_session": "1", "run": "1"}


@pytest.fixture(scope="module")
def fitted():
    """Every case carried through the plan, as the workflow does it."""
    found = {}
    for name, case in CASES.items():
        fixed = case["formula"].split("~")[1].split("+ (1")[0].strip()
        plan = one_model(
            outcomes=["log_concentration"], formula=f"{{outcome}} ~ {fixed}", rows="samples", groups=GROUPS
        )
        plan = plan.model_copy(update={"df_methods": ["kenward-roger", "satterthwaite"]})
        nothing = pd.DataFrame({"wave": ["w"], "patient": ["p"], "session": [1], "time": [0.0]})
        found[name] = fit_plan(nothing, plan, samples=pd.DataFrame(case["data"]).assign(**KIND))
    return found


def _rows(found, method):
    return found.estimates[found.estimates["df_method"] == method].reset_index(drop=True)


def test_a_wave_or_the_crossed_case_is_missing():
    waves = ["demo_saliva", "demo_dyads", "demo_plasma"]
    assert sorted(CASES) == sorted([*waves, *(f"{wave} and rupture" for wave in waves), "plates that differ"])


@pytest.mark.parametrize("name", CASES)
def test_coefficients_variances_or_likelihood_are_not_lme4s(fitted, name):
    found, case = fitted[name], CASES[name]
    plan = found.plan.iloc[0]
    assert (plan["fate"], plan["n_obs"]) == ("fitted", case["n"])
    rows = _rows(found, "satterthwaite")
    assert list(rows["term"]) == [
        term.replace("(Intercept)", "Intercept").replace("occasionpost", "occasion[T.post]") for term in case["terms"]
    ]
    # lme4's search knows no derivatives: it stops up to 4e-5 of a variance off, and leaves 1e-10 of one that is zero.
    assert np.allclose(rows["estimate"], case["estimate"], rtol=1e-5, atol=1e-7)
    assert np.allclose(rows["std_error"], case["std_error"], rtol=1e-5)
    variances = found.variances.set_index("level")["variance"]
    for level, expected in case["variances"].items():
        assert np.isclose(variances[level], expected, rtol=1e-4, atol=1e-9), level
    assert 0 <= plan["log_likelihood"] - case["log_likelihood"] + 1e-9 < 1e-7


@pytest.mark.parametrize("name", CASES)
def test_kenward_roger_is_not_pbkrtests(fitted, name):
    rows, expected = _rows(fitted[name], "kenward-roger"), CASES[name]["kenward_roger"]
    assert np.allclose(rows["std_error"], expected["std_error"], rtol=1e-4)
    assert np.allclose(rows["df"], expected["df"], rtol=1e-3)


def test_satterthwaite_is_not_lmertests(fitted):
    """Where no variance is zero: lmerTest's numerical derivatives beside the bound have no value to converge to."""
    inside = [name for name, case in CASES.items() if min(case["variances"].values()) > 1e-9]
    assert inside == ["plates that differ"]
    for name in inside:
        df = _rows(fitted[name], "satterthwaite")["df"]
        assert np.allclose(df, CASES[name]["satterthwaite"]["df"], rtol=1e-3)
