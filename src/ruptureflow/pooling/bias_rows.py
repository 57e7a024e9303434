"""Rows of the table of small-study effects: every test and correction of a pool, with what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ruptureflow.pooling.bias import egger_test, fail_safe_n, pet_peese, rank_test, trim_and_fill
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plan_pool import PlanPool, fit, models_of
from ruptureflow.pooling.pooled_rows import COEFFICIENT, shown

if TYPE_CHECKING:
    from ruptureflow.config.pools import PoolingSettings
    from ruptureflow.pooling.result import PooledResult

LEAST = 3
STEP = 0.025


def bias_rows(given: PlanPool, settings: PoolingSettings) -> list[dict[str, Any]]:
    """Rows of `tables.pooling.BIAS` for a pool of three effects or more; a test that cannot be made says why."""
    if not settings.bias or given.levels or len(given.used) < LEAST:
        return []
    method, test, _ = next(models_of(given, settings))
    result = fit(given, settings, method, test)
    scale = given.used[0]["shown_as"]
    rows: list[dict[str, Any]] = []
    for name, make in _DIAGNOSTICS.items():
        try:
            rows += [{"pool": given.id, "diagnostic": name, "k": result.k, **row} for row in make(result, scale)]
        except PoolingError as error:
            rows.append({"pool": given.id, "diagnostic": name, "quantity": "-", "k": result.k, "note": str(error)})
    return rows


def _row(quantity: str, row: Any, notes: tuple[str, ...], scale: str = "") -> dict[str, Any]:
    values = {name: row[name] for name in COEFFICIENT}
    said = shown(scale, row) if scale else {}
    return {"quantity": quantity, **values, **said, "note": "; ".join(notes) or None}


def _egger(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
    found = egger_test(result)
    yield _row("slope on the standard error", found.table.iloc[-1], found.notes)


def _rank(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
    found = rank_test(result)
    note = "; ".join(found.notes) or None
    yield {"quantity": "Kendall's tau", "estimate": found.statistic, "p_value": found.p_value, "note": note}


def _trim(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
    found = trim_and_fill(result)
    note = "; ".join([f"on the {found.side}, estimator {found.estimator}", *found.notes])
    yield {"quantity": "effects missing", "estimate": found.missing, "std_error": found.missing_se, "note": note}
    yield _row("pooled with them filled in", found.filled.table.iloc[0], found.filled.notes, scale)


def _fail_safe(kind: str, note: str) -> Callable[[PooledResult, str], Iterator[dict[str, Any]]]:
    def make(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
        number = fail_safe_n(result.estimates, result.variances, kind)
        yield {"quantity": "null results needed", "estimate": float(number), "note": note}

    return make


def _pet_peese(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
    found = pet_peese(result)
    for name, table in (("pet", found.pet), ("peese", found.peese)):
        chosen = ("the conditional rule takes this one",) if found.selected == name else ()
        yield _row(f"{name.upper()}: effect without error", table.iloc[0], (*chosen, *found.notes), scale)


def _selection(result: PooledResult, scale: str) -> Iterator[dict[str, Any]]:
    from ruptureflow.pooling.selection import selection_model

    direction = "greater" if result.estimate >= 0 else "less"
    found = selection_model(result, (STEP,), direction)
    step = found.steps.iloc[-1]
    notes = (f"one-sided p cut at {STEP:g}, direction {direction}", *found.notes)
    yield _row("pooled, corrected", found.table.iloc[0], notes, scale)
    yield {
        "quantity": f"chance of publication above p {STEP:g}, relative to below",
        "estimate": step["delta"],
        "std_error": step["std_error"],
        "statistic": found.lrt,
        "df": found.lrt_df,
        "p_value": found.lrt_p,
        "note": "likelihood-ratio test of no selection",
    }


_IGNORES = "ignores heterogeneity, and says nothing about how biased the pool is"
_DIAGNOSTICS: dict[str, Callable[[Any, str], Iterator[dict[str, Any]]]] = {
    "egger": _egger,
    "rank": _rank,
    "trim and fill": _trim,
    "fail-safe N (Rosenthal)": _fail_safe("rosenthal", f"to p = .05, one-sided; {_IGNORES}"),
    "fail-safe N (Orwin)": _fail_safe("orwin", f"to half the unweighted mean; {_IGNORES}"),
    "fail-safe N (Rosenberg)": _fail_safe("rosenberg", f"to p = .05, two-sided; {_IGNORES}"),
    "PET-PEESE": _pet_peese,
    "selection": _selection,
}
