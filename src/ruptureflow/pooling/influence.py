"""How much single studies move the result: leave-one-out, cumulative, deletion diagnostics, Baujat, GOSH."""

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.refits import refit_subsets
from ruptureflow.pooling.result import PooledResult


def leave_one_out(result: PooledResult):
    """The pool without each effect in turn.

    Returns
    -------
    DataFrame
        omitted, term, estimate, std_error, df, statistic, p_value, ci_low, ci_high, tau2, i2, h2, q, q_p;
        one row per effect (and term, with moderators). NaN where the rest can't identify the model.
    """
    _needs(result, 2, "leave-one-out")
    fits = refit_subsets(result, ~np.eye(result.k, dtype=bool))
    return _rows(result, fits, "omitted", list(result.labels))


def cumulative(result: PooledResult, order=None):
    """The pool as effects come in, one after another, by `order` (years, say; ties in the given order).

    Returns
    -------
    DataFrame
        added, k, estimate, std_error, df, statistic, p_value, ci_low, ci_high, tau2, i2, h2, q, q_p.

    Notes
    -----
    Repeated looks at accumulating evidence have no nominal error rate: read the intervals as
    description, not as a sequence of tests.
    """
    if not result.design.intercept_only:
        raise PoolingError("cumulative pooling has no moderators: fit the model without them.")
    order = np.arange(result.k) if order is None else np.asarray(order)
    if order.shape != (result.k,):
        raise PoolingError(f"order has {order.size} values for {result.k} effects: give one per effect.")
    place = np.argsort(order, kind="stable")
    on = np.zeros((result.k, result.k), dtype=bool)
    for row, index in enumerate(place):
        on[row:, index] = True
    fits = refit_subsets(result, on)
    table = _rows(result, fits, "added", [result.labels[index] for index in place])
    table.insert(1, "k", fits.k.astype(int))
    return table.drop(columns="term")


def influence_diagnostics(result: PooledResult):
    """Deletion diagnostics as metafor's ``influence()``.

    Returns
    -------
    DataFrame
        label, rstudent (externally studentised residual), dffits, cook_d, cov_ratio, tau2_deleted,
        q_deleted, hat, weight (per cent), dfbetas_<term> …, influential (metafor's rule: |DFFITS| >
        3√(p/(k − p)), or Cook beyond the chi-squared median, or hat > 3p/k, or a |DFBETAS| > 1).
    """
    import pandas as pd

    _needs(result, result.p + 2, "influence diagnostics")
    k, p, y, v = result.k, result.p, result.estimates, result.variances
    x = result.design.matrix
    fits = refit_subsets(result, ~np.eye(k, dtype=bool))
    deleted = np.einsum("ij,ij->i", x, fits.beta)
    variance = np.einsum("ij,ijk,ik->i", x, fits.covariance, x)
    residual = y - deleted
    residual = np.where(np.abs(residual) < 100 * np.finfo(float).eps, 0.0, residual)
    hat, unscaled = _full_data(result, fits.tau2)
    step = result.beta - fits.beta
    dfbetas = step / np.sqrt(fits.scale[:, None] * np.diagonal(unscaled, axis1=1, axis2=2))
    if result.user_weights is None:
        spread = fits.scale * hat * (fits.tau2 + v)
    else:
        h = _own_hat(result)
        spread = fits.scale * np.einsum("ij,ij->i", h**2, fits.tau2[:, None] + v)
    dffits = (result.fitted - deleted) / np.sqrt(spread)
    cook = np.einsum("ij,jk,ik->i", step, np.linalg.inv(result.covariance), step)
    table = pd.DataFrame(
        {
            "label": list(result.labels),
            "rstudent": residual / np.sqrt(v * fits.scale + variance + fits.tau2 * fits.scale),
            "dffits": dffits,
            "cook_d": cook,
            "cov_ratio": np.linalg.det(fits.covariance) / np.linalg.det(result.covariance),
            "tau2_deleted": fits.tau2,
            "q_deleted": fits.q,
            "hat": hat,
            "weight": result.weights,
        }
    )
    for index, term in enumerate(result.terms):
        table[f"dfbetas_{term}"] = dfbetas[:, index]
    median = dist.chi2_upper_quantile(0.5, p)
    table["influential"] = (
        (np.abs(dffits) > 3 * np.sqrt(p / (k - p)))
        | (cook > median)
        | (hat > 3 * p / k)
        | (np.abs(dfbetas) > 1).any(axis=1)
    )
    return table


