"""One check a kind of claim: what the numbers printed beside a number allow it to be.

Intervals of printed numbers are carried through the formula; a claim is consistent where the result meets what the
claimed number stands for. Sources: statcheck's rules for p values (Nuijten et al., 2016); GRIM (Brown & Heathers,
2017).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ruptureflow.audit.probabilities import df_range, n_range, p_of_q, p_of_r, p_of_t, p_range
from ruptureflow.audit.rounding import Convention, Interval, allowed, over_corners

NORMAL_975 = 1.959963984540054
NAN = float("nan")


@dataclass(frozen=True)
class Claim:
    """One row of the claims file, its cells as printed."""

    claim: str
    source: str
    quantity: str
    kind: str
    number: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """A cell as printed."""
        return self.cells.get(column, "").strip()

    def interval(self, column: str, convention: Convention) -> Interval:
        """What a printed cell stands for.

        Raises
        ------
        ValueError
            naming the column and the value.
        """
        try:
            return allowed(self.text(column), convention)
        except ValueError:
            raise ValueError(f"column {column!r}: {self.text(column)!r} is not a number") from None

    @property
    def published(self) -> str:
        """The claim as a reader finds it."""
        p = f"p {self.text('p_comparison')} {self.text('p')}" if self.text("p") else ""
        df = f"({self.text('df')})" if self.text("df") else ""
        statistic = f"{self.text('statistic')}{df} = {self.text('statistic_value')}" if self.text("statistic") else ""
        effect = f"{self.text('effect')} = {self.text('effect_value')}" if self.text("effect") else ""
        interval = f"[{self.text('ci_low')}, {self.text('ci_high')}]" if self.text("ci_low") else ""
        slope = f"{self.text('estimate')} / {self.text('std_error')}" if self.text("std_error") else ""
        mean = f"mean {self.text('estimate')}, SD {self.text('sd')}" if self.text("sd") else ""
        parts = (self.text("value"), slope, mean, effect, interval, statistic, p)
        return ", ".join(part for part in parts if part) or "no number"


@dataclass(frozen=True)
class Finding:
    """What a check found: the range of the recomputed quantity, the verdict, its condition, how it was done."""

    low: float
    high: float
    verdict: str
    how: str
    condition: str = ""


def _verdict(agrees: bool) -> str:
    return "consistent" if agrees else "inconsistent"


def _accepts_p(claim: Claim, convention: Convention) -> Callable[[Interval], bool]:
    """Whether a range of p agrees with the printed p: it meets it, or (for `<`) has a value below the bound."""
    if claim.text("p_comparison") == "<":
        bound = float(claim.text("p"))
        return lambda found: found.low < bound
    printed = claim.interval("p", convention)
    return lambda found: found.meets(printed)


def check_t_p(claim: Claim, convention: Convention) -> Finding:
    """p of a t statistic, or where the df are not printed, the df that the printed p needs."""
    t = claim.interval("statistic_value", convention)
    how = f"t {claim.text('statistic_value')}"
    if claim.text("std_error"):
        slope, error = claim.interval("estimate", convention), claim.interval("std_error", convention)
        by_slope = over_corners(lambda b, se: b / se, slope, error)
        both = t.magnitude.within(by_slope.magnitude)
        if both is None:
            return Finding(by_slope.low, by_slope.high, "inconsistent", "slope ÷ SE does not meet the printed t")
        t, how = both, f"{how}, slope ÷ SE {claim.text('estimate')}/{claim.text('std_error')}"
    if claim.text("df"):
        found = p_range(t, float(claim.text("df")))
        verdict = _verdict(_accepts_p(claim, convention)(found))
        return Finding(found.low, found.high, verdict, f"p of {how} on {claim.text('df')} df")
    printed = claim.interval("p", convention)
    df = df_range(t, printed)
    if df is None:
        found = Interval(p_of_t(t.magnitude.high, np.inf), p_of_t(t.magnitude.low, 1))
        return Finding(found.low, found.high, "inconsistent", f"p of {how} over all df from 1: no df gives the p")
    how = f"df (not printed) under which {how} has the printed p"
    if df.low <= 1 and math.isinf(df.high):
        return Finding(df.low, df.high, "consistent", how)
    return Finding(df.low, df.high, "conditional", how, f"df {_df_text(df)}")


def _df_text(df: Interval) -> str:
    if math.isinf(df.high):
        return f"at least {df.low:.2f}"
    first, last = math.ceil(df.low - 1e-9), math.floor(df.high + 1e-9)
    whole = "no whole number" if first > last else f"whole: {first}" + (f" to {last}" if last > first else "")
    return f"from {df.low:.2f} to {df.high:.2f} ({whole})"


def check_slope_se_t(claim: Claim, convention: Convention) -> Finding:
    """t as slope over standard error."""
    slope, error = claim.interval("estimate", convention), claim.interval("std_error", convention)
    found = over_corners(lambda b, se: b / se, slope, error)
    agrees = found.meets(claim.interval("statistic_value", convention))
    return Finding(found.low, found.high, _verdict(agrees), "t = slope ÷ SE")


def check_mean_sd_t(claim: Claim, convention: Convention) -> Finding:
    """The standard error that mean and t imply, against the SD over patients' number."""
    mean, t = claim.interval("estimate", convention), claim.interval("statistic_value", convention)
    sd, n = claim.interval("sd", convention), float(claim.text("n"))
    error = over_corners(lambda m, value: m / value, mean, t)
    plain = over_corners(lambda value: value / math.sqrt(n), sd)
    effective = over_corners(lambda s, e: (s / e) ** 2, sd, error)
    how = f"SE = mean ÷ t; SD/√{n:.0f} = {plain.low:.3f} to {plain.high:.3f}"
    if error.meets(plain):
        return Finding(error.low, error.high, "consistent", how)
    if error.low > plain.high:
        return Finding(error.low, error.high, "inconsistent", f"{how}: the SE is larger than any clustering allows")
    condition = (
        f"the SD is over sessions, which count as {effective.low:.1f} to {effective.high:.1f} independent ones "
        f"from {n:.0f} patients"
    )
    return Finding(error.low, error.high, "conditional", how, condition)


