"""Every estimate with each unit of a grouping factor left out.

Units of the outermost level of nested groups are left out of the cross-products; any other needs the rows again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ruptureflow.mixed.blocks import Batch
from ruptureflow.mixed.dense import DenseLikelihood, RowBatch
from ruptureflow.mixed.design import Level, aliased_columns, check_design, design_of_rows
from ruptureflow.mixed.eigenbasis import one_variance
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.fitting import EIGENBASIS_UNITS, estimate_design, find_minimum
from ruptureflow.mixed.inference import Rows, t_p_value
from ruptureflow.mixed.likelihood import BlockLikelihood, away_from_zero
from ruptureflow.mixed.moments import Criterion
from ruptureflow.mixed.optimise import minimise

# Where a variance at zero is started from: Newton's method could not leave zero.
_START = 0.05


@dataclass(frozen=True)
class LeftOut:
    """Refit without one unit: caller's coefficients, their covariance, and the refit itself for df methods.

    ``estimate`` is None where the remaining units cannot estimate all fixed effects.
    """

    unit: object
    rows: int
    estimate: Estimate | None


def _without_block(batches: tuple[Batch, ...], number: int, block: int) -> tuple[Batch, ...]:
    out = []
    for i, batch in enumerate(batches):
        if i != number:
            out.append(batch)
            continue
        keep = np.arange(len(batch.products)) != block
        if keep.any():
            out.append(Batch(batch.products[keep], batch.places, tuple(u[keep] for u in batch.units), batch.size))
    return tuple(out)


def _without_rows(batches: tuple[RowBatch, ...], number: int, block: int) -> tuple[RowBatch, ...]:
    out = []
    for i, batch in enumerate(batches):
        if i != number:
            out.append(batch)
            continue
        keep = np.arange(len(batch.rows)) != block
        if keep.any():
            out.append(
                RowBatch(
                    batch.rows[keep],
                    batch.data[keep],
                    tuple(e[keep] for e in batch.effects),
                    tuple(u[keep] for u in batch.units),
                    batch.slopes[:, keep],
                    batch.same[keep],
                )
            )
    return tuple(out)


def _refit(estimate: Estimate, likelihood, rows: int) -> Estimate | None:
    criterion = replace(estimate.criterion, rows=rows)
    likelihood = replace(likelihood, criterion=criterion)
    if rows <= criterion.columns or _short_of_rank(likelihood):
        return None
    if one_variance(likelihood, EIGENBASIS_UNITS):
        return _judged(estimate, likelihood, find_minimum(likelihood).theta)
    start = away_from_zero(likelihood.layouts, estimate.theta, _START)
    stop = len(start) - likelihood.extra
    found = minimise(likelihood.evaluate, start) if len(start) else None
    theta = found.theta.copy() if found else start
    theta[:stop][np.abs(theta[:stop]) < 1e-6] = 0.0
    return _judged(estimate, likelihood, theta)


def _judged(estimate: Estimate, likelihood, theta: np.ndarray) -> Estimate | None:
    criterion = likelihood.criterion
    moments = likelihood.moments_at(theta)
    if moments is None:
        return None
    psis = tuple(f @ f.T for f in likelihood.factors(theta))
    value = criterion.value(moments.rss, moments.log_det_v, moments.log_det_x)
    return Estimate(
        estimate.design, estimate.scaled, likelihood, theta, psis, moments, criterion.sigma2(moments.rss), value,
        estimate.status, estimate.boundary,
    )  # fmt: skip


def _short_of_rank(likelihood) -> bool:
    criterion: Criterion = likelihood.criterion
    p = criterion.columns
    if isinstance(likelihood, DenseLikelihood):
        gram = sum(np.einsum("bni,bnj->ij", b.data[:, :, :p], b.data[:, :, :p]) for b in likelihood.batches)
    else:
        gram = sum(b.products[:, b.size : -1, b.size : -1].sum(axis=0) for b in likelihood.batches)
    return bool(np.linalg.eigvalsh(gram)[0] < 1e-9 * criterion.rows)


def leave_one_out(estimate: Estimate, group: str | None = None) -> list[LeftOut]:
    """Refits without each unit of a level (the outermost one unless named), in the order of the units."""
    design = estimate.design
    names = [level.name for level in design.levels]
    if estimate.boundary == "unconstrained":
        raise ModelError("Influence is not available for boundary='unconstrained': refit with boundary='lme4'.")
    if group is None and not design.nested:
        raise ModelError(
            f"Influence leaves out the units of one factor, and these cross: name it, for example "
            f"group={names[0]!r} (of {', '.join(names)})."
        )
    if group is not None and group not in names:
        raise ModelError(f"No grouping factor is called {group!r}: they are {', '.join(names)}.")
    if design.nested and group in (None, names[0]):
        return _without_outermost(estimate)
    return _without_rows_of(estimate, design.levels[names.index(group)])


def _without_rows_of(estimate: Estimate, level: Level) -> list[LeftOut]:
    """Refits without the rows of each unit of a level whose rows lie in blocks of others."""
    design = estimate.design
    if isinstance(estimate.likelihood, DenseLikelihood):
        raise ModelError(
            f"Influence of {level.name!r}, an inner group, needs independent residuals: "
            f"leave out {design.levels[0].name!r}."
        )
    method = "reml" if estimate.criterion.reml else "ml"
    out = []
    for unit, label in enumerate(level.labels):
        rows = np.flatnonzero(level.codes != unit)
        smaller = design_of_rows(design, rows)
        try:
            check_design(smaller, not estimate.criterion.scale_known)
            refit = None if aliased_columns(smaller.fixed) else estimate_design(smaller, method, estimate.boundary)
        except ModelError:
            refit = None
        out.append(LeftOut(label, design.rows - len(rows), refit))
    return out


def _without_outermost(estimate: Estimate) -> list[LeftOut]:
    """Refits without each outermost unit, from the cross-products of the others."""
    design = estimate.design
    outer = design.levels[0]
    sizes = np.bincount(outer.codes, minlength=outer.units)
    likelihood = estimate.likelihood
    out: list[LeftOut | None] = [None] * outer.units
    for number, batch in enumerate(likelihood.batches):
        for block, unit in enumerate(batch.units[0][:, 0]):
            if isinstance(likelihood, BlockLikelihood):
                rest = replace(likelihood, batches=_without_block(likelihood.batches, number, block))
            else:
                rest = replace(likelihood, batches=_without_rows(likelihood.batches, number, block))
            rows = design.rows - int(sizes[unit])
            out[unit] = LeftOut(outer.labels[unit], int(sizes[unit]), _refit(estimate, rest, rows))
    return [item for item in out if item is not None]


def cook_distance(estimate: Estimate, other: Estimate) -> float:
    """Cook's distance: move of all fixed effects in the metric of their covariance, divided by their number."""
    move = np.linalg.solve(estimate.turn, other.coefficients - estimate.coefficients)
    return float(move @ move) / (estimate.scale2 * len(move))