def baujat(result: PooledResult):
    """Baujat's plot as numbers: each effect's squared Pearson residual and its influence on its own fitted value.

    Returns
    -------
    DataFrame
        label, heterogeneity (x axis), influence (y axis).
    """
    import pandas as pd

    _needs(result, result.p + 2, "a Baujat plot")
    x = result.design.matrix
    fits = refit_subsets(result, ~np.eye(result.k, dtype=bool))
    deleted = np.einsum("ij,ij->i", x, fits.beta)
    variance = np.einsum("ij,ijk,ik->i", x, fits.covariance, x)
    pearson = (result.estimates - result.fitted) ** 2 / (result.tau2 + result.variances)
    return pd.DataFrame(
        {
            "label": list(result.labels),
            "heterogeneity": pearson,
            "influence": (deleted - result.fitted) ** 2 / variance,
        }
    )


def gosh(result: PooledResult, subsets=None, seed=1):
    """The pool of all subsets (or of a random sample of them), for a look at hidden clusters.

    Parameters
    ----------
    subsets : int, optional
        How many to draw; by default all 2^k − 1 while k ≤ 15, else 10,000 drawn.

    Returns
    -------
    DataFrame
        k, estimate (first term), tau2, i2, q, members (a text of 0/1, one per effect in order).
    """
    import pandas as pd

    if not result.design.intercept_only:
        raise PoolingError("subsets are pooled without moderators: fit the model without them.")
    k = result.k
    if subsets is None and k <= 15:
        codes = np.arange(1, 2**k)
        on = (codes[:, None] >> np.arange(k)) & 1 == 1
    else:
        rng = np.random.default_rng(seed)
        on = rng.random((subsets or 10_000, k)) < 0.5
        on[~on.any(axis=1), 0] = True
    fits = refit_subsets(result, on)
    return pd.DataFrame(
        {
            "k": fits.k.astype(int),
            "estimate": fits.beta[:, 0],
            "tau2": fits.tau2,
            "i2": fits.i2,
            "q": fits.q,
            "members": ["".join(row) for row in np.where(on, "1", "0")],
        }
    )


def _needs(result, least, what):
    if result.k < least:
        raise PoolingError(f"{what} needs at least {least} effects; there are {result.k}.")


def _own_hat(result):
    x, a = result.design.matrix, result.user_weights
    return x @ np.linalg.solve((x.T * a) @ x, x.T * a)


def _full_data(result, tau2):
    """Hat values of the model, and the unscaled covariance on all effects at each deleted tau²."""
    x, v = result.design.matrix, result.variances
    if result.user_weights is not None:
        a = result.user_weights
        bread = np.linalg.inv((x.T * a) @ x)
        meat = np.einsum("kp,mk,kq->mpq", x, a**2 * (v + tau2[:, None]), x)
        return np.diagonal(_own_hat(result)), bread @ meat @ bread
    w = 1 / (v + result.tau2)
    hat = w * np.einsum("kp,pq,kq->k", x, np.linalg.inv((x.T * w) @ x), x)
    information = np.einsum("kp,mk,kq->mpq", x, 1 / (v + tau2[:, None]), x)
    finite = np.isfinite(tau2)
    unscaled = np.full_like(information, np.nan)
    unscaled[finite] = np.linalg.inv(information[finite])
    return hat, unscaled


def _rows(result, fits, name, labels):
    import pandas as pd

    p, m = result.p, len(labels)
    df = np.full(m, np.inf) if np.isinf(result.df) else fits.k - p
    # One effect alone is tested by z, as pool() does and as metafor's cumul() does.
    df = np.where((fits.k == 1) & (p == 1), np.inf, df)
    quantile = np.array([dist.t_quantile(result.level, one) if one > 0 else np.nan for one in df])
    std_error = np.sqrt(np.diagonal(fits.covariance, axis1=1, axis2=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = fits.beta / std_error
    half = quantile[:, None] * std_error
    q_df = fits.k - p
    q_p = np.array([dist.chi2_p_value(q, one) if one > 0 else 1.0 for q, one in zip(fits.q, q_df, strict=True)])
    long_df = np.repeat(df, p)
    p_value = np.full(m * p, np.nan)
    tested = long_df > 0
    p_value[tested] = dist.t_p_value(statistic.ravel()[tested], long_df[tested])
    return pd.DataFrame(
        {
            name: np.repeat(np.array(labels, dtype=object), p),
            "term": list(result.terms) * m,
            "estimate": fits.beta.ravel(),
            "std_error": std_error.ravel(),
            "df": long_df,
            "statistic": statistic.ravel(),
            "p_value": p_value,
            "ci_low": (fits.beta - half).ravel(),
            "ci_high": (fits.beta + half).ravel(),
            "tau2": np.repeat(fits.tau2, p),
            "i2": np.repeat(fits.i2, p),
            "h2": np.repeat(fits.h2, p),
            "q": np.repeat(fits.q, p),
            "q_p": np.repeat(q_p, p),
        }
    )
