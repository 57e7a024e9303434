"""Many refits at once, or from eliminated levels, are the fits one by one."""

from dataclasses import replace

import numpy as np
import pytest

from ruptureflow.mixed import bootstrap, fit_mixed, parametric_bootstrap
from ruptureflow.mixed.fitting import find_minimum
from ruptureflow.mixed.refit import likelihood_with, outcome_products, with_outcome
from ruptureflow.mixed.simulation import noise

FORMULA = "bond ~ time + ot_within + ot_between"


def simulated(estimate, draws: int) -> np.ndarray:
    return noise(estimate, np.random.Generator(np.random.PCG64(1)), draws)


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize(
    "call",
    [
        {"random": "1 + time"},
        {"random": "1 + time", "covariance": "diagonal"},
        {"random": "1 + time + ot_within"},
        {"random": "1 + time", "sampling_variance": "vi"},
    ],
)
def test_draws_fitted_together_are_the_draws_fitted_alone(sessions, method, call):
    generator = np.random.Generator(np.random.PCG64(3))
    sessions["bond"] += generator.normal(size=22)[sessions["patient"]] * sessions["time"]
    sessions["vi"] = 0.5 + 0.01 * np.arange(len(sessions))
    estimate = fit_mixed(FORMULA, sessions, groups="patient", method=method, **call).estimate
    values = simulated(estimate, 25)
    together = bootstrap.refit_noise(estimate, values)
    outcomes = outcome_products(estimate.design, estimate.scaled, values)
    back = np.linalg.solve(estimate.scaled.to_fixed, np.eye(4)) * estimate.scaled.unit
    for draw in range(25):
        likelihood = likelihood_with(estimate, outcomes, draw)
        found = find_minimum(likelihood)
        moments = likelihood.moments_at(found.theta)
        scale2 = estimate.criterion.sigma2(moments.rss) * estimate.scaled.unit**2
        alone = found.value + estimate.deviance - estimate.value
        assert together.deviance[draw] <= alone + 1e-6
        if abs(together.deviance[draw] - alone) > 1e-9:
            continue
        coefficients = back @ (moments.beta + outcomes.coefficients[:, draw])
        assert together.coefficients[draw] == pytest.approx(coefficients, abs=1e-5)
        components = bootstrap.components(estimate, found.theta, scale2)
        assert together.variances[draw] == pytest.approx(components, abs=1e-4)


def test_the_first_draws_do_not_depend_on_how_many_follow(sessions):
    fit = fit_mixed(FORMULA, sessions, groups="patient", random="1 + time")
    few, many = parametric_bootstrap(fit, draws=7, seed=4), parametric_bootstrap(fit, draws=30, seed=4)
    assert few.to_numpy(dtype=float) == pytest.approx(many.iloc[:7].to_numpy(dtype=float), abs=1e-7)


def test_refits_of_eliminated_levels_are_those_of_dense_blocks(sessions):
    sessions["therapist"] = sessions["patient"] // 11
    for call in (
        {"groups": {"patient": "1", "session": "1"}},
        {"groups": {"session": "1", "patient": "1 + time", "role": "1"}},
        {"groups": ["therapist", "patient"]},
    ):
        estimate = fit_mixed(FORMULA, sessions, **call).estimate
        outcomes = outcome_products(estimate.design, estimate.scaled, simulated(estimate, 3))
        for draw in range(3):
            by_level = likelihood_with(estimate, outcomes, draw)
            dense = tuple(estimate.likelihood.batches)
            whole = replace(estimate.likelihood, batches=with_outcome(dense, outcomes, draw))
            a, b = by_level.moments_at(estimate.theta + 0.1), whole.moments_at(estimate.theta + 0.1)
            assert a.rss == pytest.approx(b.rss, rel=1e-10)
            assert a.beta == pytest.approx(b.beta, rel=1e-8, abs=1e-12)
            assert next(iter(by_level.batches)).rest == pytest.approx(whole.batches[0].rest, abs=1e-10)
