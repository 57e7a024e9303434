"""Several effects of one study made into one, or kept apart for a multilevel model."""

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects

WAYS = ("independent", "correlated", "keep")


def combine_effects(estimate, variance, study, how, correlation=None, weighting="equal"):
    """One row per study from several outcomes, arms or subgroups.

    Parameters
    ----------
    how : str
        ``independent`` (subgroups with different people), ``correlated`` (outcomes of the same people,
        needs `correlation`), or ``keep`` (return the rows for `pool_multilevel`).
    correlation : float
        Between outcomes' sampling errors, in [−1, 1].
    weighting : str
        ``equal`` (a plain mean, as CMA) or ``inverse-variance`` (independent effects only).

    Returns
    -------
    DataFrame
        study (in order of first appearance), estimate, variance, n_effects.

    Raises
    ------
    PoolingError
        If the effects are called correlated and no correlation is given.
    """
    import pandas as pd

    if how not in WAYS:
        raise PoolingError(f"how={how!r} is unknown: use one of {', '.join(WAYS)}.")
    if weighting not in ("equal", "inverse-variance") or (weighting != "equal" and how == "correlated"):
        raise PoolingError(
            f"weighting={weighting!r} does not go with how={how!r}: 'equal' always does, "
            "'inverse-variance' with independent effects."
        )
    if how == "correlated" and (correlation is None or not -1 <= correlation <= 1):
        raise PoolingError(f"correlation={correlation!r}: state the correlation between outcomes, from −1 to 1.")
    effects = check_effects(estimate, variance)
    study = list(study)
    if len(study) != effects.y.size:
        raise PoolingError(f"{len(study)} study names for {effects.y.size} effects: give one per effect.")
    if how == "keep":
        ones = np.ones(effects.y.size, dtype=int)
        return pd.DataFrame({"study": study, "estimate": effects.y, "variance": effects.v, "n_effects": ones})
    rows = []
    for name in dict.fromkeys(study):
        mine = np.array([one == name for one in study])
        y, v = effects.y[mine], effects.v[mine]
        w = np.full(y.size, 1 / y.size) if weighting == "equal" else (1 / v) / (1 / v).sum()
        total = (w**2 * v).sum()
        if how == "correlated":
            part = w * np.sqrt(v)
            total += correlation * (part.sum() ** 2 - (part**2).sum())
        if total <= 0:
            raise PoolingError(f"combining {name!r} at correlation {correlation:g} leaves no variance: check it.")
        rows.append((name, (w * y).sum(), total, y.size))
    return pd.DataFrame(rows, columns=["study", "estimate", "variance", "n_effects"])
