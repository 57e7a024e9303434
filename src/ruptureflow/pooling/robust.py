"""Cluster-robust tests (CR2 with Satterthwaite df), as clubSandwich's ``coef_test``."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.result import coefficient_table

_EXACT = 1e-6  # of the model's own standard error; rounding alone leaves up to 2e-7


@dataclass(frozen=True)
class RobustResult:
    """`table` as of every pool, with CR2 standard errors and Satterthwaite df; its covariance; clusters."""

    table: object
    covariance: np.ndarray
    clusters: int
    notes: tuple = ()


def cluster_robust(result, cluster=None, level=None) -> RobustResult:
    """Robust tests of a `pool` or `pool_multilevel` result.

    Parameters
    ----------
    cluster : sequence, optional
        Cluster of each effect: independent units such as studies or teams. By default the outermost
        group of a multilevel model.

    Returns
    -------
    RobustResult

    Raises
    ------
    PoolingError
        Without clusters, with one cluster, or if clusters cut through the model's outermost groups.

    References
    ----------
    Pustejovsky & Tipton (2018), J. Bus. Econ. Stat. 36; the model's own covariance is the working model.
    """
    groups = getattr(result, "groups", None)
    if cluster is None:
        if groups is None:
            raise PoolingError("cluster is not given: name the cluster of each effect.")
        cluster = groups.iloc[:, 0].to_numpy()
    cluster = np.asarray(cluster)
    if cluster.shape != (result.k,):
        raise PoolingError(f"cluster has {cluster.size} labels for {result.k} effects: give one each.")
    if getattr(result, "user_weights", None) is not None or getattr(result, "multivariate", False):
        raise PoolingError("robust tests are made for inverse-variance weights and nested groups: refit without them.")
    members = {}
    for row, name in enumerate(cluster.tolist()):
        members.setdefault(name, []).append(row)
    if len(members) < 2:
        raise PoolingError("there is one cluster: robust tests need at least 2, and are poor under about 10.")
    if groups is not None:
        _refuse_cut(groups.iloc[:, 0].to_numpy(), cluster)
    blocks = [(np.array(rows), _block(result, groups, np.array(rows))) for rows in members.values()]
    x = result.design.matrix
    information = sum(x[rows].T @ np.linalg.solve(block, x[rows]) for rows, block in blocks)
    bread = np.linalg.inv(information)
    # Residuals of the generalised least-squares fit of these very blocks.
    moment = sum(x[rows].T @ np.linalg.solve(block, result.estimates[rows]) for rows, block in blocks)
    residual = result.estimates - x @ (bread @ moment)

    p = x.shape[1]
    scores = np.zeros((len(blocks), p))
    own = np.zeros((len(blocks), p))
    cross = np.zeros((len(blocks), p, p))
    for index, (rows, block) in enumerate(blocks):
        xj = x[rows]
        adjusted = _adjustment(block, xj, bread) @ np.linalg.solve(block, xj) @ bread
        scores[index] = adjusted.T @ residual[rows]
        own[index] = np.einsum("ip,ij,jp->p", adjusted, block, adjusted)
        cross[index] = xj.T @ adjusted
    df = np.array([_degrees(own[:, term], cross[:, :, term], bread) for term in range(p)])
    # A coefficient that one cluster alone determines fits that cluster exactly and has no robust error.
    alone = np.isnan(df) | (np.sqrt((scores**2).sum(axis=0)) <= _EXACT * np.sqrt(np.diagonal(bread)))
    scores[:, alone] = df[alone] = np.nan
    covariance = scores.T @ scores
    level = result.level if level is None else level
    table = coefficient_table(result.terms, bread @ moment, covariance, df, level)
    return RobustResult(table, covariance, len(blocks), tuple(_notes(result.terms, df, alone)))


def _notes(terms, df, alone):
    exact = [str(term) for term, one in zip(terms, alone, strict=True) if one]
    low = [str(term) for term, one, lone in zip(terms, df, alone, strict=True) if one < 4 and not lone]
    if exact:
        yield f"determined by one cluster alone, so without a robust error: {', '.join(exact)}"
    if low:
        yield f"fewer than 4 df, so the p value is not trustworthy: {', '.join(low)}"


def _block(result, groups, rows):
    block = np.diag(result.variances[rows])
    if groups is None:
        return block + result.tau2 * np.eye(rows.size)
    same = np.ones((rows.size, rows.size), dtype=bool)
    for name, one in zip(groups.columns, result.levels["variance"], strict=True):
        labels = groups[name].to_numpy()[rows]
        same = same & (labels[:, None] == labels[None, :])
        block = block + one * same
    return block


def _adjustment(block, xj, bread):
    root = np.linalg.cholesky(block).T
    inner = root @ (block - xj @ bread @ xj.T) @ root.T
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    # Against the block, not the values themselves: a cluster that is fitted exactly leaves rounding only.
    kept = values > 1e-10 * (block**2).sum()
    power = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    return root.T @ (vectors * power) @ vectors.T @ root


def _degrees(own, cross, bread):
    """(tr P)²/tr(P²) with P_ij = δ_ij s_i'Φ_i s_i − b_i'M b_j, never formed."""
    mixed = np.einsum("ip,pq,iq->i", cross, bread, cross)
    diagonal = own - mixed
    whole = bread @ (cross.T @ cross)
    total = (diagonal**2).sum() + np.trace(whole @ whole) - (mixed**2).sum()
    return float(diagonal.sum() ** 2 / total) if total > 0 else np.nan


def _refuse_cut(outer, cluster):
    seen = {}
    for name, one in zip(outer.tolist(), cluster.tolist(), strict=True):
        if seen.setdefault(name, one) != one:
            raise PoolingError(
                f"group {name!r} lies in the clusters {seen[name]!r} and {one!r}: clusters must hold groups whole."
            )


def joint_test(robust: RobustResult, terms):
    """Wald test of several terms on the robust covariance with the smallest of their df (a cautious F).

    Returns
    -------
    (F, df_num, df_den, p_value)
    """
    names = list(robust.table["term"])
    for term in terms:
        if term not in names:
            raise PoolingError(f"term {term!r} is not in the model: use {', '.join(map(repr, names))}.")
    index = [names.index(term) for term in terms]
    beta = robust.table["estimate"].to_numpy()[index]
    statistic = float(beta @ np.linalg.solve(robust.covariance[np.ix_(index, index)], beta)) / len(index)
    df = float(robust.table["df"].to_numpy()[index].min())
    return statistic, len(index), df, dist.f_p_value(statistic, len(index), df)
