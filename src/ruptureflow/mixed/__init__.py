"""Linear mixed models with small-sample inference.

A library in its own right: it imports no other part of ruptureflow. ``fit_mixed`` (formula and data frame) and
``fit_arrays`` (matrices) return a ``MixedFit``.
"""

from ruptureflow.mixed.errors import ModelError, ModelWarning
from ruptureflow.mixed.fit import MixedFit, fit_arrays, fit_mixed

__all__ = ["MixedFit", "ModelError", "ModelWarning", "fit_arrays", "fit_mixed"]
