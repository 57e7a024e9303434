"""The fitted model: everything tested on a fit is asked for here and computed in the module of its name."""

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
    profile,
    profile_variances,
    robust,
    satterthwaite,
)
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitted import FittedModel
from ruptureflow.mixed.fitting import estimate_design, structured_maker
from ruptureflow.mixed.inference import Joint, Rows
from ruptureflow.mixed.residuals import parse_residual
from ruptureflow.mixed.summary import summary_text


@dataclass(frozen=True, repr=False)
class MixedFit(FittedModel):
    """A fitted linear mixed model.

    Made by ``fit_mixed`` or ``fit_arrays``; everything is computed when asked for.

    Attributes
    ----------
    estimate
        The fit as numbers, in the engine's coordinates; other modules of the engine read it.
    residual_kind
        Residual structure as it was spelt.
    """

    def summary(self, df: str | None = None) -> str:
        """Text for people: what was fitted, the verdict, variance components and fixed effects.

        ``df`` is Kenward-Roger after REML and Satterthwaite after ML unless named.
        """
        return summary_text(self, df or ("kenward-roger" if self.method == "reml" else "satterthwaite"))

    def refit(self, method: str) -> "MixedFit":
        """The same model by ``"reml"`` or ``"ml"``."""
        if method == self.method:
            return self
        spec = parse_residual(self.residual_kind)
        maker = structured_maker(spec, self.design)
        return MixedFit(estimate_design(self.design, method, self.estimate.boundary, maker), self.residual_kind)

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
            found = found + profile_variances.variance_intervals(estimate, root)
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
