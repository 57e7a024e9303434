"""Small-study effects and publication bias: tests, trim-and-fill, fail-safe numbers, PET-PEESE."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.result import PooledResult, coefficient_table

_FEW = 10
_EXACT = 500


@dataclass(frozen=True)
class AsymmetryTest:
    """A test of funnel-plot asymmetry; `notes` holds the low-power warning under ten effects."""

    name: str
    statistic: float
    df: float
    p_value: float
    table: object = None
    notes: tuple = ()


def egger_test(result: PooledResult, model="rma", predictor="std_error") -> AsymmetryTest:
    """Regression test of funnel asymmetry (Egger), as metafor's ``regtest``.

    Parameters
    ----------
    model : "rma" (the result's own method and test, with the predictor added) or "lm" (Egger's weighted
        regression with a multiplicative dispersion)
    predictor : "std_error" or "variance"

    Returns
    -------
    AsymmetryTest
        Its `table` holds Intercept (the effect at a standard error of zero) and the predictor.
    """
    y, v = result.estimates, result.variances
    _check_predictor(model, predictor)
    if result.k < result.p + 2:
        raise PoolingError(f"Egger's test needs at least {result.p + 2} effects; there are {result.k}.")
    size = np.sqrt(v) if predictor == "std_error" else v
    if np.ptp(size) <= 1e-12 * size.max():
        raise PoolingError("all standard errors are equal: a funnel has no slope to test.")
    if model == "rma":
        columns = {t: result.design.matrix[:, i] for i, t in enumerate(result.terms) if t != "Intercept"}
        fit = pool(
            y,
            v,
            result.method,
            result.test,
            columns | {predictor: size},
            result.level,
            weights=result.user_weights,
            adhoc=result.adhoc,
            intercept=result.design.intercept,
            tau2=result.tau2 if result.tau2_fixed else None,
        )
        table, df = fit.table, fit.df
    else:
        x = np.column_stack([result.design.matrix, size])
        table, df = _dispersed(x, y, v, (*result.terms, predictor), result.level)
    row = table.iloc[-1]
    notes = _low_power(result.k)
    return AsymmetryTest("Egger", float(row["statistic"]), float(df), float(row["p_value"]), table, notes)


def rank_test(result: PooledResult, exact=None) -> AsymmetryTest:
    """Begg and Mazumdar's rank correlation of standardised effects with their variances.

    Notes
    -----
    Exact p without ties, as metafor, here below 500 effects (`exact` overrides), else normal with tie correction.
    `statistic` is Kendall's tau-b.
    """
    y, v = result.estimates, result.variances
    k = y.size
    if k < 3:
        raise PoolingError(f"the rank test needs at least 3 effects; there are {k}.")
    w = 1 / v
    standardised = (y - (w * y).sum() / w.sum()) / np.sqrt(v - 1 / w.sum())
    sign = np.array(
        [np.sign(standardised[i] - standardised[i + 1 :]) @ np.sign(v[i] - v[i + 1 :]) for i in range(k - 1)]
    )
    score = float(sign.sum())
    tie_x, tie_y = _ties(standardised), _ties(v)
    pairs = k * (k - 1) / 2
    left, right = pairs - (tie_x * (tie_x - 1)).sum() / 2, pairs - (tie_y * (tie_y - 1)).sum() / 2
    if right == 0:
        raise PoolingError("all variances are equal: a funnel has no slope to test.")
    tau = score / np.sqrt(left * right)
    notes = _low_power(k)
    no_ties = left == pairs and right == pairs
    if exact is None:
        exact = k < _EXACT
    if exact and no_ties:
        p_value = _kendall_exact((score + pairs) / 2, k)
    else:
        p_value = _kendall_normal(score, k, tie_x, tie_y)
        if not no_ties:
            notes = (*notes, "tied values: normal approximation")
    return AsymmetryTest("rank correlation", tau, np.inf, p_value, None, notes)


@dataclass(frozen=True)
class TrimAndFill:
    """`missing` effects estimated on `side`, their standard error, and the pool with them filled in."""

    missing: int
    missing_se: float
    side: str
    estimator: str
    filled: PooledResult
    is_filled: np.ndarray
    notes: tuple = ()


def trim_and_fill(result: PooledResult, side=None, estimator="L0", rounds=100) -> TrimAndFill:
    """Duval and Tweedie's trim-and-fill with the result's own method and test.

    Parameters
    ----------
    side : "left", "right" or None
        Where effects are taken to be missing; None asks Egger's slope, as metafor.
    estimator : "L0", "R0" or "Q0"

    Notes
    -----
    A sensitivity analysis: it assumes that asymmetry comes from suppressed studies and nothing else.
    """
    if not result.design.intercept_only:
        raise PoolingError("trim-and-fill has no moderators: fit the model without them.")
    if result.k < 3:
        raise PoolingError(f"trim-and-fill needs at least 3 effects; there are {result.k}.")
    if estimator not in ("L0", "R0", "Q0") or side not in (None, "left", "right"):
        raise PoolingError(f"estimator={estimator!r}, side={side!r}: use L0, R0 or Q0, and left, right or None.")
    if side is None:
        slope = egger_test(result).table["estimate"].iloc[-1]
        side = "right" if slope < 0 else "left"
    flip = -1.0 if side == "right" else 1.0
    order = np.argsort(flip * result.estimates, kind="stable")
    y, v = flip * result.estimates[order], result.variances[order]
    own = None if result.user_weights is None else result.user_weights[order]
    k = y.size

    def refit(y, v, weights, labels=None):
        return pool(y, v, result.method, result.test, level=result.level, weights=weights, adhoc=result.adhoc,
                    prediction_df=result.prediction_df, labels=labels)  # fmt: skip

    missing, before, error = 0, -1, np.nan
    for _ in range(rounds):
        if missing == before:
            break
        before = missing
        kept = slice(0, k - missing)
        centre = refit(y[kept], v[kept], None if own is None else own[kept]).estimate
        missing, error = _missing(y - centre, estimator)
        missing = min(missing, k - 1)
    else:
        raise PoolingError(
            f"trim-and-fill did not settle in {rounds} rounds: try another estimator than {estimator!r}."
        )
    mirrored = flip * (2 * centre - y[k - missing :])
    labels = [*result.labels, *(f"Filled {i + 1}" for i in range(missing))]
    weights = None if own is None else np.concatenate([result.user_weights, own[k - missing :]])
    filled = refit(
        np.concatenate([result.estimates, mirrored]),
        np.concatenate([result.variances, v[k - missing :]]),
        weights,
        labels,
    )
    is_filled = np.arange(k + missing) >= k
    return TrimAndFill(missing, error, side, estimator, filled, is_filled, _low_power(k))


def _missing(centred, estimator):
    k = centred.size
    rank = np.empty(k)
    rank[np.argsort(np.abs(centred), kind="stable")] = np.arange(1, k + 1)
    signed = np.sign(centred) * rank
    if estimator == "R0":
        below = signed[signed < 0]
        count = (k - (-below).max() if below.size else k) - 1
        return max(0, round(count)), float(np.sqrt(2 * max(0.0, count) + 2))
    total = signed[signed > 0].sum()
    if estimator == "L0":
        count = (4 * total - k * (k + 1)) / (2 * k - 1)
    else:
        count = k - 0.5 - np.sqrt(max(0.0, 2 * k**2 - 4 * total + 0.25))
    spread = (
        k * (k + 1) * (2 * k + 1) + 10 * count**3 + 27 * count**2 + 17 * count
        - 18 * k * count**2 - 18 * k * count + 6 * k**2 * count
    ) / 24  # fmt: skip
    root = np.sqrt(max(0.0, spread))
    if estimator == "L0":
        error = 4 * root / (2 * k - 1)
    else:
        error = 2 * root / np.sqrt((k - 0.5) ** 2 - count * (2 * k - count - 1))
    return max(0, round(count)), float(error)


def fail_safe_n(estimate, variance, kind="rosenthal", alpha=0.05, target=None):
    """How many unpublished null results would undo the finding, as metafor's ``fsn``.

    Parameters
    ----------
    kind : "rosenthal" (Stouffer's z, one-sided alpha), "orwin" (unweighted mean down to `target`, half of
        it by default) or "rosenberg" (fixed-effect z, two-sided alpha)

    Returns
    -------
    int or inf

    Notes
    -----
    Given because it is asked for; it ignores heterogeneity and says nothing about how biased a pool is.
    """
    effects = check_effects(estimate, variance)
    y, v = effects.y, effects.v
    k = y.size
    if kind == "rosenthal":
        z = abs((y / np.sqrt(v)).sum()) / np.sqrt(k)
        number = k * (z / dist.normal_quantile(1 - alpha)) ** 2 - k
    elif kind == "orwin":
        mean = y.mean()
        goal = mean / 2 if target is None else abs(target) * np.sign(mean)
        if goal == 0:
            return np.inf
        number = k * (mean - goal) / goal
    elif kind == "rosenberg":
        w = 1 / v
        number = k * (((w * y).sum() / dist.normal_quantile(1 - alpha / 2)) ** 2 - w.sum()) / w.sum()
    else:
        raise PoolingError(f"kind={kind!r} is unknown: use 'rosenthal', 'orwin' or 'rosenberg'.")
    number = max(0.0, float(number))
    return round(number) if abs(number - round(number)) < 1.5e-8 else int(np.ceil(number))


@dataclass(frozen=True)
class PetPeese:
    """PET's and PEESE's tables and the one that the conditional rule selects."""

    pet: object
    peese: object
    selected: str
    estimate: float
    ci: tuple
    notes: tuple = ()


def pet_peese(result: PooledResult, model="lm", alpha=0.10) -> PetPeese:
    """Precision-effect test and estimate: regress the effects on their standard errors, or variances.

    PEESE is selected where PET's intercept differs from zero at the two-sided `alpha` (Stanley &
    Doucouliagos 2014), else PET. `model` as in `egger_test`.
    """
    pet = egger_test(result, model, "std_error")
    peese = egger_test(result, model, "variance")
    chosen = "peese" if pet.table["p_value"].iloc[0] < alpha else "pet"
    row = (peese if chosen == "peese" else pet).table.iloc[0]
    ci = (float(row["ci_low"]), float(row["ci_high"]))
    return PetPeese(pet.table, peese.table, chosen, float(row["estimate"]), ci, pet.notes)


def _check_predictor(model, predictor):
    if model not in ("rma", "lm"):
        raise PoolingError(f"model={model!r} is unknown: use 'rma' or 'lm'.")
    if predictor not in ("std_error", "variance"):
        raise PoolingError(f"predictor={predictor!r} is unknown: use 'std_error' or 'variance'.")


def _dispersed(x, y, v, terms, level):
    basis, triangle = np.linalg.qr(x / np.sqrt(v)[:, None])
    scaled = y / np.sqrt(v)
    beta = np.linalg.solve(triangle, basis.T @ scaled)
    residual = scaled - basis @ (basis.T @ scaled)
    df = float(y.size - x.shape[1])
    inverse = np.linalg.inv(triangle)
    return coefficient_table(terms, beta, inverse @ inverse.T * (residual @ residual) / df, df, level), df


def _low_power(k):
    return (f"k = {k}, fewer than {_FEW}: hardly any power, so no verdict is drawn",) if k < _FEW else ()


def _ties(values):
    return np.unique(values, return_counts=True)[1].astype(float)


def _kendall_exact(concordant, k):
    """Two-sided exact p from the distribution of inversions of k ranks."""
    q = round(concordant)
    nearer = min(q, k * (k - 1) // 2 - q)
    # The lower tail alone, as running sums: it rises, so their differences lose no digits.
    counts = np.zeros(nearer + 1)
    counts[0] = 1.0
    for size in range(2, k + 1):
        whole = np.cumsum(counts)
        whole[size:] -= whole[:-size].copy()
        counts = whole / size
    return float(min(1.0, 2 * counts.sum()))


def _kendall_normal(score, k, tie_x, tie_y):
    v0 = k * (k - 1) * (2 * k + 5)
    vt = (tie_x * (tie_x - 1) * (2 * tie_x + 5)).sum()
    vu = (tie_y * (tie_y - 1) * (2 * tie_y + 5)).sum()
    v1 = (tie_x * (tie_x - 1)).sum() * (tie_y * (tie_y - 1)).sum() / (2 * k * (k - 1))
    v2 = (tie_x * (tie_x - 1) * (tie_x - 2)).sum() * (tie_y * (tie_y - 1) * (tie_y - 2)).sum()
    v2 /= 9 * k * (k - 1) * (k - 2)
    variance = (v0 - vt - vu) / 18 + v1 + v2
    return float(2 * special.ndtr(-abs(score) / np.sqrt(variance)))
