"""CR2 cluster-robust covariance with Satterthwaite df (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018).

The working model is the fitted one, as in clubSandwich for lme4 and nlme fits; clusters are the units of the
outermost level.
"""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.dense import DenseLikelihood, row_batches
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.inference import Rows
from ruptureflow.mixed.sums import level_elements

_ZERO = 1e-12


@dataclass(frozen=True)
class ClusterPieces:
    """Per cluster, in whitened coordinates: ``(clusters, p)`` scores and what df need."""

    scores: np.ndarray
    spread: np.ndarray
    reach: np.ndarray


def _inverse_root(matrices: np.ndarray) -> np.ndarray:
    """Symmetric inverse square roots of stacked matrices; null directions get zero, as clubSandwich."""
    values, vectors = np.linalg.eigh(matrices)
    good = values > _ZERO
    root = np.where(good, 1.0 / np.sqrt(np.where(good, values, 1.0)), 0.0)
    return (vectors * root[:, None, :]) @ vectors.swapaxes(1, 2)


def _covariance(estimate: Estimate, batch) -> np.ndarray:
    if isinstance(estimate.likelihood, DenseLikelihood):
        return estimate.likelihood.row_covariance(estimate.theta, batch)[0]
    n = batch.rows.shape[1]
    elements = level_elements(estimate.likelihood.layouts)
    weights = np.array([estimate.psis[e.level][e.row, e.column] for e in elements])
    out = np.tensordot(weights, batch.slopes, axes=1) if len(weights) else np.zeros((len(batch.rows), n, n))
    return out + np.eye(n)


def cluster_pieces(estimate: Estimate) -> ClusterPieces:
    """Adjusted scores of every cluster."""
    if not estimate.design.nested:
        raise ModelError(
            "CR2 needs clusters that share no random effect, and crossed groups do: use Kenward-Roger standard errors "
            "(fixed_effects) or parametric_bootstrap."
        )
    if estimate.boundary == "unconstrained":
        raise ModelError("CR2 is not available for boundary='unconstrained': refit with boundary='lme4'.")
    p = estimate.design.columns
    moments = estimate.moments
    scores, spread, reach = [], [], []
    for batch in row_batches(estimate.design, estimate.scaled):
        covariance = _covariance(estimate, batch)
        x = batch.data[:, :, :p] @ moments.whiten
        error = batch.data[:, :, p] - batch.data[:, :, :p] @ moments.beta
        lower = np.linalg.cholesky(covariance)
        # D = L' (upper); B = D (V - X M X') D' ; A = D' B^(-1/2) D
        upper = lower.swapaxes(1, 2)
        inner = upper @ (covariance - x @ x.swapaxes(1, 2)) @ lower
        adjust = lower @ _inverse_root((inner + inner.swapaxes(1, 2)) / 2) @ upper
        weighted = np.linalg.solve(covariance, x)
        g = adjust @ weighted
        scores.append(np.einsum("bip,bi->bp", g, error))
        spread.append(np.einsum("bip,bij,bjq->bpq", g, covariance, g))
        reach.append(np.einsum("biq,bip->bpq", x, g))
    return ClusterPieces(np.concatenate(scores), np.concatenate(spread), np.concatenate(reach))


def covariance(estimate: Estimate, pieces: ClusterPieces | None = None) -> np.ndarray:
    """CR2 covariance of the fixed effects, caller's columns."""
    pieces = pieces or cluster_pieces(estimate)
    turned = pieces.scores @ estimate.turn.T * estimate.scaled.unit
    return turned.T @ turned


def degrees(pieces: ClusterPieces, whitened: np.ndarray) -> np.ndarray:
    """Satterthwaite df of each row of a hypothesis in whitened coordinates."""
    out = []
    for row in whitened:
        own = np.einsum("bpq,p,q->b", pieces.spread, row, row)
        shared = np.einsum("bpq,p->bq", pieces.reach, row)
        gram = shared.T @ shared
        trace = own.sum() - np.trace(gram)
        square = (own**2).sum() - 2.0 * (own * (shared**2).sum(axis=1)).sum() + (gram * gram).sum()
        out.append(trace**2 / square if square > 0 else np.nan)
    return np.array(out)


def rows(estimate: Estimate, matrix: np.ndarray) -> Rows:
    """Estimates, CR2 standard errors and df of the rows of a hypothesis matrix."""
    pieces = cluster_pieces(estimate)
    spread = covariance(estimate, pieces)
    std_error = np.sqrt(np.einsum("ri,ij,rj->r", matrix, spread, matrix))
    return Rows(matrix @ estimate.coefficients, std_error, degrees(pieces, matrix @ estimate.turn))
