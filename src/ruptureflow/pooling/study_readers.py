"""Cells of a table of studies to effects: one reader a kind of effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ruptureflow.pooling import conversions, effect_sizes
from ruptureflow.pooling.effect_sizes import EffectSize
from ruptureflow.pooling.printed_rows import Readings, read_row
from ruptureflow.pooling.study_doubts import large_effects
from ruptureflow.pooling.study_errors import error_way, filled, interval_doubts, variances, variances_of_intervals
from ruptureflow.pooling.study_table import StudyCells, above_zero, at_least, correlation, counted

GROUP, SAMPLE = counted(2, "group"), counted(4, "sample")


@dataclass(frozen=True)
class RowEffects:
    """Effects of a table's rows.

    Parameters
    ----------
    effect : estimates and variances; NaN where a row allows a range only.
    notes : of each row.
    doubts : of each row, what should be looked at, or ""; empty where no row is doubtful.
    assumed : the effects under other assumptions that the pool allows, by assumption and its value.
    readings : of printed correlations, what each row allows, where every row has a legible z.
    printed : (r, z, n) of those rows.
    """

    effect: EffectSize
    notes: list[str]
    assumed: dict[tuple[str, float], EffectSize] = field(default_factory=dict)
    readings: list[Readings] | None = None
    printed: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    doubts: list[str] = field(default_factory=list)


Reader = Callable[[StudyCells, np.ndarray, float], Callable[[], RowEffects]]
"""Checks the cells of an effect's columns (rows to skip, level of printed intervals), then makes effects of them."""


def _from(make, note, doubts=None):
    """A reader's second half: the effects, once all cells are known to be sound, and what is doubtful about them."""

    def finish():
        effect = make()
        notes = [note if isinstance(note, str) else note(i) for i in range(effect.estimate.size)]
        return RowEffects(effect, notes, doubts=doubts(effect) if doubts else [])

    return finish


def _given(measure, note):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        estimate = filled(cells.number("estimate", skip=skip), skip, 0.0)
        way = error_way(cells)
        variance = variances(cells, skip, level, way)
        name = cells.asked.measure if measure is None else measure
        doubts = (lambda _: interval_doubts(cells, skip, lambda value: value)) if way == "interval" else None
        return _from(lambda: EffectSize(estimate, variance, name), note, doubts)

    return read


def _r(cells: StudyCells, skip: np.ndarray, level: float):
    r = filled(cells.number("r", correlation, skip=skip), skip, 0.0)
    n = filled(cells.number("n", SAMPLE, skip=skip), skip, 9.0)
    return _from(lambda: effect_sizes.fisher_z(r, n), "r as printed, variance 1/(n − 3)")


def _point_biserial(cells: StudyCells, skip: np.ndarray, level: float):
    r = filled(cells.number("r", correlation, skip=skip), skip, 0.0)
    n1, n2 = (filled(cells.number(name, GROUP, skip=skip), skip, 9.0) for name in ("n1", "n2"))
    return _from(lambda: effect_sizes.point_biserial(r, n1, n2, on_z=True), "point-biserial r, variance from n1 and n2")


def _standardised(is_corrected: bool):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        given = filled(cells.number("estimate", skip=skip), skip, 0.0)
        n1, n2 = (filled(cells.number(name, GROUP, skip=skip), skip, 9.0) for name in ("n1", "n2"))
        d = given / effect_sizes.hedges_factor(n1 + n2 - 2) if is_corrected else given
        said = "g as given" if is_corrected else "Hedges' g of d"
        return _from(lambda: effect_sizes.smd_from_d(d, n1, n2), f"{said}, variance from n1 and n2")

    return read


def _means(cells: StudyCells, skip: np.ndarray, level: float):
    rules = {"sd": above_zero("standard deviation"), "n": GROUP}
    names = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
    values = [filled(cells.number(name, rules.get(name[:-1]), skip=skip), skip, 9.0) for name in names]
    return _from(
        lambda: effect_sizes.standardised_mean_difference(*values),
        "Hedges' g of means and SDs",
        _large(cells, "sd1", "sd2"),
    )


def _large(cells: StudyCells, *sds: str):
    headings = " or ".join(cells.asked.heading(name) for name in sds)
    return lambda effect: large_effects(effect.estimate, headings)


def _ratio(cells: StudyCells, skip: np.ndarray, level: float):
    """A printed ratio with its interval, on the logarithm."""
    ratio = filled(cells.number("estimate", above_zero("ratio"), skip=skip), skip, 1.0)
    for name in ("ci_low", "ci_high"):
        cells.number(name, above_zero("ratio"), skip=skip)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = variances_of_intervals(cells, skip, level, np.log)
    measure = cells.asked.measure
    return _from(
        lambda: EffectSize(np.log(ratio), variance, measure),
        "logarithm of the ratio, variance of its interval",
        lambda _: interval_doubts(cells, skip, np.log),
    )


def _independent_t(cells: StudyCells, skip: np.ndarray, level: float):
    values = [filled(cells.number("t", skip=skip), skip, 0.0), *_sizes(cells, skip)]
    return _from(lambda: conversions.d_from_t(*values), "Hedges' g of an independent-groups t")


