"""Fixed- and random-effects pooling of one effect per study, with or without moderators."""

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.heterogeneity import METHODS, Heterogeneity, estimate_tau2, higher_top
from ruptureflow.pooling.inputs import check_effects, check_level, numbers, same_order
from ruptureflow.pooling.moderators import build_design, too_many
from ruptureflow.pooling.result import PooledResult
from ruptureflow.pooling.weighting import Problem

TESTS = ("z", "t", "knapp-hartung")
# Other programs' spellings.
SPELLINGS = {
    "fe": "fixed",
    "ee": "fixed",
    "ce": "fixed",
    "mp": "pm",
    "knha": "knapp-hartung",
    "hksj": "knapp-hartung",
}
_ROUNDING = np.finfo(float).eps


def pool(
    estimate,
    variance,
    method="reml",
    test="knapp-hartung",
    moderators=None,
    level=0.95,
    *,
    weights=None,
    adhoc=False,
    prediction_df=None,
    intercept=True,
    tau2=None,
    labels=None,
    missing="error",
):
    """Pool one effect per study.

    Parameters
    ----------
    estimate, variance : array-like
        Effects and their sampling variances (squared standard errors).
    method : str
        ``fixed``, or tau² by ``dl`` (DerSimonian–Laird), ``he`` (Hedges), ``hs`` (Hunter–Schmidt),
        ``sj`` (Sidik–Jonkman), ``ml``, ``reml``, ``eb`` (empirical Bayes), ``pm`` (Paule–Mandel; the
        same number as ``eb``), ``genq`` (generalised Q, needs `weights`).
    test : str
        ``z``; ``t`` (k − p df); ``knapp-hartung`` (variance scaled by the weighted residual mean square,
        k − p df).
    moderators : DataFrame or mapping of named arrays, optional
        Numbers, or factors in treatment coding.
    level : float
        Of all intervals.
    weights : array-like, optional
        Own weights for the coefficients (and for tau² by ``genq``); their variance is then the
        sandwich that holds for any weights, as in metafor.
    adhoc : bool
        Never let Knapp–Hartung shrink the variance (scale at least 1).
    prediction_df : None or "k-2"
        df of the prediction interval: the test's, as metafor, or k − p − 1, as CMA.
    intercept : bool
        False leaves the intercept out.
    tau2 : float, optional
        Use this tau² instead of an estimate.
    labels : sequence, optional
        Studies' names; by default the index of `estimate` if it holds text, else 1, 2, ….
    missing : "error" or "drop"
        What to do with effects without estimate or variance.

    Returns
    -------
    PooledResult

    Raises
    ------
    PoolingError
        On a non-positive variance, a missing value, collinear or constant moderators, or too few
        effects for the coefficients.

    Notes
    -----
    Methods and tests may also be spelt as in metafor (``REML``, ``FE``, ``knha``).
    One effect (k = 1) is tested by z with tau² = 0, whatever was asked for, with a note.

    References
    ----------
    Viechtbauer (2010), J. Stat. Softw. 36(3); Knapp & Hartung (2003), Stat. Med. 22; Higgins, Thompson &
    Spiegelhalter (2009), JRSS A 172 (prediction interval).
    """
    level = check_level(level)
    method, test = (SPELLINGS.get(str(one).lower(), str(one).lower()) for one in (method, test))
    _check_options(method, test, weights, adhoc, prediction_df, tau2)
    effects = check_effects(estimate, variance, labels, missing, may_drop=True)
    weights = _check_weights(weights, effects)
    same_order(estimate, moderators, "moderators")
    k = effects.y.size
    design = build_design(moderators, k, intercept, effects)
    p = len(design.terms)
    notes = [f"left out for a missing value: {', '.join(map(str, effects.dropped))}"] if effects.dropped else []
    if k == 1 and p == 1:
        asked, method, test, tau2, weights = (method, test), "fixed", "z", None, None
        if asked != ("fixed", "z"):
            notes.append("one effect: tau² can't be estimated; tested by z with its own variance")
    elif k < p or (k == p and (method != "fixed" or test != "z")):
        raise PoolingError(too_many(design, k))

    basis, triangle = (None, None) if design.intercept_only else np.linalg.qr(design.matrix)
    problem = Problem(effects.y[None, :], effects.v[None, :], basis)
    plain = problem.at(1 / problem.v)
    given = None if tau2 is None else Heterogeneity(np.array([float(tau2)]))
    found = given or estimate_tau2(problem, method, weights, plain)
    between = float(found.tau2[0])
    if between == 0 and tau2 is None and method in ("ml", "reml"):
        notes.extend(_second_top(problem, method))

    gamma, covariance, scale = _coefficients(problem, found.tau2, plain, weights, test)
    if test == "knapp-hartung":
        if method == "fixed":
            notes.append("Knapp–Hartung is made for random effects: its scale is a dispersion here")
        notes.extend(_knapp_hartung_notes(scale, adhoc, k, p))
        covariance = covariance * (max(1.0, scale) if adhoc else scale)
    if triangle is None:
        beta = gamma
    else:
        beta = np.linalg.solve(triangle, gamma)
        half = np.linalg.solve(triangle, covariance)
        covariance = np.linalg.solve(triangle, half.T)
    q, i2, h2 = _consistency(plain, method, between, k, p)
    return PooledResult(
        method=method,
        test=test,
        level=level,
        terms=design.terms,
        beta=beta,
        covariance=covariance,
        df=np.inf if test == "z" else float(k - p),
        tau2=between,
        i2=i2,
        h2=h2,
        q=q,
        q_df=k - p,
        q_p=dist.chi2_p_value(q, k - p) if k > p else 1.0,
        k=k,
        labels=effects.labels,
        design=design,
        problem=problem,
        found=found,
        user_weights=weights,
        adhoc=adhoc,
        prediction_df=prediction_df,
        tau2_fixed=tau2 is not None,
        notes=tuple(notes),
    )


