"""Effect sizes with their sampling variances, from what studies report of their groups.

Every function takes numbers or arrays and returns an `EffectSize`; formulas are metafor's `escalc`
(measure named in each docstring), so that tables computed there and here agree to the last digit.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_level
from ruptureflow.pooling.quantities import arrays, at_least, inside_one, positive

_LARGE = 3.0


@dataclass(frozen=True)
class EffectSize:
    """Effects of one measure: `estimate`, its sampling `variance`, the `measure`, and a `note` on its assumptions."""

    estimate: np.ndarray
    variance: np.ndarray
    measure: str
    note: str = ""

    @property
    def std_error(self):
        return np.sqrt(self.variance)

    def interval(self, level=0.95):
        """Normal interval (low, high)."""
        half = dist.t_quantile(check_level(level), np.inf) * self.std_error
        return self.estimate - half, self.estimate + half


def hedges_factor(df):
    """Exact small-sample factor J(df) = Γ(df/2) / (√(df/2) Γ((df − 1)/2)); about 1 − 3/(4 df − 1)."""
    df = np.asarray(df, dtype=float)
    return np.exp(special.gammaln(df / 2) - 0.5 * np.log(df / 2) - special.gammaln((df - 1) / 2))


def standardised_mean_difference(mean1, sd1, n1, mean2, sd2, n2, correction=True, variance="ls"):
    """Difference of two independent means over their pooled SD: g, or d with ``correction=False``.

    `variance` is "ls" (1/n1 + 1/n2 + g²/(2(n1 + n2)), metafor's SMD), "ls2" (J² times d's variance: CMA,
    Borenstein) or "ub" (unbiased, SMD with vtype UB).
    """
    mean1, sd1, n1, mean2, sd2, n2 = arrays(mean1=mean1, sd1=sd1, n1=n1, mean2=mean2, sd2=sd2, n2=n2)
    positive(sd1=sd1, sd2=sd2)
    at_least(2, n1=n1, n2=n2)
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    return smd_from_d((mean1 - mean2) / pooled, n1, n2, correction, variance)


def smd_from_d(d, n1, n2, correction=True, variance="ls"):
    """Hedges' g (or d itself) and its variance from Cohen's d and the groups' sizes."""
    d, n1, n2 = arrays(d=d, n1=n1, n2=n2)
    at_least(2, n1=n1, n2=n2)
    df = n1 + n2 - 2
    factor = hedges_factor(df) if correction else np.ones_like(d)
    g = factor * d
    base = 1 / n1 + 1 / n2
    if variance == "ls":
        v = base + g**2 / (2 * (n1 + n2))
    elif variance == "ls2":
        v = factor**2 * (base + d**2 / (2 * (n1 + n2)))
    elif variance == "ub":
        v = base + (1 - (df - 2) / (df * factor**2)) * g**2
    else:
        raise PoolingError(f"variance={variance!r} is unknown: use 'ls', 'ls2' or 'ub'.")
    note = "standardised by the pooled SD"
    if np.any(np.abs(g) > _LARGE):
        note += f"; an effect above {_LARGE:g}: is a standard error typed as an SD?"
    return EffectSize(g, v, "g" if correction else "d", note)


def mean_difference(mean1, sd1, n1, mean2, sd2, n2):
    """Raw difference of two independent means (MD)."""
    mean1, sd1, n1, mean2, sd2, n2 = arrays(mean1=mean1, sd1=sd1, n1=n1, mean2=mean2, sd2=sd2, n2=n2)
    positive(sd1=sd1, sd2=sd2, n1=n1, n2=n2)
    return EffectSize(mean1 - mean2, sd1**2 / n1 + sd2**2 / n2, "md", "raw metric")


def pre_post_change(
    mean_pre, sd_pre, mean_post, sd_post, n, correlation=None, correlation_source="", by="pre", correction=True
):
    """Standardised change of one group, post − pre.

    Parameters
    ----------
    correlation : float
        Of pre with post scores. Required: the variance depends on it, and programs that assume a value
        disagree by half. `pre_post_sweep` shows how much.
    correlation_source : str
        Where it comes from (the study, its manual, an assumption); kept in the result's note.
    by : "pre" (SD before; SMCR) or "change" (SD of the differences; SMCC)
    """
    if correlation is None:
        raise PoolingError(
            "correlation of pre and post is not given: state it with correlation= and correlation_source= "
            "(and look at pre_post_sweep)."
        )
    mean_pre, sd_pre, mean_post, sd_post, n, rho = arrays(
        mean_pre=mean_pre, sd_pre=sd_pre, mean_post=mean_post, sd_post=sd_post, n=n, correlation=correlation
    )
    positive(sd_pre=sd_pre, sd_post=sd_post)
    at_least(3, n=n)
    inside_one(correlation=rho)
    factor = hedges_factor(n - 1) if correction else np.ones_like(n)
    note = f"pre–post correlation {_span(rho)}" + (f" ({correlation_source})" if correlation_source else "")
    if by == "pre":
        g = factor * (mean_post - mean_pre) / sd_pre
        return EffectSize(g, 2 * (1 - rho) / n + g**2 / (2 * n), "smcr", f"standardised by the SD before; {note}")
    if by == "change":
        sd_change = np.sqrt(sd_pre**2 + sd_post**2 - 2 * rho * sd_pre * sd_post)
        g = factor * (mean_post - mean_pre) / sd_change
        return EffectSize(g, 1 / n + g**2 / (2 * n), "smcc", f"standardised by the SD of change; {note}")
    raise PoolingError(f"by={by!r} is unknown: use 'pre' or 'change'.")


