"""assay: counts and optical densities to concentrations with standard errors, flags and pre-to-post changes."""

from ruptureflow.assay.curves import Curve, fit_curve
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.measure import MeasuredSamples, measure_samples

__all__ = ["AssayError", "Curve", "MeasuredSamples", "fit_curve", "measure_samples"]
