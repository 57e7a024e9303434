"""Values beyond a limit drawn many times: Rubin's rules by hand, and every draw's own centred parts."""

import numpy as np
import pandas as pd
import pytest
from example_wave import ROW, SETTINGS, WAVE, filled, hand_over, one_model, settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ruptureflow.assay import measure_samples
from ruptureflow.config.plan import AssaySettings
from ruptureflow.mixed import ModelError, fit_mixed
from ruptureflow.models import PlanError, center, fit_plan, fits, gather, gather_draws, join_samples, rubin
from ruptureflow.tables import assay, intake

DRAWS = 5
CENSORED = [("P01", 4), ("P01", 8), ("P07", 12), ("P15", 16)]


def test_rubins_rules_are_not_those_worked_by_hand():
    """Three draws; W = (.04 + .0441 + .0484)/3, B = .01, λ = (4/3)B/T, df of 20 complete ones (mice's formula)."""
    found = rubin([1.0, 1.1, 1.2], [0.20, 0.21, 0.22], [20, 20, 20])
    within, between = 0.1325 / 3, 0.01
    total = within + 4 / 3 * between
    share = 4 / 3 * between / total
    assert found.estimate == pytest.approx(1.1)
    assert found.std_error == pytest.approx(np.sqrt(total))
    assert found.std_error == pytest.approx(0.2398, abs=1e-4)
    assert found.missing_share == pytest.approx(0.23188, abs=1e-5)
    old, observed = 2 / share**2, 21 / 23 * 20 * (1 - share)
    assert (old, observed) == pytest.approx((37.195, 14.026), abs=1e-3)
    assert found.df == pytest.approx(old * observed / (old + observed))
    assert found.df == pytest.approx(10.185, abs=1e-3)


def test_infinite_df_are_not_those_of_rubin_1987():
    found = rubin([1.0, 1.1, 1.2], [0.20, 0.21, 0.22], [np.inf] * 3)
    assert found.df == pytest.approx(2 / found.missing_share**2)


def test_draws_that_agree_lose_more_than_the_estimated_scale():
    found = rubin([1.0, 1.0], [0.2, 0.2], [20, 20])
    assert found.std_error == pytest.approx(0.2)
    assert found.df == pytest.approx(21 / 23 * 20)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 3), st.floats(1.5, 500)), min_size=2, max_size=30),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_combined_df_exceed_the_complete_ones_or_the_error_shrinks(draws):
    estimates, errors, df = map(np.array, zip(*draws, strict=True))
    found = rubin(estimates, errors, df)
    assert 0 < found.df <= df.mean() + 1e-9
    assert found.std_error >= np.sqrt((errors**2).mean()) - 1e-12
    assert 0 <= found.missing_share <= 1


def _imputed(scale: float = 1.0, draws: int = DRAWS) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    changes = hand_over()["changes"].set_index(["patient", "session"])
    rows = []
    for patient, session in CENSORED:
        for draw in range(1, draws + 1):
            change = changes.loc[(patient, session), "change"] + scale * rng.normal()
            rows.append((patient, session, draw, 5.0, 5 + change, change, np.log1p(max(change, -4) / 5)))
    names = ["patient", "session", "draw", "pre", "post", "change", "log_ratio"]
    return filled(assay.IMPUTED_CHANGES, analyte="oxytocin", role="patient", **pd.DataFrame(rows, columns=names))


def _wave(imputed: pd.DataFrame):
    """Sessions as assay hands them over: the mean of the draws where a change was imputed; and the draws."""
    tables = hand_over()
    means = imputed.groupby(["patient", "session"])[["change", "pre", "post", "log_ratio"]].mean()
    changes = tables["changes"].set_index(["patient", "session"])
    changes.update(means)
    gathered = gather(ROW, WAVE, settings=SETTINGS, **(tables | {"changes": changes.reset_index()}))
    draws = gather_draws(imputed, assay.IMPUTATIONS.empty(), assay.CONCENTRATIONS.empty())
    return gathered.join(gathered.keys), draws


def _by_hand(sessions, imputed, formula, method):
    """The model fitted to each completed data set, with the parts centred anew."""
    tables = []
    for number in range(1, DRAWS + 1):
        own = imputed[imputed["draw"] == number].set_index(["patient", "session"])["change"].astype(float)
        data = sessions.set_index(["patient", "session"])
        data.loc[own.index, "oxytocin_change"] = own
        data = data.reset_index()
        parts = center(data["oxytocin_change"], data["patient"])
        data = data.assign(oxytocin_change_within=parts.within, oxytocin_change_between=parts.between)
        tables.append(fit_mixed(formula, data, groups="patient").fixed_effects(df=method).set_index("term"))
    return tables


