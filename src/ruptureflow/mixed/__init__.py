"""Linear mixed models with small-sample inference.

A library in its own right: it imports no other part of ruptureflow. ``fit_mixed`` (formula and data frame) and
``fit_arrays`` (matrices) return a ``MixedFit``.
"""

from ruptureflow.mixed.errors import ModelError, ModelWarning
from ruptureflow.mixed.fit import fit_arrays, fit_mixed
from ruptureflow.mixed.model import MixedFit
from ruptureflow.mixed.resampling import (
    bootstrap_test,
    cluster_bootstrap,
    likelihood_ratio,
    parametric_bootstrap,
)
from ruptureflow.mixed.status import FitStatus

__all__ = [
    "FitStatus",
    "MixedFit",
    "ModelError",
    "ModelWarning",
    "bootstrap_test",
    "cluster_bootstrap",
    "fit_arrays",
    "fit_mixed",
    "likelihood_ratio",
    "parametric_bootstrap",
]
