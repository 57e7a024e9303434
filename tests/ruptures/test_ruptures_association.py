"""The logit of one perspective on another with sessions inside patients."""

import numpy as np
import pytest

from ruptureflow.ruptures.association import association


def verdicts(n_patients: int, sessions: int, slope: float, seed: int = 1, spread: float = 1.0):
    generator = np.random.default_rng(seed)
    patients = np.repeat(np.arange(n_patients), sessions)
    level = generator.normal(0, spread, n_patients)[patients]
    predictor = generator.random(len(patients)) < 1 / (1 + np.exp(-level))
    outcome = generator.random(len(patients)) < 1 / (1 + np.exp(-level - slope * predictor))
    return outcome, predictor, patients


def test_of_one_session_a_patient_it_is_the_odds_ratio_with_the_bias_reduced_error_by_hand():
    outcome, predictor, _ = verdicts(40, 1, 1.0)
    found = association(outcome, predictor, np.arange(40), 0.95)
    cells = {(o, p): ((outcome == o) & (predictor == p)).sum() for o in (True, False) for p in (True, False)}
    ratio = cells[True, True] * cells[False, False] / (cells[True, False] * cells[False, True])
    assert found.odds_ratio == pytest.approx(ratio, rel=1e-9)
    # Mancl and DeRouen: residuals over 1 − leverage, the leverage being 1/n in each group of a saturated logit.
    squared = 0.0
    for group in (True, False):
        inside = outcome[predictor == group]
        n, share = len(inside), inside.mean()
        squared += (n / (n - 1)) ** 2 / (n * share * (1 - share))
    # t(38) = 2.024394164575.
    assert np.log(found.high / found.low) / 2 == pytest.approx(2.024394164575 * squared**0.5, rel=1e-8)
    assert found.note == ""


def test_a_clear_association_is_found_and_none_is_not():
    strong = association(*verdicts(60, 4, 2.0), 0.95)
    assert strong.low > 1
    assert strong.p_value < 0.01
    weak = association(*verdicts(60, 4, 0.0, spread=0.0), 0.95)
    assert weak.low < 1 < weak.high


def test_turning_both_verdicts_round_keeps_the_odds_ratio():
    outcome, predictor, patients = verdicts(20, 4, 1.0)
    one, other = association(outcome, predictor, patients, 0.95), association(~outcome, ~predictor, patients, 0.95)
    assert one.odds_ratio == pytest.approx(other.odds_ratio, rel=1e-7)


def test_fewer_than_ten_patients_have_no_interval():
    few = association(*verdicts(9, 8, 1.0), 0.95)
    assert np.isfinite(few.odds_ratio)
    assert np.isnan([few.low, few.high, few.p_value]).all()
    assert few.note == "no interval from 9 patients (10 needed)"
    assert np.isfinite(association(*verdicts(10, 8, 1.0), 0.95).low)


def test_an_empty_cell_has_no_odds_ratio_and_says_so():
    outcome, predictor, patients = verdicts(15, 4, 1.0)
    found = association(outcome & predictor, predictor, patients, 0.95)
    assert np.isnan(found.odds_ratio)
    assert "a cell of the fourfold table is empty" in found.note
