"""Selection model with a step function of the one-sided p value (Hedges 1992; Vevea & Hedges 1995)."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.result import PooledResult, coefficient_table


@dataclass(frozen=True)
class SelectionResult:
    """Pooled effect corrected for selection.

    Attributes
    ----------
    table : DataFrame
        The corrected coefficients, tested by z.
    tau2, tau2_se
        Corrected between-study variance (ML); its standard error is NaN at zero.
    steps : DataFrame
        p_low, p_high, k, delta (chance of being published relative to the first interval), std_error.
    lrt, lrt_df, lrt_p
        Likelihood-ratio test of no selection.
    """

    table: object
    tau2: float
    tau2_se: float
    steps: object
    lrt: float
    lrt_df: int
    lrt_p: float
    log_likelihood: float
    notes: tuple = ()


def selection_model(result: PooledResult, steps=(0.025,), alternative="greater") -> SelectionResult:
    """Fit effects, tau² and the chances of publication together by maximum likelihood.

    Parameters
    ----------
    steps : sequence
        Cut points of the one-sided p value, rising, below 1.
    alternative : "greater" or "less"
        Direction in which significance was sought.

    Raises
    ------
    PoolingError
        If an interval of p holds no effect (its chance of publication has no estimate).
    """
    import pandas as pd
    from scipy import optimize

    cuts = np.array([*[s for s in steps if s < 1], 1.0])
    if alternative not in ("greater", "less"):
        raise PoolingError(f"alternative={alternative!r} is unknown: use 'greater' or 'less'.")
    if cuts.size < 2 or np.any(np.diff(cuts) <= 0) or cuts[0] <= 0:
        raise PoolingError(f"steps={tuple(steps)!r}: give rising p values between 0 and 1.")
    flip = 1.0 if alternative == "greater" else -1.0
    y, v, x = flip * result.estimates, result.variances, flip * result.design.matrix
    p_value = special.ndtr(-y / np.sqrt(v))
    place = np.searchsorted(cuts, p_value, side="left")
    counts = np.bincount(place, minlength=cuts.size)
    if (counts == 0).any():
        gap = int(np.flatnonzero(counts == 0)[0])
        low = cuts[gap - 1] if gap else 0.0
        raise PoolingError(f"no effect has a p value in ({low:g}, {cuts[gap]:g}]: leave out that step.")
    limit = np.sqrt(v)[:, None] * dist.normal_quantile(1 - cuts[:-1])

    def deviance(theta):
        return -2 * _log_likelihood(theta, y, v, x, place, limit)

    p = x.shape[1]
    start = np.concatenate([result.beta, [np.sqrt(max(result.tau2, 1e-4 * v.mean()))], np.zeros(cuts.size - 1)])
    theta = _minimise(deviance, start, optimize)
    null = _minimise(lambda part: deviance(np.concatenate([part, np.zeros(cuts.size - 1)])), start[: p + 1], optimize)
    base = deviance(np.concatenate([null, np.zeros(cuts.size - 1)]))

    tau2 = float(theta[p] ** 2)
    at_zero = tau2 < 1e-8 * v.mean()
    natural = np.concatenate([theta[:p], [0.0 if at_zero else tau2], np.exp(theta[p + 1 :])])
    covariance = _covariance(natural, y, v, x, place, limit, at_zero, p)
    error = np.sqrt(np.diag(covariance))
    best = float(deviance(theta))
    lrt = max(0.0, float(base) - best)
    notes = ("tau² is estimated at zero: standard errors hold it there",) if at_zero else ()
    if result.k < 10:
        notes = (*notes, f"k = {result.k}, fewer than 10: chances of publication are hardly estimable")
    return SelectionResult(
        table=coefficient_table(result.terms, theta[:p], covariance[:p, :p], np.inf, result.level),
        tau2=0.0 if at_zero else tau2,
        tau2_se=float(error[p]),
        steps=pd.DataFrame(
            {
                "p_low": np.concatenate([[0.0], cuts[:-1]]),
                "p_high": cuts,
                "k": counts,
                "delta": np.concatenate([[1.0], natural[p + 1 :]]),
                "std_error": np.concatenate([[np.nan], error[p + 1 :]]),
            }
        ),
        lrt=lrt,
        lrt_df=cuts.size - 1,
        lrt_p=dist.chi2_p_value(lrt, cuts.size - 1),
        log_likelihood=-best / 2,
        notes=notes,
    )


def _log_likelihood(theta, y, v, x, place, limit):
    """theta: coefficients, tau (its square is tau²), log chances of publication after the first."""
    p = x.shape[1]
    with np.errstate(over="ignore"):
        delta = np.concatenate([[1.0], np.exp(theta[p + 1 :])])
    return _density(theta[:p], theta[p] ** 2, delta, y, v, x, place, limit)


def _density(beta, tau2, delta, y, v, x, place, limit):
    mean = x @ beta
    spread = np.sqrt(v + tau2)
    above = special.ndtr((mean[:, None] - limit) / spread[:, None])
    edges = np.column_stack([np.zeros(y.size), above, np.ones(y.size)])
    published = np.diff(edges, axis=1) @ delta
    normal = -0.5 * np.log(2 * np.pi) - np.log(spread) - 0.5 * ((y - mean) / spread) ** 2
    with np.errstate(divide="ignore"):
        return float((np.log(delta[place]) + normal - np.log(published)).sum())


def _minimise(function, start, optimize):
    rough = optimize.minimize(function, start, method="BFGS", options={"gtol": 1e-6, "maxiter": 500})
    best = rough.x
    for _ in range(3):
        fine = optimize.minimize(
            function, best, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
        )
        moved = np.abs(fine.x - best).max()
        best = fine.x
        if moved < 1e-7:
            return best
    if not np.isfinite(best).all():
        raise PoolingError("the selection model did not settle: use fewer steps.")
    return best


def _covariance(natural, y, v, x, place, limit, at_zero, p):
    free = np.array([not (at_zero and index == p) for index in range(natural.size)])

    def minus_log(part):
        full = natural.copy()
        full[free] = part
        return -_density(full[:p], full[p], np.concatenate([[1.0], full[p + 1 :]]), y, v, x, place, limit)

    hessian = _hessian(minus_log, natural[free])
    out = np.full((natural.size, natural.size), np.nan)
    try:
        out[np.ix_(free, free)] = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        raise PoolingError("the selection model is not identified by these effects: use fewer steps.") from None
    return out


def _hessian(function, at):
    """Central second differences, Richardson-extrapolated once."""
    return (4 * _differences(function, at, 1e-4) - _differences(function, at, 2e-4)) / 3


def _differences(function, at, relative):
    step = relative * np.maximum(np.abs(at), 0.1)
    n = at.size
    out = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            ei, ej = np.eye(n)[i] * step[i], np.eye(n)[j] * step[j]
            total = function(at + ei + ej) - function(at + ei - ej) - function(at - ei + ej) + function(at - ei - ej)
            out[i, j] = out[j, i] = total / (4 * step[i] * step[j])
    return out