def _directed(name: str, make, rule, note: str):
    """An F or p of two groups, with the direction that it has lost."""

    def read(cells: StudyCells, skip: np.ndarray, level: float):
        value = filled(cells.number(name, rule, skip=skip), skip, 0.5)
        sizes = _sizes(cells, skip)
        sign = filled(cells.number("direction", _direction, skip=skip), skip, 1.0)
        return _from(lambda: make(value, *sizes, sign=sign), note)

    return read


def _sizes(cells: StudyCells, skip: np.ndarray) -> list[np.ndarray]:
    return [filled(cells.number(name, GROUP, skip=skip), skip, 9.0) for name in ("n1", "n2")]


def _direction(value: float) -> str:
    return "" if value in (-1, 1) else "is no direction; write 1 where the first group's mean is higher, else -1"


def _exact_p(value: float) -> str:
    return "" if 0 < value <= 1 else "is no p between 0 and 1; write the exact p, or leave out the row"


def _enough_df(value: float) -> str:
    return "" if value > 1 else "is too few df for a partial r, which needs more than 1; leave out the row"


def _partial_r(cells: StudyCells, skip: np.ndarray, level: float):
    """r of a slope's t and df, on Fisher's z; where df are not reported, both ends of what they can be."""
    asked = cells.asked
    t = filled(cells.number("t", skip=skip), skip, 0.0)
    has_df = "df" in asked.columns or asked.heading("df") in cells.frame
    df = cells.number("df", _enough_df, asked.df_range is not None, skip) if has_df else np.full(t.size, np.nan)
    if not has_df and asked.df_range is None:
        cells.text(asked.heading("df"))
    df = filled(df, skip, 9.0)

    def at(df: np.ndarray) -> EffectSize:
        return EffectSize(np.arctanh(t / np.sqrt(t**2 + df)), 1 / (df - 1), "fisher_z")

    def finish() -> RowEffects:
        notes = [f"partial r of t and its df, {one:g}" for one in df]
        unknown = np.isnan(df)
        assumed = {}
        if unknown.any():
            ends = [float(end) for end in asked.df_range]
            for end in ends:
                assumed["df not reported", end] = at(np.where(unknown, end, df))
            for i in np.flatnonzero(unknown):
                low, high = sorted(float(np.tanh(one.estimate[i])) for one in assumed.values())
                notes[i] = (
                    f"df not reported: r from {low:.2f} to {high:.2f} over {ends[0]:g} to {ends[1]:g} df "
                    f"({asked.df_source}); enters over that range only, see sensitivity.csv"
                )
        return RowEffects(at(df), notes, assumed)

    return finish


def _correlations(cells: StudyCells, skip: np.ndarray) -> tuple[np.ndarray, str]:
    """Correlations of scores before with scores after, and where they come from."""
    asked = cells.asked
    if "correlation" in asked.columns:
        rho = filled(cells.number("correlation", correlation, skip=skip), skip, 0.0)
    else:
        rho = np.full(len(cells.frame), asked.correlation)
    return rho, asked.correlation_source or f"column {asked.heading('correlation')}"


def _swept(cells: StudyCells, make, rho: np.ndarray, source: str, what: str, doubts):
    """Effects at the correlation of the pool, and at others where it is an assumption."""

    def finish() -> RowEffects:
        others = () if "correlation" in cells.asked.columns else cells.asked.correlations
        assumed = {("pre–post correlation", value): make(np.full(rho.size, value)) for value in others}
        notes = [f"{what}; pre–post correlation {one:g} ({source})" for one in rho]
        effect = make(rho)
        return RowEffects(effect, notes, assumed, doubts=doubts(effect))

    return finish


def _pre_post(cells: StudyCells, skip: np.ndarray, level: float):
    positive = above_zero("standard deviation")
    rules = {"sd_pre": positive, "sd_post": positive, "n": counted(3, "sample")}
    names = ("mean_pre", "sd_pre", "mean_post", "sd_post", "n")
    values = [filled(cells.number(name, rules.get(name), skip=skip), skip, 9.0) for name in names]
    rho, source = _correlations(cells, skip)

    def make(correlation: np.ndarray) -> EffectSize:
        return effect_sizes.pre_post_change(*values, correlation=correlation, correlation_source=source)

    return _swept(cells, make, rho, source, "change over the SD before, post − pre", _large(cells, "sd_pre"))


def _change_difference(cells: StudyCells, skip: np.ndarray, level: float):
    rules = {"sd_pre": above_zero("standard deviation"), "n": counted(3, "group")}
    groups = [
        [
            filled(cells.number(f"{name}{group}", rules.get(name), skip=skip), skip, 9.0)
            for name in ("mean_pre", "sd_pre", "mean_post", "n")
        ]
        for group in (1, 2)
    ]
    rho, source = _correlations(cells, skip)

    def make(correlation: np.ndarray) -> EffectSize:
        return effect_sizes.change_difference(*groups, correlation=correlation, correlation_source=source)

    what = "difference of changes over the pooled SD before (Morris)"
    return _swept(cells, make, rho, source, what, _large(cells, "sd_pre1", "sd_pre2"))


