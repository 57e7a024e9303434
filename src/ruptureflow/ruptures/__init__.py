"""Ruptures: in which sessions the alliance broke, by whose view, and whether it came back."""

from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.find import find_ruptures
from ruptureflow.ruptures.identify import identify_ruptures

__all__ = ["RuptureError", "find_ruptures", "identify_ruptures"]
