"""From a design to an Estimate: choose the likelihood, minimise, judge."""

import warnings
from dataclasses import replace
from math import sqrt

import numpy as np

from ruptureflow.mixed.assemble import assemble_batches
from ruptureflow.mixed.covariance import FactorLayout
from ruptureflow.mixed.dense import DenseLikelihood, dense_likelihood
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.eigenbasis import one_variance, scalar_deviance
from ruptureflow.mixed.errors import ModelError, ModelWarning
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.likelihood import BlockLikelihood, away_from_zero, chain
from ruptureflow.mixed.moments import Criterion, Moments, profile_gradient
from ruptureflow.mixed.optimise import Minimum, minimise
from ruptureflow.mixed.residuals import ResidualSpec, residual_structure
from ruptureflow.mixed.scaling import Scaled, scale
from ruptureflow.mixed.status import INTERIOR, RULES, SINGULAR, FitStatus, boundary_places, verdict
from ruptureflow.mixed.unconstrained import UnconstrainedLikelihood

METHODS = ("reml", "ml")
BOUNDARIES = ("lme4", "sas", "unconstrained")
# A relative factor entry below this is a variance of zero: Newton's method gets within 1e-8 of it.
_ZERO = 1e-6
_NO_RESIDUAL = 1e-10
_LEAST_START = 0.02
# Where a second search starts a variance at zero, and up to how many factor entries one more start was always enough.
RAISED = 0.5
FEW_ENTRIES = 3
# A search that is not lower after so many steps creeps along a flat bound.
_SHORT = 12
_GREATEST_START = 1e6
# Up to this many units the eigenbasis of one random effect costs less than the evaluations it saves.
EIGENBASIS_UNITS = 150


def check_choices(method: str, boundary: str) -> None:
    """Errors for a method or a boundary rule that does not exist."""
    if method not in METHODS:
        raise ModelError(f"No estimation method is called {method!r}: use 'reml' or 'ml'.")
    if boundary not in BOUNDARIES:
        raise ModelError(f"No boundary rule is called {boundary!r}: use one of {', '.join(BOUNDARIES)}.")


def scaled_design(design: Design) -> Scaled:
    """Engine coordinates, refusing an outcome without residual variance."""
    scaled = scale(design)
    if design.sampling_variance is None:
        spread = design.outcome - design.outcome.sum() / design.rows
        if scaled.unit <= _NO_RESIDUAL * sqrt(float(spread @ spread) / design.rows):
            raise ModelError(
                f"The residual variance is zero: the fixed effects reproduce the outcome {design.response!r} exactly."
            )
    return scaled


def block_likelihood(design: Design, scaled: Scaled, method: str) -> BlockLikelihood:
    """Likelihood of independent residuals or known sampling variances."""
    batches = assemble_batches(design, [level.layout.size for level in design.levels], scaled.rows)
    criterion = Criterion(design.rows, design.columns, method == "reml", design.sampling_variance is not None)
    return BlockLikelihood(batches, tuple(level.layout for level in design.levels), criterion)


def start_values(likelihood) -> np.ndarray:
    """One step of Fisher scoring from no random effects at all (MIVQUE0), made positive definite.

    With structured residuals: identity factors and independence.
    """
    layouts = likelihood.layouts
    parts = [layout.start() for layout in layouts]
    if likelihood.extra:
        return np.concatenate([*parts, np.zeros(likelihood.extra)])
    if not sum(map(len, parts)):
        return np.zeros(0)
    step = likelihood.scoring_step()
    if step is None:
        return np.concatenate(parts)
    out, start = [], 0
    for layout in layouts:
        rows, cols = layout.entries
        psi = np.zeros((layout.size, layout.size))
        psi[rows, cols] = psi[cols, rows] = step[start : start + layout.count]
        start += layout.count
        out.append(_definite_factor(psi, layout))
    return np.concatenate(out)


def _definite_factor(psi: np.ndarray, layout: FactorLayout) -> np.ndarray:
    """Free factor entries of the nearest comfortably positive definite matrix."""
    if layout.diagonal or layout.size < 2:
        return np.sqrt(np.minimum(np.maximum(psi.diagonal(), _LEAST_START), _GREATEST_START))
    values, vectors = np.linalg.eigh(psi)
    values = np.minimum(np.maximum(values, max(_LEAST_START, 0.02 * values[-1])), _GREATEST_START)
    lower = np.linalg.cholesky((vectors * values) @ vectors.T)
    return lower[layout.entries]


