"""A bridge between runs: how much higher one run reads than another, from the QC samples that both hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Bridge:
    """Mean difference of ln concentration, second run less first, over common QC levels, and its variance."""

    shift: float
    variance: float


def run_bridges(
    quality_controls: pd.DataFrame, wanted: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Bridge]:
    """A bridge for each wanted (analyte, run, other run) that share a QC level.

    Notes
    -----
    The variance of the mean difference is the larger of two: what the replicates' CVs give, and, from two common levels
    on, the scatter of the levels' differences. A bridge without either is none.

    Returns
    -------
    dict
        (analyte, run, other run): the bridge from the first to the second.
    """
    found: dict[tuple[str, str, str], Bridge] = {}
    pairs: dict[str, set[tuple[str, str]]] = {}
    for analyte, first, second in wanted:
        pairs.setdefault(analyte, set()).add((first, second))
    measured = quality_controls[quality_controls["concentration"] > 0]
    for analyte, own in measured.groupby("analyte", sort=False):
        runs = {
            run: {
                level: (float(np.log(value)), (cv / 100) ** 2 / n)
                for level, value, cv, n in group[["level", "concentration", "cv", "n_tubes"]]
                .astype({"concentration": float, "cv": float, "n_tubes": float})
                .itertuples(index=False)
            }
            for run, group in own.groupby("run", sort=False)
        }
        for first, second in pairs.get(str(analyte), ()):
            if first not in runs or second not in runs:
                continue
            common = [level for level in runs[first] if level in runs[second]]
            if not common:
                continue
            shifts = np.array([runs[second][level][0] - runs[first][level][0] for level in common])
            parts = np.array([runs[second][level][1] + runs[first][level][1] for level in common])
            replicate = np.nanmean(parts) / len(common) if not np.isnan(parts).all() else np.nan
            scatter = shifts.var(ddof=1) / len(common) if len(common) > 1 else np.nan
            if not (np.isnan(replicate) and np.isnan(scatter)):
                found[str(analyte), first, second] = Bridge(
                    float(shifts.mean()), float(np.nanmax([replicate, scatter]))
                )
    return found
