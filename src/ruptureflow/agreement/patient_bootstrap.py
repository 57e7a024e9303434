"""Bootstrap over patients: sessions of one patient stay together, as they are not independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bootstrap:
    """How a bootstrap over patients is drawn: number of draws, seed, and coverage of its percentile interval."""

    draws: int = 10_000
    seed: int = 20180
    level: float = 0.95

    def interval(self, drawn: np.ndarray) -> tuple[float, float]:
        """Percentile interval over the draws with a value (nothing varies in some); NaN if fewer than half have one."""
        usable = drawn[np.isfinite(drawn)]
        if self.draws == 0 or usable.size < 0.5 * max(drawn.size, 1):
            return np.nan, np.nan
        tail = 50 * (1 - self.level)
        low, high = np.percentile(usable, [tail, 100 - tail])
        return float(low), float(high)

    def weights(self, n_patients: int) -> np.ndarray:
        """How often each patient is drawn; one row a draw."""
        return patient_weights(n_patients, self.draws, self.seed)


def patient_weights(n_patients: int, draws: int, seed: int) -> np.ndarray:
    """Counts of each patient in each draw of as many patients, with replacement.

    Returns
    -------
    array of shape (draws, n_patients); each row sums to n_patients.
    """
    drawn = np.random.default_rng(seed).integers(n_patients, size=(draws, n_patients))
    drawn += np.arange(draws)[:, None] * n_patients
    return np.bincount(drawn.ravel(), minlength=draws * n_patients).reshape(draws, n_patients).astype(float)
