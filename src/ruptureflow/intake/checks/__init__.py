"""What only all files together show: doubled keys, stray ids, the planned design, samples, scores, versions."""

from ruptureflow.intake.checks.across import check_across

__all__ = ["check_across"]