def pre_post_sweep(mean_pre, sd_pre, mean_post, sd_post, n, correlations=(0.3, 0.5, 0.7, 0.9), by="pre"):
    """The pre–post effect of one group over possible correlations.

    Returns
    -------
    DataFrame
        correlation, estimate, variance, std_error, ci_low, ci_high.
    """
    import pandas as pd

    rho = np.asarray(correlations, dtype=float)
    effect = pre_post_change(mean_pre, sd_pre, mean_post, sd_post, n, rho, by=by)
    low, high = effect.interval()
    estimate = np.broadcast_to(effect.estimate, rho.shape)
    columns = {"correlation": rho, "estimate": estimate, "variance": effect.variance, "std_error": effect.std_error}
    return pd.DataFrame(columns | {"ci_low": low, "ci_high": high})


def change_difference(treated, control, correlation=None, correlation_source=""):
    """Difference of two groups' pre–post changes over their pooled SD before (Morris 2008, d_ppc2).

    Parameters
    ----------
    treated, control : mappings or tuples
        (mean_pre, sd_pre, mean_post, n) of each group.
    correlation : float
        Of pre with post scores, taken as equal in both groups. Required.
    """
    if correlation is None:
        raise PoolingError(
            "correlation of pre and post is not given: state it with correlation= and correlation_source=."
        )
    order = ("mean_pre", "sd_pre", "mean_post", "n")
    t, c = (_four(name, group, order) for name, group in (("treated", treated), ("control", control)))
    pre1, sd1, post1, n1, pre2, sd2, post2, n2, rho = arrays(
        treated_pre=t[0], treated_sd=t[1], treated_post=t[2], treated_n=t[3],
        control_pre=c[0], control_sd=c[1], control_post=c[2], control_n=c[3], correlation=correlation,
    )  # fmt: skip
    positive(treated_sd=sd1, control_sd=sd2)
    at_least(3, treated_n=n1, control_n=n2)
    inside_one(correlation=rho)
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    factor = hedges_factor(df)
    g = factor * ((post1 - pre1) - (post2 - pre2)) / pooled
    base = 2 * (1 - rho) * (n1 + n2) / (n1 * n2)
    v = factor**2 * base * df / (df - 2) * (1 + g**2 / base) - g**2
    note = f"pre–post correlation {_span(rho)}" + (f" ({correlation_source})" if correlation_source else "")
    return EffectSize(g, v, "dppc2", f"standardised by the pooled SD before; {note}")


def _four(what, group, order):
    values = [group[name] for name in order if name in group] if hasattr(group, "keys") else list(group)
    if len(values) != len(order):
        raise PoolingError(f"{what} has {len(values)} of its {len(order)} values: give {', '.join(order)}.")
    return values


def correlation(r, n):
    """Pearson's r with variance (1 − r²)²/(n − 1) (COR). Pool on Fisher's z instead unless n is large."""
    r, n = arrays(r=r, n=n)
    inside_one(r=r)
    at_least(2, n=n)
    return EffectSize(r, (1 - r**2) ** 2 / (n - 1), "r", "bivariate normal")


def fisher_z(r, n):
    """Fisher's z of r with variance 1/(n − 3) (ZCOR)."""
    r, n = arrays(r=r, n=n)
    inside_one(r=r)
    at_least(4, n=n)
    return EffectSize(np.arctanh(r), 1 / (n - 3), "fisher_z", "bivariate normal")


def point_biserial(r, n1, n2, on_z=False):
    """r between a present/absent feature and an outcome: its variance depends on the groups' sizes (RPB).

    1/(n − 3) does not hold for it. `on_z` returns Fisher's z with the delta-method variance.
    """
    r, n1, n2 = arrays(r=r, n1=n1, n2=n2)
    inside_one(r=r)
    at_least(2, n1=n1, n2=n2)
    h = (n1 + n2 - 2) * (1 / n1 + 1 / n2)
    d = r * np.sqrt(h) / np.sqrt(1 - r**2)
    v = h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))
    if on_z:
        return EffectSize(np.arctanh(r), v / (1 - r**2) ** 2, "fisher_z", "point-biserial")
    return EffectSize(r, v, "r", "point-biserial")


def odds_ratio(events1, n1, events2, n2, add=0.5):
    """Log odds ratio of two groups (OR); `add` goes to all cells of tables that have an empty one."""
    a, b, c, d = _cells(events1, n1, events2, n2, add)
    return EffectSize(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d, "log_odds_ratio", "")


def risk_ratio(events1, n1, events2, n2, add=0.5):
    """Log risk ratio of two groups (RR); `add` as in `odds_ratio`."""
    a, b, c, d = _cells(events1, n1, events2, n2, add)
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return EffectSize(np.log(a / (a + b)) - np.log(c / (c + d)), v, "log_risk_ratio", "")


def _cells(events1, n1, events2, n2, add):
    a, n1, c, n2 = arrays(events1=events1, n1=n1, events2=events2, n2=n2)
    positive(n1=n1, n2=n2)
    if np.any(a < 0) or np.any(c < 0) or np.any(a > n1) or np.any(c > n2):
        raise PoolingError("events lie outside 0 … n in some group: check events1/n1 and events2/n2.")
    b, d = n1 - a, n2 - c
    if np.any(((a == 0) & (c == 0)) | ((b == 0) & (d == 0))):
        raise PoolingError("both groups have no event, or nothing but events: such a table holds no information.")
    empty = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    return tuple(cell + np.where(empty, add, 0.0) for cell in (a, b, c, d))


def _span(values):
    low, high = np.min(values), np.max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
