"""The interval of tau² for weights of one's own, against distributions that are known otherwise."""

import numpy as np
import pytest
from scipy import integrate, special

from ruptureflow.pooling import PoolingError, pool
from ruptureflow.pooling.generalised_q import generalised_q_interval, probability_below
from ruptureflow.pooling.weighting import Problem


@pytest.mark.parametrize("k", [2, 3, 10, 15, 17, 40, 200])
def test_equal_variances_do_not_give_chi_squared(k):
    problem = Problem(np.zeros((1, k)), np.full((1, k), 0.3))
    for tail in (0.025, 0.5, 0.975):
        q = special.chdtri(k - 1, tail)
        assert np.isclose(probability_below(q, problem, np.full(k, 2.0), 0.2), 1 - tail, atol=1e-10)


def test_unequal_variances_differ_from_integration():
    """Imhof's (1961) integral over the eigenvalues, with three coefficients."""
    rng = np.random.default_rng(2)
    k = 24
    v = 10 ** rng.uniform(-2, 0, k)
    a = 1 / (v + 0.1)
    x = np.column_stack([np.ones(k), rng.normal(size=(k, 2))])
    problem = Problem(np.zeros((1, k)), v[None, :], np.linalg.qr(x)[0])
    w = np.diag(a)
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    for tau2, q in ((0.0, 11.0), (0.2, 40.0)):
        weights = np.sort(np.linalg.eigvals(p @ np.diag(v + tau2)).real)[3:]

        def integrand(u, weights=weights, q=q):
            angle = 0.5 * np.arctan(weights * u).sum() - 0.5 * q * u
            return np.sin(angle) / (u * np.prod((1 + (weights * u) ** 2) ** 0.25))

        exact = 0.5 - integrate.quad(integrand, 0, np.inf, epsabs=1e-12, limit=2000)[0] / np.pi
        assert np.isclose(probability_below(q, problem, a, tau2), exact, atol=1e-9)


def test_interval_misses_its_tails():
    rng = np.random.default_rng(4)
    v = 10 ** rng.uniform(-2, 0, 12)
    y = rng.normal(0, 0.6, 12)
    a = 1 / (v + 0.2)
    ours = pool(y, v, "genq", "z", weights=a)
    low, high = ours.tau2_interval("generalised-q")
    assert 0 < low < ours.tau2 < high
    q = float((a * (y - (a * y).sum() / a.sum()) ** 2).sum())
    assert np.isclose(probability_below(q, ours.problem, a, low), 0.975, atol=1e-9)
    assert np.isclose(probability_below(q, ours.problem, a, high), 0.025, atol=1e-9)


def test_equal_effects_or_another_method_get_an_interval():
    v = np.array([0.02, 0.03, 0.05])
    assert generalised_q_interval(Problem(np.full((1, 3), 0.2), v[None, :]), 1 / v, 0.95) == (0.0, 0.0)
    with pytest.raises(PoolingError, match="method='reml' has no weights of its own"):
        pool([0.1, 0.2, 0.5], v).tau2_interval("generalised-q")
