"""Two yes/no verdicts on the same sessions: the fourfold table and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fourfold:
    """Counts of a fourfold table; coefficients are NaN where their denominator is zero."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def n(self) -> int:
        """Sessions."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def agreement(self) -> float:
        """Share of sessions with the same verdict."""
        return _ratio(self.both + self.neither, self.n)

    @property
    def kappa(self) -> float:
        """Cohen's kappa; NaN where both say the same of every session, as chance agreement is complete then."""
        first, second = self.both + self.first_only, self.both + self.second_only
        chance = _ratio(first * second + (self.n - first) * (self.n - second), self.n**2)
        return _ratio(self.agreement - chance, 1 - chance)

    @property
    def pabak(self) -> float:
        """Prevalence- and bias-adjusted kappa, 2·agreement − 1 (Byrt, Bishop and Carlin, 1993)."""
        return 2 * self.agreement - 1

    @property
    def positive_agreement(self) -> float:
        """2a / (2a + b + c): agreement on presence."""
        return _ratio(2 * self.both, 2 * self.both + self.first_only + self.second_only)

    @property
    def negative_agreement(self) -> float:
        """2d / (2d + b + c): agreement on absence."""
        return _ratio(2 * self.neither, 2 * self.neither + self.first_only + self.second_only)

    @property
    def phi(self) -> float:
        """Phi coefficient, the correlation of the two verdicts."""
        first, second = self.both + self.first_only, self.both + self.second_only
        spread = first * (self.n - first) * second * (self.n - second)
        return _ratio(self.both * self.neither - self.first_only * self.second_only, spread**0.5)

    @property
    def mcnemar_p(self) -> float:
        """Exact two-sided McNemar test (binomial on the sessions that differ); 1 where none does."""
        from scipy.special import bdtr

        differ = self.first_only + self.second_only
        return min(1.0, 2 * float(bdtr(min(self.first_only, self.second_only), differ, 0.5))) if differ else 1.0


def fourfold(first: np.ndarray, second: np.ndarray) -> Fourfold:
    """Count two boolean verdicts on the same sessions."""
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    return Fourfold(
        int((first & second).sum()),
        int((first & ~second).sum()),
        int((~first & second).sum()),
        int((~first & ~second).sum()),
    )


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else np.nan


def pooled_tables(tables: np.ndarray) -> dict[str, np.ndarray]:
    """Agreement of a stack of fourfold tables (absent, present) whose pairs of coders are pooled.

    Returns
    -------
    dict
        percent agreement (in %), positive agreement, negative agreement, PABAK: one number a table; NaN where a
        denominator is zero.
    """
    present, absent = tables[..., 1, 1], tables[..., 0, 0]
    differ = tables[..., 0, 1] + tables[..., 1, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        same = (present + absent) / (present + absent + differ)
        return {
            "percent agreement": 100 * same,
            "positive agreement": 2 * present / (2 * present + differ),
            "negative agreement": 2 * absent / (2 * absent + differ),
            "PABAK": 2 * same - 1,
        }
