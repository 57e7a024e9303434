"""What nested and multivariate models share: the result, the engine's door, the fixed-effect part."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_level, is_missing
from ruptureflow.pooling.moderators import Design, too_many
from ruptureflow.pooling.result import coefficient_table, shown_as
from ruptureflow.pooling.weighting import once

TESTS = ("z", "t", "satterthwaite", "kenward-roger")


@dataclass(frozen=True)
class MultilevelResult:
    """A model of several effects per study.

    Attributes
    ----------
    table : DataFrame
        term, estimate, std_error, df (inf for z), statistic, p_value, ci_low, ci_high.
    levels : DataFrame
        level, variance, units, i2 (per cent of the total variance that lies at that level).
    tau2
        Sum of the levels' variances: the variance of true effects; `tau2_ci` is None, see `variance_intervals`.
    i2, h2
        Of `tau2` over the typical sampling variance, as for `PooledResult`.
    q, q_df, q_p
        Cochran's Q (QE with moderators).
    prediction_interval : (low, high) or None
        mu ∓ q √(se² + tau2), as metafor's ``predict``; `prediction_note` gives the reason for None.
    random_covariance : dict
        Level to its covariance matrix (multivariate models).
    """

    method: str
    test: str
    level: float
    terms: tuple
    table: object
    covariance: np.ndarray
    tau2: float
    levels: object
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    k: int
    log_likelihood: float
    labels: tuple
    design: Design
    random_covariance: dict
    estimates: np.ndarray = field(repr=False)
    variances: np.ndarray = field(repr=False)
    groups: object = field(repr=False)
    converged: bool = True
    multivariate: bool = False
    notes: tuple = ()
    tau2_ci: None = None
    fit: object = field(default=None, repr=False)

    def variance_intervals(self, level=None):
        """Profile-likelihood intervals of the variances, as metafor's ``confint``.

        Returns
        -------
        DataFrame
            level, variance, ci_low, ci_high, sd, sd_low, sd_high; low ends are 0 where the likelihood does not fall
            enough. Both ends of a level that divides the effects as another does range from 0 to the two's sum.
        """
        import pandas as pd

        level = check_level(self.level if level is None else level)
        found = self.fit.profile_intervals(level, self.method, fixed=False)
        sds = found[["estimate", "ci_low", "ci_high"]].to_numpy()
        columns = {"level": self.levels["level"].to_numpy(), "variance": self.levels["variance"].to_numpy()}
        columns |= {"ci_low": sds[:, 1] ** 2, "ci_high": sds[:, 2] ** 2}
        return pd.DataFrame(columns | {"sd": np.sqrt(columns["variance"]), "sd_low": sds[:, 1], "sd_high": sds[:, 2]})

    @property
    def estimate(self):
        """First coefficient."""
        return float(self.table["estimate"].iloc[0])

    @property
    def sigma2(self):
        """The levels' variances, outermost first (metafor's name)."""
        return self.levels["variance"].to_numpy()

    def shown_as(self, back):
        """See `result.shown_as`: estimate and intervals on another scale."""
        return shown_as(self, back)

    @property
    def std_error(self):
        """Its standard error under the chosen test."""
        return float(self.table["std_error"].iloc[0])

    @property
    def beta(self):
        """All coefficients."""
        return self.table["estimate"].to_numpy()

    @property
    def prediction_note(self):
        """Why there is no prediction interval, or an empty text."""
        if self.multivariate:
            return "each outcome has its own variance; see random_covariance"
        if not self.design.intercept_only:
            return "with moderators, use predict() with their values"
        if self.k < 3:
            return f"k = {self.k}: a prediction interval needs at least 3 effects"
        return ""

    @property
    def prediction_interval(self):
        if self.prediction_note:
            return None
        row = self.predict().iloc[0]
        return float(row["prediction_low"]), float(row["prediction_high"])

    def predict(self, moderators=None):
        """Model's mean and new effects; columns as `PooledResult.predict`."""
        import pandas as pd

        if moderators is None and not self.design.intercept_only:
            raise PoolingError(f"predict() needs values for {', '.join(map(repr, self.design.names))}: give them.")
        rows = np.ones((1, 1)) if moderators is None else self.design.rows(moderators)
        mean = rows @ self.beta
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        # One df for a combination of terms: the smallest, which never narrows the interval.
        quantile = dist.t_quantile(self.level, float(self.table["df"].min()))
        half, wide = quantile * np.sqrt(variance), quantile * np.sqrt(variance + self.tau2)
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

    @once
    def _moderator_test(self):
        index = [i for i, term in enumerate(self.terms) if term != "Intercept"]
        if not index:
            return None
        chi2 = float(self.beta[index] @ np.linalg.solve(self.covariance[np.ix_(index, index)], self.beta[index]))
        m, df = len(index), float(self.table["df"].min())
        if np.isinf(df):
            return chi2, (m, np.inf), dist.chi2_p_value(chi2, m)
        return chi2 / m, (m, df), dist.f_p_value(chi2 / m, m, df)

    @property
    def qm(self):
        """Wald test of all moderators: chi-squared (``z``) or F."""
        return self._moderator_test and self._moderator_test[0]

    @property
    def qm_df(self):
        return self._moderator_test and self._moderator_test[1]

    @property
    def qm_p(self):
        return self._moderator_test and self._moderator_test[2]


