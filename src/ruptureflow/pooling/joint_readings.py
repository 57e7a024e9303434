"""One reading of all printed rows that gives every printed pooled figure at once, if there is one."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.printed_figures import figures
from ruptureflow.pooling.printed_rows import half_unit
from ruptureflow.pooling.printed_studies import FREE_ERRORS

_STARTS, _ROUNDS, _SEED, _STEP = 6, 60, 2011, 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class JointReading:
    """The reading of all rows that comes nearest to every printed figure at once.

    Attributes
    ----------
    possible : bool
        Whether it meets every figure and every row.
    worst : float
        How far the worst figure lies outside its print's rounding, in half units of its last digit.
    verdicts : dict
        Figure to "met jointly" or "missed jointly: <value>".
    values : dict
        Figure to its value there.
    """

    possible: bool
    worst: float
    verdicts: dict
    values: dict


def joint_reading(studies, checks, level=0.95) -> JointReading:
    """Search one reading per row that meets all printed figures.

    Parameters
    ----------
    studies : list of `PrintedStudy`
    checks : list of mappings, as for `printed_figures.figures`, with `published` as text

    Notes
    -----
    The largest distance from the print, in half units of the last digit, over all figures and the rows'
    own intervals is lowered by sequential linear programmes over every r and z within its rounding; a row
    whose z could not be read may have any standard error from .10 to .35. Starts from the printed values,
    then from seeded random ones. "Not possible" means not found by this search.
    """
    size = 2 * sum(len(study.printed) for study in studies)

    def offsets(at):
        estimate, variance, own = _reading(at, studies)
        found = figures(estimate, variance, studies, checks, level)
        pooled = [_offset(found[check["figure"]], check["published"]) for check in checks]
        return np.column_stack([*pooled, *own])

    rng = np.random.default_rng(_SEED)
    best = None
    for start in range(_STARTS):
        at = _shrink_worst(offsets, np.zeros(size) if start == 0 else rng.uniform(-0.9, 0.9, size))
        worst = np.abs(offsets(at[None, :])).max()
        if best is None or worst < best[0]:
            best = (worst, at)
        if worst <= 1 + _ROUNDING:
            break
    worst, at = best
    estimate, variance, _ = _reading(at[None, :], studies)
    values = {name: float(one[0]) for name, one in figures(estimate, variance, studies, checks, level).items()}
    off = np.abs(offsets(at[None, :])[0, : len(checks)])
    verdicts = {
        check["figure"]: "met jointly" if one <= 1 + _ROUNDING else f"missed jointly: {values[check['figure']]:.4f}"
        for check, one in zip(checks, off, strict=True)
    }
    return JointReading(bool(worst <= 1 + _ROUNDING), float(worst - 1), verdicts, values)


def joint_verdicts(studies, checks, level=0.95) -> dict:
    """Figure to what a joint reading makes of it.

    "met jointly" for all figures, or, where leaving out one figure lets all others be met, "met jointly
    without <figure>" for those and "alone only: …" for it; else the misses of the nearest reading.
    """
    whole = joint_reading(studies, checks, level)
    if whole.possible:
        return whole.verdicts
    farthest = sorted(checks, key=lambda one: -abs(_offset(whole.values[one["figure"]], one["published"])))
    for left_out in farthest[:4]:
        name = left_out["figure"]
        rest = joint_reading(studies, [one for one in checks if one["figure"] != name], level)
        if rest.possible:
            met = {one["figure"]: f"met jointly without {name}" for one in checks}
            nearest = whole.values[name]
            return met | {
                name: f"alone only: with all others no reading found (nearest gives {nearest:.2f} and misses others)"
            }
    return whole.verdicts


def _shrink_worst(offsets, at):
    """Lower the largest absolute offset by linear programmes within a shrinking box."""
    from scipy.optimize import linprog

    size, box = at.size, 0.5
    now = offsets(at[None, :])[0]
    for _ in range(_ROUNDS):
        if np.abs(now).max() <= 1 or box < 1e-7:
            break
        steps = _STEP * np.eye(size)
        slopes = ((offsets(at + steps) - offsets(at - steps)) / (2 * _STEP)).T
        ones = np.ones((now.size, 1))
        found = linprog(
            np.concatenate([np.zeros(size), [1.0]]),
            A_ub=np.vstack([np.hstack([slopes, -ones]), np.hstack([-slopes, -ones])]),
            b_ub=np.concatenate([-now, now]),
            bounds=[(max(-box, -1 - x), min(box, 1 - x)) for x in at] + [(0, None)],
            method="highs",
        )
        new = None if found.x is None else np.clip(at + found.x[:-1], -1, 1)
        after = now if new is None else offsets(new[None, :])[0]
        if np.abs(after).max() < np.abs(now).max():
            at, now = new, after
        else:
            box /= 4
    return at


def _offset(values, published):
    """Distance from the print in half units of its last digit: within ±1 the value rounds to it."""
    return (values - float(published)) / half_unit(published)


def _reading(at, studies):
    """Estimates, variances and the rows' own offsets at coordinates in [−1, 1], two per printed row."""
    estimate, variance = np.zeros((2, len(at), len(studies)))
    own, column = [], 0
    for place, study in enumerate(studies):
        for r, z, low, high in study.printed:
            one = np.arctanh(float(r) + half_unit(r) * at[:, column])
            if z:
                error = one / (float(z) + half_unit(z) * at[:, column + 1])
            else:
                error = FREE_ERRORS[0] + np.ptp(FREE_ERRORS) * (at[:, column + 1] + 1) / 2
            for printed, sign in ((low, -1), (high, 1)):
                if printed:
                    own.append(_offset(np.tanh(one + sign * 1.959963984540054 * error), printed))
            estimate[:, place] += one
            variance[:, place] += error**2
            column += 2
        arms = len(study.printed)
        estimate[:, place] /= arms
        variance[:, place] /= arms**2 if study.arms == "independent" else arms
    return estimate, variance, own
