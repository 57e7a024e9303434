"""Where a reported score belongs: `instrument.scale@timepoint`, parts of it optional."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Instrument, scale and timepoint that a heading of scores stands for; "" where it does not say."""

    instrument: str
    scale: str
    timepoint: str


def read_target(text: str) -> Target:
    """A target such as `hrsd17.hrsd17@intake`, `bond@session` or `bond`."""
    name, _, timepoint = text.partition("@")
    instrument, _, scale = name.rpartition(".")
    return Target(instrument, scale, timepoint)