def check_z_p(claim: Claim, convention: Convention) -> Finding:
    """p of a z statistic."""
    found = p_range(claim.interval("statistic_value", convention), np.inf)
    return Finding(found.low, found.high, _verdict(_accepts_p(claim, convention)(found)), "two-sided p of z")


def check_q_p(claim: Claim, convention: Convention) -> Finding:
    """p of Cochran's Q."""
    df = float(claim.text("df"))
    found = over_corners(lambda q: p_of_q(q, df), claim.interval("statistic_value", convention))
    verdict = _verdict(_accepts_p(claim, convention)(found))
    return Finding(found.low, found.high, verdict, f"upper tail of chi-squared on {df:.0f} df")


def _z_from_interval(claim: Claim, convention: Convention) -> Interval:
    def z(r: float, low: float, high: float) -> float:
        return math.atanh(r) * 2 * NORMAL_975 / (math.atanh(high) - math.atanh(low))

    columns = ("effect_value", "ci_low", "ci_high")
    return over_corners(z, *(claim.interval(column, convention) for column in columns))


def check_r_ci_p(claim: Claim, convention: Convention) -> Finding:
    """p of a correlation from its 95 % interval on Fisher's z."""
    found = p_range(_z_from_interval(claim, convention), np.inf)
    verdict = _verdict(_accepts_p(claim, convention)(found))
    return Finding(found.low, found.high, verdict, "p of z = atanh(r) ÷ SE, SE from the 95 % interval on Fisher's z")


def check_r_ci_z(claim: Claim, convention: Convention) -> Finding:
    """z of a correlation from its 95 % interval on Fisher's z."""
    found = _z_from_interval(claim, convention)
    agrees = found.meets(claim.interval("statistic_value", convention))
    return Finding(
        found.low, found.high, _verdict(agrees), "z = atanh(r) ÷ SE, SE from the 95 % interval on Fisher's z"
    )


def check_r_d(claim: Claim, convention: Convention) -> Finding:
    """d of a correlation, groups of one size."""
    found = over_corners(lambda r: 2 * r / math.sqrt(1 - r * r), claim.interval("effect_value", convention))
    return Finding(
        found.low, found.high, _verdict(found.meets(claim.interval("value", convention))), "d = 2r ÷ √(1 − r²)"
    )


