"""Ruptures as lasting falls of a person's level: the series partitioned into segments with a mean each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow

_NOISE = 1e-12


@dataclass(frozen=True)
class ChangePointOptions(FollowUpOptions):
    """Options of change-point.

    search : "optimal" finds the best partition of all by dynamic programming (BIC only); "binary" splits the series,
        then its parts, where the sum of squares falls most, and so overlooks a fall that is made good again (of falls
        by 3 SD over a fifth of 30 sessions it found 12 %, the optimal partition 94 %).
    stop : a binary split is kept by "bic", n·ln(SSE) falling by more than penalty·ln(n), or by "permutation" of the
        segment's ratings with p ≤ alpha.
    penalty : parameters a split costs; with 3, pure noise is split in 15 % of series of 8 ratings, 8 % of 16 and 4 %
        of 30 (with the usual 2: 34, 27 and 18 %).
    alpha, permutations, seed : of the permutation test.
    minimum_segment : fewest ratings a segment has. minimum_ratings : a person with fewer is not judged.
    minimum_drop : fall of the segment's mean that counts as a rupture.
    recovery : resolved by a later rating within this of the earlier segment's mean, or above it.
    """

    search: Literal["optimal", "binary"] = "optimal"
    stop: Literal["bic", "permutation"] = "bic"
    penalty: float = 3.0
    alpha: float = 0.05
    permutations: int = 999
    seed: int = 20180
    minimum_segment: int = 2
    minimum_ratings: int = 8
    minimum_drop: float = 0.0
    recovery: float = 0.25


def change_points(persons: list[Series], options: ChangePointOptions) -> list[Verdicts]:
    """A rupture is the first rating of a segment whose mean is lower than that of the segment before."""
    verdicts = []
    for series in persons:
        m = len(series)
        enough = m >= max(options.minimum_ratings, 2)
        starts = partition(series.values, options) if enough else [0]
        means = [float(part.mean()) for part in np.split(series.values, starts[1:])] if m else []
        rupture, change, before = np.zeros(m, dtype=bool), np.full(m, np.nan), np.full(m, np.nan)
        for j in range(1, len(starts)):
            change[starts[j]] = means[j] - means[j - 1]
            before[starts[j]] = means[j - 1]
            fall = -change[starts[j]]
            rupture[starts[j]] = fall > options.tolerance and fall >= options.minimum_drop - options.tolerance
        with np.errstate(invalid="ignore"):
            back = series.values[None, :] >= (before - options.recovery - options.tolerance)[:, None]
        resolved, resolved_session, complete = follow(series, rupture, back, options.follow_up())
        verdicts.append(
            Verdicts(
                judged=np.full(m, enough),
                change=change,
                threshold=np.full(m, options.minimum_drop),
                rupture=rupture,
                size=np.where(rupture, -change, np.nan),
                resolved=resolved,
                resolved_session=resolved_session,
                follow_up_complete=complete,
            )
        )
    return verdicts


def partition(values: np.ndarray, options: ChangePointOptions) -> list[int]:
    """Index of the first rating of each segment, 0 first."""
    if options.search == "optimal":
        return _optimal_partition(values, options)
    generator = np.random.default_rng(options.seed)
    starts, open_segments = [0], [(0, len(values))]
    while open_segments:
        start, stop = open_segments.pop()
        split = _best_split(values[start:stop], options.minimum_segment)
        if split is None or not _keep(values[start:stop], split, options, generator):
            continue
        starts.append(start + split)
        open_segments += [(start, start + split), (start + split, stop)]
    return sorted(starts)


def _squares(values: np.ndarray) -> float:
    return float(((values - values.mean()) ** 2).sum())


def _split_gains(values: np.ndarray, shortest: int) -> np.ndarray:
    """Fall of the sum of squares by a split before index 1 … n − 1; −1 where a part would be too short."""
    n = len(values)
    at = np.arange(1, n)
    left = np.cumsum(values - values.mean())[:-1]
    gains = left**2 * n / (at * (n - at))
    return np.where((at >= shortest) & (n - at >= shortest), gains, -1.0)


def _best_split(values: np.ndarray, shortest: int) -> int | None:
    if len(values) < 2 * max(shortest, 1):
        return None
    gains = _split_gains(values, max(shortest, 1))
    best = int(gains.argmax())
    return best + 1 if gains[best] > _NOISE * max(1.0, float((values**2).sum())) else None


def _keep(values: np.ndarray, split: int, options: ChangePointOptions, generator: np.random.Generator) -> bool:
    n, whole = len(values), _squares(values)
    gain = whole - _squares(values[:split]) - _squares(values[split:])
    if options.stop == "bic":
        left = max(whole - gain, _NOISE * whole)
        return n * np.log(whole / left) > options.penalty * np.log(n)
    shuffled = (generator.permutation(values) for _ in range(options.permutations))
    as_large = sum(_split_gains(each, max(options.minimum_segment, 1)).max() >= gain * (1 - 1e-9) for each in shuffled)
    return (as_large + 1) / (options.permutations + 1) <= options.alpha


def _optimal_partition(values: np.ndarray, options: ChangePointOptions) -> list[int]:
    """The partition with the lowest n·ln(SSE) + penalty·ln(n)·splits; cost n² times the number of segments."""
    n, shortest = len(values), max(options.minimum_segment, 1)
    sums, squares = np.concatenate([[0], values.cumsum()]), np.concatenate([[0], (values**2).cumsum()])
    most = n // shortest
    cost = np.full((most + 1, n + 1), np.inf)
    came_from = np.zeros((most + 1, n + 1), dtype=int)
    cost[0, 0] = 0.0
    for segments in range(1, most + 1):
        for stop in range(segments * shortest, n + 1):
            starts = np.arange(0, stop - shortest + 1)
            length = stop - starts
            inside = squares[stop] - squares[starts] - (sums[stop] - sums[starts]) ** 2 / length
            total = cost[segments - 1, starts] + np.maximum(inside, 0)
            best = int(total.argmin())
            cost[segments, stop], came_from[segments, stop] = total[best], starts[best]
    floor = _NOISE * max(cost[1, n], _NOISE)
    number = np.arange(1, most + 1)
    criterion = n * np.log(np.maximum(cost[1:, n], floor)) + options.penalty * np.log(n) * (number - 1)
    chosen, stop, starts_found = int(criterion.argmin()) + 1, n, []
    for segments in range(chosen, 0, -1):
        stop = int(came_from[segments, stop])
        starts_found.append(stop)
    return starts_found[::-1]
