"""A published table pooled as its authors did, beside the pooled numbers they print."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.heterogeneity import estimate_tau2
from ruptureflow.pooling.printed_rows import Readings, half_unit, rounds_to
from ruptureflow.pooling.weighting import Problem

QUANTITIES = ("r", "z", "ci_low", "ci_high", "q")
DRAWS, SWEEPS, SEED = 40_000, 4, 2011
MODEL = "Fisher's z, DerSimonian–Laird, z test"
JOINT = f"r and z within the rounding of their row and of the printed pool, SE from z; {MODEL}"
MIDDLE = f"r in the middle of what its printed row allows, SE from the printed z; {MODEL}"
PRINTED = f"r as printed, SE from the printed z; {MODEL}"
BY_N = f"r as printed, variance 1/(n − 3); {MODEL}"


@dataclass(frozen=True)
class PrintedTable:
    """A published table of correlations and the pooled numbers printed under it.

    Parameters
    ----------
    readings : what each row allows.
    r, z, n : the rows as printed.
    pooled : printed pooled number, as text, by quantity (r, z, ci_low, ci_high, q); may be empty.
    level : level of the intervals.
    """

    readings: list[Readings]
    r: np.ndarray
    z: np.ndarray
    n: np.ndarray
    pooled: dict[str, str]
    level: float = 0.95

    @cached_property
    def joint(self) -> tuple[np.ndarray, np.ndarray] | None:
        """r and z of every row that agree with their rows and give every printed pooled number, or None.

        Of 40,000 seeded draws of one reading a row, those that give all printed numbers are kept, and the one nearest
        to their mean is taken: the true numbers, before they were cut, must be such a reading if the authors pooled by
        DerSimonian–Laird on Fisher's z.
        """
        if not self.pooled:
            return None
        rng = np.random.default_rng(SEED)
        picks = [rng.integers(len(reading.r), size=DRAWS) for reading in self.readings]
        r = np.column_stack([reading.r[pick] for reading, pick in zip(self.readings, picks, strict=True)])
        z = np.column_stack([reading.statistic[pick] for reading, pick in zip(self.readings, picks, strict=True)])
        found = pooled_quantities(np.arctanh(r), (np.arctanh(r) / z) ** 2, self.level)
        fits = np.all([rounds_to(found[name], text) for name, text in self.pooled.items()], axis=0)
        if not fits.any():
            return None
        kept = np.hstack([r[fits], z[fits]])
        spread = kept.std(axis=0)
        distance = (((kept - kept.mean(axis=0)) / np.where(spread > 0, spread, 1)) ** 2).sum(axis=1)
        nearest = kept[distance.argmin()]
        return nearest[: r.shape[1]], nearest[r.shape[1] :]

    @property
    def middle(self) -> tuple[np.ndarray, np.ndarray]:
        """r in the middle of each row's readings, and the printed z."""
        return np.array([reading.middle for reading in self.readings]), self.z


def reproduce(pool_id: str, table: PrintedTable) -> list[dict[str, Any]]:
    """Every printed pooled number of a table, ours, and how far ours moves within the print's rounding.

    Returns
    -------
    list of dict
        rows of `tables.pooling.REPRODUCTIONS`: each quantity under each convention; the first convention is the one
        the pool uses. Where no reading of the rows gives all printed numbers at once, a row `all` says so.

    Notes
    -----
    The range of a quantity over the rows' readings is found row by row: each row in turn takes the reading that
    moves the quantity furthest, until nothing moves.
    """
    fisher = np.arctanh(table.r)
    conventions: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, reading in ((JOINT, table.joint), (MIDDLE, table.middle)):
        if reading is not None:
            estimate = np.arctanh(reading[0])
            conventions[name] = (estimate, (estimate / reading[1]) ** 2)
    conventions[PRINTED] = (fisher, (fisher / table.z) ** 2)
    conventions[BY_N] = (fisher, 1 / (table.n - 3))
    ranges = {name: _range(table.readings, name, table.level) for name in table.pooled}
    rows = []
    for convention, (estimate, variance) in conventions.items():
        point = pooled_quantities(estimate[None, :], variance[None, :], table.level)
        for quantity, published in table.pooled.items():
            value = float(point[quantity][0])
            low, high = ranges[quantity] if convention in (JOINT, MIDDLE) else (value, value)
            rows.append(
                {
                    "pool": pool_id,
                    "quantity": quantity,
                    "published": published,
                    "recomputed": value,
                    "recomputed_low": low,
                    "recomputed_high": high,
                    "convention": convention,
                    "verdict": _verdict(published, value, low, high),
                }
            )
    if table.pooled and table.joint is None:
        together = "; ".join(f"{name} {text}" for name, text in table.pooled.items())
        rows.append(
            {
                "pool": pool_id,
                "quantity": "all",
                "published": together,
                "convention": JOINT,
                "verdict": "not reproduced: no reading of the rows gives all printed numbers at once",
            }
        )
    return rows


def pooled_quantities(estimate: np.ndarray, variance: np.ndarray, level: float) -> dict[str, np.ndarray]:
    """r, z, interval and Q of many sets of effects at once (a row a set)."""
    problem = Problem(estimate, variance)
    fit = problem.at(problem.weights(estimate_tau2(problem, "dl").tau2))
    mean = fit.coefficients[:, 0]
    error = 1 / np.sqrt(fit.total)
    half = dist.t_quantile(level, np.inf) * error
    return {
        "r": np.tanh(mean),
        "z": mean / error,
        "ci_low": np.tanh(mean - half),
        "ci_high": np.tanh(mean + half),
        "q": problem.at(1 / variance).rss,
    }


def _range(readings: list[Readings], quantity: str, level: float) -> tuple[float, float]:
    return -_highest(readings, quantity, -1, level), _highest(readings, quantity, 1, level)


def _highest(readings: list[Readings], quantity: str, sign: int, level: float) -> float:
    chosen = [len(reading.r) // 2 for reading in readings]
    best = -np.inf
    for _ in range(SWEEPS):
        for place, reading in enumerate(readings):
            size = len(reading.r)
            estimate = np.tile([r.estimate[c] for r, c in zip(readings, chosen, strict=True)], (size, 1))
            variance = np.tile([r.variance[c] for r, c in zip(readings, chosen, strict=True)], (size, 1))
            estimate[:, place], variance[:, place] = reading.estimate, reading.variance
            values = sign * pooled_quantities(estimate, variance, level)[quantity]
            chosen[place] = int(values.argmax())
        if values.max() <= best:
            break
        best = float(values.max())
    return best


def _verdict(published: str, value: float, low: float, high: float) -> str:
    if rounds_to(np.array(value), published):
        return "reproduced"
    printed, half = float(published), half_unit(published)
    if low <= printed + half and high >= printed - half:
        return "reproduced within the rows' rounding"
    return "not reproduced"
