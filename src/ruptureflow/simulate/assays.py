"""Competitive immunoassays: concentrations to the counts or optical densities that a reader would leave.

The mean of a sample's replicates is put exactly where the wanted concentration lies on the run's curve, and their
spread around it is drawn: for normal noise the mean and the difference of two replicates are independent, so that
this is the same as drawing both, with the mean's own noise already part of the wanted concentration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ruptureflow.simulate.moments import Array


@dataclass(frozen=True)
class Curve:
    """A logistic curve that falls with dose: `infinite + (zero − infinite)/(1 + (dose/midpoint)^slope)`."""

    zero: float
    infinite: float
    midpoint: float
    slope: float

    def signal(self, dose: Array) -> Array:
        """Mean signal at a dose."""
        with np.errstate(divide="ignore"):
            return self.infinite + (self.zero - self.infinite) / (1 + (np.asarray(dose) / self.midpoint) ** self.slope)


@dataclass(frozen=True)
class Noise:
    """SD of a signal: `sqrt(mean ÷ minutes + (share × mean)² + floor²)`, counting, pipetting and reading.

    `minutes` is the counting time of a gamma counter; infinite where nothing is counted.
    """

    share: float
    minutes: float = np.inf
    floor: float = 0.0

    def sd(self, mean: Array) -> Array:
        """SD of one tube's signal."""
        mean = np.asarray(mean, dtype=float)
        return np.sqrt(mean / self.minutes + (self.share * mean) ** 2 + self.floor**2)


@dataclass(frozen=True)
class Reagents:
    """What a run holds beside its samples.

    Parameters
    ----------
    curve : the assay's typical curve.
    run_spread : SD between runs of log zero-dose signal and of log midpoint.
    total : total counts, or None for a plate, which has none.
    standards, controls : nominal dose by label.
    """

    curve: Curve
    noise: Noise
    run_spread: tuple[float, float]
    total: float | None
    standards: Mapping[str, float]
    controls: Mapping[str, float]
    decimals: int

    def run_curve(self, random: np.random.Generator) -> Curve:
        """The curve of one run."""
        zero, midpoint = random.standard_normal(2) * np.array(self.run_spread)
        return Curve(
            zero=self.curve.zero * float(np.exp(zero)),
            infinite=self.curve.infinite,
            midpoint=self.curve.midpoint * float(np.exp(midpoint)),
            slope=self.curve.slope,
        )

    def tubes(self, mean: float, count: int, random: np.random.Generator) -> list[float]:
        """Signals of tubes of one kind."""
        drawn = mean + self.noise.sd(mean) * random.standard_normal(count)
        return [self._written(value) for value in drawn]

    def duplicate(self, mean: float, random: np.random.Generator) -> list[float]:
        """Two signals whose mean is the given one."""
        half = float(self.noise.sd(mean)) / np.sqrt(2) * float(random.standard_normal())
        return [self._written(mean + half), self._written(mean - half)]

    def _written(self, value: float) -> float:
        value = max(float(value), 0.0)
        return round(value, self.decimals) if self.decimals else int(np.floor(value + 0.5))


@dataclass(frozen=True)
class Tube:
    """One tube or well: its label and its signal."""

    label: str
    signal: float


def run_tubes(
    reagents: Reagents,
    doses: Sequence[tuple[str, float]],
    replicates: Mapping[str, int],
    random: np.random.Generator,
) -> list[Tube]:
    """All tubes of one run in the order they are counted: reagents, standards, controls, samples, controls again.

    Parameters
    ----------
    doses : label and dose in the tube of every sample, each measured in duplicate.
    replicates : tubes of "reagent" (T, NSB, B0 each), "standard" and "control" labels; controls stand before and
        after the samples.
    """
    curve = reagents.run_curve(random)
    means: list[tuple[str, float, int]] = []
    if reagents.total is not None:
        means.append(("T", reagents.total, replicates["reagent"]))
    means.append(("NSB", curve.infinite, replicates["reagent"]))
    means.append(("B0", curve.zero, replicates["reagent"]))
    means += [(label, float(curve.signal(dose)), replicates["standard"]) for label, dose in reagents.standards.items()]
    controls = [(label, float(curve.signal(dose)), replicates["control"]) for label, dose in reagents.controls.items()]
    tubes = [Tube(label, signal) for label, mean, n in means + controls for signal in reagents.tubes(mean, n, random)]
    for label, dose in doses:
        tubes += [Tube(label, signal) for signal in reagents.duplicate(float(curve.signal(dose)), random)]
    return tubes + [Tube(label, signal) for label, mean, n in controls for signal in reagents.tubes(mean, n, random)]


def dealt(people: Sequence[str], runs: int) -> list[list[str]]:
    """People to runs in their order, as evenly as their number allows: everybody's samples share one run."""
    sizes = [len(people) // runs + (number < len(people) % runs) for number in range(runs)]
    starts = np.cumsum([0, *sizes])
    return [list(people[start : start + size]) for start, size in zip(starts, sizes, strict=False)]


def spiked_pools(
    pools: Mapping[str, float],
    spikes: Sequence[float],
    recovery: float,
    cv: float,
    extractions: int,
    random: np.random.Generator,
) -> list[tuple[str, float, float]]:
    """Pool, spike and concentration after extraction, one row an extraction, the rows without spike first.

    The mean over pools and spikes of (measured − measured without spike) ÷ spike is `recovery`, up to rounding.

    Parameters
    ----------
    pools : content before extraction by name.
    cv : of one extraction, as a share.
    """
    drawn = {
        (pool, spike): recovery * (content + spike) * (1 + cv * random.standard_normal(extractions))
        for pool, content in pools.items()
        for spike in (0.0, *spikes)
    }
    shares = [(drawn[pool, spike].mean() - drawn[pool, 0.0].mean()) / spike for pool in pools for spike in spikes]
    short = recovery - float(np.mean(shares))
    return [
        (pool, spike, round(float(measured + short * spike), 1))
        for (pool, spike), values in drawn.items()
        for measured in values
    ]