def influence_table(
    estimate: Estimate, rows_of: Callable[[Estimate], Rows], alpha: float, group: str | None = None
) -> pd.DataFrame:
    """One row for each unit of a level and fixed effect; ``rows_of`` gives estimates, standard errors and df."""
    full = rows_of(estimate)
    full_p = t_p_value(full.estimate / full.std_error, full.df)
    model_se = np.sqrt(np.diag(estimate.covariance))
    items = leave_one_out(estimate, group)
    p = estimate.design.columns
    values = np.full((6, len(items), p), np.nan)
    for i, item in enumerate(items):
        if item.estimate is None:
            continue
        rows = rows_of(item.estimate)
        distance = cook_distance(estimate, item.estimate)
        dfbeta = (full.estimate - rows.estimate) / model_se
        values[:, i] = [rows.estimate, rows.std_error, rows.df, np.full(p, np.nan), dfbeta, np.full(p, distance)]
    values[3] = t_p_value(values[0] / values[1], values[2])
    known = np.isfinite(values[0])
    out = pd.DataFrame(
        {
            "group": np.repeat(np.array([item.unit for item in items], dtype=object), p),
            "rows": np.repeat([item.rows for item in items], p),
            "term": list(estimate.design.fixed.names) * len(items),
        }
    )
    names = ("estimate", "std_error", "df", "p_value", "dfbeta", "cook_distance")
    for name, column in zip(names, values, strict=True):
        out[name] = column.ravel()
    out["sign_changes"] = (known & (np.sign(values[0]) != np.sign(full.estimate))).ravel()
    out["decision_changes"] = (known & ((values[3] < alpha) != (full_p < alpha))).ravel()
    return out
