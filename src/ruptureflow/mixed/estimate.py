"""A fitted model as numbers: what every inference module reads."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.likelihood import chain
from ruptureflow.mixed.moments import Criterion, Moments, full_hessian
from ruptureflow.mixed.scaling import Scaled, covariance_of_columns
from ruptureflow.mixed.status import FitStatus


class Likelihood(Protocol):
    """What a likelihood engine offers."""

    layouts: tuple[FactorLayout, ...]
    criterion: Criterion

    @property
    def extra(self) -> int:
        """Number of residual-structure parameters."""

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative Cholesky factor of each level."""

    def evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Profiled deviance, gradient and Hessian."""


@dataclass(frozen=True)
class Estimate:
    """Parameters at the optimum and the sums around them, in the engine's coordinates.

    Attributes
    ----------
    theta
        Free parameters: relative Cholesky factors level by level, then residual-structure parameters.
    psis
        Relative covariance of each level.
    moments
        Sums at the optimum.
    sigma2
        Residual variance in the engine's unit.
    value
        Profiled deviance in the engine's coordinates.
    """

    design: Design
    scaled: Scaled
    likelihood: Likelihood
    theta: np.ndarray
    psis: tuple[np.ndarray, ...]
    moments: Moments
    sigma2: float
    value: float
    status: FitStatus
    boundary: str = "lme4"

    @property
    def criterion(self) -> Criterion:
        """REML or ML, scale profiled or known."""
        return self.likelihood.criterion

    @cached_property
    def full_moments(self) -> Moments:
        """Moments with the table Kenward-Roger needs."""
        if self.moments.second is not None:
            return self.moments
        if self.boundary == "unconstrained":
            return self.likelihood.moments(list(self.psis))
        return self.likelihood.moments_at(self.theta)

    @cached_property
    def turn(self) -> np.ndarray:
        """``(p, p)``: caller's coefficients from whitened ones; cov(beta) is ``scale² turn turn'``."""
        return np.linalg.solve(self.scaled.to_fixed, self.moments.whiten)

    @property
    def scale2(self) -> float:
        """Residual variance in the caller's unit (1 where sampling variances are known)."""
        return self.sigma2 * self.scaled.unit**2

    @cached_property
    def coefficients(self) -> np.ndarray:
        """Fixed effects, caller's columns."""
        return self.scaled.offset + self.scaled.unit * np.linalg.solve(self.scaled.to_fixed, self.moments.beta)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Model-based covariance of the fixed effects."""
        return self.scale2 * (self.turn @ self.turn.T)

    @cached_property
    def random_covariances(self) -> tuple[np.ndarray, ...]:
        """Covariance matrix of the random effects of each level, caller's columns."""
        pairs = zip(self.psis, self.scaled.to_effects, strict=True)
        return tuple(self.scale2 * covariance_of_columns(psi, turn) for psi, turn in pairs)

    @cached_property
    def deviance(self) -> float:
        """Minus twice the (restricted) log-likelihood in the caller's units, all constants included."""
        out = self.value + 2.0 * self.criterion.degrees * np.log(self.scaled.unit) + self.scaled.log_weight
        if self.criterion.reml:
            out += 2.0 * np.linalg.slogdet(self.scaled.to_fixed)[1]
        return float(out)

    @cached_property
    def variance_hessian(self) -> tuple[np.ndarray, np.ndarray]:
        """Hessian of the deviance by (free parameters, sigma), and the Jacobian of covariance elements by them."""
        gradient, hessian = full_hessian(self.moments, self.criterion, self.sigma2)
        k = len(self.theta)
        if self.boundary == "unconstrained":
            jacobian, curvature = np.eye(k), np.zeros((k, k))
        else:
            factors = self.likelihood.factors(self.theta)
            jacobian, curvature = chain(self.likelihood.layouts, factors, gradient[:k], self.likelihood.extra)
        if self.criterion.scale_known:
            return jacobian.T @ hessian[:k, :k] @ jacobian + curvature, jacobian
        wide = np.eye(k + 1)
        wide[:k, :k] = jacobian
        out = wide.T @ hessian @ wide
        out[:k, :k] += curvature
        return out, wide
