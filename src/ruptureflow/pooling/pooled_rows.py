"""Rows of the pooled tables: a pool by every method and test, its subgroups, its moderators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.random_effects import pool
from ruptureflow.pooling.scales import BACK
from ruptureflow.pooling.subgroups import pool_subgroups

if TYPE_CHECKING:
    from ruptureflow.config.plan import PoolingSettings
    from ruptureflow.pooling.result import PooledResult

COEFFICIENT = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def pooled_rows(
    effects: Sequence[dict[str, Any]], pool_id: str, settings: PoolingSettings, note: str
) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.POOLED`, one a method and test; the primary model's weights go into the effects."""
    used = [effect for effect in effects if effect.get("usable", True)]
    if not used:
        return []
    estimate, variance, labels = _numbers(used)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    primary: PooledResult | None = None
    for method, test, _ in _models(settings):
        result = pool(estimate, variance, method=method, test=test, level=settings.level, labels=labels)
        first = primary is None
        primary = primary or result
        # One effect is tested by z whatever was asked for: the same row from every method.
        key = (result.method, result.test)
        rows.setdefault(key, _pooled_row(result, pool_id, used[0], first, note))
    for effect, weight in zip(used, primary.weights, strict=True):
        effect["weight"] = weight
    return list(rows.values())


def subgroup_rows(
    effects: Sequence[dict[str, Any]], pool_id: str, by: str, tau2: str, settings: PoolingSettings
) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.SUBGROUPS`.

    Raises
    ------
    PoolingError
        if there is only one subgroup, or a model cannot be fitted.
    """
    estimate, variance, labels = _numbers(effects)
    groups = [effect["subgroup"] for effect in effects]
    back = BACK[effects[0]["shown_as"]]
    rows = []
    for method, test, first in _models(settings):
        try:
            found = pool_subgroups(estimate, variance, groups, method, test, tau2, settings.level, labels)
        except PoolingError as error:
            raise PoolingError(f"pool {pool_id}: subgroups by {by!r}: {error}") from None
        between = {name: getattr(found, name) for name in ("q_between", "q_between_df", "q_between_p")}
        for row in found.table.to_dict("records"):
            rows.append(
                {
                    "pool": pool_id,
                    "by": by,
                    "subgroup": row["subgroup"],
                    "method": method,
                    "test": test,
                    "primary": first,
                    "tau2_of": tau2,
                    "k": row["k"],
                    **{name: row[name] for name in (*COEFFICIENT, "tau2", "i2", "q", "q_p")},
                    **_shown(effects[0]["shown_as"], back, row),
                    **between,
                    "note": "; ".join(found.notes) or None,
                }
            )
    return rows


def moderator_rows(
    effects: Sequence[dict[str, Any]], pool_id: str, moderators: Mapping[str, list], settings: PoolingSettings
) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.MODERATORS`: a meta-regression for each moderator alone.

    Raises
    ------
    PoolingError
        if a moderator is constant, or there are too few effects for its coefficients.
    """
    estimate, variance, labels = _numbers(effects)
    rows = []
    for name, values in moderators.items():
        for method, test, first in _models(settings):
            try:
                result = pool(estimate, variance, method, test, {name: values}, settings.level, labels=labels)
            except PoolingError as error:
                raise PoolingError(f"pool {pool_id}: moderator {name!r}: {error}") from None
            notes = [*result.notes, *(["fewer than 10 effects a moderator"] if result.k < 10 else [])]
            for row in result.table.to_dict("records"):
                rows.append(
                    {
                        "pool": pool_id,
                        "moderator": name,
                        "method": result.method,
                        "test": result.test,
                        "primary": first,
                        "k": result.k,
                        **row,
                        "tau2": result.tau2,
                        "r2": np.nan if result.r2 is None else result.r2,
                        "qm": result.qm,
                        "qm_df": result.qm_df[0],
                        "qm_p": result.qm_p,
                        "note": "; ".join(notes) or None,
                    }
                )
    return rows


def _models(settings: PoolingSettings) -> Iterator[tuple[str, str, bool]]:
    """Every method with every test, the plan's primary one first."""
    for method in settings.methods:
        for test in settings.tests:
            yield method, test, (method, test) == (settings.methods[0], settings.tests[0])


def _numbers(effects: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    estimate = np.array([effect["estimate"] for effect in effects])
    variance = np.array([effect["variance"] for effect in effects])
    return estimate, variance, [effect["label"] for effect in effects]


def _shown(scale: str, back, row) -> dict[str, Any]:
    shown = {"shown": "estimate", "shown_low": "ci_low", "shown_high": "ci_high"}
    return {"shown_as": scale, **{name: float(back(row[own])) for name, own in shown.items()}}


def _pooled_row(result: PooledResult, pool_id: str, effect: dict[str, Any], primary: bool, note: str) -> dict[str, Any]:
    row = result.table.iloc[0]
    back = BACK[effect["shown_as"]]
    prediction = result.prediction_interval or (np.nan, np.nan)
    tau2_low, tau2_high = result.tau2_ci or (np.nan, np.nan)
    notes = [note, *result.notes, result.prediction_note]
    return {
        "pool": pool_id,
        "method": result.method,
        "test": result.test,
        "primary": primary,
        "term": row["term"],
        "metric": effect["metric"],
        "k": result.k,
        **{name: row[name] for name in COEFFICIENT},
        "prediction_low": prediction[0],
        "prediction_high": prediction[1],
        "tau2": result.tau2,
        "tau2_low": tau2_low,
        "tau2_high": tau2_high,
        "i2": result.i2,
        "h2": result.h2,
        "q": result.q,
        "q_df": result.q_df,
        "q_p": result.q_p,
        **_shown(effect["shown_as"], back, row),
        "shown_prediction_low": float(back(prediction[0])),
        "shown_prediction_high": float(back(prediction[1])),
        "note": "; ".join(text for text in notes if text),
    }
