"""One-stage pooling of individual sessions across waves, beside two-stage pooling of the waves' slopes."""

from dataclasses import dataclass

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.random_effects import pool


@dataclass(frozen=True)
class OneStageResult:
    """The slope of one predictor over waves, pooled both ways.

    Attributes
    ----------
    table : DataFrame
        Fixed effects of the one-stage model.
    effect : dict
        estimate, std_error, df, p_value, ci_low, ci_high of the pooled slope in the one-stage model.
    by_wave : DataFrame
        wave, estimate, std_error, variance, n_sessions, n_patients from separate models.
    two_stage : PooledResult
        Their pool.
    difference : float
        One-stage minus two-stage estimate.
    explanation : tuple of str
        Why the two differ here.
    """

    table: object
    effect: dict
    by_wave: object
    two_stage: object
    difference: float
    explanation: tuple


def pool_sessions(
    sessions,
    outcome,
    effect,
    covariates=(),
    patient="patient",
    wave="wave",
    wave_effect="fixed",
    df="satterthwaite",
    level=0.95,
) -> OneStageResult:
    """Pool a within-patient slope over waves from the sessions themselves.

    Parameters
    ----------
    sessions : DataFrame
        One row a session of all waves, on one metric.
    outcome, effect : str
        Columns: the outcome and the (within-patient) predictor.
    covariates : sequence of str
        Other predictors (time, the between part).
    wave_effect : str
        ``fixed``: an intercept per wave, one slope. ``random``: the slope varies between waves (needs at
        least 3 waves to be worth anything).
    df : str
        As in `ruptureflow.mixed`.

    Raises
    ------
    PoolingError
        On a missing column, one wave, or a model that can't be fitted.
    """
    import pandas as pd

    from ruptureflow.mixed import ModelError, fit_mixed

    needed = [outcome, effect, *covariates, patient, wave]
    missing = [name for name in needed if name not in sessions]
    if missing:
        raise PoolingError(f"sessions lack the column {missing[0]!r}: they need {', '.join(needed)}.")
    if wave_effect not in ("fixed", "random"):
        raise PoolingError(f"wave_effect={wave_effect!r} is unknown: use 'fixed' or 'random'.")
    data = sessions[needed].dropna().reset_index(drop=True)
    waves = list(dict.fromkeys(data[wave]))
    if len(waves) < 2:
        raise PoolingError(f"the sessions come from {len(waves)} wave: pooling needs at least two.")
    right = " + ".join([effect, *covariates])
    try:
        if wave_effect == "fixed":
            # Labels of patients may repeat between waves, so the inner level is made of both.
            data["unit"] = data[wave].astype(str) + "/" + data[patient].astype(str)
            whole = fit_mixed(f"{outcome} ~ C({wave}) + {right}", data, groups="unit")
        else:
            parts = ["1 + " + effect, "1"]
            whole = fit_mixed(
                f"{outcome} ~ {right}",
                data,
                groups=[wave, patient],
                random=parts,
                covariance=["diagonal", "unstructured"],
            )
        table = whole.fixed_effects(df=df, level=level)
        rows = []
        for name in waves:
            own = data[data[wave] == name]
            fit = fit_mixed(f"{outcome} ~ {right}", own, groups=patient)
            line = fit.fixed_effects(df="normal").set_index("term").loc[effect]
            rows.append(
                (
                    name,
                    line["estimate"],
                    line["std_error"],
                    line["std_error"] ** 2,
                    len(own),
                    own[patient].nunique(),
                    fit.residual_variance,
                )
            )
    except ModelError as error:
        raise PoolingError(f"the one-stage model can't be fitted: {error}") from None
    columns = ["wave", "estimate", "std_error", "variance", "n_sessions", "n_patients", "residual_variance"]
    by_wave = pd.DataFrame(rows, columns=columns)
    two_stage = pool(by_wave["estimate"], by_wave["variance"], level=level, labels=[str(name) for name in waves])
    line = table.set_index("term").loc[effect].to_dict()
    difference = float(line["estimate"] - two_stage.estimate)
    return OneStageResult(table, line, by_wave, two_stage, difference, tuple(_explain(by_wave, two_stage, wave_effect)))


def _explain(by_wave, two_stage, wave_effect):
    low, high = by_wave["residual_variance"].min(), by_wave["residual_variance"].max()
    yield (
        f"one stage gives all waves one residual variance; their own run from {low:.3g} to {high:.3g}, "
        "so it weights the noisier waves more than two-stage pooling does"
    )
    yield "one stage gives covariates one coefficient for all waves; two-stage pooling lets each wave have its own"
    if wave_effect == "fixed":
        yield (
            f"one stage with fixed waves has no variance between waves; two-stage pooling estimates tau² = "
            f"{two_stage.tau2:.3g} and tests with {two_stage.df:g} df"
        )
