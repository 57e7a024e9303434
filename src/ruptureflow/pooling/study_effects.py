"""A declared table of studies to effects: one a row, then one a study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.pooling import conversions, effect_sizes
from ruptureflow.pooling.combining import combine_effects
from ruptureflow.pooling.effect_sizes import EffectSize
from ruptureflow.pooling.printed_rows import Readings, read_row
from ruptureflow.pooling.study_table import StudyCells, above_zero, at_least, correlation

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.studies import PublishedPool

SHOWN = {"fisher_z": "r", "log_odds_ratio": "ratio", "log_risk_ratio": "ratio"}
GROUP, SAMPLE = at_least(2, "group"), at_least(4, "sample")


@dataclass(frozen=True)
class StudyEffects:
    """Effects of the studies of a table, in its order.

    Parameters
    ----------
    label, year, n, note : of each study; year None and n NaN where the table does not say.
    effect : estimates and variances.
    shown : scale they are shown on: as is, r or ratio.
    left_out : studies without an effect.
    subgroup : of each study, or None.
    moderators : values of each study by heading: numbers or levels.
    readings : of printed correlations, what each row allows, where every study is one row.
    printed : (r, z, n) of those rows.
    """

    label: list[str]
    year: list[int | None]
    n: np.ndarray
    note: list[str]
    effect: EffectSize
    shown: str
    left_out: list[str]
    subgroup: list[str] | None
    moderators: dict[str, list]
    readings: list[Readings] | None = None
    printed: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None


def study_effects(asked: PublishedPool, frame: pd.DataFrame, level: float = 0.95) -> StudyEffects:
    """Read a table of studies as its pool declares it.

    Parameters
    ----------
    asked : what the columns hold.
    frame : the table's cells as text.
    level : level of printed intervals.

    Raises
    ------
    PoolingError
        with every problem of the table, one a line: file, row, column, value and the fix.
    """
    cells = StudyCells(asked, frame)
    label = cells.text(asked.heading("label"))
    blank = _blank_rows(cells)
    _check_labels(cells, label)
    years = cells.number("year", blank=True) if cells.has("year") else np.full(len(frame), np.nan)
    groups = cells.text(asked.subgroups) if asked.subgroups else None
    for i, group in enumerate(groups or []):
        if not group and not blank[i] and asked.subgroups in frame:
            cells.problem(i, asked.subgroups, group, "names no subgroup; name it, or leave out the row")
    moderators = {heading: _moderator(cells, heading, kind, blank) for heading, kind in asked.moderators.items()}
    read = _READERS[asked.effect](cells, blank, level)
    patients = _patients(cells, asked, label)
    if not len(frame) or blank.all():
        cells.problems.append(f"{asked.file}: no row holds an effect; add studies, or take the pool out of the plan")
    cells.stop()
    effect, notes, readings, printed = read()
    used = ~blank
    found = StudyEffects(
        label=_kept(label, used),
        year=[int(year) if np.isfinite(year) else None for year in years[used]],
        n=patients[used],
        note=_kept(notes, used),
        effect=replace(effect, estimate=effect.estimate[used], variance=effect.variance[used]),
        shown=asked.shown if asked.effect == "estimate" else SHOWN.get(effect.measure, "as is"),
        left_out=[one for one in dict.fromkeys(label) if one not in set(_kept(label, used))],
        subgroup=_kept(groups, used) if groups else None,
        moderators={heading: _kept(values, used) for heading, values in moderators.items()},
        readings=readings,
        printed=printed,
    )
    return found if len(set(found.label)) == len(found.label) else _one_a_study(found, asked)


def _kept(values, used):
    return [value for value, keep in zip(values, used, strict=True) if keep]


def _blank_rows(cells: StudyCells) -> np.ndarray:
    """Rows whose first effect column is empty, where the pool leaves them out."""
    from ruptureflow.config.studies import NEEDED

    heading = cells.asked.heading(NEEDED[cells.asked.effect][0])
    if cells.asked.blank_rows == "refuse" or heading not in cells.frame:
        return np.zeros(len(cells.frame), dtype=bool)
    return np.array([not cell for cell in cells.text(heading)], dtype=bool)


def _check_labels(cells: StudyCells, label: list[str]) -> None:
    heading, first = cells.asked.heading("label"), {}
    for i, name in enumerate(label):
        if not name and heading in cells.frame:
            cells.problem(i, heading, name, "names no study; name it")
        elif name in first and cells.asked.several_rows == "refuse":
            cells.problem(
                i,
                heading,
                name,
                f"stands in row {first[name]} already; rename one, or say in the pool what the rows are: "
                "several_rows: independent or correlated",
            )
        first.setdefault(name, int(cells.frame.index[i]) + 2)


def _moderator(cells: StudyCells, heading: str, kind: str, blank: np.ndarray) -> list:
    values: list = []
    for i, cell in enumerate(cells.text(heading)):
        if blank[i] or heading not in cells.frame:
            values.append(np.nan)
        elif kind == "number":
            values.append(cells.value(heading, i, cell))
        else:
            if not cell:
                cells.problem(i, heading, cell, "is empty; name the moderator's level, or leave out the row")
            values.append(cell)
    return values


def _patients(cells: StudyCells, asked: PublishedPool, label: list[str]) -> np.ndarray:
    """Patients of each row's study: n, else both groups, over all rows of the study."""
    columns = [name for name in ("n", "n1", "n2") if asked.heading(name) in cells.frame]
    columns = columns[:1] if columns and columns[0] == "n" else columns
    if not columns:
        return np.full(len(label), np.nan)
    counted = np.column_stack([_numbers_or_missing(cells, asked.heading(name)) for name in columns])
    rows = np.where(np.isnan(counted).all(axis=1), np.nan, np.nansum(counted, axis=1))
    totals = {name: np.nansum(rows[[one == name for one in label]]) for name in set(label)}
    return np.array([totals[name] or np.nan for name in label])