def fit_levels(y, design, groups, random, method, variance, covariance="unstructured"):
    """The engine's fit with known sampling variances.

    Raises
    ------
    PoolingError
        If the engine refuses the model.
    """
    # Here, not above: the engine brings pandas, which a plain pool never needs.
    from ruptureflow.mixed import ModelError, fit_arrays

    try:
        return fit_arrays(
            y,
            design.matrix,
            groups,
            random,
            method=method,
            covariance=covariance,
            sampling_variance=variance,
            names=design.terms,
        )
    except ModelError as error:
        raise PoolingError(f"the multilevel model can't be fitted: {error}") from None


def fixed_table(fit, design, k, test, level):
    """Coefficients by the chosen test, and their covariance."""
    covariance = fit.covariance.to_numpy()
    beta = fit.coefficients.to_numpy()
    if test in ("z", "t"):
        df = np.inf if test == "z" else float(k - len(design.terms))
        return coefficient_table(design.terms, beta, covariance, df, level), covariance
    table = fit.fixed_effects(df=test, level=level)
    if not np.isfinite(table["df"]).all():
        raise PoolingError(f"{test} finds no df for {table['term'].iloc[0]!r}: use test='t' or 'z'.")
    return table[["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]], covariance


def likelihood_norm(design, method):
    """metafor's restricted likelihood includes ½ log|X'X|."""
    return 0.5 * np.linalg.slogdet(design.matrix.T @ design.matrix)[1] if method == "reml" else 0.0


def fixed_part(problem, k, p):
    """Typical sampling variance, Q, its df and p."""
    plain = problem.at(1 / problem.v)
    q = max(0.0, float(plain.rss[0]))
    return (k - p) / float(plain.trace_p[0]), q, k - p, dist.chi2_p_value(q, k - p)


def group_columns(groups, effects):
    """Labels by level, outermost first, checked; rows of effects that were left out are left out too.

    Raises
    ------
    PoolingError
        On no level, a missing label, or labels of another number than the effects'.
    """
    given = effects.y.size + len(effects.dropped)
    columns = {name: _labels_of(name, values, given) for name, values in _named(groups).items()}
    if not columns:
        raise PoolingError("groups has no column: give one per level, outermost first (study, effect).")
    return {name: values[effects.kept] if effects.dropped else values for name, values in columns.items()}


def _named(groups):
    if groups is None or isinstance(groups, str) or (np.ndim(groups) == 0 and not hasattr(groups, "__len__")):
        raise PoolingError(f"groups is {groups!r}: give a DataFrame with one column per level, outermost first.")
    if hasattr(groups, "columns"):
        names = [str(name) for name in groups.columns]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise PoolingError(f"groups has the column {twice[0]!r} twice: rename one of them.")
        return {str(name): groups[name] for name in groups.columns}
    if isinstance(groups, Mapping):
        return {str(name): values for name, values in groups.items()}
    if getattr(groups, "ndim", 1) == 2:
        return {f"level {place + 1}": groups[:, place] for place in range(groups.shape[1])}
    return {str(getattr(groups, "name", None) or "study"): groups}


def _labels_of(name, values, given):
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise PoolingError(f"group {name!r} is {values!r}: give one label per effect.")
    found = np.asarray(values)
    if found.ndim != 1:
        # Labels made of several parts, such as (author, year): one object each.
        listed = list(values)
        found = np.empty(len(listed), dtype=object)
        found[:] = [tuple(one) if isinstance(one, list) else one for one in listed]
    if found.shape != (given,):
        raise PoolingError(f"group {name!r} has {found.size} labels for {given} effects: give one each.")
    missing = [] if found.dtype.kind in "iub" else [row for row, one in enumerate(found.tolist()) if is_missing(one)]
    if missing:
        raise PoolingError(f"group {name!r} is missing in row {missing[0] + 1}: name it, or leave the effect out.")
    return found


def check_test(test, method):
    """Refuse unknown tests and methods."""
    if test not in TESTS:
        raise PoolingError(f"test={test!r} is unknown: use one of {', '.join(TESTS)}.")
    if method not in ("reml", "ml"):
        raise PoolingError(f"method={method!r} is unknown for several effects per study: use 'reml' or 'ml'.")


def enough(k, design):
    """Refuse as many coefficients as effects."""
    if k == 1:
        raise PoolingError("one effect has no levels: pool() takes it, with its own variance.")
    if k <= len(design.terms):
        raise PoolingError(too_many(design, k))
