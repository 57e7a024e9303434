"""A coder's sheet: session totals dealt to the markers of a coding system, as several coders would mark them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ruptureflow.config.instruments import CodingSystem
from ruptureflow.simulate.moments import Array


def marker_counts(system: CodingSystem, group: str, totals: Array, random: np.random.Generator) -> dict[str, Array]:
    """Counts by marker of one group for every session and coder, that sum to the coders' totals.

    Parameters
    ----------
    totals : sessions × coders, whole numbers. What all coders saw they put under the same markers; what only some
        saw falls anywhere.

    Returns
    -------
    dict: marker → counts, sessions × coders.
    """
    codes = [code.code for code in system.codes if code.group == group]
    sessions, coders = totals.shape
    frequencies = random.dirichlet(np.full(len(codes), 2.0))
    counts = np.zeros((sessions, coders, len(codes)), dtype=int)
    for session in range(sessions):
        agreed = int(totals[session].min())
        counts[session] += random.multinomial(agreed, frequencies)
        for coder in range(coders):
            counts[session, coder] += random.multinomial(int(totals[session, coder]) - agreed, frequencies)
    return {code: counts[:, :, place] for place, code in enumerate(codes)}


def segmented(counts: Array, segments: int, random: np.random.Generator) -> Array:
    """Counts of sessions × coders dealt to the session's segments: sessions × coders × segments."""
    shares = np.full(segments, 1 / segments)
    dealt = [[random.multinomial(int(count), shares) for count in row] for row in counts]
    return np.array(dealt, dtype=int).reshape(*counts.shape, segments)


def ratings(wanted: Array, coders: int, coder_sd: float, random: np.random.Generator) -> Array:
    """Whole ratings from 1 to 5 of every session by every coder."""
    drawn = wanted[:, None] + coder_sd * random.standard_normal((len(wanted), coders))
    return np.clip(np.round(drawn), 1, 5).astype(int)


def impact(counts: Array, weight: float) -> Array:
    """Overall impact (1–5) that so many markers would have."""
    return np.clip(1 + weight * counts, 1, 5)


def ordered(system: CodingSystem, columns: Mapping[str, Array]) -> dict[str, Array]:
    """Columns in the manual's order."""
    return {code.code: columns[code.code] for code in system.codes if code.code in columns}
