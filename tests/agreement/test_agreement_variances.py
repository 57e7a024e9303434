"""Variance components within and between patients, and how coders differ."""

import numpy as np
import pandas as pd
import pytest
from rating_data import goldens, matrix

from ruptureflow.agreement.coder_differences import coder_biases, coder_pairs
from ruptureflow.agreement.crossed_components import crossed_components, crossed_sums, total_sums
from ruptureflow.agreement.nested_components import COMPONENTS, nested_components, nested_sums
from ruptureflow.agreement.nested_restricted import restricted_components
from ruptureflow.agreement.patient_bootstrap import Bootstrap, patient_weights


def spread(case: dict) -> tuple[np.ndarray, np.ndarray]:
    frame = pd.DataFrame({name: case[name] for name in ("patient", "session", "coder", "y")})
    wide = frame.pivot(index=["patient", "session"], columns="coder", values="y")
    patients = pd.factorize(wide.index.get_level_values("patient"))[0]
    return wide.to_numpy() - np.nanmean(wide.to_numpy()), patients


def components(values: np.ndarray, patients: np.ndarray):
    sums = nested_sums(values, patients)
    return nested_components(sums.weighted(np.ones((1, patients.max() + 1))))


@pytest.mark.parametrize("case", sorted(goldens()["nested"]))
def test_a_balanced_design_has_the_variances_of_rs_analysis_of_variance(case):
    values, patients = spread(goldens()["nested"][case])
    found = components(values, patients)
    for name in COMPONENTS:
        golden = goldens()["nested"][case]["components"][name]
        assert getattr(found, name)[0] == pytest.approx(golden, abs=1e-8), name


def test_within_patient_reliability_of_a_mean_is_the_consistency_within_patients():
    values, patients = spread(goldens()["nested"]["balanced"])
    found = components(values, patients)
    golden = goldens()["nested"]["balanced"]["components"]
    # The same two coders see all sessions of a patient: coder effects cancel in deviations from the patient's mean.
    expected = golden["session"] / (golden["session"] + golden["residual"] / 2)
    assert found.within_patient[0] == pytest.approx(expected, abs=1e-10)
    level = golden["patient"] + golden["session"] / 4
    noise = golden["coder_patient"] / 2 + golden["residual"] / 8
    assert found.between_patient[0] == pytest.approx(golden["patient"] / (level + noise), abs=1e-10)
    assert found.between_patient_coders[0] == pytest.approx(level / (level + noise), abs=1e-10)


