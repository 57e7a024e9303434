"""Scale scores from answers, and the reliabilities and tables of their items."""

import numpy as np
import pandas as pd
import pytest
from rating_data import goldens

from ruptureflow.agreement import AgreementError
from ruptureflow.agreement.consistency import (
    cronbach_alpha,
    item_covariances,
    item_sums,
    mcdonald_omega,
    omega_of_draws,
    one_factor,
)
from ruptureflow.agreement.items import describe_scales, item_rows
from ruptureflow.agreement.patient_bootstrap import Bootstrap
from ruptureflow.agreement.scale_reliability import reliability_forms, scale_reliabilities
from ruptureflow.agreement.scales import filled_forms, spread_answers
from ruptureflow.agreement.scales import score_scales as score_forms_and_reports
from ruptureflow.config.instruments import Questionnaire
from ruptureflow.tables import intake

SOURCE = {"source_file": "wai.csv", "source_sheet": None, "source_row": 2}


def questionnaire(**changes) -> Questionnaire:
    content = {
        "kind": "questionnaire",
        "id": "short",
        "name": "A short form",
        "source": "made up",
        "response": {"minimum": 1, "maximum": 7},
        "score": "mean",
        "scales": [
            {"name": "bond", "items": ["1", "2", "3", "4"], "reversed": ["4"], "minimum_answered": 3},
            {"name": "task", "items": ["5", "6"]},
        ],
    }
    return Questionnaire.model_validate({**content, **changes})


def responses(forms: dict[tuple, dict[str, float]]) -> pd.DataFrame:
    rows = [
        {
            "instrument": "short",
            "role": role,
            "patient": patient,
            "timepoint": timepoint,
            "session": session,
            "item": item,
            "value": value,
            **SOURCE,
        }
        for (role, patient, timepoint, session), answers in forms.items()
        for item, value in answers.items()
    ]
    return intake.RESPONSES.conform(pd.DataFrame(rows))


def score_scales(answers: pd.DataFrame, reports: pd.DataFrame, instruments: dict) -> pd.DataFrame:
    return score_forms_and_reports(filled_forms(answers, instruments), reports, instruments)


FORM = ("patient", "p1", "session", 4)


def score(answers: dict[str, float], form: Questionnaire | None = None) -> pd.Series:
    instruments = {"short": form or questionnaire()}
    scores = score_scales(responses({FORM: answers}), intake.REPORTED_SCORES.empty(), instruments)
    return scores.set_index("scale")["score"]


def test_a_reversed_answer_counts_as_minimum_plus_maximum_minus_answer():
    assert score({"1": 6, "2": 5, "3": 7, "4": 2})["bond"] == (6 + 5 + 7 + 6) / 4


def test_a_scale_is_prorated_down_to_its_missing_rule_and_no_further():
    assert score({"1": 6, "2": 5, "4": 2})["bond"] == pytest.approx(17 / 3)
    assert pd.isna(score({"1": 6, "2": 5})["bond"])
    assert pd.isna(score({"1": 6, "2": np.nan, "3": np.nan, "4": 1})["bond"])


def test_without_a_missing_rule_every_item_is_needed():
    assert pd.isna(score({"5": 6})["task"])
    assert score({"5": 6, "6": 7})["task"] == 6.5


def test_a_sum_is_prorated_to_the_number_of_items():
    assert score({"1": 6, "2": 5, "3": 4}, questionnaire(score="sum"))["bond"] == 20


def test_an_item_with_a_range_of_its_own_is_reversed_in_that_range():
    form = questionnaire(item_ranges={"4": {"minimum": 0, "maximum": 2}})
    assert score({"1": 6, "2": 5, "3": 7, "4": 2}, form)["bond"] == 18 / 4


def test_an_unknown_item_or_instrument_is_refused_by_name():
    with pytest.raises(AgreementError, match=r"items \['99'\]"):
        score({"99": 1})
    with pytest.raises(AgreementError, match="'short', which is no questionnaire file"):
        score_scales(responses({FORM: {"1": 1}}), intake.REPORTED_SCORES.empty(), {})


def test_answers_at_the_end_have_no_session_and_are_scored():
    end = ("patient", "p1", "end", None)
    scores = score_scales(
        responses({end: {"5": 2, "6": 4}, FORM: {"5": 1, "6": 1}}),
        intake.REPORTED_SCORES.empty(),
        {"short": questionnaire()},
    )
    task = scores[scores["scale"] == "task"].set_index("timepoint")
    assert task.loc["end", "score"] == 3
    assert pd.isna(task.loc["end", "session"])


