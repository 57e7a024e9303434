"""Agreement: do coders see the same, and what do answers sum up to?"""

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.icc import bootstrap_icc, icc
from ruptureflow.agreement.kappa import weighted_kappa
from ruptureflow.agreement.krippendorff import krippendorff_alpha
from ruptureflow.agreement.rate import rate_agreement

__all__ = ["AgreementError", "bootstrap_icc", "icc", "krippendorff_alpha", "rate_agreement", "weighted_kappa"]