def _coefficients(problem, tau2, plain, weights, test):
    """Coefficients on the basis, their covariance before any scaling, and the Knapp–Hartung scale."""
    fit = plain if tau2[0] == 0 else problem.at(problem.weights(tau2))
    scale = 1.0
    if test == "knapp-hartung":
        rss = float(fit.rss[0])
        scale = 0.0 if rss <= _ROUNDING else rss / (problem.y.shape[1] - problem.p)
    if weights is None:
        return fit.coefficients[0], fit.covariance[0], scale
    own = problem.at(weights[None, :])
    total = problem.v + tau2[:, None]
    bread = own.covariance[0]
    meat = np.atleast_2d(np.squeeze(own.cross(own.w**2 * total)))
    return own.coefficients[0], bread @ meat @ bread, scale


def _consistency(plain, method, tau2, k, p):
    if k <= p:
        return 0.0, 0.0, 1.0
    q = max(0.0, float(plain.rss[0]))
    if method == "fixed":
        return q, (max(0.0, 100 * (q - (k - p)) / q) if q > 0 else 0.0), q / (k - p)
    typical = (k - p) / float(plain.trace_p[0])
    return q, 100 * tau2 / (typical + tau2), tau2 / typical + 1


def _second_top(problem, method):
    other = higher_top(problem, method)
    if other is not None:
        yield f"the likelihood at tau² = {other:.2g} is higher than at zero, where metafor stays too: consider 'pm'"


def _knapp_hartung_notes(scale, adhoc, k, p):
    if k - p == 1:
        yield "one degree of freedom: the Knapp–Hartung interval is hardly informative"
    if scale == 0:
        yield "the effects are equal: the Knapp–Hartung standard error is zero" + (" before the floor" if adhoc else "")
    elif scale < 1:
        tail = "held at the Wald standard error (adhoc)" if adhoc else "adhoc=True holds it at the Wald one"
        yield f"the Knapp–Hartung standard error is {np.sqrt(scale):.3f} times the Wald one: {tail}"


def _check_options(method, test, weights, adhoc, prediction_df, tau2):
    if method not in METHODS:
        raise PoolingError(f"method={method!r} is unknown: use one of {', '.join(METHODS)}.")
    if test not in TESTS:
        raise PoolingError(f"test={test!r} is unknown: use one of {', '.join(TESTS)}.")
    if method == "genq" and weights is None:
        raise PoolingError("method='genq' needs weights: give one positive number per effect.")
    if adhoc and test != "knapp-hartung":
        raise PoolingError(f"adhoc=True is a floor for test='knapp-hartung', not for {test!r}: drop one of them.")
    if prediction_df not in (None, "k-2"):
        raise PoolingError(f"prediction_df={prediction_df!r} is unknown: use None (the test's df) or 'k-2'.")
    if not isinstance(adhoc, bool | np.bool_):
        raise PoolingError(f"adhoc={adhoc!r}: write True or False.")
    number = isinstance(tau2, int | float | np.number)
    if tau2 is not None and (not number or not np.isfinite(tau2) or tau2 < 0 or method == "fixed"):
        raise PoolingError(f"tau2={tau2!r} with method={method!r}: give a number of at least 0 and a random method.")


def _check_weights(weights, effects):
    if weights is None:
        return None
    weights = numbers("weights", weights)
    if weights.size != effects.y.size + len(effects.dropped):
        raise PoolingError(f"{weights.size} weights for {effects.y.size} effects: give one per effect.")
    weights = weights[effects.kept]
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        row = int(np.flatnonzero(~(weights > 0) | ~np.isfinite(weights))[0])
        raise PoolingError(f"weight of row {row + 1} is {weights[row]:g}: weights are positive numbers.")
    return weights