def rotating(generator: np.random.Generator, truth: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    patients = np.repeat(np.arange(20), 4)
    values = (
        generator.normal(0, truth["patient"] ** 0.5, 20)[patients][:, None]
        + generator.normal(0, truth["session"] ** 0.5, (80, 1))
        + generator.normal(0, truth["coder"] ** 0.5, 3)
        + generator.normal(0, truth["coder_patient"] ** 0.5, (20, 3))[patients]
        + generator.normal(0, truth["residual"] ** 0.5, (80, 3))
    )
    values[np.arange(80), np.arange(80) % 3] = np.nan
    return values - np.nanmean(values), patients


def test_variances_of_rotating_pairs_are_right_on_average():
    truth = {"patient": 1.0, "session": 0.8, "coder": 0.3, "coder_patient": 0.2, "residual": 0.5}
    generator = np.random.default_rng(11)
    found = [components(*rotating(generator, truth)) for _ in range(300)]
    for name in COMPONENTS:
        draws = np.array([getattr(each, name)[0] for each in found])
        assert abs(draws.mean() - truth[name]) < 4 * draws.std() / np.sqrt(len(draws)), name


def test_rotating_coders_lower_the_reliability_within_patients_by_the_coders_variance():
    truth = {"patient": 1.0, "session": 0.8, "coder": 0.3, "coder_patient": 0.2, "residual": 0.5}
    values, patients = rotating(np.random.default_rng(3), truth)
    found = components(values, patients)
    same_coders = found.session[0] / (found.session[0] + found.residual[0] / 2)
    assert found.within_patient[0] < same_coders


def test_moments_and_reml_tell_the_same_story_of_rotating_pairs():
    truth = {"patient": 1.0, "session": 0.8, "coder": 0.3, "coder_patient": 0.2, "residual": 0.5}
    values, patients = rotating(np.random.default_rng(8), truth)
    moments, restricted = components(values, patients), restricted_components(values, patients)
    assert set(restricted) == set(COMPONENTS)
    assert restricted["residual"] == pytest.approx(moments.residual[0], rel=0.25)
    assert restricted["session"] == pytest.approx(moments.session[0], rel=0.25)


def test_rotating_pairs_have_lme4s_five_variances():
    golden = goldens()["rotating"]
    restricted = restricted_components(*spread(golden))
    # lme4's optimiser is good to about 1e-6 of a variance here.
    for name, variance in golden["components"].items():
        assert restricted[name] == pytest.approx(variance, abs=1e-5), name


def test_a_draw_of_components_is_that_of_the_patients_drawn_as_new_patients():
    values, patients = spread(goldens()["nested"]["balanced"])
    weights = np.zeros((1, 22))
    weights[0, :11] = 2
    drawn = nested_components(nested_sums(values, patients).weighted(weights))
    half = values[patients < 11]
    again = components(np.vstack([half, half]), np.concatenate([patients[patients < 11], 11 + patients[patients < 11]]))
    for name in (*COMPONENTS, "within_patient", "between_patient"):
        assert getattr(drawn, name)[0] == pytest.approx(getattr(again, name)[0], abs=1e-10), name


def test_crossed_components_of_a_complete_design_are_those_of_two_way_mean_squares():
    values = matrix(goldens()["icc"]["three_coders"]["ratings"])
    found = crossed_components(total_sums(crossed_sums(values - values.mean(), np.arange(30), 30)))
    from ruptureflow.agreement.mean_squares import mean_squares

    squares = mean_squares(values)
    assert found.residual == pytest.approx(squares.residual, abs=1e-12)
    assert found.target == pytest.approx((squares.between - squares.residual) / 3, abs=1e-12)
    assert found.rater == pytest.approx((squares.raters - squares.residual) / 30, abs=1e-12)


def test_patients_are_drawn_with_replacement_and_reproducibly():
    weights = patient_weights(7, 50, seed=4)
    assert weights.sum(axis=1).tolist() == [7.0] * 50
    assert (weights == patient_weights(7, 50, seed=4)).all()
    assert (weights != patient_weights(7, 50, seed=5)).any()


def test_an_interval_needs_half_of_the_draws():
    bootstrap = Bootstrap(draws=4, seed=1)
    assert np.isnan(bootstrap.interval(np.array([1.0, np.nan, np.nan, np.nan]), 5)).all()
    assert np.isfinite(bootstrap.interval(np.array([1.0, 2.0, 3.0, np.nan]), 5)).all()
    assert np.isnan(bootstrap.interval(np.array([1.0, 2.0, 3.0, 4.0]), 1)).all()


def test_intervals_of_few_patients_are_wider_than_the_plain_percentiles():
    drawn = np.linspace(0, 1, 100_001)
    # 22 patients: t 2.0796 × √(22/21) = 2.1286, and Φ(−2.1286) = .01665; many patients: .025.
    assert Bootstrap().interval(drawn, 22) == pytest.approx((0.01665, 0.98335), abs=1e-4)
    assert Bootstrap().interval(drawn, 100_000) == pytest.approx((0.025, 0.975), abs=1e-4)


def test_bias_and_limits_of_agreement_by_hand():
    values = np.array([[1, 2], [3, 3], [5, 7], [6, 7.0], [4, np.nan]])
    (pair,) = coder_pairs(values, np.array([0, 0, 1, 1, 2]), Bootstrap(200, 1))
    sd = np.std([-1, 0, -2, -1], ddof=1)
    assert pair.n_sessions == 4
    assert pair.bias == -1.0
    assert (pair.limits_low, pair.limits_high) == pytest.approx((-1 - 1.95996398 * sd, -1 + 1.95996398 * sd))
    assert pair.bias_low <= -1 <= pair.bias_high


def test_a_coder_who_drifts_is_found():
    generator = np.random.default_rng(2)
    sessions = np.tile([4.0, 8.0, 12.0, 16.0], 20)
    truth = generator.normal(size=80)
    values = np.column_stack([truth, truth + 0.1 * sessions]) + generator.normal(0, 0.2, (80, 2))
    first, second = coder_biases(values, np.repeat(np.arange(20), 4), sessions, Bootstrap(1000, 1))
    assert second.drift == pytest.approx(0.1, abs=0.02)
    assert second.drift_low > 0
    assert first.drift == pytest.approx(-second.drift)
    assert second.bias == pytest.approx(1.0, abs=0.1)


def test_a_coder_alone_has_no_bias():
    (only,) = coder_biases(np.array([[1.0], [2.0]]), np.array([0, 1]), np.array([1.0, 2.0]), Bootstrap(10, 1))
    assert only.mean == 1.5
    assert np.isnan(only.bias)
