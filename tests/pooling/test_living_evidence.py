"""Waves beside published studies, looks at growing evidence, planning, one stage beside two."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from ruptureflow.pooling import (
    PoolingError,
    SpendingRule,
    cumulative,
    join_evidence,
    plan_precision,
    pool,
    pool_many,
    pool_sessions,
    sequential_verdicts,
)

POOL = ([0.2, 0.3, 0.15, 0.4], [0.02, 0.03, 0.02, 0.04])


def effects(**columns):
    base = {"label": ["a"], "estimate": [0.2], "variance": [0.02], "construct": ["repair-outcome"]}
    base |= {"metric": ["fisher_z"], "origin": ["published"]}
    return pd.DataFrame(base | columns)


def test_different_constructs_or_simulated_waves_share_a_plot():
    wave = effects(label=["wave_1"], origin=["real"])
    assert list(join_evidence(effects(), wave)["label"]) == ["a", "wave_1"]
    with pytest.raises(PoolingError, match="construct is 'oxytocin-bond' in 'w'"):
        join_evidence(effects(), effects(label=["w"], construct=["oxytocin-bond"], origin=["real"]))
    with pytest.raises(PoolingError, match="'demo' is simulated: it never enters"):
        join_evidence(effects(), effects(label=["demo"], origin=["simulated"]))
    both = effects(label=["demo"], origin=["simulated"])
    assert len(join_evidence(both, both)) == 2


def test_a_look_draws_a_verdict_without_a_rule():
    table = cumulative(pool(*POOL))
    assert not {"crosses", "boundary", "alpha_spent"} & set(sequential_verdicts(table))
    with_rule = sequential_verdicts(table, SpendingRule(0.05, 500))
    assert with_rule["alpha_spent"].is_monotonic_increasing and with_rule["alpha_spent"].iloc[-1] <= 0.05
    assert with_rule["boundary"].iloc[0] > 3
    assert sequential_verdicts(table, SpendingRule(0.05, 500, "pocock"))["boundary"].iloc[0] < 3


def test_an_early_look_has_a_boundary_that_any_large_z_crosses():
    # Four per cent of the information: the exact boundary is that of the alpha spent, 7.5e-29.
    rule = SpendingRule(0.05, 100.0)
    found = rule.boundaries(np.array([4.0, 50.0, 100.0]))
    assert found[0] == pytest.approx(-special.ndtri(rule.spent(0.04) / 2), rel=1e-9)
    assert found[1:] == pytest.approx(rule.boundaries(np.array([50.0, 100.0])), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # Five equal looks, two-sided .05: ldbounds' and Jennison & Turnbull's tables.
        ("obrien-fleming", [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_a_boundary_spends_another_error_than_it_says(kind, expected):
    assert SpendingRule(0.05, 1, kind).boundaries(np.arange(1, 6) / 5) == pytest.approx(expected, abs=2e-4)


def test_a_look_without_new_information_or_after_the_last_draws_a_verdict():
    found = SpendingRule(0.05, 10).boundaries([5, 5, 10, 12])
    assert np.isinf(found[[1, 3]]).all() and np.isfinite(found[[0, 2]]).all()
    # One look at all the planned information is an ordinary test.
    assert SpendingRule(0.05, 10).boundaries([10])[0] == pytest.approx(1.959964, abs=1e-5)


def test_more_waves_do_not_reach_the_stated_width():
    plan = plan_precision(pool(*POOL), 0.1)
    assert 5 <= plan.needed <= 15
    assert plan.table.set_index("added").loc[plan.needed, "share_reached"] >= 0.8
    assert plan_precision(pool(*POOL), 0.1).needed == plan.needed
    assert plan_precision(pool(*POOL), 1.0).needed == 0


def test_patients_are_promised_where_only_waves_help():
    mixed = pool([-0.1, 0.9, 0.3, 0.5], [0.01, 0.02, 0.015, 0.01])
    plan = plan_precision(mixed, 0.1, add="patients", patients=[22, 30, 37, 40])
    assert plan.needed is None and plan.limit > 0.1
    assert "no number of patients" in plan.notes[0] and "can't exclude zero at any number" in plan.notes[1]


def test_a_batch_of_pools_differs_from_single_ones():
    rng = np.random.default_rng(4)
    v = rng.uniform(0.01, 0.3, (60, 13))
    y = rng.normal(0, 0.3, v.shape) + rng.normal(size=v.shape) * np.sqrt(v)
    for method in ("fixed", "dl", "he", "hs", "sj", "ml", "reml", "eb", "pm"):
        batch = pool_many(y, v, method)
        for i in range(60):
            one = pool(y[i], v[i], method, "z")
            ours = [batch.estimate[i], batch.std_error[i], batch.tau2[i], batch.q[i]]
            assert np.allclose(ours, [one.estimate, one.std_error, one.tau2, one.q], rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def sessions():
    rng = np.random.default_rng(6)
    rows = []
    for wave, slope in (("a", 0.3), ("b", 0.3), ("c", 0.3)):
        for patient in range(15):
            level = rng.normal()
            for time in range(4):
                x = rng.normal()
                rows.append((wave, patient, time, x, slope * x + level + rng.normal()))
    return pd.DataFrame(rows, columns=["wave", "patient", "time", "x", "y"])


@pytest.mark.parametrize("wave_effect", ["fixed", "random"])
def test_one_stage_and_two_stages_tell_different_stories(sessions, wave_effect):
    ours = pool_sessions(sessions, "y", "x", ["time"], wave_effect=wave_effect)
    assert abs(ours.difference) < 0.05 and ours.two_stage.k == 3
    assert np.isclose(ours.effect["estimate"] - ours.two_stage.estimate, ours.difference)
    assert len(ours.explanation) >= 2


def test_sessions_of_one_wave_or_without_a_column_are_pooled(sessions):
    with pytest.raises(PoolingError, match="lack the column 'bond'"):
        pool_sessions(sessions, "bond", "x")
    with pytest.raises(PoolingError, match="come from 1 wave"):
        pool_sessions(sessions[sessions["wave"] == "a"], "y", "x")
