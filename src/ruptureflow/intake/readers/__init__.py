"""Files of every format to raw sheets of text."""

from ruptureflow.intake.readers.opening import read_grid, read_sheets

__all__ = ["read_grid", "read_sheets"]
