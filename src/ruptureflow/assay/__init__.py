"""assay: counts and optical densities to concentrations with standard errors, flags and pre-to-post changes."""

from ruptureflow.assay.curves import Curve
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.measure import MeasuredSamples, measure_samples
from ruptureflow.assay.standard_curve import fit_curve

__all__ = ["AssayError", "Curve", "MeasuredSamples", "fit_curve", "measure_samples"]
