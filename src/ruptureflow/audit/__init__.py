"""Published claims recomputed, a second engine's opinion, and the gates a reviewer would ask for."""

from ruptureflow.audit.claims import check_claims
from ruptureflow.audit.errors import AuditError
from ruptureflow.audit.gates import check_gates
from ruptureflow.audit.results import WaveResults
from ruptureflow.audit.rounding import Interval, allowed, over_corners
from ruptureflow.audit.second_engine import compare_engines

__all__ = [
    "AuditError",
    "Interval",
    "WaveResults",
    "allowed",
    "check_claims",
    "check_gates",
    "compare_engines",
    "over_corners",
]
