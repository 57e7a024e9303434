"""Rows about growing evidence: the pool as effects come in, and how much more a stated precision needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.influence import cumulative
from ruptureflow.pooling.plan_pool import PlanPool, fit, models_of
from ruptureflow.pooling.planning import plan_precision
from ruptureflow.pooling.pooled_rows import COEFFICIENT, shown
from ruptureflow.pooling.spending import SpendingRule, sequential_verdicts

if TYPE_CHECKING:
    from ruptureflow.config.pools import PoolingSettings
    from ruptureflow.pooling.result import PooledResult

WITHOUT_RULE = "no verdict: no spending rule is registered"


def arrival(effects: list[dict[str, Any]]) -> np.ndarray:
    """Order in which effects came in: by year, then those without one (waves) as they are listed."""
    years = [effect.get("year") for effect in effects]
    return np.array([np.inf if year is None else float(year) for year in years])


def cumulative_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.CUMULATIVE`: the primary model after each effect; a verdict only by a registered rule.

    A model of several levels has none: which of a study's effects came first is not known.
    """
    if given.levels or len(given.used) < 2:
        return []
    method, test, _ = next(models_of(given, settings))
    order = arrival(given.used)
    table = cumulative(fit(given, settings, method, test), order)
    information = 1 / cumulative(fit(given, settings, method, "z"), order)["std_error"].to_numpy() ** 2
    asked = given.asked.spending
    rule = SpendingRule(asked.alpha, asked.information, asked.rule) if asked else None
    rows = []
    for step, row in enumerate(sequential_verdicts(table, rule, information).to_dict("records"), start=1):
        rows.append(
            {
                "pool": given.id,
                "step": step,
                "added": row["added"],
                "k": row["k"],
                **{name: row[name] for name in COEFFICIENT},
                "tau2": row["tau2"],
                "information": row["information"],
                **shown(given.used[0]["shown_as"], row),
                "alpha_spent": row.get("alpha_spent", np.nan),
                "boundary": row.get("boundary", np.nan),
                "crosses": row.get("crosses"),
                "note": f"{asked.rule}, alpha {asked.alpha:g} over all looks" if asked else WITHOUT_RULE,
            }
        )
    return rows


def precision_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.PRECISION`: waves, and patients in the studies at hand, that a half-width needs."""
    asked = given.asked.precision
    if asked is None or not given.used:
        return []
    method, test, _ = next(models_of(given, settings))
    result = fit(given, settings, method, test)
    patients = [effect["n"] for effect in given.used]
    rows = []
    for add in ("waves", "patients"):
        row: dict[str, Any] = {"pool": given.id, "add": add, "half_width": asked.half_width}
        row |= {"assurance": asked.assurance, "draws": asked.draws, "seed": asked.seed}
        try:
            row |= _planned(result, given, asked, add, patients)
        except PoolingError as error:
            row |= {"note": f"not planned: {error}"}
        rows.append(row)
    return rows


def _planned(result: PooledResult, given: PlanPool, asked: Any, add: str, patients: list[int | None]) -> dict[str, Any]:
    if given.levels:
        raise PoolingError("simulation is for one effect a study")
    if add == "patients" and any(count is None for count in patients):
        raise PoolingError("the patients of some study are not known")
    found = plan_precision(
        result,
        asked.half_width,
        add,
        patients=patients if add == "patients" else None,
        assurance=asked.assurance,
        draws=asked.draws,
        seed=asked.seed,
    )
    return {
        "now": found.now,
        "needed": found.needed,
        "limit": found.limit,
        "reachable": found.needed is not None,
        "note": "; ".join(found.notes) or None,
    }
