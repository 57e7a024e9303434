"""A second engine's opinion, and the gates."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.audit import WaveResults, check_gates, compare_engines
from ruptureflow.config.plan import AgreementSettings, AuditSettings
from ruptureflow.mixed import fit_mixed
from ruptureflow.tables import agreement, assay, audit, models, pooling

FORMULA = "bond ~ time + x"
KEY = {"wave": "w", "analysis": "a", "model": "m", "outcome": "bond"}


def _sessions(seed=3):
    rng = np.random.default_rng(seed)
    patient = np.repeat([f"P{i:02d}" for i in range(20)], 4)
    x = rng.normal(size=80)
    frame = pd.DataFrame({"wave": "w", "patient": patient, "therapist": "T", "session": np.tile([1, 2, 3, 4], 20)})
    frame["time"] = frame["session"] - 1.0
    bond = 5 - 0.3 * x + np.repeat(rng.normal(0, 0.7, 20), 4) + rng.normal(0, 0.5, 80)
    return models.SESSIONS.conform(frame.assign(x=x, bond=bond))


def _plan(**changes):
    row = KEY | {"formula": FORMULA, "random": "(1 | patient)", "residual": "independent", "method": "reml"}
    row |= {"primary_term": "x", "fate": "fitted", "n_rows": 80, "n_obs": 80, "n_dropped": 0, "n_groups": 20}
    row |= {"status": "converged", "log_likelihood": -90.0, "rows": "sessions"}
    return models.PLAN.conform(pd.DataFrame([row | changes]).reindex(columns=models.PLAN.names))


def _estimates(sessions, methods=("satterthwaite",)):
    fit = fit_mixed(FORMULA, sessions, groups="patient")
    tables = []
    for method in methods:
        table = fit.fixed_effects(df=method)[["term", "estimate", "std_error", "df", "statistic", "p_value"]]
        tables.append(table.assign(df_method=method))
    frame = pd.concat(tables).assign(
        **KEY, ci_low=0.0, ci_high=0.0, metric="raw", unit="points", n_obs=80, n_groups=20, status="converged"
    )
    return models.ESTIMATES.conform(frame[models.ESTIMATES.names])


def _results(sessions, plan=None, **changes):
    given = {
        "plan": _plan() if plan is None else plan,
        "samples": models.SAMPLES.empty(),
        "descriptives": models.DESCRIPTIVES.empty(),
        "influence": models.INFLUENCE.empty(),
        "coefficients": agreement.COEFFICIENTS.empty(),
        "reliabilities": agreement.RELIABILITIES.empty(),
        "curves": assay.CURVES.empty(),
        "concentrations": assay.CONCENTRATIONS.empty(),
    }
    return WaveResults(sessions=sessions, **given | changes)


def _compare(plan=None, estimates=None, sessions=None):
    sessions = _sessions() if sessions is None else sessions
    estimates = _estimates(sessions) if estimates is None else estimates
    return compare_engines({"w": _results(sessions, plan)}, estimates, 0.01)


def test_two_engines_disagree_on_a_random_intercept():
    found = _compare()
    assert list(found["term"]) == ["Intercept", "time", "x"]
    assert set(found["verdict"]) == {"agrees"}
    assert np.allclose(found["estimate"], found["other_estimate"], atol=1e-5)
    # statsmodels takes standard errors from the joint Hessian of coefficients and variances: .1 % apart here.
    assert found["difference"].max() < 0.005


def test_a_wrong_coefficient_passes():
    estimates = _estimates(_sessions())
    estimates.loc[estimates["term"] == "x", "estimate"] += 0.05 * estimates["std_error"]
    found = _compare(estimates=estimates).set_index("term")
    assert found.loc["x", "verdict"] == "differs"
    assert found.loc["x", "difference"] == pytest.approx(0.05, abs=1e-3)
    assert found.loc["time", "verdict"] == "agrees"


def test_an_adjusted_standard_error_counts_as_a_difference():
    sessions = _sessions()
    adjusted = _estimates(sessions, ["kenward-roger"])
    adjusted["std_error"] *= 1.2
    assert set(_compare(estimates=adjusted)["verdict"]) == {"agrees"}
    beside = pd.concat([adjusted, _estimates(sessions)], ignore_index=True)
    found = _compare(estimates=beside)
    assert set(found["verdict"]) == {"agrees"}
    assert np.allclose(found["std_error"], found["other_std_error"], rtol=2e-3)


@pytest.mark.parametrize(
    "changes", [{"random": "(1 + time | patient)"}, {"residual": "ar1(session)"}, {"random": "(1 | t) + (1 | t:p)"}]
)
def test_what_statsmodels_cannot_fit_is_compared(changes):
    found = _compare(plan=_plan(**changes))
    assert set(found["verdict"]) == {"not comparable"}
    assert found["reason"].str.contains("only one random intercept").all()


def test_a_model_that_was_not_fitted_is_compared():
    plan = _plan(fate="failed", status=None)
    assert len(_compare(plan=plan)) == 0


def _gates(**changes):
    outside = {
        "pooled": pooling.POOLED.empty(),
        "claims": audit.CLAIMS.empty(),
        "second_engine": audit.SECOND_ENGINE.empty(),
        "agreement": AgreementSettings(),
    }
    outside |= {name: changes.pop(name) for name in outside if name in changes}
    waves = {"w": _results(_sessions().assign(x_between=0.0), **changes)}
    return check_gates(waves, settings=AuditSettings(), **outside).set_index("gate")


def _table(table, **columns):
    return table.conform(pd.DataFrame(columns).reindex(columns=table.names))


@pytest.mark.parametrize(
    ("changes", "gate", "verdict"),
    [
        ({}, "model fit", "pass"),
        ({"plan": _plan(status="singular (patient: Intercept at zero)")}, "model fit", "warn"),
        ({"plan": _plan(status="not converged")}, "model fit", "fail"),
        ({"plan": _plan(fate="failed", reason="no", status=None)}, "model fit", "fail"),
        ({"plan": _plan(n_groups=9)}, "patients in the fit", "warn"),
        ({"plan": _plan(n_groups=10)}, "patients in the fit", "pass"),
        ({"plan": _plan(n_obs=60)}, "sessions lost to missing values", "warn"),
    ],
)
def test_a_fit_passes_a_gate_it_should_not(changes, gate, verdict):
    assert _gates(**changes).loc[gate, "verdict"] == verdict


@pytest.mark.parametrize(
    ("estimate", "policy", "verdict"), [(0.7, "warn", "pass"), (0.69, "warn", "warn"), (0.69, "stop", "fail")]
)
def test_coders_who_disagree_pass(estimate, policy, verdict):
    coefficients = _table(
        agreement.COEFFICIENTS, instrument=["3rs"], code=["confrontation"], form=["ICC(2,k)"], meaning=["mean"],
        estimate=[estimate], n_targets=[86], headline=[True],
    )  # fmt: skip
    found = _gates(coefficients=coefficients, agreement=AgreementSettings(icc_policy=policy))
    assert found.loc["coder agreement", "verdict"] == verdict


@pytest.mark.parametrize(
    ("estimate", "policy", "verdict"),
    [(0.7, "stop", "pass"), (0.69, "warn", "warn"), (0.69, "stop", "fail"), (np.nan, "stop", "warn")],
)
def test_a_code_that_cannot_tell_a_patients_sessions_apart_passes(estimate, policy, verdict):
    reliabilities = _table(
        agreement.RELIABILITIES, instrument="3rs", role=["observer", "observer", "patient"],
        scale=["confrontation", "confrontation", "bond"], coefficient=["within-patient", "between-patient", "alpha"],
        estimate=[estimate, 0.1, 0.1], n_patients=22, n_observations=86,
    )  # fmt: skip
    found = _gates(reliabilities=reliabilities, agreement=AgreementSettings(within_patient_policy=policy))
    assert found.loc["coder agreement within patients", "verdict"] == verdict
    assert found.loc["coder agreement within patients", "subject"] == "3rs confrontation, within patients"


def test_assay_gates_do_not_warn():
    curves = _table(
        assay.CURVES, analyte=["ot", "ot"], run=["1", "2"], model="4pl", weights="power", signal_unit="cpm",
        unit="pg/mL", n_levels=[8, 8], n_levels_within_limits=[6, 5],
    )  # fmt: skip
    samples = _table(
        assay.CONCENTRATIONS, sample=[f"s{i}" for i in range(10)], patient="P", role="patient", session=1,
        occasion="pre", analyte="ot", matrix="saliva", unit="pg/mL", used=True, censored=["below"] * 2 + [None] * 8,
    )  # fmt: skip
    found = _gates(curves=curves, concentrations=samples)
    assert list(found.loc["standard curve", "verdict"]) == ["pass", "warn"]
    assert found.loc["samples below the LOD", "value"] == 0.2
    assert found.loc["samples below the LOD", "verdict"] == "warn"
    imputed = samples.assign(treatment=samples["censored"].map({"below": assay.MEAN_OF_IMPUTATIONS}).astype("string"))
    assert _gates(concentrations=imputed).loc["samples below the LOD", "verdict"] == "pass"


def test_an_unreliable_patient_mean_passes_for_a_trait():
    row = {"wave": "w", "variable": ["x"], "n_obs": 80, "n_patients": 20, "between_reliability": 0.4}
    found = _gates(descriptives=_table(models.DESCRIPTIVES, **row))
    assert found.loc["reliability of patients' means", "verdict"] == "warn"
    assert "must not be read as a trait" in found.loc["reliability of patients' means", "advice"]


def test_a_pool_of_two_or_a_claim_no_digits_save_passes():
    pooled = _table(
        pooling.POOLED, pool=["p"], method="dl", test="z", primary=True, term="Intercept", metric="fisher_z", k=2
    )
    claims = _table(
        audit.CLAIMS,
        claim=["c1", "c1", "c2", "c2"], source="s", quantity="q", published="1",
        convention=["rounded", "truncated"] * 2, verdict=["inconsistent", "consistent"] + ["inconsistent"] * 2,
        how="h",
    )  # fmt: skip
    found = _gates(pooled=pooled, claims=claims)
    assert found.loc["effects in the pool", "verdict"] == "warn"
    assert found.loc["published claims", "value"] == 1
    assert "c2" in found.loc["published claims", "advice"]
    assert "c1" not in found.loc["published claims", "advice"]


def test_a_result_that_one_patient_makes_passes():
    rows = KEY | {"group": ["P1", "P2", "P1"], "n_obs": 4, "term": ["x", "x", "time"], "df_method": "satterthwaite"}
    changes = {"sign_changes": False, "decision_changes": [False, True, True]}
    found = _gates(influence=_table(models.INFLUENCE, **rows, **changes))
    gate = found.loc["no single group decides"]
    assert (gate["value"], gate["verdict"]) == (1, "warn")
    assert "turns on P2" in gate["advice"]


def test_a_passed_gate_gives_advice():
    found = _gates()
    assert found.loc[found["verdict"] == "pass", "advice"].isna().all()


def _samples():
    """Two roles, of which a model looks at one; concentrations rise by 0.1 on the log scale."""
    sessions = _sessions()
    rows = pd.concat([sessions.assign(occasion=occasion, role=role) for occasion in ("pre", "post") for role in "ab"])
    rows = rows.reset_index(drop=True)
    noise = np.random.default_rng(4).normal(0, 0.1, len(rows))
    rise = 0.1 * rows["occasion"].eq("post") + 5 * rows["role"].eq("b")
    return rows.assign(log_concentration=1 + rise + 0.2 * rows["bond"] + noise)


def test_a_model_of_samples_is_compared_on_sessions_or_on_the_other_reference_level():
    samples = _samples()
    formula = "log_concentration ~ occasion"
    plan = _plan(formula=formula, rows="samples", where="role = a", n_rows=160, n_obs=160)
    own = samples[samples["role"] == "a"].assign(occasion=lambda d: pd.Categorical(d["occasion"], ["pre", "post"]))
    estimates = (
        fit_mixed(formula, own, groups="patient")
        .fixed_effects(df="satterthwaite")
        .assign(**KEY, df_method="satterthwaite", metric="raw", unit="ln", n_obs=160, n_groups=20, status="converged")
    )
    results = _results(_sessions(), plan, samples=samples)
    found = compare_engines({"w": results}, models.ESTIMATES.conform(estimates[models.ESTIMATES.names]), 0.01)
    assert list(found["term"]) == ["Intercept", "occasion[T.post]"]
    assert set(found["verdict"]) == {"agrees"}
    gates = _gates(plan=_plan(formula=formula, rows="samples", where="role = a", n_obs=100), samples=samples)
    assert gates.loc["samples lost to missing values", "value"] == pytest.approx(1 - 100 / 160)


def test_what_was_combined_over_draws_is_compared_with_one_fit():
    found = _compare(plan=_plan(n_draws=20))
    assert set(found["reason"]) == {"several completed data sets were combined"}


def test_a_missing_test_of_the_plan_passes_for_a_fit():
    plan = _plan(fate=models.WITHOUT_PRIMARY, reason="df method kenward-roger failed: singular matrix.")
    gate = _gates(plan=plan).loc["model fit"]
    assert gate["verdict"] == "warn"
    assert "df method kenward-roger failed: singular matrix." in gate["advice"]
    assert set(_compare(plan=plan)["verdict"]) == {"agrees"}
