"""Several effects per study, nested: three-level models and deeper.

The likelihood is `ruptureflow.mixed`'s with known sampling variances, so the cost grows linearly with
the number of effects.
"""

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects, check_level, same_order
from ruptureflow.pooling.level_models import (
    MultilevelResult,
    check_test,
    enough,
    fit_levels,
    fixed_part,
    fixed_table,
    group_columns,
    likelihood_norm,
)
from ruptureflow.pooling.moderators import build_design
from ruptureflow.pooling.weighting import Problem


def pool_multilevel(
    estimate, variance, groups, moderators=None, test="z", method="reml", level=0.95, *, labels=None, missing="error"
) -> MultilevelResult:
    """Pool effects nested in studies (and deeper), with a variance per level.

    Parameters
    ----------
    groups : DataFrame, mapping or sequence
        One column per level, outermost first (``study``, ``effect``); inner labels may repeat between
        outer units. Effects' own variance needs a last column that differs for every effect.
    test : str
        ``z``; ``t`` (k − p df, as ``rma.mv(test="t")``); ``satterthwaite`` or ``kenward-roger``.
    method : "reml" or "ml"
    labels : sequence, optional
        Effects' names, as in `pool`.
    missing : "error" or "drop"
        What to do with effects without estimate or variance.

    Returns
    -------
    MultilevelResult
        `variance_intervals` has a profile-likelihood interval per level.

    Raises
    ------
    PoolingError
        On bad effects, a missing group, or too few effects for the model.

    References
    ----------
    Konstantopoulos (2011), Res. Synth. Methods 2; Assink & Wibbelink (2016), Quant. Meth. Psych. 12.
    """
    level = check_level(level)
    check_test(test, method)
    effects = check_effects(estimate, variance, labels, missing, may_drop=True)
    for name, other in (("groups", groups), ("moderators", moderators)):
        same_order(estimate, other, name)
    columns = group_columns(groups, effects)
    design = build_design(moderators, effects.y.size, effects=effects)
    enough(effects.y.size, design)
    _refuse_nothing_to_divide(effects, columns)
    fit = fit_levels(effects.y, design, list(columns.values()), None, method, effects.v)
    per_level = [float(matrix.to_numpy()[0, 0]) for matrix in fit.random_covariance.values()]
    problem = _problem(effects, design)
    typical, q, q_df, q_p = fixed_part(problem, effects.y.size, len(design.terms))
    tau2 = float(sum(per_level))
    import pandas as pd

    units = list(fit.n_groups.values())
    levels = pd.DataFrame(
        {
            "level": list(columns),
            "variance": per_level,
            "units": units,
            "i2": [100 * one / (tau2 + typical) for one in per_level],
        }
    )
    table, covariance = fixed_table(fit, design, effects.y.size, test, level)
    return MultilevelResult(
        method=method,
        test=test,
        level=level,
        terms=design.terms,
        table=table,
        covariance=covariance,
        tau2=tau2,
        levels=levels,
        i2=100 * tau2 / (tau2 + typical),
        h2=tau2 / typical + 1,
        q=q,
        q_df=q_df,
        q_p=q_p,
        k=effects.y.size,
        log_likelihood=fit.log_likelihood + likelihood_norm(design, method),
        labels=effects.labels,
        design=design,
        random_covariance={name: np.array([[one]]) for name, one in zip(columns, per_level, strict=True)},
        estimates=effects.y,
        variances=effects.v,
        groups=pd.DataFrame(columns),
        converged=bool(fit.status.converged),
        notes=_notes(columns, units, effects.y.size, fit, effects.dropped),
        fit=fit,
    )


def _problem(effects, design):
    basis = None if design.intercept_only else np.linalg.qr(design.matrix)[0]
    return Problem(effects.y[None, :], effects.v[None, :], basis)


def _refuse_nothing_to_divide(effects, columns):
    if np.ptp(effects.y) == 0:
        raise PoolingError(
            f"all effects are {effects.y[0]:g}: no variance to divide between levels; pool() gives their common value."
        )
    outermost, labels = next((name, values.tolist()) for name, values in columns.items())
    if len(set(labels)) < 2:
        inner = " leave that level out, or" if len(columns) > 1 else ""
        raise PoolingError(
            f"group {outermost!r} is {labels[0]!r} for every effect, so it has no variance to estimate:"
            f"{inner} give effects of at least two."
        )


def _notes(columns, units, k, fit, dropped):
    notes = [f"left out for a missing value: {', '.join(map(str, dropped))}"] if dropped else []
    names = list(columns)
    if len(names) > 1 and units[-1] < k:
        notes.append(f"{names[-1]!r} repeats within its outer units: effects have no variance of their own")
    for outer, inner, many, same in zip(names, names[1:], units, units[1:], strict=False):
        if many == same:
            notes.append(
                f"{outer!r} and {inner!r} divide the effects alike: the data tell the sum of their variances only"
            )
    if fit.status.singular:
        notes.append("a variance is estimated at zero")
    return tuple(notes)