def check_r_p(claim: Claim, convention: Convention) -> Finding:
    """p of a correlation of n cases, or the n that the printed p needs."""
    r, n = claim.interval("effect_value", convention), float(claim.text("n"))
    accepts = _accepts_p(claim, convention)
    found = over_corners(lambda value: p_of_r(value, n), r.magnitude)
    if accepts(found):
        return Finding(found.low, found.high, "consistent", f"p of r with n = {n:.0f}, t on n − 2 df")
    sizes = n_range(r, accepts)
    if sizes is None:
        return Finding(found.low, found.high, "inconsistent", f"p of r with n = {n:.0f}, t on n − 2 df; no n gives it")
    return Finding(
        *map(float, sizes),
        "conditional",
        f"n that the printed r and p need, t on n − 2 df ({n:.0f} gives p {found})",
        f"n from {sizes[0]} to {sizes[1]}, not {n:.0f}",
    )


def check_grim(claim: Claim, convention: Convention) -> Finding:
    """Mean of n whole numbers: some total must give it (GRIM)."""
    printed, n = claim.interval("value", convention), float(claim.text("n"))
    below, above = math.floor(printed.high * n + 1e-9) / n, math.ceil(printed.low * n - 1e-9) / n
    agrees = below >= printed.low
    low, high = (above, below) if agrees else (below, above)
    return Finding(low, high, _verdict(agrees), f"nearest means of {n:.0f} whole numbers (GRIM)")


def check_percent(claim: Claim, convention: Convention) -> Finding:
    """Share of n: some count must give it."""
    printed, n = claim.interval("value", convention), float(claim.text("n"))
    first, last = math.ceil(printed.low * n / 100 - 1e-9), math.floor(printed.high * n / 100 + 1e-9)
    return Finding(float(first), float(last), _verdict(first <= last), f"counts of {n:.0f} that give the percentage")


def check_count(claim: Claim, convention: Convention) -> Finding:
    """Number of samples that come in pairs."""
    samples, n = float(claim.text("value")), float(claim.text("n"))
    pairs = samples / 2
    how = f"pairs = samples ÷ 2; {pairs / n:.2f} a patient"
    return Finding(pairs, pairs, _verdict(pairs == int(pairs)), how)


def check_sum(claim: Claim, convention: Convention) -> Finding:
    """Printed total against its printed addends, which the column `recomputed` names."""
    terms = re.match(r"\s*(\d+(?:\s*[+-]\s*\d+)+)\s*=", claim.text("recomputed"))
    if terms is None:
        raise ValueError(f"column 'recomputed': {claim.text('recomputed')!r} names no addends such as 79 + 44 =")
    total = float(sum(int(re.sub(r"\s", "", term)) for term in re.findall(r"[+-]?\s*\d+", terms[1])))
    return Finding(total, total, _verdict(total == float(claim.text("value"))), terms[1])


def check_conflict(claim: Claim, convention: Convention) -> Finding:
    """Two printed figures for one thing."""
    agrees = claim.text("value") == claim.text("recomputed")
    return Finding(NAN, NAN, _verdict(agrees), f"{claim.text('value')} here, {claim.text('recomputed')}")


def no_check(claim: Claim, convention: Convention) -> Finding:
    """A claim without numbers."""
    return Finding(NAN, NAN, "not checkable", "no number that arithmetic can check")


def check_joint_df(claim: Claim, claims: list[Claim], convention: Convention) -> Finding:
    """The df that the source's t and p values without printed df imply, put together."""
    parts, common = [], Interval(1.0, math.inf)
    for other in claims:
        if other.kind != "t_p" or other.source != claim.source or other.text("df"):
            continue
        found = check_t_p(other, convention)
        if found.verdict == "conditional":
            parts.append(f"{other.quantity}: df {_df_text(Interval(found.low, found.high))}")
            common = common and common.within(Interval(found.low, found.high))
    how = "; ".join(parts) or "no t without printed df"
    if common is None:
        return Finding(
            NAN, NAN, "not checkable", f"{how}. No df is common to all: it depends on the df method, not printed"
        )
    return Finding(common.low, common.high, "not checkable", f"{how}. The df method is not printed")


CHECKS: dict[str, Callable[[Claim, Convention], Finding]] = {
    "t_p": check_t_p,
    "slope_se_t": check_slope_se_t,
    "mean_sd_t": check_mean_sd_t,
    "z_p": check_z_p,
    "q_p": check_q_p,
    "r_ci_p": check_r_ci_p,
    "r_ci_z": check_r_ci_z,
    "r_d": check_r_d,
    "r_p": check_r_p,
    "grim": check_grim,
    "percent": check_percent,
    "count": check_count,
    "sum": check_sum,
    "source_conflict": check_conflict,
    "not_auditable": no_check,
}
