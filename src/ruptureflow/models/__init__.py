"""One row a session from everything measured, and the analysis plan fitted to it."""

from ruptureflow.models.centering import Centered, center
from ruptureflow.models.errors import PlanError
from ruptureflow.models.plan import FittedPlan, fit_plan
from ruptureflow.models.sessions import join_sessions
from ruptureflow.models.standardised import StandardisedSlope, standardised_slope, within_sd

__all__ = [
    "Centered",
    "FittedPlan",
    "PlanError",
    "StandardisedSlope",
    "center",
    "fit_plan",
    "join_sessions",
    "standardised_slope",
    "within_sd",
]
