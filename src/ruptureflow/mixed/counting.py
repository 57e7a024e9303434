"""Degrees of freedom that only count: residual, containment (SAS), between-within."""

from dataclasses import dataclass

import numpy as np

from ruptureflow.mixed.assemble import assemble_batches
from ruptureflow.mixed.columns import intercept_column
from ruptureflow.mixed.design import Design
from ruptureflow.mixed.errors import ModelError
from ruptureflow.mixed.two_level import TwoLevelBatches

_RANK = 1e-9


@dataclass(frozen=True)
class TermDegrees:
    """df of each fixed-effects column, and whether the rule is known to be too generous there."""

    df: np.ndarray
    generous: np.ndarray


def residual(design: Design) -> TermDegrees:
    """Rows minus the rank of the fixed effects, for every term."""
    p = design.columns
    return TermDegrees(np.full(p, float(design.rows - p)), np.zeros(p, dtype=bool))


def _effect_columns(design: Design, leave_out: tuple[int, int] | None) -> list[np.ndarray]:
    """Random-effects columns of each level, centred where that keeps their span, without one term."""
    out = []
    for number, level in enumerate(design.levels):
        values = level.effects.values
        base = intercept_column(values) if len(values) else None
        if base is not None and values.shape[1] > 1:
            mean = values.mean(axis=0)
            mean[base] = 0.0
            values = values - mean
        size = np.sqrt((values**2).mean(axis=0))
        values = values / np.where(size > 0, size, 1.0)
        if leave_out is not None and leave_out[0] == number:
            gone = level.effects.terms[leave_out[1]].columns
            values = np.delete(values, list(gone), axis=1)
        out.append(values)
    return out


def rank_of_design(design: Design, fixed: np.ndarray, leave_out: tuple[int, int] | None = None) -> int:
    """Rank of ``[X Z]``; ``leave_out`` is (level, term) of random effects to leave out."""
    columns = _effect_columns(design, leave_out)

    def rows_of(index) -> np.ndarray:
        return np.column_stack([*(values[index] for values in columns), fixed[index]])

    batches = assemble_batches(design, [values.shape[1] for values in columns], rows_of)
    p = fixed.shape[1]
    if isinstance(batches, TwoLevelBatches):
        q1, _ = batches.sizes
        rank, taken = _taken_by(batches.within, batches.cross, batches.within)
        reduced = batches.rest - batches.add(taken)
        more, taken = _taken_by(reduced[:, :q1, :q1], reduced[:, :q1, q1:], batches.rest[:, :q1, :q1])
        rank += more
        rest = (reduced[:, q1:, q1:] - taken).sum(axis=0)
    else:
        rank, rest = 0, np.zeros((p, p))
        for batch in batches:
            q = batch.size
            rest += batch.rest
            if q:
                more, taken = _taken_by(batch.within, batch.products[:, :q, q:], batch.within)
                rank += more
                rest -= taken.sum(axis=0)
    values = np.linalg.eigvalsh(rest)
    return rank + int((values > _RANK * design.rows).sum())


def _taken_by(within: np.ndarray, cross: np.ndarray, before: np.ndarray) -> tuple[int, np.ndarray]:
    """Rank of stacked cross-products and what projecting off them takes from the other columns.

    ``before`` are the same cross-products before anything was projected off: they say what counts as zero.
    """
    values, vectors = np.linalg.eigh(within)
    good = values > _RANK * np.trace(before, axis1=1, axis2=2)[:, None]
    inverse = np.where(good, 1.0 / np.where(good, values, 1.0), 0.0)
    turned = vectors.swapaxes(1, 2) @ cross
    return int(good.sum()), turned.swapaxes(1, 2) @ (inverse[:, :, None] * turned)


def _is_intercept(design: Design, column: int) -> bool:
    return intercept_column(design.fixed.values[:, [column]]) is not None


def containment(design: Design, fixed: np.ndarray) -> TermDegrees:
    """SAS's containment rule.

    An intercept has groups - 1 (the fewest groups of any level with a random effect); a term that appears in a random
    effect has the rank that this random effect adds to ``[X Z]`` (the least of several); any other term has
    ``N - rank[X Z]``, which is too generous for a covariate of groups and is marked so.
    """
    p = design.columns
    df = np.empty(p)
    generous = np.zeros(p, dtype=bool)
    live = [level for level in design.levels if level.layout.size]
    total = rank_of_design(design, fixed)
    left = float(design.rows - total)
    cache: dict[tuple[int, int], int] = {}
    for term in design.fixed.terms:
        columns = list(term.columns)
        if term.factors == frozenset({"1"}) or (len(columns) == 1 and _is_intercept(design, columns[0])):
            df[columns] = min((level.units for level in live), default=design.rows - p + 1) - 1
            continue
        found = []
        for number, level in enumerate(design.levels):
            for place, random in enumerate(level.effects.terms):
                if term.factors <= random.factors:
                    key = (number, place)
                    if key not in cache:
                        cache[key] = total - rank_of_design(design, fixed, key)
                    found.append(cache[key])
        if found:
            df[columns] = min(found)
        else:
            df[columns] = left
            generous[columns] = any(_constant_within(level.codes, design, columns) for level in live)
    return TermDegrees(df, generous)


def _constant_within(codes: np.ndarray, design: Design, columns: list[int]) -> bool:
    values = design.fixed.values[:, columns]
    first = np.zeros((int(codes.max()) + 1, len(columns)))
    first[codes] = values
    return bool(np.array_equal(first[codes], values))


def between_columns(design: Design) -> np.ndarray:
    """For each column the number of the outermost level within whose units its term is constant, or -1 (within)."""
    out = np.full(design.columns, -1)
    for term in design.fixed.terms:
        columns = list(term.columns)
        for number, level in enumerate(design.levels):
            if _constant_within(level.codes, design, columns):
                out[columns] = number
                break
    return out


def between_within(design: Design) -> TermDegrees:
    """Between-within df: rows and groups shared out among the levels at which terms vary.

    A term constant within the units of a level gets that level's units - units of the level outside - columns there;
    a term that varies within the innermost units gets rows - innermost units - columns there.
    """
    if not design.nested:
        raise ModelError(
            "Between-within df share out nested groups, and these are crossed: use 'kenward-roger' or 'satterthwaite'."
        )
    place = between_columns(design)
    df = np.empty(design.columns)
    outside = 0
    for number, level in enumerate(design.levels):
        here = place == number
        df[here] = level.units - outside - here.sum()
        outside = level.units
    within = place == -1
    df[within] = design.rows - outside - within.sum()
    return TermDegrees(df, np.zeros(design.columns, dtype=bool))


def for_rows(degrees: TermDegrees, matrix: np.ndarray) -> np.ndarray:
    """df of each hypothesis row: the fewest of the columns it involves."""
    involved = np.where(matrix != 0, degrees.df[None, :], np.inf)
    return involved.min(axis=1)
