"""Several effects per study: nested (three-level and deeper) and multivariate models.

The likelihood is `ruptureflow.mixed`'s with known sampling variances, so the cost grows linearly with
the number of effects.
"""

from dataclasses import dataclass, field

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.inputs import check_effects, check_level
from ruptureflow.pooling.moderators import Design, build_design
from ruptureflow.pooling.result import coefficient_table, shown_as
from ruptureflow.pooling.weighting import Problem, once

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
        Sum of the levels' variances: the variance of true effects; `tau2_ci` is None.
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


def pool_multilevel(
    estimate, variance, groups, moderators=None, test="z", method="reml", level=0.95, *, labels=None
) -> MultilevelResult:
    """Pool effects nested in studies (and deeper), with a variance per level.

    Parameters
    ----------
    groups : DataFrame, mapping or sequence
        One column per level, outermost first (``study``, ``effect``); inner labels may repeat between
        outer units. Effects' own variance needs a last column that differs for every effect.
    test : str
        ``z``; ``t`` (k − p df, as ``rma.mv(test="t")``); ``satterthwaite`` or ``kenward-roger``.
    method : "reml" or "ml"

    Returns
    -------
    MultilevelResult

    Raises
    ------
    PoolingError
        On bad effects, a missing group, or too few effects for the model.

    References
    ----------
    Konstantopoulos (2011), Res. Synth. Methods 2; Assink & Wibbelink (2016), Quant. Meth. Psych. 12.
    """
    level = check_level(level)
    _check_test(test, method)
    effects = check_effects(estimate, variance, labels)
    columns = _group_columns(groups, effects)
    design = build_design(moderators, effects.y.size)
    _enough(effects.y.size, len(design.terms))
    fit = _fit(effects.y, design, list(columns.values()), None, method, effects.v)
    per_level = [float(matrix.to_numpy()[0, 0]) for matrix in fit.random_covariance.values()]
    problem = _problem(effects, design)
    typical, q, q_df, q_p = _fixed_part(problem, effects.y.size, len(design.terms))
    tau2 = float(sum(per_level))
    import pandas as pd

    units = list(fit.n_groups.values())
    levels = pd.DataFrame(
        {
            "level": list(columns),
            "variance": per_level,
            "units": units,
            "i2": [100 * one / (tau2 + typical) for one in per_level],
        }
    )
    table, covariance = _table(fit, design, effects.y.size, test, level)
    return MultilevelResult(
        method=method,
        test=test,
        level=level,
        terms=design.terms,
        table=table,
        covariance=covariance,
        tau2=tau2,
        levels=levels,
        i2=100 * tau2 / (tau2 + typical),
        h2=tau2 / typical + 1,
        q=q,
        q_df=q_df,
        q_p=q_p,
        k=effects.y.size,
        log_likelihood=fit.log_likelihood + _likelihood_norm(design, method),
        labels=effects.labels,
        design=design,
        random_covariance={name: np.array([[one]]) for name, one in zip(columns, per_level, strict=True)},
        estimates=effects.y,
        variances=effects.v,
        groups=pd.DataFrame(columns),
        converged=bool(fit.status.converged),
        notes=_notes(columns, units, effects.y.size, fit),
    )


def pool_multivariate(
    estimate, variance, study, outcome, sampling_correlation=0.0, structure="un", test="z", method="reml", level=0.95
) -> MultilevelResult:
    """Pool several outcomes at once, with a mean and a variance for each and correlations between them.

    Parameters
    ----------
    study, outcome : sequences
        At most one effect per study and outcome.
    sampling_correlation : float
        Between the sampling errors of a study's outcomes, in (−1, 1).
    structure : "un" (variances and covariances between outcomes) or "diag" (variances only)

    Returns
    -------
    MultilevelResult
        Its terms are the outcomes' names; `random_covariance` has the matrix over outcomes.
    """
    import pandas as pd

    level = check_level(level)
    _check_test(test, method)
    if structure not in ("un", "diag"):
        raise PoolingError(f"structure={structure!r} is unknown: use 'un' or 'diag'.")
    if not -1 < sampling_correlation < 1:
        raise PoolingError(f"sampling_correlation={sampling_correlation!r}: give a number between −1 and 1.")
    effects = check_effects(estimate, variance)
    columns = _group_columns({"study": study, "outcome": outcome}, effects)
    names = list(dict.fromkeys(columns["outcome"]))
    if pd.DataFrame(columns).duplicated().any():
        twice = pd.DataFrame(columns)[pd.DataFrame(columns).duplicated()].iloc[0]
        raise PoolingError(f"study {twice['study']!r} has two effects on {twice['outcome']!r}: combine them first.")
    dummies = np.column_stack([np.array([one == name for one in columns["outcome"]], float) for name in names])
    design = Design(dummies, tuple(str(name) for name in names), ("outcome",), {}, False)
    _enough(effects.y.size, len(names))
    whitened, log_norm = _whiten(effects, columns["study"], sampling_correlation, dummies)
    y, x = whitened[:, 0], whitened[:, 1:]
    fit = _fit(
        y, Design(x, design.terms, (), {}, False), [columns["study"]], x, method, np.ones_like(y),
        "unstructured" if structure == "un" else "diagonal",
    )  # fmt: skip
    matrix = next(iter(fit.random_covariance.values())).to_numpy()
    problem = Problem(y[None, :], np.ones((1, y.size)), np.linalg.qr(x)[0])
    _, q, q_df, q_p = _fixed_part(problem, y.size, len(names))
    tau2 = float(np.trace(matrix) / len(names))
    table, covariance = _table(fit, design, y.size, test, level)
    levels = pd.DataFrame(
        {
            "level": list(design.terms),
            "variance": np.diag(matrix),
            "units": dummies.sum(axis=0).astype(int),
            "i2": np.nan,
        }
    )
    return MultilevelResult(
        method=method,
        test=test,
        level=level,
        terms=design.terms,
        table=table,
        covariance=covariance,
        tau2=tau2,
        levels=levels,
        i2=np.nan,
        h2=np.nan,
        q=q,
        q_df=q_df,
        q_p=q_p,
        k=y.size,
        log_likelihood=fit.log_likelihood + log_norm + _likelihood_norm(design, method),
        labels=effects.labels,
        design=design,
        random_covariance={"study": matrix},
        estimates=effects.y,
        variances=effects.v,
        groups=pd.DataFrame(columns),
        converged=bool(fit.status.converged),
        multivariate=True,
        notes=("tau2 is the mean of the outcomes' variances",),
    )


