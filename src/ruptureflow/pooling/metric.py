"""The metric on which waves are pooled: a standardised slope, a partial r, or raw slopes that agree."""

from dataclasses import dataclass, fields

import numpy as np

from ruptureflow.pooling.effect_sizes import EffectSize
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.quantities import arrays, positive

METRICS = ("standardised", "partial-r", "raw")


@dataclass(frozen=True)
class MeasureIdentity:
    """What has to agree before raw slopes of two waves mean the same."""

    instrument: str
    range: str
    analyte: str
    matrix: str
    unit: str
    assay: str


def standardised_slope(slope, std_error, sd_x, sd_y, df_x=None, df_y=None) -> EffectSize:
    """Within-patient standardised slope b·SD_w(x)/SD_w(y) with delta-method variance.

    Parameters
    ----------
    slope, std_error : of the within-patient predictor
    sd_x, sd_y : within-patient SDs (roots of the pooled within-patient variances)
    df_x, df_y : within-patient degrees of freedom of the two SDs (sessions − patients)

    Returns
    -------
    EffectSize
        measure ``standardised_within``.

    Raises
    ------
    PoolingError
        On a non-positive SD or standard error; with df, also if |b·SD_x/SD_y| reaches 1, which one
        predictor's share of the within-patient variance can't.

    Notes
    -----
    With df, the SDs are estimates from the same sessions as b. Writing SD_y² = b²SD_x² + R² and taking
    b, SD_x and R as independent, the delta method gives
    (1 − β²)² [ (SE·SD_x/SD_y)² + β²/(2 df_x) + β²/(2 df_y) ],
    which for one predictor is the textbook (1 − r²)²/n; treating the SDs as independent of b would
    give 1/n. Without df the SDs are constants, and the variance is (SE·SD_x/SD_y)².
    """
    slope, std_error, sd_x, sd_y = arrays(slope=slope, std_error=std_error, sd_x=sd_x, sd_y=sd_y)
    positive(std_error=std_error, sd_x=sd_x, sd_y=sd_y)
    if (df_x is None) != (df_y is None):
        raise PoolingError("only one of df_x and df_y is given: give both, or neither for SDs taken as known.")
    beta = slope * sd_x / sd_y
    scaled = (std_error * sd_x / sd_y) ** 2
    if df_x is None:
        return EffectSize(beta, scaled, "standardised_within", "within-patient SDs taken as known")
    df_x, df_y = arrays(df_x=df_x, df_y=df_y)
    positive(df_x=df_x, df_y=df_y)
    if np.any(np.abs(beta) >= 1):
        worst = np.ravel(beta)[np.argmax(np.abs(np.ravel(beta)))]
        raise PoolingError(
            f"the standardised slope is {worst:.3g}: within patients, b·SD(x) can't exceed SD(y); "
            "check that both SDs are within-patient ones in the units of the slope."
        )
    spread = scaled + beta**2 * (1 / (2 * df_x) + 1 / (2 * df_y))
    return EffectSize(beta, (1 - beta**2) ** 2 * spread, "standardised_within", "delta-method variance")


def standardised_slope_from_draws(slope, sd_x, sd_y, slope_draws, sd_x_draws=None, sd_y_draws=None) -> EffectSize:
    """The same with the variance over bootstrap draws (of the slope, and of the SDs if they are drawn too)."""
    draws = np.asarray(slope_draws, dtype=float)
    if draws.ndim != 1 or draws.size < 100 or not np.isfinite(draws).all():
        raise PoolingError(f"slope_draws has shape {draws.shape}: give at least 100 finite draws.")
    top = sd_x if sd_x_draws is None else np.asarray(sd_x_draws, dtype=float)
    bottom = sd_y if sd_y_draws is None else np.asarray(sd_y_draws, dtype=float)
    positive(sd_x=np.asarray(sd_x), sd_y=np.asarray(sd_y), draws_sd_x=np.asarray(top), draws_sd_y=np.asarray(bottom))
    variance = np.var(draws * top / bottom, ddof=1)
    estimate = np.asarray(slope * sd_x / sd_y)
    return EffectSize(estimate, np.asarray(variance), "standardised_within", f"variance over {draws.size} draws")


def partial_r(statistic, df, on_z=False) -> EffectSize:
    """Partial correlation t/√(t² + df) of a slope; on Fisher's z the variance is 1/(df − 1).

    Raises
    ------
    PoolingError
        If the df is missing or infinite: use `partial_r_range` over the df that are possible.
    """
    statistic, df = _check_df(statistic, df)
    r = statistic / np.sqrt(statistic**2 + df)
    if on_z:
        return EffectSize(np.arctanh(r), 1 / (df - 1), "fisher_z", "partial r")
    return EffectSize(r, (1 - r**2) ** 2 / df, "partial_r", "partial r")


def partial_r_range(statistic, df_low, df_high):
    """Partial r of a published slope whose df are not known, over the df that are possible.

    Returns
    -------
    DataFrame
        df, estimate, variance, at both ends of the range.
    """
    import pandas as pd

    if not 1 < df_low <= df_high:
        raise PoolingError(f"df from {df_low:g} to {df_high:g}: give a rising range above 1.")
    ends = np.array([df_low, df_high], dtype=float)
    effect = partial_r(np.full(2, float(statistic)), ends)
    return pd.DataFrame({"df": ends, "estimate": effect.estimate, "variance": effect.variance})


def check_raw_metric(waves):
    """Raw slopes may be pooled only if every wave measured the same thing in the same way.

    Parameters
    ----------
    waves : mapping of wave id to `MeasureIdentity` (or a mapping with its fields)

    Raises
    ------
    PoolingError
        Naming the first difference (all differences after it in brackets).
    """
    identities = {
        wave: one if isinstance(one, MeasureIdentity) else _identity(wave, one) for wave, one in waves.items()
    }
    names = list(identities)
    gaps = []
    for field in fields(MeasureIdentity):
        first = getattr(identities[names[0]], field.name) if names else ""
        for wave in names[1:]:
            value = getattr(identities[wave], field.name)
            if value != first:
                gaps.append(f"{field.name} is {first!r} in {names[0]} but {value!r} in {wave}")
                break
    if gaps:
        more = f" (also: {'; '.join(gaps[1:])})" if len(gaps) > 1 else ""
        raise PoolingError(f"raw slopes can't be pooled: {gaps[0]}{more}; use the metric 'standardised_within'.")


def _identity(wave, given):
    names = {field.name for field in fields(MeasureIdentity)}
    missing = sorted(names - set(given))
    if missing:
        raise PoolingError(f"wave {wave!r} does not declare {', '.join(missing)}: raw slopes need all of them.")
    return MeasureIdentity(**{name: str(given[name]) for name in names})


def _check_df(statistic, df):
    raw = np.asarray(df, dtype=float)
    if not np.isfinite(raw).all() or np.any(raw <= 1):
        raise PoolingError(
            "df of the slope is missing, infinite or not above 1: a partial r needs it; "
            "give it, or use partial_r_range over the df that are possible."
        )
    return arrays(statistic=statistic, df=raw)
