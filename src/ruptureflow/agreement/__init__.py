"""Agreement: do coders see the same, and what do answers sum up to?"""

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.icc import icc
from ruptureflow.agreement.rate import rate_agreement

__all__ = ["AgreementError", "icc", "rate_agreement"]
