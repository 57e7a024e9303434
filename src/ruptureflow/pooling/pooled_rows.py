"""Rows of the pooled tables: a pool by every method and test, its levels, subgroups, moderators, other assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plan_pool import ADHOC, PlanPool, fit, models_of, weights_of
from ruptureflow.pooling.robust import cluster_robust, joint_test
from ruptureflow.pooling.scales import BACK
from ruptureflow.pooling.subgroups import pool_subgroups

if TYPE_CHECKING:
    from ruptureflow.config.pools import PoolingSettings
    from ruptureflow.pooling.level_models import MultilevelResult
    from ruptureflow.pooling.result import PooledResult

COEFFICIENT = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")
ROBUST = "cr2"
FEW_A_MODERATOR = 10


def pooled_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.POOLED`, one a method and test; the primary model's weights go into the effects."""
    if not given.used:
        return []
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for method, test, first in models_of(given, settings):
        result = fit(given, settings, method, test)
        if first:
            for effect, weight in zip(given.used, weights_of(result), strict=True):
                effect["weight"] = weight
        # One effect is tested by z whatever was asked for: the same row from every method.
        rows.setdefault((result.method, _test(result)), _pooled_row(result, given, first))
        if first and given.cluster:
            rows[result.method, ROBUST] = _robust_row(result, given)
    return list(rows.values())


def level_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.LEVELS`: the variance at each level of a pool of effects nested in studies."""
    if not given.levels or not given.used:
        return []
    rows = []
    for method in dict.fromkeys(method for method, _, _ in models_of(given, settings)):
        found = fit(given, settings, method, "z").levels
        rows += [{"pool": given.id, "method": method, **row} for row in found.to_dict("records")]
    return rows


def subgroup_rows(given: PlanPool, by: str, tau2: str, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.SUBGROUPS`.

    Raises
    ------
    PoolingError
        if there is only one subgroup, or a model cannot be fitted.
    """
    estimate, variance = (np.array([effect[name] for effect in given.used]) for name in ("estimate", "variance"))
    labels = [effect["label"] for effect in given.used]
    groups = [effect["subgroup"] for effect in given.used]
    scale = given.used[0]["shown_as"]
    rows = []
    for method, test, first in models_of(given, settings):
        # The floor is one of a pool alone; subgroups are tested by Knapp–Hartung as it is.
        plain = "knapp-hartung" if test == ADHOC else test
        try:
            found = pool_subgroups(estimate, variance, groups, method, plain, tau2, settings.level, labels)
        except PoolingError as error:
            raise PoolingError(f"pool {given.id}: subgroups by {by!r}: {error}") from None
        between = {name: getattr(found, name) for name in ("q_between", "q_between_df", "q_between_p")}
        for row in found.table.to_dict("records"):
            rows.append(
                {
                    "pool": given.id,
                    "by": by,
                    "subgroup": row["subgroup"],
                    "method": method,
                    "test": plain,
                    "primary": first,
                    "tau2_of": tau2,
                    "k": row["k"],
                    **{name: row[name] for name in (*COEFFICIENT, "tau2", "i2", "q", "q_p")},
                    **shown(scale, row),
                    **between,
                    "note": "; ".join(found.notes) or None,
                }
            )
    return rows


def moderator_rows(given: PlanPool, regressions: list[list[str]], settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.MODERATORS`: meta-regressions on the moderators of each list together.

    Raises
    ------
    PoolingError
        if a moderator is constant or collinear, or there are too few effects for its coefficients.
    """
    rows = []
    for headings in regressions:
        name = " + ".join(headings)
        values = {heading: [given.moderators[heading][place] for place in given.places] for heading in headings}
        for method, test, first in models_of(given, settings):
            try:
                result = fit(given, settings, method, test, values)
                rows += _moderator_rows(result, given, name, first, headings)
            except PoolingError as error:
                what = "moderator" if len(headings) == 1 else "moderators"
                raise PoolingError(f"pool {given.id}: {what} {name!r}: {error}") from None
    return rows