def find_minimum(likelihood, start: np.ndarray | None = None) -> Minimum:
    """Minimise the deviance; variances that reach zero are set to zero exactly."""
    if start is None and one_variance(likelihood, EIGENBASIS_UNITS):
        return _scalar_minimum(likelihood)
    if hasattr(likelihood, "unconstrained_psis"):
        return minimise(likelihood.evaluate, np.zeros(1))
    first = start_values(likelihood) if start is None else np.asarray(start, dtype=float)
    if not len(first):
        value, gradient, hessian = likelihood.evaluate(first)
        return Minimum(first, value, gradient, hessian, 0, True)
    found = minimise(likelihood.evaluate, first)
    found = _snap(likelihood, found)
    if start is None and len(first) == 1 and not likelihood.extra and found.theta[0] != 0.0:
        found = _try_zero(likelihood, found)
    many = len(first) > 1 or likelihood.extra
    if start is None and many and (not found.converged or _at_boundary(likelihood, found.theta)):
        found = _started_again(likelihood, found)
    return found


def _at_boundary(likelihood, theta: np.ndarray) -> bool:
    if likelihood.extra and likelihood.structure.bounds(likelihood.eta(theta)):
        return True
    return any(abs(entry) < SINGULAR for factor in likelihood.factors(theta) for entry in factor.diagonal().tolist())


def _other_starts(likelihood, theta: np.ndarray) -> list[np.ndarray]:
    """Starts for a fit that ended at the boundary.

    Identity factors with nearly independent residuals; the minimum found with its zeros well above zero; with a
    residual structure both, with residuals correlated (or unequal) one way and the other.
    """
    layouts, extra = likelihood.layouts, likelihood.extra
    identity = np.concatenate([layout.start() for layout in layouts])
    raised = away_from_zero(layouts, theta, RAISED)[: len(identity)]
    if extra:
        pairs = [(identity, 0.1), (raised, 0.5), (identity, -0.7), (2.0 * identity, 0.7)]
        return [np.append(factors, np.full(extra, eta)) for factors, eta in pairs]
    return [identity, raised] if len(identity) > FEW_ENTRIES else [identity]


def _started_again(likelihood, found: Minimum) -> Minimum:
    """Near the boundary the deviance can have several minima: the lowest of some more starts."""
    for start in _other_starts(likelihood, found.theta):
        other = minimise(likelihood.evaluate, start, _SHORT if found.converged else 200)
        if not other.converged and other.value < found.value:
            other = minimise(likelihood.evaluate, other.theta)
        other = _snap(likelihood, other)
        if other.value < found.value - 1e-9 or (other.converged and not found.converged):
            found = other
    return found


def _scalar_minimum(likelihood: BlockLikelihood) -> Minimum:
    """Minimum of a model with one relative variance, found in the eigenbasis."""
    deviance = scalar_deviance(likelihood.batches[0], likelihood.criterion)
    found = _snap(deviance, minimise(deviance.evaluate, np.ones(1)))
    return _try_zero(deviance, found) if found.theta[0] != 0.0 else found


def _snap(likelihood, found: Minimum) -> Minimum:
    """Set factor entries within rounding of zero to zero."""
    stop = len(found.theta) - getattr(likelihood, "extra", 0)
    if not any(0.0 < abs(entry) < _ZERO for entry in found.theta[:stop].tolist()):
        return found
    theta = found.theta.copy()
    theta[:stop][np.abs(theta[:stop]) < _ZERO] = 0.0
    value, gradient, hessian = likelihood.evaluate(theta)
    if value > found.value + 1e-9 * (1.0 + abs(found.value)):
        return found
    return Minimum(theta, value, gradient, hessian, found.iterations, found.converged)


def _try_zero(likelihood, found: Minimum) -> Minimum:
    """A likelihood in one variance can have a second, lower minimum at zero."""
    zero = np.zeros(1)
    value, gradient, hessian = likelihood.evaluate(zero)
    if value < found.value:
        return Minimum(zero, value, gradient, hessian, found.iterations, found.converged)
    return found


def judge(design: Design, scaled: Scaled, likelihood, found: Minimum, boundary: str, warn: bool = True) -> Estimate:
    """Estimate with its verdict from a minimum."""
    if boundary == "unconstrained":
        theta = found.theta
        psis = tuple(likelihood.unconstrained_psis(theta))
        moments = likelihood.moments(list(psis), full=False)
    else:
        theta = _canonical(likelihood, found.theta)
        factors = likelihood.factors(theta)
        psis = tuple(f @ f.T for f in factors)
        moments = likelihood.moments_at(theta, full=False)
    criterion = likelihood.criterion
    if moments is None:
        raise ModelError("The likelihood cannot be evaluated at its optimum: the residual variance may be zero.")
    sigma2 = criterion.sigma2(moments.rss)
    if not criterion.scale_known and sigma2 < _NO_RESIDUAL:
        raise ModelError(
            f"The residual variance is zero: fixed and random effects reproduce the outcome "
            f"{design.response!r} exactly."
        )
    value = criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
    status = _status(design, scaled, likelihood, theta, psis, moments, found, boundary)
    if warn and not status.converged:
        warnings.warn(f"The model {status.message}.", ModelWarning, stacklevel=4)
    return Estimate(design, scaled, likelihood, theta, psis, moments, sigma2, value, status, boundary)


