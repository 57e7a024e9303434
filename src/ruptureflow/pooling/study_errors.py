"""Variances of typed effects: from a column of standard errors or variances, or from printed intervals."""

from __future__ import annotations

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.study_doubts import off_the_middle
from ruptureflow.pooling.study_table import StudyCells, above_zero


def filled(values: np.ndarray, skip: np.ndarray, filling: float) -> np.ndarray:
    """Left-out rows carry a harmless number through the formulas."""
    return np.where(skip, filling, values)


def error_way(cells: StudyCells) -> str:
    """std_error, variance or interval: the one the pool names, else the one the table has; "" where that is unclear."""
    ways = {"std_error": ("std_error",), "variance": ("variance",), "interval": ("ci_low", "ci_high")}
    named = [way for way, names in ways.items() if any(name in cells.asked.columns for name in names)]
    present = named or [way for way, names in ways.items() if all(cells.asked.heading(n) in cells.frame for n in names)]
    if len(present) > 1 and not named:
        # An interval beside a standard error is the rounder of the two.
        present = [way for way in present if way != "interval"]
    if len(present) != 1:
        lacking = "has no column std_error, variance, or ci_low with ci_high"
        what = "has both a column std_error and variance" if present else lacking
        cells.problems.append(f"{cells.asked.file}: {what}; name the one to use in the pool: columns: {{std_error: …}}")
        return ""
    return present[0]


def variances(cells: StudyCells, skip: np.ndarray, level: float, kind: str) -> np.ndarray:
    """Variances by the way of `error_way`."""
    if not kind:
        return np.full(len(cells.frame), np.nan)
    if kind == "interval":
        return variances_of_intervals(cells, skip, level, lambda value: value)
    what = "standard error" if kind == "std_error" else "sampling variance"
    values = filled(cells.number(kind, above_zero(what), skip=skip), skip, 1.0)
    return values**2 if kind == "std_error" else values


def variances_of_intervals(cells: StudyCells, skip: np.ndarray, level: float, scale) -> np.ndarray:
    """Variances from printed intervals that are symmetric on a scale."""
    low = scale(filled(cells.number("ci_low", skip=skip), skip, 1.0))
    high = scale(filled(cells.number("ci_high", skip=skip), skip, 2.0))
    for i in np.flatnonzero(low >= high):
        heading = cells.asked.heading("ci_high")
        cells.problem(i, heading, cells.text(heading)[i], "is not above the interval's lower end; correct one of both")
    _refuse_outside(cells, skip)
    return ((high - low) / 2 / dist.t_quantile(level, np.inf)) ** 2


def _refuse_outside(cells: StudyCells, skip: np.ndarray) -> None:
    """An estimate outside its own interval: one of the three numbers is not what was printed."""
    estimate, low, high = (cells.number(name, skip=skip) for name in ("estimate", "ci_low", "ci_high"))
    heading = cells.asked.heading("estimate")
    for i in np.flatnonzero((low < high) & ((estimate < low) | (estimate > high))):
        ends = " to ".join(cells.text(cells.asked.heading(name))[i] for name in ("ci_low", "ci_high"))
        what = f"lies outside its own interval, {ends}; correct one of the three, all on one scale"
        cells.problem(i, heading, cells.text(heading)[i], what)


def interval_doubts(cells: StudyCells, skip: np.ndarray, scale) -> list[str]:
    """What is odd about each row's estimate within its interval on a scale, or ""."""
    texts = [
        [cell.replace("−", "-").replace(",", ".") for cell in cells.text(cells.asked.heading(name))]
        for name in ("estimate", "ci_low", "ci_high")
    ]
    rows = zip(*texts, strict=True)
    return ["" if skip[i] else off_the_middle(*row, scale) for i, row in enumerate(rows)]
