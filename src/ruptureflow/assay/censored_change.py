"""Change of pairs with concentrations beyond a limit: bivariate normal likelihood, nothing substituted.

(ln pre, ln post) ~ N(μ, Σ), each mean linear in the same predictors. A measured value enters by its density, a censored
one by the probability of lying beyond its own limit given the other, a pair of censored ones by the bivariate
probability. The log ratio's coefficients are those after less those before; standard errors are the sandwich over
patients, so that sessions of one patient may depend on each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ruptureflow.assay.clustered_mean import MeanChange
from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.logistic import Array

if TYPE_CHECKING:
    import pandas as pd

LARGEST_STEPS = 100
GRADIENT_TOLERANCE = 1e-8
STEP = 1e-4


@dataclass(frozen=True)
class CensoredPairs:
    """Pairs of concentrations on the log scale.

    Attributes
    ----------
    logs : (pairs, 2), ln concentration before and after; the limit itself where a value is censored.
    side : (pairs, 2), −1 below its limit, 1 above, 0 measured.
    patients : (pairs,).
    """

    logs: Array
    side: np.ndarray
    patients: np.ndarray


def bivariate_normal_below(h: Array, k: Array, rho: float) -> Array:
    """P(X < h, Y < k) for standard normals of correlation ρ, by Owen's T function (Owen 1956)."""
    from scipy.special import ndtr, owens_t

    # At exactly zero the formula divides by zero; its limit is reached to 1e-12 beside it.
    h, k = (np.where(np.abs(x) < 1e-12, 1e-12, x) for x in (h, k))
    root = np.sqrt(1 - rho * rho)
    lower = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, (k / h - rho) / root) - owens_t(k, (h / k - rho) / root)
    return np.clip(lower - np.where(h * k < 0, 0.5, 0.0), 1e-300, 1.0)