def _canonical(likelihood, theta: np.ndarray) -> np.ndarray:
    parts, start = [], 0
    for layout in likelihood.layouts:
        parts.append(layout.canonical(theta[start : start + layout.count]))
        start += layout.count
    return np.concatenate([*parts, theta[start:]])


def _gradient_norm(likelihood, theta: np.ndarray, moments: Moments, boundary: str) -> float:
    gradient = profile_gradient(moments, likelihood.criterion)
    if boundary != "unconstrained":
        jacobian, _ = chain(likelihood.layouts, likelihood.factors(theta), gradient, likelihood.extra)
        gradient = jacobian.T @ gradient
    return sqrt(float(gradient @ gradient))


def _status(
    design: Design, scaled: Scaled, likelihood, theta: np.ndarray, psis: tuple, moments: Moments, found: Minimum,
    boundary: str,
) -> FitStatus:  # fmt: skip
    rule, at_bound = INTERIOR, ()
    if boundary == "unconstrained":
        negative = any(psi.size and np.linalg.eigvalsh(psi)[0] < 0 for psi in psis)
        singular, at_zero, at_one = False, (), ()
        rule = RULES["unconstrained"] + ("; a variance is negative" if negative else "")
    else:
        singular, at_zero, at_one = boundary_places(design.levels, psis, scaled.to_effects)
        if likelihood.extra:
            at_bound = tuple(likelihood.structure.bounds(likelihood.eta(theta)).values())
        if singular or at_bound:
            singular, rule = True, RULES[boundary]
    return FitStatus(
        bool(found.converged), singular, _gradient_norm(likelihood, theta, moments, boundary), found.iterations,
        at_zero, at_one, rule, design.aliased, len(design.dropped),
        verdict(found.converged, singular, at_zero, at_one, at_bound), at_bound,
    )  # fmt: skip


def _check_unconstrained(design: Design, likelihood_of) -> None:
    one = len(design.levels) == 1 and design.levels[0].layout.size == 1
    if likelihood_of is not None or not one or design.sampling_variance is not None:
        raise ModelError(
            "boundary='unconstrained' is for one random intercept with independent residuals: "
            "use boundary='lme4' for any other model."
        )


def structured_maker(spec: ResidualSpec, design: Design):
    """Maker of the likelihood of a residual structure; None for independent residuals."""
    if spec.independent:
        return None
    if not design.nested:
        raise ModelError(f"Residual structure {spec.kind!r} needs nested groups: these are crossed.")
    if design.sampling_variance is not None:
        raise ModelError(f"Residual structure {spec.kind!r} cannot be combined with known sampling variances.")
    structure = residual_structure(spec, design.frame, design.levels[-1].codes)

    def make(design: Design, scaled: Scaled, method: str) -> DenseLikelihood:
        return dense_likelihood(design, scaled, method, structure)

    return make


def estimate_design(
    design: Design,
    method: str = "reml",
    boundary: str = "lme4",
    likelihood_of=None,
    start: np.ndarray | None = None,
) -> Estimate:
    """Fit a design.

    ``likelihood_of(design, scaled, method)`` makes the likelihood; by default that of independent residuals.
    """
    check_choices(method, boundary)
    if boundary == "unconstrained":
        _check_unconstrained(design, likelihood_of)
    scaled = scaled_design(design)
    likelihood = (likelihood_of or block_likelihood)(design, scaled, method)
    if boundary == "unconstrained":
        likelihood = UnconstrainedLikelihood(likelihood)
    return judge(design, scaled, likelihood, find_minimum(likelihood, start), boundary)


def at_parameters(estimate: Estimate, covariances: list[np.ndarray], residual_variance: float) -> Estimate:
    """The same model at given variance components (independent residuals) instead of the estimated ones.

    Separates "is the formula right" from "is the optimiser right" in comparisons with other software.
    """
    psis, theta = [], []
    for matrix, turn, layout in zip(covariances, estimate.scaled.to_effects, estimate.likelihood.layouts, strict=True):
        psi = turn @ (np.asarray(matrix, dtype=float) / residual_variance) @ turn.T
        psis.append(psi)
        values, vectors = np.linalg.eigh(psi)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        # the triangular factor of a matrix that may have lost rank
        lower = np.linalg.qr(root.T, mode="r").T
        theta.append(layout.canonical(lower[layout.entries]))
    likelihood = estimate.likelihood
    moments = likelihood.moments(psis)
    sigma2 = residual_variance / estimate.scaled.unit**2
    value = likelihood.criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
    return replace(estimate, theta=np.concatenate(theta), psis=tuple(psis), moments=moments, sigma2=sigma2, value=value)
