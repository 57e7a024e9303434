"""What a printed row allows: every r and z statistic that round to the print and agree with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling.distributions import t_quantile
from ruptureflow.pooling.errors import PoolingError

R_STEPS, Z_STEPS = 201, 21
SLACK = 1e-9


def half_unit(printed: str) -> float:
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** -len(printed.strip().partition(".")[2])


def rounds_to(values: np.ndarray, printed: str) -> np.ndarray:
    """Whether values round to a printed number; a tie counts, whichever way it was rounded."""
    return np.abs(values - float(printed)) <= half_unit(printed) + SLACK


@dataclass(frozen=True)
class Readings:
    """Readings of one printed row.

    Parameters
    ----------
    r, statistic : the pairs that agree with everything the row prints.
    consistent : False where no pair does; r and statistic are then the printed numbers themselves.
    """

    r: np.ndarray
    statistic: np.ndarray
    consistent: bool

    @property
    def estimate(self) -> np.ndarray:
        """Fisher's z of each r."""
        return np.arctanh(self.r)

    @property
    def variance(self) -> np.ndarray:
        """Sampling variance of Fisher's z that r and its z statistic imply."""
        return (self.estimate / self.statistic) ** 2

    @property
    def middle(self) -> float:
        """r in the middle of all readings."""
        return float(self.r.mean())


def read_row(r: str, z: str, ci_low: str = "", ci_high: str = "", level: float = 0.95) -> Readings:
    """The readings of a row that prints r, its z statistic and (perhaps) its interval.

    Parameters
    ----------
    r, z, ci_low, ci_high : as printed, with trailing zeros; an empty interval end restricts nothing.
    level : level of the printed interval, tanh(atanh(r) ∓ 1.96·SE) with SE = atanh(r)/z.

    Returns
    -------
    Readings
        on a grid of 201 × 21 over the print's rounding (r to 5e-5 where two decimals are printed).

    Raises
    ------
    PoolingError
        if r or z cannot be read, or z is zero to its printed digits.
    """
    try:
        centre, statistic = float(r), float(z)
    except ValueError:
        raise PoolingError(f"r {r!r} with z {z!r} is not a pair of numbers; correct or leave out the row") from None
    if abs(centre) + half_unit(r) >= 1 or abs(statistic) <= half_unit(z):
        raise PoolingError(f"r {r!r} with z {z!r} implies no standard error; give the interval's ends instead")
    grid_r, grid_z = np.meshgrid(
        centre + half_unit(r) * np.linspace(-1, 1, R_STEPS), statistic + half_unit(z) * np.linspace(-1, 1, Z_STEPS)
    )
    grid_r, grid_z = grid_r.ravel(), grid_z.ravel()
    estimate = np.arctanh(grid_r)
    half = t_quantile(level, np.inf) * estimate / grid_z
    agrees = grid_r * grid_z > 0
    for printed, end in ((ci_low, estimate - half), (ci_high, estimate + half)):
        if printed:
            agrees &= rounds_to(np.tanh(end), printed)
    if not agrees.any():
        return Readings(np.array([centre]), np.array([statistic]), consistent=False)
    return Readings(grid_r[agrees], grid_z[agrees], consistent=True)
