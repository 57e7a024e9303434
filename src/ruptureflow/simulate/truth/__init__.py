"""What the simulated waves were made to show. It lies here and not in the raw folders, which hold what a lab leaves."""

from ruptureflow.simulate.truth.dyads import DYADS, DyadsTruth
from ruptureflow.simulate.truth.plasma import PLASMA, PlasmaTruth
from ruptureflow.simulate.truth.saliva import SALIVA, SalivaTruth

__all__ = ["DYADS", "PLASMA", "SALIVA", "DyadsTruth", "PlasmaTruth", "SalivaTruth"]
