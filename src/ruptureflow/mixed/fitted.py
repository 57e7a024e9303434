"""What a fitted model knows without any choice of degrees of freedom: estimates, variances, predictions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ruptureflow.mixed import contrasts, prediction
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.status import FitStatus


@dataclass(frozen=True, repr=False)
class FittedModel:
    """A fitted linear mixed model as far as it was estimated.

    Attributes
    ----------
    estimate
        The fit as numbers, in the engine's coordinates; other modules of the engine read it.
    residual_kind
        Residual structure as it was spelt.
    """

    estimate: Estimate
    residual_kind: str = "independent"

    def __repr__(self) -> str:
        groups = ", ".join(f"{count} {name}" for name, count in self.n_groups.items())
        return (
            f"<MixedFit {self.design.description}: {self.method.upper()}, {self.n_obs} rows, {groups}, "
            f"residual {self.residual_kind}; {self.status.message}>"
        )

    # -- what was fitted -------------------------------------------------------------------------------------------

    @property
    def design(self) -> Design:
        """Outcome, fixed effects and grouping levels as used."""
        return self.estimate.design

    @property
    def method(self) -> str:
        """``"reml"`` or ``"ml"``."""
        return "reml" if self.estimate.criterion.reml else "ml"

    @property
    def n_obs(self) -> int:
        """Number of rows used."""
        return self.design.rows

    @property
    def n_groups(self) -> dict[str, int]:
        """Number of units of each level."""
        return {level.name: level.units for level in self.design.levels}

    @property
    def dropped_rows(self) -> tuple:
        """Index labels of the rows left out for missing values."""
        return self.design.dropped

    @property
    def n_dropped(self) -> int:
        """Number of rows left out for missing values."""
        return len(self.design.dropped)

    @property
    def status(self) -> FitStatus:
        """Verdict: converged, singular (where), gradient norm, iterations, boundary rule."""
        return self.estimate.status

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed effects, formulaic's."""
        return self.design.fixed.names

    # -- estimates -------------------------------------------------------------------------------------------------

    @property
    def coefficients(self) -> pd.Series:
        """Fixed effects by term."""
        return pd.Series(self.estimate.coefficients, index=list(self.terms), name="estimate")

    @property
    def covariance(self) -> pd.DataFrame:
        """Model-based covariance of the fixed effects (not adjusted for small samples)."""
        return pd.DataFrame(self.estimate.covariance, index=list(self.terms), columns=list(self.terms))

    @property
    def random_covariance(self) -> dict[str, pd.DataFrame]:
        """Covariance matrix of the random effects of each level, in squared units of the outcome."""
        out = {}
        for level, matrix in zip(self.design.levels, self.estimate.random_covariances, strict=True):
            names = list(level.effects.names)
            out[level.name] = pd.DataFrame(matrix, index=names, columns=names)
        return out

    @property
    def residual_variance(self) -> float:
        """Residual variance; NaN where the sampling variances are known.

        For ``varying`` and ``unstructured`` residuals it is that of the first stratum; see ``residual_parameters``.
        """
        return float("nan") if self.estimate.criterion.scale_known else float(self.estimate.scale2)

    @property
    def residual_parameters(self) -> dict[str, float]:
        """Parameters of the residual structure: ``variance``, ``correlation``, ``variance[stratum]`` ..."""
        likelihood = self.estimate.likelihood
        if not hasattr(likelihood, "structure"):
            return {} if self.estimate.criterion.scale_known else {"variance": self.residual_variance}
        return likelihood.structure.parameters(likelihood.eta(self.estimate.theta), self.estimate.scale2)

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood (restricted under REML, as lme4 and nlme print it)."""
        return -0.5 * self.estimate.deviance

    @property
    def n_parameters(self) -> int:
        """Number of parameters counted by AIC and BIC: fixed effects, covariance parameters, residual variance."""
        known = self.estimate.criterion.scale_known
        return self.design.columns + len(self.estimate.theta) + (0 if known else 1)

    @property
    def aic(self) -> float:
        """Akaike's criterion, fixed effects counted under REML too, as lme4."""
        return self.estimate.deviance + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of rows, as lme4."""
        return self.estimate.deviance + np.log(self.n_obs) * self.n_parameters

    # -- predictions -----------------------------------------------------------------------------------------------

    @property
    def random_effects(self) -> dict[str, pd.DataFrame]:
        """BLUPs of each level: ``group, effect, value, conditional_sd`` (lme4's)``, std_error`` (SAS's)."""
        out = {}
        for level, effects in zip(self.design.levels, prediction.random_effects(self.estimate), strict=True):
            q = level.layout.size
            out[level.name] = pd.DataFrame(
                {
                    "group": np.repeat(np.array(level.labels, dtype=object), q),
                    "effect": list(level.effects.names) * level.units,
                    "value": effects.values.ravel(),
                    "conditional_sd": effects.conditional_sd.ravel(),
                    "std_error": effects.std_error.ravel(),
                }
            )
        return out

    def fitted_values(self, random: bool = True) -> pd.Series:
        """Fitted values of the rows used; ``random=False``: fixed part only."""
        fixed, effects = prediction.fitted_parts(self.estimate)
        return pd.Series(fixed + effects if random else fixed, index=self.design.index, name="fitted")

    def residuals(self, random: bool = True) -> pd.Series:
        """Outcome minus fitted values."""
        return pd.Series(
            self.design.outcome - self.fitted_values(random).to_numpy(), index=self.design.index, name="residual"
        )

    def predict(self, data: pd.DataFrame, random: bool = False) -> pd.Series:
        """Predictions for new rows.

        ``random=False``: from the fixed effects (the expected value of an unknown group). ``random=True``: with the
        BLUPs of the groups that were in the data; a group that was not gets its expected value.
        """
        values = contrasts.fixed_rows(self.design, data) @ self.estimate.coefficients
        if random:
            values = values + prediction.random_part(self.estimate, data)
        return pd.Series(values, index=data.index, name="prediction")

    @property
    def r_squared(self) -> pd.Series:
        """``marginal`` and ``conditional`` R² (Nakagawa & Schielzeth 2013; Johnson 2014 for slopes)."""
        parts = prediction.explained_variance(self.estimate, prediction.mean_residual_variance(self.estimate))
        return pd.Series({"marginal": parts.marginal, "conditional": parts.conditional})

    @property
    def icc(self) -> pd.Series:
        """Share of each level's mean random variance in random plus residual variance (fixed effects adjusted for)."""
        residual = prediction.mean_residual_variance(self.estimate)
        parts = {}
        for level, matrix in zip(self.design.levels, self.estimate.random_covariances, strict=True):
            z = level.effects.values
            parts[level.name] = float(((z @ matrix) * z).sum() / len(z))
        total = residual + sum(parts.values())
        return pd.Series({name: value / total for name, value in parts.items()})