@dataclass(frozen=True)
class CensoredFit:
    """Maximum-likelihood fit of pairs on the log scale.

    Attributes
    ----------
    terms : names of the predictors, the intercept first.
    before, after : coefficients of ln pre and of ln post.
    sd, correlation : residual SDs of ln pre and ln post, and their correlation.
    covariance : sandwich covariance over patients of (before, after, ln sd, artanh correlation).
    n_pairs, n_patients : pairs and patients behind it.
    """

    terms: tuple[str, ...]
    before: Array
    after: Array
    sd: Array
    correlation: float
    covariance: Array
    n_pairs: int
    n_patients: int

    @property
    def df(self) -> float:
        """Patients less coefficients."""
        return float(self.n_patients - len(self.terms))

    def log_ratio(self) -> MeanChange:
        """Mean of ln post − ln pre, of a fit without predictors."""
        return self._mean(self.after[0] - self.before[0], np.array([-1.0, 1.0, 0, 0, 0]))

    def difference(self) -> MeanChange:
        """Mean of post − pre, of a fit without predictors: the difference of the log-normal means exp(μ + σ²/2)."""
        before, after = np.exp(np.array([self.before[0], self.after[0]]) + self.sd**2 / 2)
        gradient = np.array([-before, after, -before * self.sd[0] ** 2, after * self.sd[1] ** 2, 0.0])
        return self._mean(after - before, gradient)

    def _mean(self, estimate: float, gradient: Array) -> MeanChange:
        if len(self.terms) > 1:
            raise AssayError("a mean change is that of a fit without predictors")
        std_error = float(np.sqrt(gradient @ self.covariance @ gradient))
        return MeanChange(float(estimate), std_error, self.df, self.n_pairs, self.n_patients)

    def change_coefficients(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients of the log ratio: term, estimate, std_error, df, statistic, p_value, ci_low, ci_high."""
        import pandas as pd
        from scipy.special import stdtr, stdtrit

        p = len(self.terms)
        contrast = np.concatenate([-np.eye(p), np.eye(p), np.zeros((p, 3))], axis=1)
        estimate = self.after - self.before
        std_error = np.sqrt(np.diag(contrast @ self.covariance @ contrast.T))
        statistic = estimate / std_error
        reach = stdtrit(self.df, (1 + level) / 2) * std_error
        return pd.DataFrame(
            {
                "term": self.terms,
                "estimate": estimate,
                "std_error": std_error,
                "df": self.df,
                "statistic": statistic,
                "p_value": 2 * stdtr(self.df, -np.abs(statistic)),
                "ci_low": estimate - reach,
                "ci_high": estimate + reach,
            }
        )


def fit_censored_change(pairs: CensoredPairs, predictors: Mapping[str, ArrayLike] | None = None) -> CensoredFit:
    """Maximum-likelihood fit of pairs of which some values lie beyond a limit.

    Parameters
    ----------
    pairs : the pairs on the log scale.
    predictors : values of each predictor of the change, one a pair; None for the mean change alone.

    Raises
    ------
    AssayError
        with too few measured values for the parameters, a predictor with a gap or without spread, or if the
        likelihood has no maximum.
    """
    names, design = _design(len(pairs.logs), predictors)
    p = len(names)
    measured = pairs.side == 0
    if min(measured.sum(axis=0).min(), measured.all(axis=1).sum()) < p + 2:
        words = "three" if p == 1 else str(p + 2)
        raise AssayError(f"fewer than {words} measured pairs: the censored likelihood has no maximum")
    # Steps of the derivatives are absolute: each predictor is taken in units of its own size.
    size = np.sqrt((design**2).mean(axis=0))
    scaled = design / size
    theta = _start(pairs, scaled)
    value = _log_likelihood(theta, pairs, scaled).sum()
    for _ in range(LARGEST_STEPS):
        scores = _scores(theta, pairs, scaled)
        gradient, hessian = scores.sum(axis=0), _hessian(theta, pairs, scaled)
        roots, axes = np.linalg.eigh(-hessian)
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(roots), 1e-6 * np.abs(roots).max()))
        if float(gradient @ step) < GRADIENT_TOLERANCE**2 * len(pairs.logs):
            break
        for _ in range(40):
            trial = _log_likelihood(theta + step, pairs, scaled).sum()
            if trial >= value - 1e-12 * abs(value):
                break
            step = step / 2
        theta, value = theta + step, trial
    else:
        raise AssayError("the censored likelihood did not converge; too few values are measured")
    groups, index = np.unique(pairs.patients.astype(str), return_inverse=True)
    sums = np.zeros((groups.size, theta.size))
    np.add.at(sums, index, scores)
    bread = np.linalg.inv(_hessian(theta, pairs, scaled))
    n = groups.size
    covariance = bread @ (sums.T @ sums) @ bread * (n / (n - 1) if n > 1 else np.nan)
    back = np.concatenate([1 / size, 1 / size, np.ones(3)])
    theta = theta * back
    return CensoredFit(
        terms=names,
        before=theta[:p],
        after=theta[p : 2 * p],
        sd=np.exp(theta[2 * p : 2 * p + 2]),
        correlation=float(np.tanh(theta[-1])),
        covariance=covariance * np.outer(back, back),
        n_pairs=len(pairs.logs),
        n_patients=n,
    )


def _design(n: int, predictors: Mapping[str, ArrayLike] | None) -> tuple[tuple[str, ...], Array]:
    columns = {"Intercept": np.ones(n)} | {k: np.asarray(v, dtype=float) for k, v in (predictors or {}).items()}
    for name, values in list(columns.items())[1:]:
        if values.shape != (n,):
            raise AssayError(f"predictor {name!r} has {values.size} values for {n} pairs; give one a pair")
        if not np.isfinite(values).all():
            raise AssayError(
                f"predictor {name!r} has no value in {int((~np.isfinite(values)).sum())} pairs; leave them out"
            )
    design = np.column_stack(list(columns.values()))
    if np.linalg.matrix_rank(design / np.abs(design).max(axis=0).clip(1e-300)) < design.shape[1]:
        raise AssayError("the predictors do not differ over the pairs, or one follows from the others")
    return tuple(columns), design


def _start(pairs: CensoredPairs, design: Array) -> Array:
    coefficients = np.linalg.lstsq(design, pairs.logs, rcond=None)[0]
    rest = pairs.logs - design @ coefficients
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.clip(np.corrcoef(rest.T)[0, 1], -0.9, 0.9)
    spread = np.maximum(rest.std(axis=0), 1e-3)
    return np.array([*coefficients.T.ravel(), *np.log(spread), np.arctanh(rho if np.isfinite(rho) else 0.0)])


def _log_likelihood(theta: Array, pairs: CensoredPairs, design: Array) -> Array:
    """Log-likelihood of each pair; θ = (β₁, β₂, ln σ₁, ln σ₂, artanh ρ)."""
    from scipy.special import log_ndtr

    sd, rho = np.exp(theta[-3:-1]), np.tanh(theta[-1])
    z = (pairs.logs - design @ theta[:-3].reshape(2, -1).T) / sd
    side = pairs.side
    left = np.sqrt(1 - rho * rho)
    density = -0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    out = np.empty(len(z))
    both = (side == 0).all(axis=1)
    out[both] = (
        density[both, 0] - 0.5 * ((z[both, 1] - rho * z[both, 0]) / left) ** 2
        - np.log(sd[1] * left) - 0.5 * np.log(2 * np.pi)
    )  # fmt: skip
    for known, hidden in ((0, 1), (1, 0)):
        one = (side[:, known] == 0) & (side[:, hidden] != 0)
        beyond = (z[one, hidden] - rho * z[one, known]) / left
        out[one] = density[one, known] + log_ndtr(-side[one, hidden] * beyond)
    none = (side != 0).all(axis=1)
    if none.any():
        # −side turns "above" into "below" of the mirrored variable, which mirrors the correlation too.
        sign = -side[none]
        probability = np.empty(int(none.sum()))
        for mirrored in (-1, 1):
            part = sign[:, 0] * sign[:, 1] == mirrored
            h, k = (sign[part, j] * z[none][part, j] for j in (0, 1))
            probability[part] = bivariate_normal_below(h, k, mirrored * rho)
        out[none] = np.log(probability)
    return out


def _scores(theta: Array, pairs: CensoredPairs, design: Array) -> Array:
    """Derivatives of each pair's log-likelihood, central differences of fourth order: (pairs, parameters)."""
    columns = []
    for k in range(theta.size):
        step = np.zeros(theta.size)
        step[k] = STEP * max(1.0, abs(theta[k]))
        near = _log_likelihood(theta + step, pairs, design) - _log_likelihood(theta - step, pairs, design)
        far = _log_likelihood(theta + 2 * step, pairs, design) - _log_likelihood(theta - 2 * step, pairs, design)
        columns.append((8 * near - far) / (12 * step[k]))
    return np.column_stack(columns)


def _hessian(theta: Array, pairs: CensoredPairs, design: Array) -> Array:
    """Second derivatives of the log-likelihood, central differences."""
    steps = np.diag(3e-4 * np.maximum(1.0, np.abs(theta)))

    def value(shift: Array) -> float:
        return float(_log_likelihood(theta + shift, pairs, design).sum())

    middle = value(np.zeros(theta.size))
    hessian = np.empty((theta.size, theta.size))
    for i in range(theta.size):
        hessian[i, i] = (value(steps[i]) - 2 * middle + value(-steps[i])) / steps[i, i] ** 2
        for j in range(i):
            corners = value(steps[i] + steps[j]) - value(steps[i] - steps[j])
            corners += value(-steps[i] - steps[j]) - value(steps[j] - steps[i])
            hessian[i, j] = hessian[j, i] = corners / (4 * steps[i, i] * steps[j, j])
    return hessian
