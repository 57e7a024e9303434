"""Intake: a wave folder as the lab and the coders left it, to clean typed tables and a ledger of every change."""

from ruptureflow.intake.errors import IntakeError
from ruptureflow.intake.folder import WaveTables, read_wave_folder
from ruptureflow.intake.wording import problems_text

__all__ = ["IntakeError", "WaveTables", "problems_text", "read_wave_folder"]
