"""Several outcomes per study at once, each with its own mean and variance."""

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects, check_level
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
from ruptureflow.pooling.moderators import Design
from ruptureflow.pooling.weighting import Problem


def pool_multivariate(
    estimate, variance, study, outcome, sampling_correlation=0.0, structure="un", test="z", method="reml", level=0.95
) -> MultilevelResult:
    """Pool several outcomes at once, with a mean and a variance for each and correlations between them.

    Parameters
    ----------
    study, outcome : sequences
        At most one effect per study and outcome.
    sampling_correlation : float
        Between the sampling errors of a study's outcomes, in (−1, 1).
    structure : "un" (variances and covariances between outcomes) or "diag" (variances only)

    Returns
    -------
    MultilevelResult
        Its terms are the outcomes' names; `random_covariance` has the matrix over outcomes.
    """
    import pandas as pd

    level = check_level(level)
    check_test(test, method)
    if structure not in ("un", "diag"):
        raise PoolingError(f"structure={structure!r} is unknown: use 'un' or 'diag'.")
    if not -1 < sampling_correlation < 1:
        raise PoolingError(f"sampling_correlation={sampling_correlation!r}: give a number between −1 and 1.")
    effects = check_effects(estimate, variance)
    columns = group_columns({"study": study, "outcome": outcome}, effects)
    names = list(dict.fromkeys(columns["outcome"]))
    if pd.DataFrame(columns).duplicated().any():
        twice = pd.DataFrame(columns)[pd.DataFrame(columns).duplicated()].iloc[0]
        raise PoolingError(f"study {twice['study']!r} has two effects on {twice['outcome']!r}: combine them first.")
    dummies = np.column_stack([np.array([one == name for one in columns["outcome"]], float) for name in names])
    design = Design(dummies, tuple(str(name) for name in names), ("outcome",), {}, False)
    enough(effects.y.size, design)
    whitened, log_norm = _whiten(effects, columns["study"], sampling_correlation, dummies)
    y, x = whitened[:, 0], whitened[:, 1:]
    fit = fit_levels(
        y, Design(x, design.terms, (), {}, False), [columns["study"]], x, method, np.ones_like(y),
        "unstructured" if structure == "un" else "diagonal",
    )  # fmt: skip
    matrix = next(iter(fit.random_covariance.values())).to_numpy()
    problem = Problem(y[None, :], np.ones((1, y.size)), np.linalg.qr(x)[0])
    _, q, q_df, q_p = fixed_part(problem, y.size, len(names))
    tau2 = float(np.trace(matrix) / len(names))
    table, covariance = fixed_table(fit, design, y.size, test, level)
    levels = pd.DataFrame(
        {
            "level": list(design.terms),
            "variance": np.diag(matrix),
            "units": dummies.sum(axis=0).astype(int),
            "i2": np.nan,
        }
    )
    return MultilevelResult(
        method=method,
        test=test,
        level=level,
        terms=design.terms,
        table=table,
        covariance=covariance,
        tau2=tau2,
        levels=levels,
        i2=np.nan,
        h2=np.nan,
        q=q,
        q_df=q_df,
        q_p=q_p,
        k=y.size,
        log_likelihood=fit.log_likelihood + log_norm + likelihood_norm(design, method),
        labels=effects.labels,
        design=design,
        random_covariance={"study": matrix},
        estimates=effects.y,
        variances=effects.v,
        groups=pd.DataFrame(columns),
        converged=bool(fit.status.converged),
        multivariate=True,
        fit=fit,
        notes=("tau2 is the mean of the outcomes' variances",),
    )


def _whiten(effects, study, correlation, x):
    """Effects and design with each study's correlated sampling errors made independent with variance 1."""
    full = np.column_stack([effects.y, x])
    out = np.empty_like(full)
    log_norm = 0.0
    members = {}
    for row, name in enumerate(study):
        members.setdefault(name, []).append(row)
    for name, rows in members.items():
        s = np.sqrt(effects.v[rows])
        block = correlation * np.outer(s, s)
        np.fill_diagonal(block, effects.v[rows])
        try:
            root = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            raise PoolingError(
                f"sampling_correlation={correlation:g} is impossible for the {len(rows)} effects of {name!r}: raise it."
            ) from None
        out[rows] = np.linalg.solve(root, full[rows])
        log_norm -= np.log(np.diag(root)).sum()
    return out, float(log_norm)
