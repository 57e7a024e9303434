"""Simulated waves: raw files as a lab and a clinic would leave them, made to show a known truth; no person's data."""

from ruptureflow.simulate.describing import SimulationError
from ruptureflow.simulate.waves import DEMONSTRATIONS, WAVES, write_wave

__all__ = ["DEMONSTRATIONS", "WAVES", "SimulationError", "write_wave"]
