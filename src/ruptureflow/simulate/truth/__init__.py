"""What the simulated waves were made to show. It lies here and not in the raw folders, which hold what a lab leaves."""

from ruptureflow.simulate.truth.saliva import SALIVA, SalivaTruth

__all__ = ["SALIVA", "SalivaTruth"]