def sensitivity_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.SENSITIVITY`: the primary model under each other assumption that the pool allows."""
    method, test, _ = next(models_of(given, settings))
    rows = []
    for (assumption, value), effect in given.assumed.items():
        if not np.isfinite(effect.variance).any():
            continue
        result = fit(given, settings, method, test, effect=effect)
        row = result.table.iloc[0]
        rows.append(
            {
                "pool": given.id,
                "assumption": assumption,
                "value": value,
                "method": result.method,
                "test": _test(result),
                "k": result.k,
                **{name: row[name] for name in COEFFICIENT},
                "tau2": result.tau2,
                **shown(given.effects[0]["shown_as"], row),
                "note": "; ".join(result.notes) or None,
            }
        )
    return rows


def shown(scale: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """An estimate and its interval on the scale they are shown on."""
    back = BACK[scale]
    columns = {"shown": "estimate", "shown_low": "ci_low", "shown_high": "ci_high"}
    return {"shown_as": scale, **{name: float(back(row[own])) for name, own in columns.items()}}


def _test(result: PooledResult | MultilevelResult) -> str:
    return ADHOC if getattr(result, "adhoc", False) else result.test


def _moderator_rows(
    result: PooledResult | MultilevelResult, given: PlanPool, name: str, first: bool, headings: list[str]
) -> Iterator[dict[str, Any]]:
    few = [f"fewer than {FEW_A_MODERATOR} effects a moderator"] if result.k < FEW_A_MODERATOR * len(headings) else []
    shared = {"pool": given.id, "moderator": name, "method": result.method, "k": result.k, "tau2": result.tau2}
    terms = [term for term in result.terms if term != "Intercept"]
    # A model of several levels has no R² of its own: each level has one.
    r2 = getattr(result, "r2", None)
    for row in result.table.to_dict("records"):
        yield {
            **shared,
            "test": _test(result),
            "primary": first,
            **row,
            "r2": np.nan if r2 is None else r2,
            "qm": result.qm,
            "qm_df": result.qm_df[0],
            "qm_p": result.qm_p,
            "note": "; ".join([*result.notes, *few]) or None,
        }
    if first and given.cluster:
        robust = cluster_robust(result, _clusters(given))
        statistic, df_num, _, p_value = joint_test(robust, terms)
        for row in robust.table.to_dict("records"):
            yield {
                **shared,
                "test": ROBUST,
                "primary": False,
                **row,
                "r2": np.nan if r2 is None else r2,
                "qm": statistic,
                "qm_df": df_num,
                "qm_p": p_value,
                "note": "; ".join([f"{robust.clusters} clusters", *robust.notes, *few]),
            }


def _clusters(given: PlanPool) -> list[str]:
    return [given.cluster[place] for place in given.places]


def _robust_row(result: PooledResult | MultilevelResult, given: PlanPool) -> dict[str, Any]:
    """The primary model's mean with CR2 standard errors and Satterthwaite df; its other numbers as they are."""
    try:
        robust = cluster_robust(result, _clusters(given))
    except PoolingError as error:
        raise PoolingError(f"pool {given.id}: cluster {given.asked.cluster!r}: {error}") from None
    row = robust.table.iloc[0]
    blank = dict.fromkeys(("prediction_low", "prediction_high", "prediction_df"), np.nan)
    blank |= dict.fromkeys(("shown_prediction_low", "shown_prediction_high"), np.nan)
    note = f"{robust.clusters} clusters by {given.asked.cluster!r}: CR2, Satterthwaite df"
    return {
        **_pooled_row(result, given, False),
        **blank,
        "test": ROBUST,
        **{name: row[name] for name in COEFFICIENT},
        **shown(given.used[0]["shown_as"], row),
        "note": "; ".join([*given.notes, note, *robust.notes]),
    }


def _pooled_row(result: PooledResult | MultilevelResult, given: PlanPool, primary: bool) -> dict[str, Any]:
    row = result.table.iloc[0]
    scale, metric = given.used[0]["shown_as"], given.used[0]["metric"]
    prediction = result.prediction_interval or (np.nan, np.nan)
    tau2_low, tau2_high = result.tau2_ci or (np.nan, np.nan)
    by_k = getattr(result, "prediction_df", None) == "k-2"
    notes = [*given.notes, *result.notes, result.prediction_note]
    if given.levels:
        notes.append(f"effects in {' in '.join(reversed(given.levels))}; tau² is the sum over levels")
    return {
        "pool": given.id,
        "method": result.method,
        "test": _test(result),
        "primary": primary,
        "term": row["term"],
        "metric": metric,
        "k": result.k,
        **{name: row[name] for name in COEFFICIENT},
        "prediction_low": prediction[0],
        "prediction_high": prediction[1],
        "prediction_df": np.nan if result.prediction_note else result.k - 2 if by_k else row["df"],
        "tau2": result.tau2,
        "tau2_low": tau2_low,
        "tau2_high": tau2_high,
        "i2": result.i2,
        "h2": result.h2,
        "q": result.q,
        "q_df": result.q_df,
        "q_p": result.q_p,
        **shown(scale, row),
        "shown_prediction_low": float(BACK[scale](prediction[0])),
        "shown_prediction_high": float(BACK[scale](prediction[1])),
        "note": "; ".join(text for text in notes if text),
    }
