"""One row a session and one a sample from everything measured, and the analysis plan fitted to it."""

from ruptureflow.models.centering import Centered, center
from ruptureflow.models.draws import Draws, gather_draws
from ruptureflow.models.errors import PlanError
from ruptureflow.models.multiple_imputation import rubin
from ruptureflow.models.plan import FittedPlan, fit_plan
from ruptureflow.models.samples import join_samples
from ruptureflow.models.sessions import gather, join_sessions
from ruptureflow.models.standardised import StandardisedSlope, standardised_slope, within_sd

__all__ = [
    "Centered",
    "Draws",
    "FittedPlan",
    "PlanError",
    "StandardisedSlope",
    "center",
    "fit_plan",
    "gather",
    "gather_draws",
    "join_samples",
    "join_sessions",
    "rubin",
    "standardised_slope",
    "within_sd",
]