def _counts(make):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        rules = {"events": counted(0, "count"), "n": counted(1, "group")}
        names = ("events1", "n1", "events2", "n2")
        a, n1, c, n2 = (
            filled(cells.number(name, rules[name[:-1]], skip=skip), skip, filling)
            for name, filling in zip(names, (1.0, 2.0, 1.0, 2.0), strict=True)
        )
        for events, size, name in ((a, n1, "events1"), (c, n2, "events2")):
            for i in np.flatnonzero(events > size):
                heading = cells.asked.heading(name)
                cells.problem(
                    i, heading, f"{events[i]:g}", f"is more than its group's {size[i]:g}; correct one of both"
                )
        for i in np.flatnonzero(((a == 0) & (c == 0)) | ((a == n1) & (c == n2))):
            heading = cells.asked.heading("events1")
            what = "both groups have no event, or nothing but events, which says nothing of a ratio; leave out the row"
            cells.problem(i, heading, f"{a[i]:g}", what)
        empty = (a == 0) | (c == 0) | (a == n1) | (c == n2)
        return _from(
            lambda: make(a, n1, c, n2),
            lambda i: "from counts" + ("; 0.5 added to every cell, as one is empty" if empty[i] else ""),
        )

    return read


def _printed(cells: StudyCells, skip: np.ndarray, level: float):
    """r and its z as printed; where z is not legible, the standard error that d has for the groups' sizes."""
    asked = cells.asked
    r = cells.number("r", correlation, skip=skip)
    z = cells.number("z", lambda value: "" if value else "implies no standard error; leave out the row", True, skip)
    ends = {name: cells.text(asked.heading(name)) for name in ("ci_low", "ci_high") if cells.has(name)}
    sizes = [cells.number(name, GROUP, True, skip) for name in ("n1", "n2") if cells.has(name)]
    n = cells.number("n", SAMPLE, True, skip) if cells.has("n") else np.full(len(cells.frame), np.nan)
    for name, texts in ends.items():
        for i, cell in enumerate(texts):
            if cell and not skip[i]:
                cells.value(asked.heading(name), i, cell, correlation)
    derived = np.isnan(z) & ~skip & ~np.isnan(r)
    for i in np.flatnonzero(derived):
        if len(sizes) < 2 or np.isnan(sizes[0][i]) or np.isnan(sizes[1][i]):
            cell = cells.text(asked.heading("z"))[i] if asked.heading("z") in cells.frame else ""
            if not cell:
                fix = "write it, or give both groups' sizes (n1, n2), or leave out the row"
                cells.problem(i, asked.heading("z"), cell, f"is empty; {fix}")

    def finish():
        texts_r, texts_z = (cells.text(asked.heading(name)) for name in ("r", "z"))
        readings = {
            i: read_row(
                texts_r[i].replace(",", "."),
                texts_z[i].replace(",", "."),
                *(ends[name][i].replace(",", ".") if name in ends else "" for name in ("ci_low", "ci_high")),
                level,
            )
            for i in np.flatnonzero(~skip & ~derived)
        }
        middle = np.array([readings[i].middle if i in readings else r[i] for i in range(r.size)])
        estimate = np.arctanh(np.where(skip, 0.0, middle))
        error = np.ones(r.size)
        notes = [""] * r.size
        for i, reading in readings.items():
            error[i] = estimate[i] / np.median(reading.statistic)
            notes[i] = (
                "r in the middle of what its row allows, standard error from z"
                if reading.consistent
                else "as printed: the row's r, interval and z do not agree"
            )
        for i in np.flatnonzero(derived):
            error[i] = conversions.d_to_z(
                conversions.r_to_d(r[i], sizes[0][i], sizes[1][i]).estimate, sizes[0][i], sizes[1][i]
            ).std_error
            notes[i] = "z not legible: the standard error of d for the groups' sizes"
        whole = not skip.any() and not derived.any()
        effect = EffectSize(estimate, error**2, "fisher_z", "standard error from the printed z")
        return RowEffects(
            effect,
            notes,
            readings=list(readings.values()) if whole else None,
            printed=(r, z, n) if whole else None,
        )

    return finish


READERS: dict[str, Reader] = {
    "printed_r": _printed,
    "r": _r,
    "point_biserial": _point_biserial,
    "fisher_z": _given("fisher_z", "Fisher's z and its error as given"),
    "d": _standardised(False),
    "g": _standardised(True),
    "means": _means,
    "t": _independent_t,
    "f": _directed("f", conversions.d_from_f, at_least(0, "F"), "Hedges' g of F and its direction"),
    "p": _directed("p", conversions.d_from_p, _exact_p, "Hedges' g of the exact p and its direction"),
    "partial_r": _partial_r,
    "pre_post": _pre_post,
    "change_difference": _change_difference,
    "odds_ratio": _counts(effect_sizes.odds_ratio),
    "risk_ratio": _counts(effect_sizes.risk_ratio),
    "ratio": _ratio,
    "estimate": _given(None, "estimate and its error as given"),
}
"""Reader of each effect: checks the cells of its columns, and gives what makes effects of them."""
