"""How much more evidence a stated precision needs, by simulation from the pool at hand."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.heterogeneity import estimate_tau2
from ruptureflow.pooling.result import PooledResult
from ruptureflow.pooling.weighting import Problem


@dataclass(frozen=True)
class PrecisionPlan:
    """What has to be added until the interval of the pooled effect is as narrow as stated.

    Attributes
    ----------
    needed : int or None
        Smallest number added at which the share of simulations that reach the half-width is at least
        the assurance; None where none up to `largest` does.
    now : float
        Half-width at hand.
    limit : float
        Half-width that remains however many patients are added to the same studies (NaN for studies).
    table : DataFrame
        added, median_half_width, share_reached for every number tried.
    notes : tuple of str
        In plain words: why no number suffices, and whether a prediction interval can ever exclude zero.
    """

    add: str
    half_width: float
    needed: int | None
    now: float
    limit: float
    table: object
    notes: tuple


def plan_precision(
    result: PooledResult,
    half_width,
    add="waves",
    patients=None,
    new_variance=None,
    assurance=0.8,
    largest=None,
    draws=1000,
    seed=1,
) -> PrecisionPlan:
    """Simulate waves, or patients in the waves at hand, until the interval has the stated half-width.

    Parameters
    ----------
    result : PooledResult
        A random-effects pool without moderators; its effect, tau², method and test are taken as true.
    add : "waves" (new studies) or "patients" (more patients in the same studies)
    patients : sequence
        Patients in each study at hand; needed for ``add="patients"``, whose additions are spread evenly.
    new_variance : float
        Sampling variance of a new wave; by default the median of those at hand.
    assurance : float
        Share of simulations that has to reach the half-width.
    largest : int
        Where to stop looking: 500 waves or 100,000 patients by default.

    Raises
    ------
    PoolingError
        For a fixed-effect pool, a single effect, or missing patients.
    """
    import pandas as pd

    if result.method == "fixed" or result.k < 2 or not result.design.intercept_only or result.user_weights is not None:
        raise PoolingError("planning needs a random-effects pool of at least 2 effects without moderators or weights.")
    if not half_width > 0 or not 0 < assurance < 1:
        raise PoolingError(
            f"half_width={half_width!r}, assurance={assurance!r}: give a width above 0, a share in (0, 1)."
        )
    rng = np.random.default_rng(seed)
    if add == "waves":
        spread = float(np.median(result.variances)) if new_variance is None else float(new_variance)
        if not spread > 0:
            raise PoolingError(f"new_variance is {spread:g}: a sampling variance is above zero.")
        largest, limit = largest or 500, np.nan

        def simulate(count):
            return _with_waves(result, count, spread, draws, rng)
    elif add == "patients":
        if patients is None or len(patients) != result.k:
            raise PoolingError("add='patients' needs patients: how many each study at hand has.")
        size = np.asarray(patients, dtype=float)
        largest = largest or 100_000
        limit = float(np.median(_half_widths(result, *_with_patients(result, np.inf, size, draws, rng))))

        def simulate(count):
            return _with_patients(result, count, size, draws, rng)
    else:
        raise PoolingError(f"add={add!r} is unknown: use 'waves' or 'patients'.")

    tried = {}

    def share(count):
        if count not in tried:
            widths = _half_widths(result, *simulate(count))
            tried[count] = (float(np.median(widths)), float((widths <= half_width).mean()))
        return tried[count][1]

    now = float(dist.t_quantile(result.level, result.df) * result.std_error)
    needed = 0 if now <= half_width else _smallest(share, assurance, largest)
    rows = [(count, *tried[count]) for count in sorted(tried)]
    table = pd.DataFrame(rows, columns=["added", "median_half_width", "share_reached"])
    return PrecisionPlan(
        add, half_width, needed, now, limit, table, tuple(_words(result, half_width, add, needed, limit, largest))
    )


def _smallest(share, assurance, largest):
    high = 1
    while share(high) < assurance:
        if high >= largest:
            return None
        high = min(2 * high, largest)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if share(middle) >= assurance else (middle, high)
    return high


def _with_waves(result, count, spread, draws, rng):
    new = rng.normal(result.estimate, np.sqrt(result.tau2 + spread), (draws, count))
    y = np.hstack([np.broadcast_to(result.estimates, (draws, result.k)), new])
    v = np.concatenate([result.variances, np.full(count, spread)])
    return y, np.broadcast_to(v, y.shape)


def _with_patients(result, count, size, draws, rng):
    """The same studies with more patients: their effects drawn from what is known of them now."""
    y, v, tau2 = result.estimates, result.variances, result.tau2
    share = tau2 / (tau2 + v)
    true = rng.normal(result.estimate + share * (y - result.estimate), np.sqrt(share * v), (draws, y.size))
    grown = count / y.size
    old = size / (size + grown) if np.isfinite(grown) else np.zeros_like(size)
    v_new = np.maximum(v * old, 1e-12 * v)
    fresh = rng.normal(true, np.sqrt(v * size / grown) if np.isfinite(grown) else 0.0)
    mixed = old * y + (1 - old) * fresh
    return mixed, np.broadcast_to(v_new, mixed.shape)


def _half_widths(result, y, v):
    problem = Problem(y, v)
    tau2 = estimate_tau2(problem, result.method).tau2
    fit = problem.at(problem.weights(tau2))
    k = y.shape[1]
    variance = 1 / fit.total
    if result.test == "knapp-hartung":
        scale = fit.rss / (k - 1)
        variance = variance * (np.maximum(scale, 1.0) if result.adhoc else scale)
    df = np.inf if result.test == "z" else k - 1
    return dist.t_quantile(result.level, df) * np.sqrt(variance)


def _words(result, half_width, add, needed, limit, largest):
    if needed is None and add == "patients" and limit > half_width:
        yield (
            f"no number of patients in these {result.k} studies gives a half-width of {half_width:g}: "
            f"the differences between studies alone leave about {limit:.2g}; add studies"
        )
    elif needed is None:
        yield f"up to {largest} {add} do not give a half-width of {half_width:g}"
    reach = dist.t_quantile(result.level, np.inf) * np.sqrt(result.tau2)
    if reach >= abs(result.estimate):
        yield (
            f"the prediction interval can't exclude zero at any number of patients or waves: the effect "
            f"({result.estimate:.2g}) is smaller than the spread between studies allows ({reach:.2g})"
        )
