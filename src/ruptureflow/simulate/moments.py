"""Draws whose sample moments are exactly the wanted ones, so that a small sample shows its truth."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def generator(seed: int) -> np.random.Generator:
    """The one kind of random stream the waves use."""
    return np.random.Generator(np.random.PCG64(seed))


def group_means(values: Array, group: Array) -> Array:
    """Each row's group mean; `group` holds 0, 1, … without a gap."""
    counts = np.bincount(group)
    return (np.bincount(group, weights=values) / counts)[group]


def within(values: Array, group: Array) -> Array:
    """Deviations from the group means."""
    return values - group_means(values, group)


def residuals(values: Array, group: Array, predictors: Array) -> Array:
    """What is left of values after the group means and the within-group predictors (rows × predictors)."""
    deviations = within(values, group)
    if predictors.shape[1] == 0:
        return deviations
    centred = np.column_stack([within(column, group) for column in predictors.T])
    coefficients, *_ = np.linalg.lstsq(centred, deviations, rcond=None)
    return deviations - centred @ coefficients


def within_variance(sd: float, between_share: float, group: Array) -> float:
    """The residual mean square that a total sample SD and a one-way ANOVA's share between groups imply.

    With N rows in k groups of sizes n, n0 = (N − Σn²/N)/(k − 1): the mean square between groups estimates
    s² + n0 τ², and (N − 1) SD² = (N − k) s² + (k − 1)(s² + n0 τ²), where τ² = s² share/(1 − share).
    """
    sizes = np.bincount(group).astype(float)
    rows, groups = sizes.sum(), len(sizes)
    n0 = (rows - (sizes**2).sum() / rows) / (groups - 1)
    ratio = between_share / (1 - between_share)
    return float(sd**2 * (rows - 1) / (rows - groups + (groups - 1) * (1 + n0 * ratio)))


def nested_draw(group: Array, mean: float, sd: float, between_share: float, random: np.random.Generator) -> Array:
    """One value a row with exactly this mean and sample SD over all rows and this ANOVA share between groups.

    The mean over rows is also the mean of the groups' means weighted by 1/(τ² + s²/n), which a random-intercept
    model estimates: in unequal groups the two differ otherwise.
    """
    sizes = np.bincount(group).astype(float)
    rows, groups = len(group), len(sizes)
    variance = within_variance(sd, between_share, group)
    inner = within(random.standard_normal(rows), group)
    inner *= np.sqrt(variance * (rows - groups) / (inner**2).sum())
    ratio = between_share / (1 - between_share)
    both = np.column_stack([sizes, 1 / (ratio + 1 / sizes)]) if np.ptp(sizes) else sizes[:, None]
    outer = random.standard_normal(groups)
    outer -= both @ np.linalg.lstsq(both, outer, rcond=None)[0]
    outer *= np.sqrt((sd**2 * (rows - 1) - variance * (rows - groups)) / (sizes * outer**2).sum())
    return mean + outer[group] + inner


def residual_draw(group: Array, predictors: Array, variance: float, random: np.random.Generator) -> Array:
    """Residuals with a zero mean in every group, orthogonal to the predictors within groups, of exactly this variance.

    The variance is the sum of squares over rows − groups − predictors.
    """
    drawn = residuals(random.standard_normal(len(group)), group, predictors)
    free = len(group) - group.max() - 1 - predictors.shape[1]
    return drawn * np.sqrt(variance * free / (drawn**2).sum())


def whole_numbers(count: int, total: int, sd: float, low: int, high: int, random: np.random.Generator) -> list[int]:
    """Whole numbers with exactly this total and a sample SD as near to the wanted one as whole numbers allow."""
    drawn = random.standard_normal(count)
    drawn = (drawn - drawn.mean()) / drawn.std(ddof=1)
    values = np.clip(np.round(total / count + sd * drawn), low, high).astype(int)
    while (surplus := int(values.sum()) - total) != 0:
        step = -1 if surplus > 0 else 1
        movable = np.flatnonzero((values + step >= low) & (values + step <= high))
        values[movable[random.integers(len(movable))]] += step
    for _ in range(50):
        # Moving one up and another down keeps the total: the pair that brings the SD nearest, while one does.
        gap = abs(values.std(ddof=1) - sd)
        best = (round(gap, 9), -1, -1)
        for up in range(count):
            for down in range(count):
                if up != down and values[up] < high and values[down] > low:
                    changed = ((values**2).sum() + 2 * (values[up] - values[down]) + 2) - total**2 / count
                    best = min(best, (round(abs(np.sqrt(changed / (count - 1)) - sd), 9), up, down))
        if best[1] < 0:
            break
        values[best[1]] += 1
        values[best[2]] -= 1
    return [int(value) for value in values]
