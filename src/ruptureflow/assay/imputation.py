"""Multiple imputation of concentrations beyond a limit, from truncated normals within a subject model.

    ln y = μ_occasion + patient + session within patient + patient's own change + residual,    random parts normal

A Gibbs sampler alternates between the model's parameters, the random effects and the censored values, each drawn from
its normal cut at the sample's own limit. Rubin's rules join the completed data sets, with Barnard & Rubin's (1999)
degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ruptureflow.assay.clustered_mean import MeanChange
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import Array

LEAST_MEASURED, LEAST_PATIENTS = 10, 3
BURN_IN = 500
# Sweeps between two kept draws: the slowest chain of the demonstration data has forgotten its past after about 10.
THINNING = 25
# Monte Carlo error of an expectation is then about 0.02 of a censored value's own spread.
EXPECTATION_SWEEPS = 3000
# Weak inverse-gamma prior of each variance, worth a fiftieth of an observation.
PRIOR_SHAPE = PRIOR_SCALE = 0.01


@dataclass(frozen=True)
class CensoredSamples:
    """Samples of one analyte and role on the log scale; arrays with one element a sample.

    `log` is the limit's log where `side` is not 0 (−1 below, 1 above); `occasion`, `patient` and `session` are
    labels, a session's label being unique over patients.
    """

    log: Array
    side: np.ndarray
    occasion: np.ndarray
    patient: np.ndarray
    session: np.ndarray


def impute(samples: CensoredSamples, draws: int, seed: int) -> Array:
    """Completed log concentrations, (draws, samples); measured ones are the same in every row.

    Raises
    ------
    AssayError
        with fewer than ten measured values or three patients: the sampler would wander without bound.
    """
    kept = islice(_sweeps(samples, seed), BURN_IN + THINNING - 1, BURN_IN + draws * THINNING, THINNING)
    return np.stack([sweep.log.copy() for sweep in kept])


def expected_values(samples: CensoredSamples, seed: int) -> tuple[Array, Array]:
    """Expectations given the limit and the patient's other values, of ln concentration and of concentration.

    The means of the normals cut at the limits, averaged over the subject model's posterior; measured values as they
    are. Their spread is that of expectations, smaller than that of values.

    Raises
    ------
    AssayError
        as `impute`.
    """
    hidden, limit, side = samples.side != 0, samples.log[samples.side != 0], samples.side[samples.side != 0]
    logs, values = np.zeros((2, limit.size))
    for sweep in islice(_sweeps(samples, seed), BURN_IN, BURN_IN + EXPECTATION_SWEEPS):
        log, value = _cut_means(sweep.fitted[hidden], sweep.residual_sd, limit, side)
        logs += log / EXPECTATION_SWEEPS
        values += value / EXPECTATION_SWEEPS
    log, value = samples.log.astype(float).copy(), np.exp(samples.log)
    log[hidden], value[hidden] = logs, values
    return log, value


@dataclass(frozen=True)
class _Sweep:
    """One state of the sampler: completed log values, fitted values, residual SD."""

    log: Array
    fitted: Array
    residual_sd: float


def _sweeps(samples: CensoredSamples, seed: int) -> Iterator[_Sweep]:
    """The Gibbs sampler's states, one after another; its arrays are used again in the next one."""
    measured, patients = int((samples.side == 0).sum()), np.unique(samples.patient).size
    if measured < LEAST_MEASURED or patients < LEAST_PATIENTS:
        raise AssayError(
            f"{measured} measured values of {patients} patients are too few to impute from; "
            f"{LEAST_MEASURED} of {LEAST_PATIENTS} are needed"
        )
    rng = np.random.default_rng(seed)
    labels = (samples.occasion, samples.patient, samples.session)
    occasion, patient, session = (np.unique(label, return_inverse=True)[1] for label in labels)
    own_change = patient * (int(occasion.max()) + 1) + occasion
    groups = [np.unique(group, return_inverse=True)[1] for group in (patient, session, own_change)]
    y = samples.log.astype(float).copy()
    hidden = samples.side != 0
    # Start inside the range that is allowed: half a log beyond the limit.
    y[hidden] += 0.5 * samples.side[hidden]
    mean = np.zeros(occasion.max() + 1)
    effects = [np.zeros(group.max() + 1) for group in groups]
    counts = [np.bincount(group) for group in groups]
    per_occasion = np.bincount(occasion)
    variances = [y.var() / 4 + 1e-6] * 3
    residual = y.var() / 4 + 1e-6
    while True:
        random = sum(effect[group] for effect, group in zip(effects, groups, strict=True))
        centre = np.bincount(occasion, weights=y - random) / per_occasion
        mean = centre + rng.normal(size=mean.size) * np.sqrt(residual / per_occasion)
        for level, group in enumerate(groups):
            random = random - effects[level][group]
            rest = y - mean[occasion] - random
            precision = counts[level] / residual + 1 / variances[level]
            middle = np.bincount(group, weights=rest) / residual / precision
            effects[level] = middle + rng.normal(size=middle.size) / np.sqrt(precision)
            variances[level] = _variance(rng, effects[level])
            random = random + effects[level][group]
        fitted = mean[occasion] + random
        residual = _variance(rng, y - fitted)
        y[hidden] = beyond_limit(rng, fitted[hidden], np.sqrt(residual), samples.log[hidden], samples.side[hidden])
        yield _Sweep(y, fitted, float(np.sqrt(residual)))


def _cut_means(mean: Array, sd: float, limit: Array, side: np.ndarray) -> tuple[Array, Array]:
    """Mean of a normal cut at a limit (below it for side −1), and of its exponential."""
    from scipy.special import log_ndtr

    bound = -side * (limit - mean) / sd
    reach = log_ndtr(bound)
    log = mean + side * sd * np.exp(-0.5 * bound**2 - 0.5 * np.log(2 * np.pi) - reach)
    return log, np.exp(mean + 0.5 * sd**2 + log_ndtr(bound + side * sd) - reach)


def beyond_limit(rng: np.random.Generator, mean: Array, sd: float, limit: Array, side: np.ndarray) -> Array:
    """Draws of normals cut at a limit: below it for side −1, above it for 1; exact far out in the tail."""
    from scipy.special import log_ndtr, ndtri_exp

    # Mirrored so that every draw lies below: Φ⁻¹(u Φ(b)), in logs because Φ(b) may be far below the smallest number.
    bound = -side * (limit - mean) / sd
    z = ndtri_exp(np.log1p(-rng.random(mean.size)) + log_ndtr(bound))
    return mean - side * sd * np.minimum(z, bound)


def _variance(rng: np.random.Generator, values: Array) -> float:
    shape = PRIOR_SHAPE + values.size / 2
    return float((PRIOR_SCALE + (values**2).sum() / 2) / rng.gamma(shape))


def joined_by_rubin(completed: Sequence[MeanChange]) -> MeanChange:
    """One estimate from those of the completed data sets.

    T = Ū + (1 + 1/m) B; the degrees of freedom are Barnard & Rubin's, which never exceed the complete data's.
    """
    m = len(completed)
    estimates = np.array([one.estimate for one in completed])
    within = float(np.mean([one.std_error**2 for one in completed]))
    between = float(estimates.var(ddof=1))
    total = within + (1 + 1 / m) * between
    complete_df = completed[0].df
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    df = observed if share == 0 else 1 / (share**2 / (m - 1) + 1 / observed)
    return MeanChange(
        float(estimates.mean()), float(np.sqrt(total)), df, completed[0].n_changes, completed[0].n_patients
    )