def reported(scale: str, value: float, session: int = 4) -> pd.DataFrame:
    row = {
        "instrument": "short",
        "role": "patient",
        "patient": "p1",
        "timepoint": "session",
        "session": session,
        "scale": scale,
        "score": value,
        **SOURCE,
    }
    return intake.REPORTED_SCORES.conform(pd.DataFrame([row]))


def test_a_reported_score_fills_in_only_where_items_give_none():
    forms = {"short": questionnaire()}
    answers = responses({FORM: {"1": 6, "5": 2, "6": 4}})
    beside = score_scales(answers, reported("task", 5.0), forms).set_index("scale")
    assert beside.loc["task", ["score", "origin"]].tolist() == [3.0, "items"]
    instead = score_scales(answers, reported("bond", 5.0), forms).set_index("scale")
    assert instead.loc["bond", ["score", "origin"]].tolist() == [5.0, "reported"]
    alone = score_scales(intake.RESPONSES.empty(), reported("bond", 4.5), forms)
    assert alone["score"].tolist() == [4.5]


def test_a_reported_scale_that_the_file_does_not_name_is_refused():
    with pytest.raises(AgreementError, match="'bnd'; instrument short has"):
        score_scales(intake.RESPONSES.empty(), reported("bnd", 4.5), {"short": questionnaire()})


def wide(values: np.ndarray, patients: list[str] | None = None) -> tuple[pd.DataFrame, Questionnaire]:
    items = [str(i + 1) for i in range(values.shape[1])]
    form = questionnaire(scales=[{"name": "total", "items": items}])
    names = patients or [f"p{i}" for i in range(len(values))]
    occasions = [("patient", name, "session", i) for i, name in enumerate(names)]
    index = pd.MultiIndex.from_tuples(occasions, names=["role", "patient", "timepoint", "session"])
    return pd.DataFrame(values, index=index, columns=items), form


@pytest.mark.parametrize("case", sorted(goldens()["scales"]))
def test_alpha_and_item_statistics_are_psychs(case):
    golden = goldens()["scales"][case]
    answers, form = wide(np.array(golden["answers"], dtype=float))
    rows = item_rows(answers, form, form.scales[0])
    assert float(cronbach_alpha(answers.cov().to_numpy())) == pytest.approx(golden["alpha"], abs=1e-10)
    assert [row["item_rest_r"] for row in rows] == pytest.approx(golden["r_drop"], abs=1e-10)
    assert [row["alpha_without"] for row in rows] == pytest.approx(golden["alpha_drop"], abs=1e-10)


@pytest.mark.parametrize("case", sorted(goldens()["scales"]))
def test_omega_rests_on_factanals_single_factor(case):
    golden = goldens()["scales"][case]
    answers = pd.DataFrame(golden["answers"])
    solution = one_factor(answers.corr().to_numpy())
    # Worst difference 2e-8: factanal stops that far from the optimum.
    assert solution.uniquenesses == pytest.approx(golden["uniquenesses"], abs=1e-7)
    assert np.abs(solution.loadings) == pytest.approx(golden["loadings"], abs=1e-7)
    omega, note = mcdonald_omega(answers.cov().to_numpy())
    assert omega == pytest.approx(golden["omega"], abs=1e-7)
    assert note == ""


def test_omega_of_a_population_factor_is_exact():
    loadings, uniquenesses = np.array([0.9, 0.7, 0.5, 0.3]), np.array([0.19, 0.51, 0.75, 0.91])
    sds = np.array([1.0, 2.0, 0.5, 1.5])
    covariance = (np.outer(loadings, loadings) + np.diag(uniquenesses)) * np.outer(sds, sds)
    common = (sds @ loadings) ** 2
    omega, _ = mcdonald_omega(covariance)
    assert omega == pytest.approx(common / (common + sds**2 @ uniquenesses), abs=1e-8)


def test_omega_says_why_it_is_missing():
    assert mcdonald_omega(np.eye(2)) == (pytest.approx(np.nan, nan_ok=True), "omega needs three items")
    assert "does not vary" in mcdonald_omega(np.diag([1.0, 1.0, 0.0]))[1]
    assert "not positive definite" in mcdonald_omega(np.ones((3, 3)))[1]


def test_within_and_between_covariances_are_those_of_an_analysis_of_variance():
    generator = np.random.default_rng(3)
    patients = np.repeat(np.arange(6), 3)
    values = generator.normal(size=(6, 4))[patients] + generator.normal(size=(18, 4))
    sums = item_sums(values - values.mean(axis=0), patients)
    found = item_covariances(sums.weighted(np.ones(6)))
    frame = pd.DataFrame(values)
    means = frame.groupby(patients).mean()
    deviations = frame - means.loc[patients].to_numpy()
    within = deviations.T @ deviations / (18 - 6)
    np.testing.assert_allclose(found.all, frame.cov())
    np.testing.assert_allclose(found.within, within)
    np.testing.assert_allclose(found.between, (3 * means.cov() - within) / 3)


