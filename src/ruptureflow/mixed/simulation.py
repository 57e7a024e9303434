"""Draws of the random part of an outcome from a fitted model, in the engine's unit."""

import numpy as np

from ruptureflow.mixed.dense import DenseLikelihood
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate


def noise(estimate: Estimate, generator: np.random.Generator, draws: int) -> np.ndarray:
    """``(n, draws)`` draws of ``Zb + e``; fixed effects add to these without changing what is fitted."""
    if estimate.boundary == "unconstrained" and (estimate.psis[0] < 0).any():
        raise ModelError("A negative variance cannot be simulated from: refit with boundary='lme4'.")
    rows = estimate.design.rows
    sigma = np.sqrt(estimate.sigma2)
    if isinstance(estimate.likelihood, DenseLikelihood):
        out = np.empty((rows, draws))
        for batch in estimate.likelihood.batches:
            covariance, _ = estimate.likelihood.row_covariance(estimate.theta, batch)
            lower = np.linalg.cholesky(covariance)
            blocks, n = batch.rows.shape
            out[batch.rows] = sigma * (lower @ generator.standard_normal((blocks, n, draws)))
        return out
    out = sigma * generator.standard_normal((rows, draws))
    for level, effects, factor in zip(
        estimate.design.levels, estimate.scaled.effects, estimate.likelihood.factors(estimate.theta), strict=True
    ):
        q = effects.shape[1]
        if not q or not factor.any():
            continue
        b = sigma * np.tensordot(factor, generator.standard_normal((q, level.units, draws)), axes=1)
        for j in range(q):
            out += effects[:, j : j + 1] * b[j][level.codes]
    return out
