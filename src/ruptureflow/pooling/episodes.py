"""Repaired ruptures and outcome in a wave: an episode that is present or absent and an outcome, as point-biserial r."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.effect_sizes import point_biserial
from ruptureflow.pooling.wave_effects import on_r

if TYPE_CHECKING:
    import pandas as pd

    from ruptureflow.config.pools import EpisodePool
    from ruptureflow.config.waves import WaveRow

FEWEST = 2


def episode_effects(
    asked: EpisodePool,
    sessions: Mapping[str, pd.DataFrame],
    ruptures: Mapping[str, pd.DataFrame],
    waves: list[WaveRow],
    level: float,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Effects of the waves that have the criterion and the outcome, and the waves that do not.

    Parameters
    ----------
    asked : criterion, outcome and its direction.
    sessions, ruptures : `tables.models.SESSIONS` and `tables.ruptures.RUPTURES` by wave.
    waves : the waves to look for.
    level : level of intervals.

    Returns
    -------
    (list of dict, list of str)
        Rows of `tables.pooling.EFFECTS` with `usable`; ids of waves without criterion or outcome.

    Notes
    -----
    Of the patients whom the criterion judges, those with a resolved rupture are compared with those without one, as
    the studies in the 2011 meta-analysis did: without a rupture, or with unresolved ones only. A patient without a
    resolved rupture of whom some window is cut short by the end of the data is neither, and left out. r is positive
    where a resolved rupture goes along with the better outcome; its variance is that of a point-biserial r from both
    groups' sizes, not 1/(n − 3).
    """
    found, missing = [], []
    for wave in waves:
        rows, outcome = ruptures.get(wave.wave), _outcome(asked, sessions.get(wave.wave))
        chosen = None if rows is None else _chosen(asked, rows)
        if chosen is None or not len(chosen) or outcome is None:
            missing.append(wave.wave)
            continue
        resolved, cut_short = _resolved(chosen)
        known = {patient: is_resolved for patient, is_resolved in resolved.items() if patient in outcome}
        found.append(_effect(asked, wave, known, outcome, len(cut_short), len(resolved) - len(known), level))
    return found, missing


def _chosen(asked: EpisodePool, rows: pd.DataFrame) -> pd.DataFrame:
    """Sessions that the criterion judges."""
    keep = np.ones(len(rows), dtype=bool)
    for column in ("criterion", "variable", "perspective"):
        keep &= (rows[column] == getattr(asked, column)).to_numpy(dtype=bool)
    return rows[keep & rows["rupture"].notna().to_numpy()]


def _resolved(chosen: pd.DataFrame) -> tuple[dict[str, bool], list[str]]:
    """Whether each patient had a resolved rupture; patients of whom that is not known."""
    resolved, cut_short = {}, []
    for patient, rows in chosen.groupby("patient", sort=True):
        ruptures = rows[rows["rupture"].astype(bool)]
        any_resolved = bool(ruptures["resolved"].fillna(False).any())
        if any_resolved or ruptures["follow_up_complete"].fillna(False).all():
            resolved[str(patient)] = any_resolved
        else:
            cut_short.append(str(patient))
    return resolved, cut_short


def _outcome(asked: EpisodePool, sessions: pd.DataFrame | None) -> dict[str, float] | None:
    """Each patient's outcome, better ones higher; the last value where it is rated each session."""
    needed = [asked.outcome, *([asked.change_from] if asked.change_from else [])]
    if sessions is None or any(name not in sessions for name in needed):
        return None
    last = sessions.sort_values("session", kind="stable").groupby("patient")[needed].last().astype(float)
    value = last[asked.outcome] - (last[asked.change_from] if asked.change_from else 0.0)
    value = value.dropna() * (1 if asked.better == "higher" else -1)
    return {str(patient): float(one) for patient, one in value.items()} if len(value) else None


def _effect(
    asked: EpisodePool,
    wave: WaveRow,
    resolved: dict[str, bool],
    outcome: dict[str, float],
    cut_short: int,
    without: int,
    level: float,
) -> dict[str, Any]:
    episode = np.array(list(resolved.values()), dtype=float)
    value = np.array([outcome[patient] for patient in resolved])
    n1, n2 = int(episode.sum()), int((1 - episode).sum())
    notes = [f"{n1} patients with a resolved rupture, {n2} without one"]
    notes += [f"left out, window cut short: {cut_short}"] if cut_short else []
    notes += [f"left out, no outcome: {without}"] if without else []
    notes += ["SIMULATED"] if wave.origin == "simulated" else []
    usable = min(n1, n2) >= FEWEST and np.ptp(value) > 0
    shared: dict[str, Any] = {"pool": asked.pool, "label": wave.wave, "origin": wave.origin, "year": None}
    shared |= {"metric": asked.pooled_as, "unit": "", "usable": usable, "n": n1 + n2, "shown_as": "r"}
    if not usable:
        return shared | {"note": "; ".join([*notes, f"not pooled: fewer than {FEWEST} patients in a group"])}
    r = float(np.corrcoef(episode, value)[0, 1])
    effect = point_biserial(r, n1, n2, on_z=True)
    return shared | on_r(float(effect.estimate), float(effect.variance), level) | {"note": "; ".join(notes)}
