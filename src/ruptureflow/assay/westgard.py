"""Westgard's multirules: which runs of a Levey–Jennings chart to distrust.

    1-2s  one value beyond 2 SD (a warning)          2-2s  two beyond 2 SD on one side: consecutive runs, or two levels
    1-3s  one value beyond 3 SD                      R-4s  two levels of one run beyond 2 SD on opposite sides
    4-1s  four consecutive beyond 1 SD on one side   10-x  ten consecutive on one side of the mean

Westgard, Barry, Hunt & Groth (1981), Clinical Chemistry 27:493-501.
"""

from __future__ import annotations

import numpy as np

from ruptureflow.assay.logistic import Array

RULES = ("1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10-x")
CONSECUTIVE = {"2-2s": (2, 2.0), "4-1s": (4, 1.0), "10-x": (10, 0.0)}


def broken_rules(z: Array) -> list[list[set[str]]]:
    """Rules that each value breaks.

    Parameters
    ----------
    z : (runs, levels), deviations in SDs in the order of the runs; NaN where a level was not measured.

    Returns
    -------
    list of list of set
        [run][level] → names of the rules; a rule of consecutive values marks the last of them.
    """
    runs, levels = z.shape
    broken: list[list[set[str]]] = [[set() for _ in range(levels)] for _ in range(runs)]
    for level in range(levels):
        measured = np.flatnonzero(~np.isnan(z[:, level]))
        series = z[measured, level]
        for place, run in enumerate(measured):
            if abs(series[place]) > 2:
                broken[run][level].add("1-2s")
            if abs(series[place]) > 3:
                broken[run][level].add("1-3s")
            for rule, (length, limit) in CONSECUTIVE.items():
                last = series[place + 1 - length : place + 1] if place + 1 >= length else series[:0]
                if last.size and ((last > limit).all() or (last < -limit).all()):
                    broken[run][level].add(rule)
    for run in range(runs):
        high, low = np.flatnonzero(z[run] > 2), np.flatnonzero(z[run] < -2)
        for side in (high, low):
            if side.size > 1:
                for level in side:
                    broken[run][level].add("2-2s")
        if high.size and low.size:
            for level in (*high, *low):
                broken[run][level].add("R-4s")
    return broken
