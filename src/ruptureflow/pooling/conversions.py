"""Effects from test statistics, and conversions between d, r, Fisher's z and log odds ratios.

Variances travel with the effect by the exact derivative of the conversion; a conversion there and
back returns the effect and the variance it began with.
"""

import numpy as np
from scipy import special

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.effect_sizes import EffectSize, smd_from_d
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_level
from ruptureflow.pooling.quantities import arrays, at_least, floats, inside_one, positive, together


def r_to_z(r, variance=None, n=None):
    """Fisher's z of r.

    Give the `variance` of r (then z's is variance/(1 − r²)²), or `n` (then 1/(n − 3)); with neither the
    variance is NaN.
    """
    r, given = _with_variance(r, variance)
    inside_one(r=r)
    if n is not None:
        r, n = arrays(r=r, n=n)
        at_least(4, n=n)
        given = 1 / (n - 3)
    else:
        given = given / (1 - r**2) ** 2
    return EffectSize(np.arctanh(r), given, "fisher_z")


def z_to_r(z, variance=None):
    """r of Fisher's z; variance times (1 − r²)²."""
    z, given = _with_variance(z, variance)
    r = np.tanh(z)
    return EffectSize(r, given * (1 - r**2) ** 2, "r")


def d_to_r(d, n1=None, n2=None, variance=None):
    """r of d: d/√(d² + a) with a = (n1 + n2)²/(n1 n2), 4 without group sizes.

    Without `variance`, d's is (n1 + n2)/(n1 n2) + d²/(2(n1 + n2)); r's is a² V/(d² + a)³.
    """
    a = _ratio(n1, n2)
    if variance is None and n1 is not None:
        variance = smd_from_d(d, n1, n2, correction=False).variance
    d, given = _with_variance(d, variance)
    return EffectSize(d / np.sqrt(d**2 + a), a**2 * given / (d**2 + a) ** 3, "r", "from d")


def r_to_d(r, n1=None, n2=None, variance=None):
    """d of r: r√a/√(1 − r²), a as in `d_to_r`; variance a V/(1 − r²)³.

    With group sizes and no `variance`, d's own formula is used (the variance of a point-biserial r).
    """
    a = _ratio(n1, n2)
    r, given = _with_variance(r, variance)
    inside_one(r=r)
    d = r * np.sqrt(a) / np.sqrt(1 - r**2)
    if variance is None and n1 is not None:
        given = smd_from_d(d, n1, n2, correction=False).variance
    else:
        given = a * given / (1 - r**2) ** 3
    return EffectSize(d, given, "d", "from r")


def d_to_z(d, n1=None, n2=None, variance=None):
    """Fisher's z of the r of d, as the 2011 meta-analysis computed its rows."""
    r = d_to_r(d, n1, n2, variance)
    return r_to_z(r.estimate, r.variance)


def z_to_d(z, variance=None, n1=None, n2=None):
    """d of the r of Fisher's z: √a sinh z, a as in `d_to_r`; variance a cosh²z V."""
    z, given = _with_variance(z, variance)
    a = _ratio(n1, n2)
    return EffectSize(np.sqrt(a) * np.sinh(z), a * np.cosh(z) ** 2 * given, "d", "from Fisher's z")


def d_to_log_odds(d, variance):
    """Log odds ratio of d: d π/√3 (logistic outcomes); variance times π²/3."""
    d, given = _with_variance(d, variance)
    return EffectSize(d * np.pi / np.sqrt(3), given * np.pi**2 / 3, "log_odds_ratio", "from d")


def log_odds_to_d(log_odds, variance):
    """d of a log odds ratio: times √3/π; variance times 3/π²."""
    log_odds, given = _with_variance(log_odds, variance)
    return EffectSize(log_odds * np.sqrt(3) / np.pi, given * 3 / np.pi**2, "d", "from log odds ratio")


