"""Kappa, Krippendorff's alpha, fourfold coefficients against published and R's values."""

from itertools import permutations

import numpy as np
import pytest
from rating_data import goldens, long

from ruptureflow.agreement import AgreementError, krippendorff_alpha, weighted_kappa
from ruptureflow.agreement.kappa import agreement_weights, mean_kappa, pair_tables
from ruptureflow.agreement.krippendorff import alpha_of_draws
from ruptureflow.agreement.two_by_two import fourfold, pooled_tables

NAN = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability: four observers, twelve units, gaps.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


def ratings_of_table(table: list) -> tuple[np.ndarray, np.ndarray]:
    counts = np.array(table)
    grades = np.arange(1, len(counts) + 1)
    return np.repeat(np.repeat(grades, len(counts)), counts.ravel()), np.repeat(
        np.tile(grades, len(counts)), counts.ravel()
    )


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_krippendorffs_published_value(metric, published):
    assert krippendorff_alpha(long(PUBLISHED), metric=metric) == pytest.approx(published, abs=5e-4)


def by_definition(values: np.ndarray, metric: str) -> float:
    """Krippendorff's alpha with every pair of ratings written out."""
    units = [[v for v in row if v == v] for row in values]
    units = [unit for unit in units if len(unit) > 1]
    every = [v for unit in units for v in unit]
    frequency = {v: every.count(v) for v in every}

    def difference(a: float, b: float) -> float:
        if a == b:
            return 0.0
        if metric == "ordinal":
            between = sum(n for v, n in frequency.items() if min(a, b) <= v <= max(a, b))
            return (between - (frequency[a] + frequency[b]) / 2) ** 2
        return {"nominal": 1.0, "interval": (a - b) ** 2}.get(metric) or ((a - b) / (a + b)) ** 2

    observed = sum(sum(difference(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    expected = sum(n * m * difference(a, b) for a, n in frequency.items() for b, m in frequency.items())
    return 1 - observed * (len(every) - 1) / expected if expected else np.nan


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_of_any_table_is_its_definition(metric):
    generator = np.random.default_rng(6)
    for _ in range(25):
        targets, raters = generator.integers(3, 15), generator.integers(2, 6)
        values = generator.poisson(2, (targets, 1)) + generator.integers(0, 3, (targets, raters)).astype(float)
        values[generator.random(values.shape) < 0.2] = NAN
        found = krippendorff_alpha(long(values), metric=metric)
        assert found == pytest.approx(by_definition(values, metric), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_of_perfect_agreement_is_one(metric):
    assert krippendorff_alpha(long(np.array([[1, 1], [2, 2], [5, 5.0]])), metric=metric) == 1.0


def test_alpha_of_one_category_is_missing_not_one():
    assert np.isnan(krippendorff_alpha(long(np.ones((4, 2))), metric="nominal"))


def test_alpha_ignores_targets_rated_once():
    lone = np.vstack([PUBLISHED, [9, NAN, NAN, NAN]])
    assert krippendorff_alpha(long(lone)) == krippendorff_alpha(long(PUBLISHED))


def test_alpha_of_two_complete_coders_by_hand():
    # Coincidences of (1,1), (1,2), (2,2): n1 = 3, n2 = 3, observed 2 off the diagonal; 1 − 5·2/(2·9).
    assert krippendorff_alpha(long(np.array([[1, 1], [1, 2], [2, 2.0]])), metric="nominal") == pytest.approx(4 / 9)


def test_the_ratio_metric_refuses_negative_values_and_unknown_metrics_are_named():
    with pytest.raises(AgreementError, match="not negative"):
        krippendorff_alpha(long(PUBLISHED - 3), metric="ratio")
    with pytest.raises(AgreementError, match="nominal, ordinal, interval, ratio"):
        krippendorff_alpha(long(PUBLISHED), metric="ordinary")


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_a_draw_of_alpha_is_that_of_the_patients_drawn(metric):
    clusters = np.repeat([0, 1, 2], 4)
    drawn = alpha_of_draws(PUBLISHED, clusters, np.array([[1.0, 2.0, 0.0]]), metric)[0]
    repeated = np.vstack([PUBLISHED[:4], PUBLISHED[4:8], PUBLISHED[4:8]])
    assert drawn == pytest.approx(krippendorff_alpha(long(repeated), metric=metric), abs=1e-12)


@pytest.mark.parametrize("case", sorted(goldens()["kappas"]))
def test_kappa_is_psychs_and_so_is_its_standard_error_without_weights(case):
    golden = goldens()["kappas"][case]
    first, second = ratings_of_table(golden["table"])
    plain = weighted_kappa(first, second)
    assert plain.estimate == pytest.approx(golden["kappa"], abs=1e-12)
    assert plain.std_error == pytest.approx(golden["se"], abs=1e-10)
    assert weighted_kappa(first, second, "quadratic").estimate == pytest.approx(golden["quadratic"], abs=1e-8)
    assert weighted_kappa(first, second, "linear").estimate == pytest.approx(golden["linear"], abs=1e-8)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_standard_errors_are_fleiss_cohen_and_everitts_as_in_statsmodels(weights):
    from statsmodels.stats.inter_rater import cohens_kappa

    table = goldens()["kappas"]["five_grades"]["table"]
    ours = weighted_kappa(*ratings_of_table(table), weights)
    theirs = cohens_kappa(table, wt=None if weights == "none" else weights)
    assert ours.estimate == pytest.approx(theirs.kappa, abs=1e-10)
    assert ours.std_error == pytest.approx(theirs.std_kappa, abs=1e-10)
    assert ours.std_error_null == pytest.approx(theirs.std_kappa0, abs=1e-10)
    assert ours.p_value == pytest.approx(theirs.pvalue_two_sided, abs=1e-10)


def test_kappa_of_raters_who_never_vary_is_missing():
    assert np.isnan(weighted_kappa(np.ones(5), np.ones(5)).estimate)
    assert weighted_kappa(np.array([]), np.array([])).n == 0


def test_weights_follow_the_values_of_grades_not_their_rank():
    weights = agreement_weights(np.array([1.0, 2.0, 5.0]), "linear")
    assert weights[0].tolist() == pytest.approx([1, 0.75, 0])
    with pytest.raises(AgreementError, match="none, linear, quadratic"):
        agreement_weights(np.array([1.0, 2.0]), "cubic")


def test_kappa_of_three_coders_is_the_mean_over_pairs():
    values = np.random.default_rng(0).integers(0, 2, size=(40, 3)).astype(float)
    values[:30, 1] = values[:30, 0]
    tables = pair_tables(values, np.zeros(40, dtype=int), 1, np.array([0.0, 1.0]))[0]
    by_hand = [weighted_kappa(values[:, a], values[:, b]).estimate for a, b in ((0, 1), (0, 2), (1, 2))]
    assert float(mean_kappa(tables, np.eye(2))) == pytest.approx(np.mean(by_hand))


def test_fourfold_coefficients_by_hand():
    # 20 both, 5 first only, 10 second only, 15 neither.
    first = np.repeat([True, True, False, False], [20, 5, 10, 15])
    second = np.repeat([True, False, True, False], [20, 5, 10, 15])
    table = fourfold(first, second)
    assert table.agreement == pytest.approx(0.7)
    assert table.kappa == pytest.approx(0.4)
    assert table.pabak == pytest.approx(0.4)
    assert table.positive_agreement == pytest.approx(40 / 55)
    assert table.negative_agreement == pytest.approx(30 / 45)
    assert table.phi == pytest.approx((20 * 15 - 5 * 10) / np.sqrt(25 * 25 * 30 * 20))
    # Binomial(15, ½): 2·P(X ≤ 5) = 2·4944/32768.
    assert table.mcnemar_p == pytest.approx(2 * 4944 / 32768)
    pooled = pooled_tables(np.array([[[15, 10], [5, 20]]]))
    assert pooled["percent agreement"][0] == pytest.approx(70)
    assert pooled["positive agreement"][0] == pytest.approx(40 / 55)
    assert pooled["PABAK"][0] == pytest.approx(0.4)


def test_fourfold_coefficients_without_cases_are_missing_not_zero():
    nobody = fourfold(np.zeros(4, dtype=bool), np.zeros(4, dtype=bool))
    assert np.isnan(nobody.kappa)
    assert np.isnan(nobody.positive_agreement)
    assert nobody.negative_agreement == 1.0
    assert nobody.mcnemar_p == 1.0