def _fit(y, design, groups, random, method, variance, covariance="unstructured"):
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


def _table(fit, design, k, test, level):
    covariance = fit.covariance.to_numpy()
    beta = fit.coefficients.to_numpy()
    if test in ("z", "t"):
        df = np.inf if test == "z" else float(k - len(design.terms))
        return coefficient_table(design.terms, beta, covariance, df, level), covariance
    table = fit.fixed_effects(df=test, level=level)
    if not np.isfinite(table["df"]).all():
        raise PoolingError(f"{test} finds no df for {table['term'].iloc[0]!r}: use test='t' or 'z'.")
    return table[["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]], covariance


def _whiten(effects, study, correlation, x):
    """Effects and design with each study's correlated sampling errors made independent with variance 1."""
    full = np.column_stack([effects.y, x])
    out = np.empty_like(full)
    log_norm = 0.0
    members = {}
    for row, name in enumerate(study):
        members.setdefault(name, []).append(row)
    for name, rows in members.items():
        s = np.sqrt(effects.v[rows])
        block = correlation * np.outer(s, s)
        np.fill_diagonal(block, effects.v[rows])
        try:
            root = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            raise PoolingError(
                f"sampling_correlation={correlation:g} is impossible for the {len(rows)} effects of {name!r}: raise it."
            ) from None
        out[rows] = np.linalg.solve(root, full[rows])
        log_norm -= np.log(np.diag(root)).sum()
    return out, float(log_norm)


def _likelihood_norm(design, method):
    """metafor's restricted likelihood includes ½ log|X'X|."""
    return 0.5 * np.linalg.slogdet(design.matrix.T @ design.matrix)[1] if method == "reml" else 0.0


def _problem(effects, design):
    basis = None if design.intercept_only else np.linalg.qr(design.matrix)[0]
    return Problem(effects.y[None, :], effects.v[None, :], basis)


def _fixed_part(problem, k, p):
    plain = problem.at(1 / problem.v)
    q = max(0.0, float(plain.rss[0]))
    return (k - p) / float(plain.trace_p[0]), q, k - p, dist.chi2_p_value(q, k - p)


def _group_columns(groups, effects):
    if hasattr(groups, "columns") or hasattr(groups, "keys"):
        columns = {str(name): np.asarray(groups[name]) for name in groups}
    else:
        columns = {str(getattr(groups, "name", None) or "study"): np.asarray(groups)}
    for name, values in columns.items():
        if values.shape != effects.y.shape:
            raise PoolingError(f"group {name!r} has {values.size} labels for {effects.y.size} effects: give one each.")
        missing = [row for row, one in enumerate(values.tolist()) if one is None or one != one]
        if missing:
            raise PoolingError(f"group {name!r} is missing in row {missing[0] + 1}: name it, or leave the effect out.")
    return columns


def _notes(columns, units, k, fit):
    last = list(columns)[-1]
    if len(columns) > 1 and units[-1] < k:
        yield_note = (f"{last!r} repeats within its outer units: effects have no variance of their own",)
    else:
        yield_note = ()
    if fit.status.singular:
        yield_note = (*yield_note, "a variance is estimated at zero")
    return yield_note


def _check_test(test, method):
    if test not in TESTS:
        raise PoolingError(f"test={test!r} is unknown: use one of {', '.join(TESTS)}.")
    if method not in ("reml", "ml"):
        raise PoolingError(f"method={method!r} is unknown for several effects per study: use 'reml' or 'ml'.")


def _enough(k, p):
    if k <= p:
        few = f"{p} coefficient{'s' * (p > 1)} but {k} effect{'s' * (k > 1)}"
        raise PoolingError(f"{few}: give more effects than coefficients.")