def d_from_t(t, n1, n2, correction=True, variance="ls"):
    """d or g of an independent-groups t."""
    t, n1, n2 = arrays(t=t, n1=n1, n2=n2)
    return smd_from_d(t * np.sqrt(1 / n1 + 1 / n2), n1, n2, correction, variance)


def d_from_f(f, n1, n2, sign=1, correction=True, variance="ls"):
    """d or g of an F with one numerator df; `sign` (±1) gives the direction that F has lost."""
    f, sign = arrays(F=f, sign=sign)
    if np.any(f < 0) or np.any(np.abs(sign) != 1):
        raise PoolingError("F must be at least 0 and sign +1 or −1: check both.")
    return d_from_t(sign * np.sqrt(f), n1, n2, correction, variance)


def d_from_p(p, n1, n2, sign=1, tails=2, correction=True, variance="ls"):
    """d or g of the exact p of an independent-groups t test."""
    p, n1, n2, sign = arrays(p=p, n1=n1, n2=n2, sign=sign)
    if np.any((p <= 0) | (p > 1)) or tails not in (1, 2):
        raise PoolingError("p must lie above 0 and up to 1, tails be 1 or 2: give the exact p, not a bound.")
    return d_from_t(-sign * special.stdtrit(n1 + n2 - 2, p / tails), n1, n2, correction, variance)


def r_from_t(t, df):
    """(Partial) r of a t with its df: t/√(t² + df); variance (1 − r²)²/df (PCOR)."""
    t, df = arrays(t=t, df=df)
    positive(df=df)
    r = t / np.sqrt(t**2 + df)
    return EffectSize(r, (1 - r**2) ** 2 / df, "r", "from t and its df")


def effect_from_interval(low, high, level=0.95, df=np.inf, transform=None):
    """Estimate and variance behind a printed interval that is symmetric on its own scale.

    `transform` is None, "r" (limits of a correlation: returns Fisher's z) or "ratio" (limits of an odds
    or risk ratio: returns its log).
    """
    low, high = arrays(low=low, high=high)
    level = check_level(level)
    positive(df=np.asarray(df, dtype=float))
    if np.any(low >= high):
        raise PoolingError("low is not below high in some interval: swap or correct them.")
    if transform == "r":
        inside_one(low=low, high=high)
        low, high = np.arctanh(low), np.arctanh(high)
    elif transform == "ratio":
        positive(low=low)
        low, high = np.log(low), np.log(high)
    elif transform is not None:
        raise PoolingError(f"transform={transform!r} is unknown: use None, 'r' or 'ratio'.")
    half = (high - low) / 2 / dist.t_quantile(level, df)
    measure = {"r": "fisher_z", "ratio": "log_ratio", None: "as printed"}[transform]
    return EffectSize((low + high) / 2, half**2, measure, "from the interval")


def z_from_printed_r(r, statistic):
    """Fisher's z of a printed r with the standard error that its printed z statistic implies."""
    r, statistic = arrays(r=r, statistic=statistic)
    inside_one(r=r)
    if np.any(statistic == 0):
        raise PoolingError("a z statistic of 0 implies no standard error: give the interval instead.")
    z = np.arctanh(r)
    return EffectSize(z, (z / statistic) ** 2, "fisher_z", "standard error from the printed z")


def _with_variance(effect, variance):
    effect = floats("effect", effect)
    if variance is None:
        return effect, np.full(effect.shape, np.nan)
    effect, given = together(effect=effect, variance=floats("variance", variance))
    if np.any(given <= 0):
        raise PoolingError(f"variance is {np.min(given):g}: it must be above zero.")
    return effect, given


def _ratio(n1, n2):
    if (n1 is None) != (n2 is None):
        raise PoolingError("only one group's size is given: give n1 and n2, or neither.")
    if n1 is None:
        return 4.0
    n1, n2 = arrays(n1=n1, n2=n2)
    positive(n1=n1, n2=n2)
    return (n1 + n2) ** 2 / (n1 * n2)
