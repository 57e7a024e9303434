"""Bootstrap and model comparison of fitted models: the public functions."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ruptureflow.mixed import bootstrap, comparison, inference
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.fitting import estimate_design
from ruptureflow.mixed.formula import plain_matrix
from ruptureflow.mixed.model import MixedFit
from ruptureflow.mixed.simulation import noise


def parametric_bootstrap(fit: MixedFit, draws: int = 10_000, seed: int = 1) -> pd.DataFrame:
    """Refit the model to outcomes simulated from it.

    Parameters
    ----------
    fit
        A fitted model.
    draws
        Number of simulated outcomes.
    seed
        Seed; the same seed gives the same draws on any number of cores, and the first rows do not depend on ``draws``.

    Returns
    -------
    DataFrame
        One row a draw: every fixed effect by its term, ``var[level: effect]``, ``cov[level: a, b]``,
        ``residual_variance`` (and the parameters of a residual structure), ``singular``.
    """
    return bootstrap.draws_table(fit.estimate, bootstrap.parametric_draws(fit.estimate, draws, seed))


def cluster_bootstrap(fit: MixedFit, draws: int = 1_000, seed: int = 1) -> pd.DataFrame:
    """Refit the model to outermost groups drawn with replacement; columns as ``parametric_bootstrap``.

    Draws in which the fixed effects cannot be estimated are rows of NaN.
    """
    table, _ = bootstrap.cluster_draws(fit.estimate, draws, seed)
    return bootstrap.draws_table(fit.estimate, table)


def bootstrap_test(fit: MixedFit, L, draws: int = 1_000, seed: int = 1) -> pd.DataFrame:
    """Test ``L @ coefficients = 0`` by the likelihood ratio and its parametric-bootstrap distribution.

    Both models are fitted by ML to outcomes simulated from the ML fit without the tested terms (as pbkrtest's
    ``PBmodcomp``).

    Returns
    -------
    DataFrame
        One row: ``statistic`` (likelihood ratio)``, df, p_value`` (bootstrap, (1 + exceedances) / (1 + draws))``,
        p_chi2, draws``.
    """
    full = fit.refit("ml").estimate
    if full.design.frame is None and fit.residual_kind != "independent":
        raise ModelError("The bootstrap test of a model with structured residuals needs a formula fit.")
    if fit.residual_kind != "independent":
        raise ModelError("The bootstrap test needs independent residuals.")
    matrix = inference.independent_rows(inference.hypothesis(full, L))
    _, _, right = np.linalg.svd(matrix)
    rest = right[len(matrix) :].T
    if not rest.shape[1]:
        raise ModelError("The hypothesis leaves no fixed effect in the smaller model: test fewer terms.")
    names = tuple(f"null{j}" for j in range(rest.shape[1]))
    design = replace(full.design, fixed=plain_matrix(full.design.fixed.values @ rest, names))
    null = estimate_design(design, "ml")
    observed = max(null.deviance - full.deviance, 0.0)
    ratios = []
    for generator, size in bootstrap.seed_chunks(draws, seed):
        values = noise(null, generator, bootstrap.CHUNK)[:, :size]
        small = bootstrap.refit_noise(null, values).deviance
        large = bootstrap.refit_noise(full, values * (null.scaled.unit / full.scaled.unit)).deviance
        ratios.append(small - large)
    ratios = np.concatenate(ratios)
    from scipy.special import chdtrc

    return pd.DataFrame(
        {
            "statistic": [observed],
            "df": [len(matrix)],
            "p_value": [(1.0 + (ratios >= observed - 1e-9).sum()) / (1.0 + len(ratios))],
            "p_chi2": [float(chdtrc(len(matrix), observed))],
            "draws": [len(ratios)],
        }
    )


def likelihood_ratio(smaller: MixedFit, larger: MixedFit) -> pd.DataFrame:
    """Likelihood-ratio test of a model within a larger one.

    Returns
    -------
    DataFrame
        One row: ``statistic, df, p_value, reference`` (``"chi2"``, or ``"50:50 chi2(k-1), chi2(k)"`` where a variance
        is zero under the hypothesis).

    Raises
    ------
    ModelError
        For different rows or methods, for REML fits with different fixed effects, for models that are not nested.
    """
    result = comparison.likelihood_ratio(smaller.estimate, larger.estimate)
    reference = f"50:50 chi2({result.df - 1}), chi2({result.df})" if result.mixture else "chi2"
    return pd.DataFrame(
        {
            "statistic": [result.statistic],
            "df": [result.df],
            "p_value": [result.p_value],
            "reference": [reference],
        }
    )
