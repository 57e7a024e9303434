"""What a pooling model returns."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling import heterogeneity
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.generalised_q import generalised_q_interval
from ruptureflow.pooling.inputs import check_level
from ruptureflow.pooling.moderators import Design
from ruptureflow.pooling.weighting import Problem, once

_NUMBERS = ["estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]


def coefficient_table(terms, beta, covariance, df, level):
    """DataFrame: term, estimate, std_error, df, statistic, p_value (two-sided), ci_low, ci_high."""
    import pandas as pd

    std_error = np.sqrt(np.diagonal(covariance))
    df = np.asarray(df, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / std_error
    quantile = dist.t_quantile(level, float(df)) if df.ndim == 0 else [dist.t_quantile(level, one) for one in df]
    half = quantile * std_error
    values = np.empty((beta.size, 7))
    columns = (beta, std_error, df, statistic, dist.t_p_value(statistic, df), beta - half, beta + half)
    for place, column in enumerate(columns):
        values[:, place] = column
    # Numbers as one block, then the terms: half the cost of a dict of columns.
    table = pd.DataFrame(values, columns=_number_columns())
    table.insert(0, "term", _text(tuple(terms)).copy())
    return table


@lru_cache(maxsize=1)
def _number_columns():
    import pandas as pd

    return pd.Index(_NUMBERS)


@lru_cache(maxsize=64)
def _text(terms):
    import pandas as pd

    return pd.array([str(term) for term in terms], dtype="str")


def shown_as(result, back):
    """The first coefficient, its interval and its prediction interval on another scale.

    Parameters
    ----------
    back : callable
        From the pooling scale to the one shown: ``numpy.tanh`` for correlations, ``numpy.exp`` for ratios.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, prediction_low, prediction_high.
    """
    import pandas as pd

    row = result.table.iloc[0]
    low, high = result.prediction_interval or (np.nan, np.nan)
    values = [row["estimate"], row["ci_low"], row["ci_high"], low, high]
    names = ["estimate", "ci_low", "ci_high", "prediction_low", "prediction_high"]
    return pd.DataFrame([[float(back(value)) for value in values]], columns=names)


@dataclass(frozen=True)
class PooledResult:
    """A fixed- or random-effects model of k effects.

    Attributes
    ----------
    table : DataFrame
        term, estimate, std_error, df (inf for z), statistic, p_value, ci_low, ci_high.
    tau2, tau2_se, tau2_ci
        Between-study variance, its standard error, its Q-profile interval (low, high), which may
        exclude the estimate; None where tau² is not estimated.
    i2, h2
        Share (0–100) of the total variance that is between studies, and total over sampling variance,
        from tau² and the typical sampling variance (k − p)/tr(P), as metafor; for ``fixed`` from Q.
    q, q_df, q_p
        Cochran's Q (QE with moderators).
    qm, qm_df, qm_p
        Test of all moderators: chi-squared over df_num (df_den = inf) or F; None without moderators.
    r2
        Per cent of tau² that the moderators explain; None without moderators.
    prediction_interval : (low, high) or None
        Where the effect of a new study lies; `prediction_note` gives the reason for None.
    weights : ndarray
        Per cent of the weight each effect has in the model.
    notes : tuple of str
        What a reader must know about this fit.
    """

    method: str
    test: str
    level: float
    terms: tuple
    beta: np.ndarray
    covariance: np.ndarray
    df: float
    tau2: float
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    k: int
    labels: tuple
    design: Design
    problem: Problem = field(repr=False)
    found: heterogeneity.Heterogeneity = field(repr=False)
    user_weights: np.ndarray | None = field(default=None, repr=False)
    adhoc: bool = False
    prediction_df: str | None = None
    tau2_fixed: bool = False
    notes: tuple = ()

    @property
    def p(self):
        """Number of coefficients."""
        return len(self.terms)

    @property
    def estimate(self):
        """First coefficient: the pooled effect of a model without moderators."""
        return float(self.beta[0])

    def __str__(self):
        kind = "fixed effect" if self.method == "fixed" else f"random effects, {self.method}"
        lines = [
            f"k = {self.k}, {kind}, {self.test} test",
            f"tau² = {self.tau2:.4g}, I² = {self.i2:.1f} %, H² = {self.h2:.2f}; "
            f"Q({self.q_df}) = {self.q:.2f}, p = {self.q_p:.3g}",
            self.table.to_string(index=False),
        ]
        if self.prediction_interval is not None:
            lines.append("prediction interval {:.4g} to {:.4g}".format(*self.prediction_interval))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def shown_as(self, back):
        """See `result.shown_as`: estimate and intervals on another scale."""
        return shown_as(self, back)

    @property
    def std_error(self):
        """Standard error of the first coefficient under the chosen test."""
        return float(np.sqrt(self.covariance[0, 0]))

    @once
    def table(self):
        return coefficient_table(self.terms, self.beta, self.covariance, self.df, self.level)

    @once
    def tau2_se(self):
        if self.method == "fixed" or self.tau2_fixed or self.k <= self.p:
            return np.nan
        return float(heterogeneity.tau2_std_error(self.problem, self.method, self.found)[0])

    @once
    def tau2_ci(self):
        return None if self._no_tau2 else self.tau2_interval()

    @property
    def _no_tau2(self):
        return self.method == "fixed" or self.tau2_fixed or self.k <= self.p

    def tau2_interval(self, kind="q-profile", level=None):
        """Interval of tau² as (low, high).

        Parameters
        ----------
        kind : "q-profile" (Viechtbauer 2007), "profile-likelihood" (``ml`` and ``reml`` only) or "generalised-q"
            (Jackson 2013, exact for the weights of ``genq``, which alone has it)

        Raises
        ------
        PoolingError
            For a fixed-effect model, or a profile likelihood of a method that has none.
        """
        level = check_level(self.level if level is None else level)
        if self._no_tau2:
            raise PoolingError(f"method={self.method!r} with k = {self.k} estimates no tau²: it has no interval.")
        if kind == "q-profile":
            return heterogeneity.q_profile(self.problem, level)
        if kind == "profile-likelihood":
            return heterogeneity.profile_likelihood(self.problem, self.method, self.tau2, level)
        if kind == "generalised-q":
            if self.method != "genq":
                raise PoolingError(f"method={self.method!r} has no weights of its own: use 'q-profile'.")
            return generalised_q_interval(self.problem, self.user_weights, level)
        raise PoolingError(f"kind={kind!r} is unknown: use 'q-profile', 'profile-likelihood' or 'generalised-q'.")

    @once
    def heterogeneity(self):
        """DataFrame: quantity (tau2, tau, i2, h2), estimate, ci_low, ci_high (all from the tau² interval)."""
        import pandas as pd

        low, high = self.tau2_ci or (np.nan, np.nan)
        tau2 = np.array([self.tau2, low, high])
        share = 100 * tau2 / (tau2 + self.typical_variance)
        ratio = tau2 / self.typical_variance + 1
        if self.method == "fixed":
            share[0], ratio[0] = self.i2, self.h2
        rows = [tau2, np.sqrt(tau2), share, ratio]
        return pd.DataFrame(rows, columns=["estimate", "ci_low", "ci_high"]).assign(
            quantity=["tau2", "tau", "i2", "h2"]
        )[["quantity", "estimate", "ci_low", "ci_high"]]

    @once
    def typical_variance(self):
        """Typical sampling variance (k − p)/tr(P) at tau² = 0."""
        fit = self.problem.at(1 / self.problem.v)
        return float((self.k - self.p) / fit.trace_p[0]) if self.k > self.p else np.nan

    @property
    def i2_from_q(self):
        """I² as CMA and RevMan print it, max(0, (Q − df)/Q): equal to `i2` for ``dl`` and ``fixed`` only."""
        return max(0.0, 100 * (self.q - self.q_df) / self.q) if self.q > 0 else 0.0

    @once
    def prediction_note(self):
        """Why there is no prediction interval, or an empty text."""
        if self.k == 1:
            return "k = 1: a prediction interval needs at least 3 effects"
        if self.method == "fixed":
            return "a fixed-effect model has no distribution of effects to predict from"
        if not self.design.intercept_only:
            return "with moderators, use predict() with their values"
        if self.k < 3:
            return f"k = {self.k}: a prediction interval needs at least 3 effects"
        return ""

    @once
    def prediction_interval(self):
        if self.prediction_note:
            return None
        half = self._prediction_quantile() * np.sqrt(self.covariance[0, 0] + self.tau2)
        return float(self.beta[0] - half), float(self.beta[0] + half)

    def _prediction_quantile(self):
        df = self.df if self.prediction_df is None else self.k - self.p - 1
        return dist.t_quantile(self.level, df) if df > 0 else np.nan

    def predict(self, moderators=None):
        """Model's mean and new effects at given values of the moderators.

        Returns
        -------
        DataFrame
            estimate, std_error, ci_low, ci_high, prediction_low, prediction_high (NaN where there is none).
        """
        import pandas as pd

        rows = np.ones((1, 1)) if moderators is None and self.design.intercept_only else None
        if rows is None:
            if moderators is None:
                raise PoolingError(f"predict() needs values for {', '.join(map(repr, self.design.names))}: give them.")
            rows = self.design.rows(moderators)
        mean = rows @ self.beta
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        half = dist.t_quantile(self.level, self.df) * np.sqrt(variance)
        wide = self._prediction_quantile() * np.sqrt(variance + self.tau2)
        if self.method == "fixed" or self.k < 3:
            wide = np.full_like(wide, np.nan)
        return pd.DataFrame(
            {
                "estimate": mean,
                "std_error": np.sqrt(variance),
                "ci_low": mean - half,
                "ci_high": mean + half,
                "prediction_low": mean - wide,
                "prediction_high": mean + wide,
            }
        )

    def test_terms(self, terms):
        """Wald test that the named coefficients are all zero.

        Returns
        -------
        (statistic, df_num, df_den, p_value)
            F with df_den = k − p under ``t`` and ``knapp-hartung``, else chi-squared with df_den = inf.
        """
        missing = [term for term in terms if term not in self.terms]
        if missing:
            raise PoolingError(f"term {missing[0]!r} is not in the model: use {', '.join(map(repr, self.terms))}.")
        index = [self.terms.index(term) for term in terms]
        part = self.covariance[np.ix_(index, index)]
        chi2 = float(self.beta[index] @ np.linalg.solve(part, self.beta[index]))
        m = len(index)
        if np.isinf(self.df):
            return chi2, m, np.inf, dist.chi2_p_value(chi2, m)
        return chi2 / m, m, self.df, dist.f_p_value(chi2 / m, m, self.df)

    @once
    def _moderator_test(self):
        terms = [term for term in self.terms if term != "Intercept"]
        return self.test_terms(terms) if terms else None

    @property
    def qm(self):
        return self._moderator_test and self._moderator_test[0]

    @property
    def qm_df(self):
        """(df_num, df_den)."""
        return self._moderator_test and self._moderator_test[1:3]

    @property
    def qm_p(self):
        return self._moderator_test and self._moderator_test[3]

    @once
    def r2(self):
        if self.design.intercept_only or not self.design.intercept:
            return None
        if self.method == "fixed":
            w = 1 / self.problem.v if self.user_weights is None else self.user_weights[None, :]
            null = Problem(self.problem.y, self.problem.v).at(w).rss[0]
            if null <= 0:
                return 0.0
            share = 1 - self.problem.at(w).rss[0] / null
            return float(max(0.0, 100 * (1 - (1 - share) * (self.k - 1) / (self.k - self.p))))
        null = Problem(self.problem.y, self.problem.v)
        without = heterogeneity.estimate_tau2(null, self.method, self.user_weights).tau2[0]
        return float(max(0.0, 100 * (without - self.tau2) / without)) if without > 0 else 0.0

    @once
    def weights(self):
        w = 1 / (self.problem.v[0] + self.tau2) if self.user_weights is None else self.user_weights
        return 100 * w / w.sum()

    @once
    def fitted(self):
        """Model's mean of each effect."""
        return self.design.matrix @ self.beta

    @once
    def log_likelihood(self):
        """Restricted log-likelihood for ``reml``, else the likelihood's, at the estimates (metafor's logLik)."""
        at = np.array([self.tau2])
        rss = None
        if self.user_weights is not None:
            rss = ((self.estimates - self.fitted) ** 2 / (self.variances + self.tau2)).sum()
        return float(heterogeneity.log_likelihood(self.problem, at, self.method, rss=rss)[0])

    @property
    def estimates(self):
        """The effects that were pooled."""
        return self.problem.y[0]

    @property
    def variances(self):
        """Their sampling variances."""
        return self.problem.v[0]
