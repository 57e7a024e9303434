"""A mean over sessions with a standard error that counts the sessions of one patient as dependent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.assay.logistic import Array


@dataclass(frozen=True)
class MeanChange:
    """A mean change: estimate, standard error, degrees of freedom, and how many sessions and patients are behind it."""

    estimate: float
    std_error: float
    df: float
    n_changes: int
    n_patients: int

    def interval(self, level: float) -> tuple[float, float]:
        """Interval from the t distribution; NaN with fewer than two patients."""
        from scipy.special import stdtrit

        if not self.df > 0 or not np.isfinite(self.std_error):
            return float("nan"), float("nan")
        reach = float(stdtrit(self.df, (1 + level) / 2)) * self.std_error
        return self.estimate - reach, self.estimate + reach


def clustered_mean(values: Array, patients: np.ndarray) -> MeanChange:
    """Mean with the cluster-robust standard error √(G/(G − 1) Σ_g (Σ e)²) / n on G − 1 degrees of freedom.

    With one session a patient this is SD/√n.
    """
    known = ~np.isnan(values)
    value = values[known]
    _, index = np.unique(patients[known], return_inverse=True)
    groups = int(index.max()) + 1 if value.size else 0
    nan = float("nan")
    if groups < 2:
        return MeanChange(float(value.mean()) if value.size else nan, nan, nan, value.size, groups)
    sums = np.bincount(index, weights=value - value.mean())
    variance = groups / (groups - 1) * float((sums**2).sum()) / value.size**2
    return MeanChange(float(value.mean()), float(np.sqrt(variance)), groups - 1.0, value.size, groups)
