"""One common factor by maximum likelihood, for one correlation matrix or for the thousands of a bootstrap at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_UNIQUENESS = 0.005
"""Bound of the uniquenesses, R's factanal's."""

_STEPS = 200
_HALVINGS = 20
_LEAST_MOVE = 1e-10
"""Of a uniqueness's logarithm: where rounding hides the deviance's fall, smaller steps go to and fro for hundreds."""


@dataclass(frozen=True)
class OneFactor:
    """Loadings and uniquenesses on the correlation scale, last axis items; at_bound: a uniqueness was held there."""

    loadings: np.ndarray
    uniquenesses: np.ndarray
    at_bound: np.ndarray


def one_factor(
    correlation: np.ndarray, start: np.ndarray | None = None, tolerance: float = 1e-12, least_gain: float = 0.0
) -> OneFactor:
    """One common factor by maximum likelihood, as R's factanal (uniquenesses not below 0.005).

    Newton's method on the logarithms of the uniquenesses with the approximate second derivatives of Clarke (1970)
    and Jöreskog (1977), the step halved while it does not lower the deviance.

    Parameters
    ----------
    correlation : positive definite, of shape (items, items) or (draws, items, items).
    start : uniquenesses to start from; None: half of what each item does not share with the others, as factanal.
    tolerance : largest derivative by a free uniqueness at which a solution counts as found.
    least_gain : fall of the deviance below which a step is the last; against a bound the derivatives can take hundreds
        of steps that gain nothing.
    """
    stack = correlation.reshape(-1, *correlation.shape[-2:])
    least = np.log(LEAST_UNIQUENESS)
    if start is None:
        start = 0.5 / np.diagonal(np.linalg.inv(stack), axis1=-2, axis2=-1)
    place = np.clip(np.log(np.broadcast_to(start, stack.shape[:-1])), least, 0.0)
    active = np.arange(len(stack))
    for _ in range(_STEPS):
        now = _concentrated(stack[active], place[active])
        free = _is_free(place[active], now.gradient, least)
        slope = np.where(free, now.gradient, 0.0)
        unsolved = np.abs(slope).max(axis=-1) >= tolerance
        active, now, free, slope = active[unsolved], now.part(unsolved), free[unsolved], slope[unsolved]
        if not active.size:
            break
        both_free = free[:, :, None] & free[:, None, :]
        identity = np.eye(place.shape[-1])
        curvature = np.where(both_free, now.curvature + 1e-12 * identity, identity)
        move = -np.linalg.solve(curvature, slope[..., None])[..., 0]
        following, gain = _lowered(stack[active], place[active], move, now.deviance, least)
        moved = np.abs(following - place[active]).max(axis=-1) > _LEAST_MOVE
        place[active[gain >= 0]] = following[gain >= 0]
        active = active[(gain >= least_gain) & moved]
    found = _concentrated(stack, place)
    shape = correlation.shape[:-2]
    return OneFactor(
        found.loadings.reshape(*shape, -1),
        np.exp(place).reshape(*shape, -1),
        (place <= least).any(axis=-1).reshape(shape),
    )


@dataclass(frozen=True)
class _Concentrated:
    """Deviances at given uniquenesses with the best loadings, and their derivatives by the logarithms."""

    deviance: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    loadings: np.ndarray

    def part(self, rows: np.ndarray) -> _Concentrated:
        return _Concentrated(self.deviance[rows], self.gradient[rows], self.curvature[rows], self.loadings[rows])


def _concentrated(stack: np.ndarray, place: np.ndarray) -> _Concentrated:
    root = np.exp(place / 2)
    values, vectors = np.linalg.eigh(stack / root[:, :, None] / root[:, None, :])
    rest, directions = values[:, :-1], vectors[:, :, :-1]
    loadings = np.sqrt(np.maximum(values[:, -1:] - 1, 0.0)) * vectors[:, :, -1] * root
    return _Concentrated(
        (rest - np.log(rest) - 1).sum(axis=-1),
        ((directions**2) @ (1 - rest)[..., None])[..., 0],
        (directions @ np.swapaxes(directions, -1, -2)) ** 2,
        np.where(loadings.sum(axis=-1, keepdims=True) >= 0, loadings, -loadings),
    )


def _is_free(place: np.ndarray, gradient: np.ndarray, least: float) -> np.ndarray:
    """Uniquenesses that are not held at a bound which the deviance pushes them against."""
    return ~((place <= least) & (gradient > 0)) & ~((place >= 0) & (gradient < 0))


def _lowered(
    stack: np.ndarray, place: np.ndarray, move: np.ndarray, deviance: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Places after a step that is halved while it raises the deviance, and how far the deviance fell."""
    step = np.ones(len(stack))
    following = np.clip(place + move, least, 0.0)
    gain = deviance - _concentrated(stack, following).deviance
    for _ in range(_HALVINGS):
        again = np.flatnonzero(gain < 0)
        if not again.size:
            break
        step[again] /= 2
        following[again] = np.clip(place[again] + step[again, None] * move[again], least, 0.0)
        gain[again] = deviance[again] - _concentrated(stack[again], following[again]).deviance
    return following, gain
