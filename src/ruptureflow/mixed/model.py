"""The fitted model: everything read off a fit is asked for here and computed in the module of its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ruptureflow.mixed import (
    contrasts,
    counting,
    inference,
    influence,
    kenward_roger,
    prediction,
    profile,
    robust,
    satterthwaite,
)
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import estimate_design, structured_maker
from ruptureflow.mixed.inference import Joint, Rows
from ruptureflow.mixed.residuals import parse_residual
from ruptureflow.mixed.status import FitStatus
from ruptureflow.mixed.summary import summary_text


@dataclass(frozen=True, repr=False)
class MixedFit:
    """A fitted linear mixed model.

    Made by ``fit_mixed`` or ``fit_arrays``; everything is computed when asked for.

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

    def summary(self, df: str | None = None) -> str:
        """Text for people: what was fitted, the verdict, variance components and fixed effects.

        ``df`` is Kenward-Roger after REML and Satterthwaite after ML unless named.
        """
        return summary_text(self, df or ("kenward-roger" if self.method == "reml" else "satterthwaite"))

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

    # -- inference -------------------------------------------------------------------------------------------------

    def _counted(self, df: str) -> counting.TermDegrees:
        if df == "residual":
            return counting.residual(self.design)
        if df == "between-within":
            return counting.between_within(self.design)
        return counting.containment(self.design, self.estimate.scaled.fixed)

    def _rows(self, matrix: np.ndarray, df: str) -> Rows:
        estimate = self.estimate
        if df == "satterthwaite":
            return satterthwaite.rows(estimate, matrix)
        if df == "kenward-roger":
            return kenward_roger.rows(estimate, matrix)
        values = matrix @ estimate.coefficients
        std_error = np.sqrt(np.einsum("ri,ij,rj->r", matrix, estimate.covariance, matrix))
        if df == "normal":
            return Rows(values, std_error, np.full(len(matrix), np.inf))
        return Rows(values, std_error, counting.for_rows(self._counted(df), matrix))

    def fixed_effects(self, df: str = "kenward-roger", level: float = 0.95) -> pd.DataFrame:
        """Table of fixed effects.

        Parameters
        ----------
        df
            ``"kenward-roger"`` (default; adjusted standard errors), ``"satterthwaite"``, ``"containment"``,
            ``"between-within"``, ``"residual"`` or ``"normal"`` (df = inf).
        level
            Level of the intervals.

        Returns
        -------
        DataFrame
            ``term, estimate, std_error, df, statistic, p_value`` (two-sided)``, ci_low, ci_high``. Where the fit is
            singular and df is ``kenward-roger`` or ``satterthwaite`` a column ``df_between_within`` follows, filled
            for terms that do not vary within a group. With ``containment`` a column ``note`` marks covariates of
            groups, for which the rule is too generous.

        Raises
        ------
        ModelError
            For an unknown method, Kenward-Roger after ML, between-within with crossed groups.
        """
        method = inference.check_method(df)
        out = inference.table(list(self.terms), self._rows(np.eye(self.design.columns), method), level)
        if method in ("kenward-roger", "satterthwaite") and self.status.singular and self.design.nested:
            beside = counting.between_within(self.design).df
            out["df_between_within"] = np.where(counting.between_columns(self.design) >= 0, beside, np.nan)
        if method == "containment":
            generous = self._counted(method).generous
            if generous.any():
                out["note"] = np.where(generous, "anti-conservative: constant within groups", "")
        return out

    def test(self, L, df: str = "kenward-roger") -> pd.DataFrame:
        """Joint F test that ``L @ coefficients`` is zero.

        Parameters
        ----------
        L
            Matrix with a column for each fixed effect, or a list of terms (columns or whole terms of the formula).
        df
            As in ``fixed_effects``; Kenward-Roger scales the statistic.

        Returns
        -------
        DataFrame
            One row: ``statistic`` (F), ``df_num`` (rank of L), ``df_den`` (inf: chi-squared / df_num), ``p_value``.
        """
        method = inference.check_method(df)
        matrix = inference.independent_rows(inference.hypothesis(self.estimate, L))
        result = self._joint(matrix, method)
        p_value = inference.f_p_value(result.statistic, result.df_num, result.df_den)
        return pd.DataFrame(
            {
                "statistic": [result.statistic],
                "df_num": [result.df_num],
                "df_den": [result.df_den],
                "p_value": [p_value],
            }
        )

    def _joint(self, matrix: np.ndarray, df: str) -> Joint:
        if df == "satterthwaite":
            return satterthwaite.joint(self.estimate, matrix)
        if df == "kenward-roger":
            return kenward_roger.joint(self.estimate, matrix)
        spread = matrix @ self.estimate.covariance @ matrix.T
        statistic = inference.wald(matrix @ self.estimate.coefficients, spread)
        if df == "normal":
            return Joint(statistic, len(matrix), float("inf"))
        return Joint(statistic, len(matrix), float(counting.for_rows(self._counted(df), matrix).min()))

    def contrast(self, L, df: str = "kenward-roger", level: float = 0.95, labels: Sequence[str] | None = None):
        """Table of linear combinations of the fixed effects.

        Parameters
        ----------
        L
            Matrix with a column for each fixed effect, one row a combination; or a list of terms.
        labels
            Names of the rows.

        Returns
        -------
        DataFrame
            ``contrast, estimate, std_error, df, statistic, p_value, ci_low, ci_high``.
        """
        matrix = inference.hypothesis(self.estimate, L)
        names = [f"row {i + 1}" for i in range(len(matrix))] if labels is None else list(labels)
        if len(names) != len(matrix):
            raise ModelError(f"{len(names)} labels for {len(matrix)} contrasts: give one for each.")
        return inference.table(names, self._rows(matrix, inference.check_method(df)), level, "contrast")

    def means(
        self, by: str | Sequence[str] = (), at: Mapping | None = None, df: str = "kenward-roger", level: float = 0.95
    ) -> pd.DataFrame:
        """Estimated means for every combination of ``by``, other predictors averaged (as emmeans).

        Parameters
        ----------
        by
            Predictors whose values get a mean each.
        at
            Values for predictors, ``{"time": [0, 3]}``; numeric predictors not named are held at their mean, factors
            not named are averaged with equal weights.

        Returns
        -------
        DataFrame
            The columns of ``by`` and ``at``, then ``estimate, std_error, df, statistic, p_value, ci_low, ci_high``.
        """
        grid = self._grid(by, at)
        table = inference.table([""] * len(grid.matrix), self._rows(grid.matrix, inference.check_method(df)), level)
        return pd.concat([grid.labels, table.drop(columns="term")], axis=1)

    def pairwise(
        self, by: str | Sequence[str], at: Mapping | None = None, df: str = "kenward-roger", level: float = 0.95
    ) -> pd.DataFrame:
        """Differences between all pairs of the means of ``means(by, at)``; p values are not adjusted."""
        grid = contrasts.pairwise(self._grid(by, at))
        rows = self._rows(grid.matrix, inference.check_method(df))
        return inference.table(grid.labels["contrast"].tolist(), rows, level, "contrast")

    def _grid(self, by, at) -> contrasts.Grid:
        names = [by] if isinstance(by, str) else list(by)
        return contrasts.reference_grid(self.design, names, dict(at or {}))

    # -- robust, profile, influence --------------------------------------------------------------------------------

    def robust_effects(self, level: float = 0.95) -> pd.DataFrame:
        """Fixed effects with CR2 cluster-robust standard errors and Satterthwaite df; clusters: outermost groups."""
        rows = robust.rows(self.estimate, np.eye(self.design.columns))
        return inference.table(list(self.terms), rows, level)

    @property
    def robust_covariance(self) -> pd.DataFrame:
        """CR2 covariance of the fixed effects."""
        return pd.DataFrame(robust.covariance(self.estimate), index=list(self.terms), columns=list(self.terms))

    def profile_intervals(self, level: float = 0.95, method: str = "ml", fixed: bool = True) -> pd.DataFrame:
        """Profile-likelihood intervals.

        Parameters
        ----------
        method
            ``"ml"``: of fixed effects and, with independent residuals, of standard deviations and correlations, from
            the ML fit (as lme4's ``confint``). ``"reml"``: of standard deviations and correlations from the
            restricted likelihood. With known sampling variances the standard deviations are those of the levels.
        fixed
            False leaves the fixed effects out.

        Returns
        -------
        DataFrame
            ``term, estimate, ci_low, ci_high``; variance components are ``sd[level: effect]``,
            ``cor[level: a, b]``, ``sd[residual]``.
        """
        root = float(inference.t_quantile(level, np.array(np.inf)))
        estimate = self.refit(method).estimate
        found = [] if method == "reml" or not fixed else profile.fixed_effect_intervals(estimate, root)
        if not hasattr(estimate.likelihood, "structure") or method == "reml":
            found = found + profile.variance_intervals(estimate, root)
        rows = [(x.name, x.estimate, x.low, x.high) for x in found]
        return pd.DataFrame(rows, columns=["term", "estimate", "ci_low", "ci_high"])

    def influence(self, df: str = "kenward-roger", alpha: float = 0.05, group: str | None = None) -> pd.DataFrame:
        """Every fixed effect with each group left out.

        Parameters
        ----------
        df
            Method of the p values; ``kenward-roger`` or ``satterthwaite`` (``normal`` is the cheapest).
        alpha
            Level of the decision.
        group
            Grouping factor whose units are left out one at a time; by default the outermost of nested ones. Crossed
            factors have no outermost one: name one.

        Returns
        -------
        DataFrame
            One row a group and term: ``group, rows, term, estimate, std_error, df, p_value, dfbeta`` (full minus
            left-out estimate, in standard errors of the full fit)``, cook_distance`` (of the group, all fixed
            effects)``, sign_changes, decision_changes``. NaN where the other groups cannot estimate the model.
        """
        if df not in ("kenward-roger", "satterthwaite", "normal"):
            raise ModelError(f"Influence offers df 'kenward-roger', 'satterthwaite' and 'normal', not {df!r}.")

        def rows_of(estimate: Estimate) -> Rows:
            return MixedFit(estimate, self.residual_kind)._rows(np.eye(self.design.columns), df)

        return influence.influence_table(self.estimate, rows_of, alpha, group)

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

    def refit(self, method: str) -> "MixedFit":
        """The same model by ``"reml"`` or ``"ml"``."""
        if method == self.method:
            return self
        spec = parse_residual(self.residual_kind)
        maker = structured_maker(spec, self.design)
        return MixedFit(estimate_design(self.design, method, self.estimate.boundary, maker), self.residual_kind)