def _numbers_or_missing(cells: StudyCells, heading: str) -> np.ndarray:
    return np.array([cells.value(heading, i, cell) if cell else np.nan for i, cell in enumerate(cells.text(heading))])


def _one_a_study(found: StudyEffects, asked: PublishedPool) -> StudyEffects:
    how = asked.several_rows
    together = combine_effects(
        found.effect.estimate, found.effect.variance, found.label, how, correlation=asked.rows_correlation
    )
    first = [found.label.index(name) for name in together["study"]]
    said = f"mean of its rows, taken as {how}" + (f" at {asked.rows_correlation:g}" if how == "correlated" else "")
    counts = list(together["n_effects"])
    effect = replace(found.effect, estimate=together["estimate"].to_numpy(), variance=together["variance"].to_numpy())
    return replace(
        found,
        label=list(together["study"]),
        year=[found.year[i] for i in first],
        n=found.n[first],
        note=[
            f"{found.note[i]}; {said}" if count > 1 else found.note[i] for i, count in zip(first, counts, strict=True)
        ],
        effect=effect,
        subgroup=[found.subgroup[i] for i in first] if found.subgroup else None,
        moderators={heading: [values[i] for i in first] for heading, values in found.moderators.items()},
        readings=None,
        printed=None,
    )


def _from(make, note):
    """A reader's second half: the effects, once all cells are known to be sound."""

    def finish():
        effect = make()
        notes = [note if isinstance(note, str) else note(i) for i in range(effect.estimate.size)]
        return effect, notes, None, None

    return finish


def _filled(values: np.ndarray, skip: np.ndarray, filling: float) -> np.ndarray:
    """Left-out rows carry a harmless number through the formulas."""
    return np.where(skip, filling, values)


def _error(cells: StudyCells, skip: np.ndarray) -> np.ndarray:
    """Variances from the column std_error or variance; the one the pool names, else the one the table has."""
    named = [name for name in ("std_error", "variance") if name in cells.asked.columns]
    present = named or [name for name in ("std_error", "variance") if name in cells.frame]
    if len(present) != 1:
        both = "has both" if present else "has neither"
        cells.problems.append(
            f"{cells.asked.file}: {both} a column std_error and variance; name the one to use in the pool, under "
            "columns: {std_error: …} or columns: {variance: …}"
        )
        return np.full(len(cells.frame), np.nan)
    kind = present[0]
    what = "standard error" if kind == "std_error" else "sampling variance"
    values = _filled(cells.number(kind, above_zero(what), skip=skip), skip, 1.0)
    return values**2 if kind == "std_error" else values