def test_the_combined_fit_is_not_each_draws_fit_combined():
    imputed = _imputed()
    sessions, draws = _wave(imputed)
    found = fit_plan(sessions, SETTINGS, draws=draws)
    plan = found.plan.set_index("outcome")
    assert set(plan["n_draws"]) == {DRAWS}
    assert plan.loc["bond", "reason"] == "5 draws combined by Rubin's rules, df by Barnard and Rubin."
    assert plan.loc["bond", "status"] == "converged"
    assert plan["log_likelihood"].isna().all()
    formula = "bond ~ time + oxytocin_change_within + oxytocin_change_between"
    for method in SETTINGS.df_methods:
        tables = _by_hand(sessions, imputed, formula, method)
        rows = found.estimates.query(f"outcome == 'bond' and df_method == '{method}' and metric == 'raw'")
        parts = found.imputed_estimates.query(f"outcome == 'bond' and df_method == '{method}' and metric == 'raw'")
        for row, part in zip(rows.itertuples(), parts.itertuples(), strict=True):
            own = np.array([table.loc[row.term, ["estimate", "std_error", "df"]] for table in tables], dtype=float)
            within, between = (own[:, 1] ** 2).mean(), own[:, 0].var(ddof=1)
            total = within + 1.2 * between
            share, complete = 1.2 * between / total, own[:, 2].mean()
            df = 1 / (share**2 / 4 + 1 / ((complete + 1) / (complete + 3) * complete * (1 - share)))
            assert np.allclose(
                [row.estimate, row.std_error, row.df, row.statistic],
                [own[:, 0].mean(), np.sqrt(total), df, own[:, 0].mean() / np.sqrt(total)],
                rtol=1e-7,
            ), (method, row.term)
            assert np.isclose(row.ci_high - row.ci_low, 2 * row.std_error * _quantile(row.df))
            assert (part.n_draws, part.df_complete) == (DRAWS, pytest.approx(complete))
            assert (part.variance_within, part.variance_between) == pytest.approx((within, between))
            assert part.missing_share == pytest.approx(share)


def _quantile(df):
    from scipy.stats import t

    return t.ppf(0.975, df)


def test_variances_are_those_of_one_draw_or_shares_do_not_add_up():
    sessions, draws = _wave(_imputed())
    found = fit_plan(sessions, SETTINGS, draws=draws).variances.query("outcome == 'oxytocin_change'")
    one = fit_plan(sessions, SETTINGS).variances.query("outcome == 'oxytocin_change'")
    assert found["share"].sum() == pytest.approx(1)
    # The mean of draws scatters less than the draws.
    assert found.set_index("level").loc["residual", "variance"] > one.set_index("level").loc["residual", "variance"]


def test_every_table_of_a_fit_has_other_rows_when_draws_are_combined():
    sessions, draws = _wave(_imputed())
    many, one = fit_plan(sessions, SETTINGS, draws=draws), fit_plan(sessions, SETTINGS)
    for name in ("estimates", "contextual_effects", "variances", "random_effects", "influence"):
        key = [column for column in getattr(one, name) if column in ("outcome", "term", "df_method", "group", "metric")]
        assert getattr(many, name)[key].equals(getattr(one, name)[key]), name
    without = many.influence.query("outcome == 'bond' and group == 'P05' and term == 'oxytocin_change_within'").iloc[0]
    full = many.estimates.query(
        "outcome == 'bond' and term == 'oxytocin_change_within' and metric == 'raw' and df_method == 'satterthwaite'"
    ).iloc[0]
    assert without["dfbeta"] == pytest.approx((full["estimate"] - without["estimate"]) / full["std_error"])


def test_a_model_without_drawn_values_is_fitted_many_times():
    sessions, draws = _wave(_imputed())
    found = fit_plan(sessions, one_model(formula="{outcome} ~ time"), draws=draws)
    assert found.plan["n_draws"].isna().all()
    assert len(found.imputed_estimates) == 0
    assert found.plan["log_likelihood"].notna().all()


def test_draws_of_no_spread_give_another_estimate_than_the_one_fit():
    sessions, draws = _wave(_imputed(scale=0.0))
    many, one = fit_plan(sessions, SETTINGS, draws=draws).estimates, fit_plan(sessions, SETTINGS).estimates
    assert np.allclose(many["estimate"], one["estimate"], rtol=1e-8)
    assert np.allclose(many["std_error"], one["std_error"], rtol=1e-6)


