"""Looks at growing evidence: a verdict only where a rule that spends the error over all looks was registered."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError

KINDS = ("obrien-fleming", "pocock")
_NODES = 201
_STEPS = 60
_FAR = 8.0  # standard deviations beyond which a path's density is nothing
_FARTHEST = 37.0  # |z| of the smallest p that a double holds; an early look's boundary may lie near it


@dataclass(frozen=True)
class SpendingRule:
    """A registered rule for repeated looks: total alpha, information planned for the end, and the spending function.

    kind : "obrien-fleming" or "pocock" (the functions of Lan & DeMets 1983)
    """

    alpha: float
    planned_information: float
    kind: str = "obrien-fleming"

    def spent(self, share):
        """Alpha spent when `share` of the planned information is in, half of it on each side (as ldbounds)."""
        share = np.clip(share, 1e-12, 1.0)
        if self.kind == "obrien-fleming":
            from scipy import special

            return 4 * special.ndtr(dist.normal_quantile(self.alpha / 4) / np.sqrt(share))
        if self.kind == "pocock":
            return self.alpha * np.log(1 + (np.e - 1) * share)
        raise PoolingError(f"kind={self.kind!r} is unknown: use 'obrien-fleming' or 'pocock'.")

    def boundaries(self, information):
        """Two-sided boundary of |z| at each look.

        Parameters
        ----------
        information : sequence
            1/SE² at each look.

        Returns
        -------
        ndarray
            Infinite at a look that brings no new information, or comes after the planned information was in.

        Notes
        -----
        Score statistics at the looks have independent normal increments with the information's increments as
        variances (Jennison & Turnbull 2000, ch. 19). The density of paths that have not crossed is carried from look to
        look on a Gauss–Legendre grid, and each boundary spends exactly the alpha that its look adds.
        """
        share = np.asarray(information, dtype=float) / self.planned_information
        found = np.full(share.size, np.inf)
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        grid, mass, before, spent = np.zeros(1), np.ones(1), 0.0, 0.0
        for look, now in enumerate(np.minimum(share, 1.0)):
            if not now > before + 1e-9:
                continue
            step = np.sqrt(now - before)
            add = float(self.spent(now)) - spent
            limit = _boundary(grid, mass, step, np.sqrt(now), add)
            found[look] = limit / np.sqrt(now)
            if now >= 1.0:
                break
            reach = min(limit, _FAR * np.sqrt(now))
            new = reach * nodes
            density = np.exp(-0.5 * ((new[:, None] - grid[None, :]) / step) ** 2) / (step * np.sqrt(2 * np.pi))
            grid, mass, before, spent = new, (density @ mass) * reach * weights, now, spent + add
        return found


def _boundary(grid, mass, step, spread, alpha):
    """The limit of the score that paths cross with probability alpha, by bisection."""
    from scipy import special

    low, high = 0.0, _FARTHEST * spread
    for _ in range(_STEPS):
        middle = (low + high) / 2
        beyond = special.ndtr((grid - middle) / step) + special.ndtr((-grid - middle) / step)
        low, high = (middle, high) if mass @ beyond > alpha else (low, middle)
    return high


def sequential_verdicts(table, rule: SpendingRule | None = None, information=None):
    """Cumulative pools with a verdict only where a spending rule was registered.

    Parameters
    ----------
    table : DataFrame
        From `influence.cumulative`.
    information : sequence, optional
        At each look; by default 1/SE². Under Knapp–Hartung give that of the z test: effects that happen to lie close
        together make its standard error small, which is no information.

    Returns
    -------
    DataFrame
        The same with information and, with a rule, alpha_spent (up to this look), boundary (of |z|) and
        crosses: whether |z| reaches it, z being the normal deviate of the look's p value, so that a t counts as the z
        it is as rare as. Without a rule there is no verdict column.

    Notes
    -----
    Information falls where a new effect raises the variance between studies; such a look, and one after the planned
    information was in, spends nothing and crosses nothing.
    """
    out = table.copy()
    information = 1 / out["std_error"].to_numpy() ** 2 if information is None else np.asarray(information, dtype=float)
    out["information"] = information
    if rule is None:
        return out
    reached = np.maximum.accumulate(np.where(np.isfinite(information), information, 0.0))
    out["alpha_spent"] = rule.spent(reached / rule.planned_information)
    out["boundary"] = rule.boundaries(reached)
    p_value = np.clip(out["p_value"].to_numpy(), 1e-300, 1.0)
    out["crosses"] = -dist.normal_quantile(p_value / 2) >= out["boundary"].to_numpy()
    return out
