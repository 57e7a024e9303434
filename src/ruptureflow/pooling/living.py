"""Waves' own effects beside the published ones, and looks at evidence that accumulates."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError

NEEDED = ("label", "estimate", "variance", "construct", "metric", "origin")
ORIGINS = ("published", "real", "simulated")


def join_evidence(published, waves):
    """Published effects and waves' effects in one table for one forest plot and one pool.

    Parameters
    ----------
    published, waves : DataFrames
        label, estimate, variance, construct (what is related to what), metric, origin (published, real,
        simulated); other columns travel along.

    Returns
    -------
    DataFrame
        Published rows first.

    Raises
    ------
    PoolingError
        If constructs or metrics differ, or simulated waves would meet real ones or published studies.
    """
    import pandas as pd

    tables = [table for table in (published, waves) if len(table)]
    if not tables:
        raise PoolingError("there is no effect to join: give published effects, waves' effects, or both.")
    for table in tables:
        missing = [name for name in NEEDED if name not in table]
        if missing:
            raise PoolingError(f"the evidence lacks the column {missing[0]!r}: it needs {', '.join(NEEDED)}.")
    joined = pd.concat(tables, ignore_index=True)
    for name in ("construct", "metric"):
        kinds = list(dict.fromkeys(joined[name]))
        if len(kinds) > 1:
            first = joined.loc[joined[name] == kinds[1], "label"].iloc[0]
            raise PoolingError(
                f"{name} is {kinds[1]!r} in {first!r} but {kinds[0]!r} before it: different things are never pooled; "
                "keep them in pools of their own."
            )
    unknown = set(joined["origin"]) - set(ORIGINS)
    if unknown:
        raise PoolingError(f"origin {sorted(unknown)[0]!r} is unknown: use one of {', '.join(ORIGINS)}.")
    simulated = joined["origin"] == "simulated"
    if simulated.any() and not simulated.all():
        name = joined.loc[simulated, "label"].iloc[0]
        raise PoolingError(f"{name!r} is simulated: it never enters a pool or a plot with real evidence; leave it out.")
    return joined


@dataclass(frozen=True)
class SpendingRule:
    """A registered rule for repeated looks: total alpha, information planned for the end, and the spending function.

    kind : "obrien-fleming" (Lan–DeMets) or "pocock"
    """

    alpha: float
    planned_information: float
    kind: str = "obrien-fleming"

    def spent(self, share):
        """Alpha spent when `share` of the planned information is in."""
        share = np.clip(share, 1e-12, 1.0)
        if self.kind == "obrien-fleming":
            from scipy import special

            return 2 * special.ndtr(-dist.normal_quantile(1 - self.alpha / 2) / np.sqrt(share))
        if self.kind == "pocock":
            return self.alpha * np.log(1 + (np.e - 1) * share)
        raise PoolingError(f"kind={self.kind!r} is unknown: use 'obrien-fleming' or 'pocock'.")


def sequential_verdicts(table, rule: SpendingRule | None = None):
    """Cumulative pools with a verdict only where a spending rule was registered.

    Parameters
    ----------
    table : DataFrame
        From `influence.cumulative`.

    Returns
    -------
    DataFrame
        The same with information (1/se²) and, with a rule, alpha_available (what this look may use) and
        crosses (whether p lies below it). Without one there is no verdict column.

    Notes
    -----
    Each look may use the alpha newly spent since the one before; the looks' errors add up to at most
    alpha whatever their dependence (a union bound: exact boundaries would be a little wider).
    """
    out = table.copy()
    information = 1 / out["std_error"].to_numpy() ** 2
    out["information"] = information
    if rule is None:
        return out
    reached = np.maximum.accumulate(np.nan_to_num(information, nan=0.0))
    spent = rule.spent(reached / rule.planned_information)
    out["alpha_available"] = np.diff(np.concatenate([[0.0], spent]))
    out["crosses"] = out["p_value"].to_numpy() < out["alpha_available"].to_numpy()
    return out
