"""The two oxytocin assays of the simulated laboratory, and the line a gamma counter prints for a tube."""

from __future__ import annotations

import math

from ruptureflow.simulate.assays import Curve, Noise, Reagents, Tube
from ruptureflow.simulate.text_files import Cell

# Saliva is dried and taken up in a quarter of its volume: a tube holds four times the saliva's concentration.
CONCENTRATION_FACTOR = 4
COUNTING_MINUTES = 5
RIA = Reagents(
    curve=Curve(zero=7600, infinite=430, midpoint=70, slope=1.05),
    noise=Noise(share=0.011, minutes=COUNTING_MINUTES),
    run_spread=(0.05, 0.06),
    total=22_000,
    standards={f"S{number}": 5 * 2.0 ** (number - 1) for number in range(1, 9)},
    controls={"QC-L": 24.0, "QC-M": 60.0, "QC-H": 180.0},
    decimals=0,
)
ELISA = Reagents(
    curve=Curve(zero=1.28, infinite=0.085, midpoint=170, slope=1.1),
    noise=Noise(share=0.018, floor=0.004),
    run_spread=(0.06, 0.07),
    total=None,
    standards={f"STD{number}": 15.625 * 2.0 ** (number - 1) for number in range(1, 8)},
    controls={"QC1": 60.0, "QC2": 150.0, "QC3": 400.0},
    decimals=3,
)
COUNTER_HEADINGS: list[Cell] = ["Pos", "Label", "CPM", "%Error", "Time"]


def counter_line(position: int, tube: Tube) -> list[Cell]:
    """Position, label, counts a minute, two SDs of the counts in per cent, minutes counted."""
    error = round(200 / math.sqrt(max(tube.signal, 1) * COUNTING_MINUTES), 1)
    return [position, tube.label, tube.signal, error, COUNTING_MINUTES]