def _given(measure, note):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        estimate = _filled(cells.number("estimate", skip=skip), skip, 0.0)
        variance = _error(cells, skip)
        name = cells.asked.measure if measure is None else measure
        return _from(lambda: EffectSize(estimate, variance, name), note)

    return read


def _r(cells: StudyCells, skip: np.ndarray, level: float):
    r = _filled(cells.number("r", correlation, skip=skip), skip, 0.0)
    n = _filled(cells.number("n", SAMPLE, skip=skip), skip, 9.0)
    return _from(lambda: effect_sizes.fisher_z(r, n), "r as printed, variance 1/(n − 3)")


def _point_biserial(cells: StudyCells, skip: np.ndarray, level: float):
    r = _filled(cells.number("r", correlation, skip=skip), skip, 0.0)
    n1, n2 = (_filled(cells.number(name, GROUP, skip=skip), skip, 9.0) for name in ("n1", "n2"))
    return _from(lambda: effect_sizes.point_biserial(r, n1, n2, on_z=True), "point-biserial r, variance from n1 and n2")


def _standardised(is_corrected: bool):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        given = _filled(cells.number("estimate", skip=skip), skip, 0.0)
        n1, n2 = (_filled(cells.number(name, GROUP, skip=skip), skip, 9.0) for name in ("n1", "n2"))
        d = given / effect_sizes.hedges_factor(n1 + n2 - 2) if is_corrected else given
        said = "g as given" if is_corrected else "Hedges' g of d"
        return _from(lambda: effect_sizes.smd_from_d(d, n1, n2), f"{said}, variance from n1 and n2")

    return read


def _means(cells: StudyCells, skip: np.ndarray, level: float):
    rules = {"sd": above_zero("standard deviation"), "n": GROUP}
    names = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
    values = [_filled(cells.number(name, rules.get(name[:-1]), skip=skip), skip, 9.0) for name in names]
    return _from(lambda: effect_sizes.standardised_mean_difference(*values), "Hedges' g of means and SDs")


def _pre_post(cells: StudyCells, skip: np.ndarray, level: float):
    asked = cells.asked
    positive = above_zero("standard deviation")
    rules = {"sd_pre": positive, "sd_post": positive, "n": at_least(3, "sample")}
    names = ("mean_pre", "sd_pre", "mean_post", "sd_post", "n")
    values = [_filled(cells.number(name, rules.get(name), skip=skip), skip, 9.0) for name in names]
    if "correlation" in asked.columns:
        rho = _filled(cells.number("correlation", correlation, skip=skip), skip, 0.0)
    else:
        rho = np.full(len(cells.frame), asked.correlation)
    source = asked.correlation_source or f"column {asked.heading('correlation')}"
    return _from(
        lambda: effect_sizes.pre_post_change(*values, correlation=rho, correlation_source=source),
        lambda i: f"change over the SD before, post − pre; pre–post correlation {rho[i]:g} ({source})",
    )


def _counts(make):
    def read(cells: StudyCells, skip: np.ndarray, level: float):
        rules = {"events": at_least(0, "count"), "n": at_least(1, "group")}
        names = ("events1", "n1", "events2", "n2")
        a, n1, c, n2 = (
            _filled(cells.number(name, rules[name[:-1]], skip=skip), skip, filling)
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
        return effect, notes, list(readings.values()) if whole else None, (r, z, n) if whole else None

    return finish


_READERS = {
    "printed_r": _printed,
    "r": _r,
    "point_biserial": _point_biserial,
    "fisher_z": _given("fisher_z", "Fisher's z and its error as given"),
    "d": _standardised(False),
    "g": _standardised(True),
    "means": _means,
    "pre_post": _pre_post,
    "odds_ratio": _counts(effect_sizes.odds_ratio),
    "risk_ratio": _counts(effect_sizes.risk_ratio),
    "estimate": _given(None, "estimate and its error as given"),
}
"""Reader of each effect: checks the cells of its columns, and gives what makes effects of them."""
