"""``fit_mixed`` and ``fit_arrays``, and the fitted model they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ruptureflow.mixed import counting, inference, kenward_roger, satterthwaite
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.doors import design_from_arrays, design_from_formula, read_grouping
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import estimate_design, structured_maker
from ruptureflow.mixed.inference import Joint, Rows
from ruptureflow.mixed.residuals import parse_residual
from ruptureflow.mixed.status import FitStatus


@dataclass(frozen=True)
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


def fit_mixed(
    formula: str,
    data: pd.DataFrame,
    groups: str | Sequence[str] | Mapping[str, str],
    random: str | Sequence[str] | None = "1",
    residual: str = "independent",
    method: str = "reml",
    covariance: str | Sequence[str] = "unstructured",
    sampling_variance: str | None = None,
    boundary: str = "lme4",
) -> MixedFit:
    """Fit a linear mixed model by REML or ML.

    Parameters
    ----------
    formula
        Outcome and fixed effects in formulaic's grammar, ``"bond ~ time + ot_within"``.
    data
        One row an observation. Rows with a missing value in a column the model reads are left out, counted and
        listed (``fit.dropped_rows``); a missing group is an error.
    groups
        A column; a list of nested columns, outermost first (inner labels may repeat); or a dict
        ``{column: random part}`` for crossed factors (at most 3,000 rows, unless they turn out to be nested).
    random
        Random effects: ``"1"``, ``"1 + time"``, ``"0 + role"``; one for all levels or a list; None for none.
    residual
        ``"independent"``, ``"ar1(session)"``, ``"car1(weeks)"``, ``"varying(role)"`` or
        ``"unstructured(role | session)"`` (rows of one group and session correlated, at most one row a role).
    method
        ``"reml"`` or ``"ml"``.
    covariance
        ``"unstructured"`` or ``"diagonal"``; one for all levels or a list.
    sampling_variance
        Column of known variances of the outcomes; the model then has no residual variance.
    boundary
        What happens where a variance is estimated at zero. ``"lme4"``: what lmerTest and pbkrtest do. ``"sas"``:
        components at zero are dropped from Satterthwaite and Kenward-Roger. ``"unconstrained"``: one random intercept
        whose variance may be negative (PROC MIXED's NOBOUND; compound symmetry).

    Returns
    -------
    MixedFit

    Raises
    ------
    ModelError
        When the model cannot be fitted; the message names the place, the value and what to do.
    """
    grouping = read_grouping(groups, random, covariance)
    structure = parse_residual(residual)
    design = design_from_formula(formula, data, grouping, sampling_variance, structure.columns, structure.independent)
    return MixedFit(estimate_design(design, method, boundary, structured_maker(structure, design)), residual)


def fit_arrays(
    outcome,
    fixed,
    groups,
    random=None,
    *,
    method: str = "reml",
    covariance: str | Sequence[str] = "unstructured",
    sampling_variance=None,
    names: Sequence[str] | None = None,
    boundary: str = "lme4",
) -> MixedFit:
    """Fit a linear mixed model with independent residuals (or known sampling variances) from arrays.

    Parameters
    ----------
    outcome
        ``(n,)``.
    fixed
        ``(n, p)`` fixed-effects matrix, with its intercept column.
    groups
        ``(n,)`` labels; a list of such arrays (nested, outermost first); or a dict name -> labels (crossed).
    random
        ``(n, q)`` random-effects matrix, None for a random intercept; a list gives one for each level.
    names
        Names of the fixed effects; by default ``Intercept`` for a leading column of ones, then ``x1, x2, ...``.
    method, covariance, sampling_variance, boundary
        As in ``fit_mixed``; ``sampling_variance`` is an array here.
    """
    design = design_from_arrays(
        outcome, fixed, groups, random, covariance=covariance, sampling_variance=sampling_variance, names=names
    )
    return MixedFit(estimate_design(design, method, boundary))