def test_a_df_method_that_fails_in_one_draw_stays(monkeypatch):
    calls = iter(range(1000))

    class Refusing:
        def __init__(self, fit):
            self.fit, self.number = fit, next(calls)

        def __getattr__(self, name):
            return getattr(self.fit, name)

        def fixed_effects(self, df, level):
            if df == "satterthwaite" and self.number == 2:
                raise ModelError("not in this draw.")
            return self.fit.fixed_effects(df=df, level=level)

    monkeypatch.setattr(fits, "fit_mixed", lambda *args, **keys: Refusing(fit_mixed(*args, **keys)))
    sessions, draws = _wave(_imputed())
    plan = one_model(formula="{outcome} ~ oxytocin_change_within", primary_term="oxytocin_change_within")
    found = fit_plan(sessions, plan, draws=draws)
    assert found.plan["fate"].iloc[0] == "fitted; primary df method failed"
    assert found.plan["reason"].iloc[0].startswith("df method satterthwaite failed: draw 3: not in this draw.")
    assert "satterthwaite" not in set(found.estimates["df_method"]) | set(found.influence["df_method"])


def test_a_draw_that_did_not_converge_hides_among_the_others(monkeypatch):
    statuses = iter(["converged", "not converged", "singular (patient: Intercept at zero)", "converged", "converged"])
    monkeypatch.setattr(fits, "_status", lambda fit: next(statuses))
    sessions, draws = _wave(_imputed())
    found = fit_plan(sessions, one_model(formula="{outcome} ~ oxytocin_change_within"), draws=draws)
    assert found.plan["status"].iloc[0] == "not converged"
    assert "1 of 5 draws: not converged." in found.plan["reason"].iloc[0]
    assert set(found.estimates["status"]) == {"not converged"}


def test_changes_with_unlike_numbers_of_draws_are_combined():
    imputed = _imputed().iloc[:-1]
    with pytest.raises(PlanError, match="not one for each of the 5 completed data sets"):
        gather_draws(imputed, assay.IMPUTATIONS.empty(), assay.CONCENTRATIONS.empty())


def test_a_primary_way_that_draws_nothing_combines_anything():
    draws = gather_draws(assay.IMPUTED_CHANGES.empty(), assay.IMPUTATIONS.empty(), assay.CONCENTRATIONS.empty())
    sessions, _ = _wave(_imputed())
    assert fit_plan(sessions, SETTINGS, draws=draws).plan["n_draws"].isna().all()


def _samples_with_draws(treatment: str | None = "mean of imputations"):
    rng = np.random.default_rng(3)
    changes = hand_over()["changes"]
    rows = pd.concat([changes.assign(occasion=word) for word in ("pre", "post")], ignore_index=True)
    value = np.exp(rng.normal(2, 0.4, len(rows)))
    hidden = np.arange(len(rows)) < 12
    raw = filled(
        assay.CONCENTRATIONS, sample=[f"S{i}" for i in range(len(rows))], patient=rows["patient"], role="patient",
        session=rows["session"], occasion=rows["occasion"], analyte="oxytocin", matrix="saliva", run="R1", unit="pg/mL",
        value=value, used=True, censored=np.where(hidden, "below", None),
        treatment=np.where(hidden, treatment, None),
    )  # fmt: skip
    drawn = [(draw, f"S{i}", float(np.exp(rng.normal(1, 0.3)))) for draw in range(1, DRAWS + 1) for i in range(12)]
    imputations = filled(
        assay.IMPUTATIONS,
        analyte="oxytocin",
        run="R1",
        **pd.DataFrame(drawn, columns=["imputation", "sample", "value"]),
    )
    samples = join_samples(gather(ROW, WAVE, settings=SETTINGS, **hand_over()), raw)
    return samples, gather_draws(assay.IMPUTED_CHANGES.empty(), imputations, raw), imputations


def test_a_model_of_samples_rests_on_the_mean_of_draws():
    samples, draws, imputations = _samples_with_draws()
    sessions, _ = _wave(_imputed())
    model = {"outcomes": ["log_concentration"], "formula": "{outcome} ~ occasion", "rows": "samples"}
    found = fit_plan(sessions, one_model(**model), samples=samples, draws=draws)
    own = []
    for draw in range(1, DRAWS + 1):
        drawn = imputations[imputations["imputation"] == draw].set_index("sample")["value"]
        data = samples.set_index("sample")
        data.loc[drawn.index, "log_concentration"] = np.log(drawn.astype(float))
        data["occasion"] = pd.Categorical(data["occasion"], ["pre", "post"])
        table = fit_mixed(model["formula"].replace("{outcome}", "log_concentration"), data, groups="patient")
        own.append(table.fixed_effects(df="satterthwaite").set_index("term").loc["occasion[T.post]"])
    row = found.estimates.query("term == 'occasion[T.post]' and df_method == 'satterthwaite'").iloc[0]
    combined = rubin(*[[table[name] for table in own] for name in ("estimate", "std_error", "df")])
    assert (row["estimate"], row["std_error"], row["df"]) == pytest.approx(
        (combined.estimate, combined.std_error, combined.df)
    )


