"""Ruptures that somebody saw or reported: coders' totals and answers to a direct question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.ruptures.options import FollowUpOptions
from ruptureflow.ruptures.series import Series
from ruptureflow.ruptures.verdicts import Verdicts, follow


@dataclass(frozen=True)
class CodedOptions(FollowUpOptions):
    """Options of coded.

    threshold : a session with at least this value holds a rupture, such as one marker (instrument files name it).
    """

    threshold: float = 1.0


@dataclass(frozen=True)
class SelfReportOptions(CodedOptions):
    """Options of self-report.

    threshold : answer to the direct question that counts: 1 for "yes", or an intensity.
    resolution : column (in the plan: scale) of the reported degree of resolution in the same session; with it a
        rupture is resolved where the degree is at least `resolution_threshold`, without it in the first later session
        without a reported rupture.
    """

    resolution: str | None = None
    resolution_threshold: float = 3.0


def coded_ruptures(persons: list[Series], options: CodedOptions) -> list[Verdicts]:
    """A rupture is a value of at least the threshold; resolved in the first later session below it."""
    verdicts = []
    for series in persons:
        rupture = series.values >= options.threshold - options.tolerance
        below = np.broadcast_to(~rupture, (len(series), len(series)))
        verdicts.append(_verdicts(series, rupture, options, follow(series, rupture, below, options.follow_up())))
    return verdicts


def reported_ruptures(persons: list[Series], options: SelfReportOptions) -> list[Verdicts]:
    """A rupture is an answer of at least the threshold; resolved as `resolution` says, else as a coded one."""
    if options.resolution is None:
        return coded_ruptures(persons, options)
    verdicts = []
    for series in persons:
        rupture = series.values >= options.threshold - options.tolerance
        degree = series.companion
        with np.errstate(invalid="ignore"):
            resolved = rupture & (degree >= options.resolution_threshold - options.tolerance)
        when = np.where(resolved, series.sessions, np.nan)
        verdicts.append(_verdicts(series, rupture, options, (resolved, when, rupture & ~np.isnan(degree))))
    return verdicts


def _verdicts(series: Series, rupture: np.ndarray, options: CodedOptions, followed: tuple[np.ndarray, ...]) -> Verdicts:
    change = np.full(len(series), np.nan)
    change[1:] = np.diff(series.values)
    resolved, resolved_session, complete = followed
    return Verdicts(
        judged=np.ones(len(series), dtype=bool),
        change=change,
        threshold=np.full(len(series), options.threshold),
        rupture=rupture,
        size=np.where(rupture, series.values, np.nan),
        resolved=resolved,
        resolved_session=resolved_session,
        follow_up_complete=complete,
    )