def test_reliabilities_of_repeated_forms_stand_at_both_levels_with_intervals():
    generator = np.random.default_rng(4)
    patients = np.repeat(np.arange(15), 4)
    factor = generator.normal(size=15)[patients] + generator.normal(size=60)
    values = factor[:, None] + generator.normal(0, 0.6, size=(60, 4))
    values[0, 0] = np.nan
    answers, form = wide(values, [f"p{i}" for i in patients])
    rows = scale_reliabilities(answers, form, form.scales[0], "session", Bootstrap(200, 1))
    found = {row["coefficient"]: row for row in rows}
    assert set(found) == {
        "alpha",
        "omega",
        "alpha within patients",
        "omega within patients",
        "alpha between patients",
        "omega between patients",
    }
    within = found["alpha within patients"]
    assert within["ci_low"] < within["estimate"] < within["ci_high"]
    assert within["n_observations"] == 59
    assert "1 of 60 forms left out" in within["note"]

    omega = found["omega within patients"]
    assert omega["ci_low"] < omega["estimate"] < omega["ci_high"]
    assert omega["interval"] == "bootstrap over patients"


def test_a_draw_of_omega_is_the_omega_of_the_patients_drawn():
    generator = np.random.default_rng(5)
    patients = np.repeat(np.arange(8), 3)
    values = generator.normal(size=(24, 1)) + generator.normal(size=(24, 4))
    sums = item_sums(values - values.mean(axis=0), patients)
    weights = np.array([[2.0, 1, 0, 1, 1, 3, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1], [8, 0, 0, 0, 0, 0, 0, 0]])
    whole, drawn = (item_covariances(sums.weighted(each)).all for each in (np.ones(8), weights))
    found = omega_of_draws(whole, drawn)
    repeated = np.concatenate([values[patients == p] for p in range(8) for _ in range(int(weights[0, p]))])
    assert found[0] == pytest.approx(mcdonald_omega(np.cov(repeated, rowvar=False))[0], abs=1e-5)
    assert found[1] == pytest.approx(mcdonald_omega(whole)[0], abs=1e-7)
    # Three different forms have a covariance matrix of rank two.
    assert np.isnan(found[2])


def test_a_scale_without_variance_has_no_alpha_and_no_error():
    answers, form = wide(np.ones((5, 3)))
    rows = scale_reliabilities(answers, form, form.scales[0], "session", Bootstrap(10, 1))
    assert all(np.isnan(row["estimate"]) for row in rows)
    assert all(row["note"] for row in rows)


def test_reliabilities_use_the_timepoint_with_most_forms():
    forms = {("patient", "p1", "intake", 0): {"5": 1}, FORM: {"5": 1}, ("patient", "p1", "session", 8): {"5": 2}}
    answers = spread_answers(responses(forms), questionnaire())
    chosen, timepoint = reliability_forms(answers)
    assert (timepoint, len(chosen)) == ("session", 2)


def test_floor_and_ceiling_are_counted_in_the_scales_direction():
    answers, form = wide(np.array([[1.0, 7.0], [7.0, 7.0], [4.0, np.nan]]))
    turned = form.model_copy(
        update={"scales": [form.scales[0].model_copy(update={"items": ["1", "2"], "reversed": ["2"]})]}
    )
    first, second = item_rows(answers, turned, turned.scales[0])
    assert first["floor_percent"] == pytest.approx(100 / 3)
    assert second["floor_percent"] == 100
    assert second["percent_missing"] == pytest.approx(100 / 3)


def test_the_scale_table_counts_prorated_scores_and_ceiling():
    forms = {
        FORM: {"1": 7, "2": 7, "3": 7, "4": 1},
        ("patient", "p1", "session", 8): {"1": 3, "2": 3, "3": 3},
        ("patient", "p2", "session", 4): {"1": 3},
    }
    instruments = {"short": questionnaire()}
    scores = score_scales(responses(forms), intake.REPORTED_SCORES.empty(), instruments)
    bond = describe_scales(scores, instruments).set_index("scale").loc["bond"]
    assert (bond["n_forms"], bond["n_scored"], bond["n_prorated"], bond["n_patients"]) == (3, 2, 1, 1)
    assert bond["ceiling_percent"] == 50