def test_draws_made_for_comparison_alone_enter_a_model():
    samples, draws, _ = _samples_with_draws(treatment="lod/sqrt2")
    sessions, _ = _wave(_imputed())
    model = {"outcomes": ["log_concentration"], "formula": "{outcome} ~ occasion", "rows": "samples"}
    assert fit_plan(sessions, one_model(**model), samples=samples, draws=draws).plan["n_draws"].isna().all()


def test_the_plans_other_settings_are_lost_between_draws():
    sessions, draws = _wave(_imputed())
    found = fit_plan(sessions, settings(level=0.9), draws=draws).estimates.iloc[0]
    half = (found["ci_high"] - found["ci_low"]) / 2 / found["std_error"]
    assert half < _quantile(found["df"])


def test_what_assay_hands_over_does_not_reach_the_models_draw_by_draw():
    """Reported concentrations, a tenth of them below the limit, through assay with imputation as the primary way."""
    rng = np.random.default_rng(17)
    changes = hand_over()["changes"]
    rows = pd.concat([changes.assign(occasion=word) for word in ("pre", "post")], ignore_index=True)
    person = dict(zip(sorted(set(rows["patient"])), rng.normal(0, 0.5, 22), strict=True))
    log = 2 + rows["patient"].map(person) + 0.2 * rows["occasion"].eq("post") + rng.normal(0, 0.4, len(rows))
    value, limit = np.exp(log.astype(float)), float(np.exp(log.astype(float)).quantile(0.1))
    hidden = value < limit
    key = {"sample": [f"S{i}" for i in range(len(rows))], "analyte": "oxytocin"}
    source = {"source_file": "lab.csv", "source_row": range(2, len(rows) + 2)}
    samples = filled(
        intake.SAMPLES, patient=rows["patient"], role="patient", session=rows["session"], occasion=rows["occasion"],
        matrix="saliva", **key, **source,
    )  # fmt: skip
    reported = filled(
        intake.REPORTED_CONCENTRATIONS, concentration=value.where(~hidden), qualifier=np.where(hidden, "<", None),
        limit=np.where(hidden, limit, np.nan), unit="pg/mL", run="R1", replicate=1, **key, **source,
    )  # fmt: skip
    plan = AssaySettings(below_limit="multiple imputation", imputations=20)
    found = measure_samples(samples, intake.SIGNALS.empty(), reported, WAVE.analytes, plan)
    gathered = gather(ROW, WAVE, settings=SETTINGS, **(hand_over() | {"changes": found.changes}))
    draws = gather_draws(found.imputed_changes, found.imputations, found.concentrations)
    assert draws.numbers == list(range(1, 21))
    analyses = [
        {
            "analysis": "change", "question": "?", "primary_term": "Intercept",
            "models": [{"model": "m", "outcomes": ["oxytocin_change"], "formula": "{outcome} ~ 1"}],
        },
        {
            "analysis": "samples", "question": "?", "primary_term": "occasion[T.post]",
            "models": [
                {"model": "m", "outcomes": ["log_concentration"], "formula": "{outcome} ~ occasion", "rows": "samples",
                 "groups": {"patient": "1", "run": "1"}, "optional_groups": ["run"]}
            ],
        },
    ]  # fmt: skip
    joined = join_samples(gathered, found.concentrations)
    fitted = fit_plan(gathered.join(gathered.keys), settings(analyses=analyses), samples=joined, draws=draws)
    assert list(fitted.plan["n_draws"]) == [20, 20]
    assert fitted.plan["reason"].iloc[1].startswith("20 draws combined by Rubin's rules")
    assert "there is one run only" in fitted.plan["reason"].iloc[1]
    assert fitted.imputed_estimates["missing_share"].between(0, 0.6).all()
    assert (fitted.imputed_estimates["variance_between"] > 0).all()
    rise = fitted.estimates.query("term == 'occasion[T.post]'").iloc[0]
    assert abs(rise["estimate"] - 0.2) < 2 * rise["std_error"]
