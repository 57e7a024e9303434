"""Random effects, fitted values, explained variance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ruptureflow.mixed.dense import DenseLikelihood
from ruptureflow.mixed.estimate import Estimate
from ruptureflow.mixed.formula import check_columns, new_rows
from ruptureflow.mixed.two_level import TwoLevelBatches, eliminate


@dataclass(frozen=True)
class UnitSums:
    """What each unit of a level knows: ``within`` = Z'V0⁻¹Z ``(units, q, q)``, ``data`` = Z'V0⁻¹[X whiten | y - Xb]."""

    within: np.ndarray
    data: np.ndarray


def _turn(estimate: Estimate) -> np.ndarray:
    p = estimate.design.columns
    turn = np.zeros((p + 1, p + 1))
    turn[:p, :p] = estimate.moments.whiten
    turn[:p, p] = -estimate.moments.beta
    turn[p, p] = 1.0
    return turn


def unit_sums(estimate: Estimate) -> tuple[UnitSums, ...]:
    """Sums of every unit of every level, in the engine's coordinates."""
    p = estimate.design.columns
    out = [
        UnitSums(np.zeros((x.units, x.layout.size, x.layout.size)), np.zeros((x.units, x.layout.size, p + 1)))
        for x in estimate.design.levels
    ]
    turn = _turn(estimate)
    if isinstance(estimate.likelihood, DenseLikelihood):
        _dense_sums(estimate, turn, out)
        return tuple(out)
    if isinstance(estimate.likelihood.batches, TwoLevelBatches):
        return _two_level_unit_sums(estimate, turn)
    solved, _, _ = estimate.likelihood.reduce(list(estimate.psis))
    for batch, sol in zip(estimate.likelihood.batches, solved, strict=True):
        q = batch.size
        for sums, place, units in zip(out, batch.places, batch.units, strict=True):
            if not place.size:
                continue
            data = sol[:, :, q:] @ turn
            sums.data[units] = data[:, place]
            for number in range(units.shape[1]):
                own = place[number]
                sums.within[units[:, number]] = sol[:, own[:, None], own[None, :]]
    return tuple(out)


def _two_level_unit_sums(estimate: Estimate, turn: np.ndarray) -> tuple[UnitSums, ...]:
    batches = estimate.likelihood.batches
    left = eliminate(batches, list(estimate.psis))
    f = left.inner_outer
    within = np.empty_like(left.inner)
    within[batches.order] = left.inner - f @ left.shared[batches.parent] @ f.swapaxes(1, 2)
    data = np.empty_like(left.inner_rest)
    data[batches.order] = left.inner_rest @ turn
    outer = _units_of_outer(batches, left.outer, left.outer_rest @ turn)
    outer.insert(batches.inner_level, UnitSums(within, data))
    return tuple(outer)


def _units_of_outer(batches: TwoLevelBatches, within: np.ndarray, data: np.ndarray) -> list[UnitSums]:
    """Sums of every unit of the other levels; of crossed factors all of them lie in one outer unit."""
    if not batches.repeats:
        return [UnitSums(within, data)]
    return [UnitSums(within[0][place[:, :, None], place[:, None, :]], data[0][place]) for place in batches.outer_places]


def _dense_sums(estimate: Estimate, turn: np.ndarray, out: list[UnitSums]) -> None:
    likelihood = estimate.likelihood
    for batch in likelihood.batches:
        covariance, _ = likelihood.row_covariance(estimate.theta, batch)
        inverse = np.linalg.inv(covariance)
        data = inverse @ batch.data @ turn
        for sums, effects, units in zip(out, batch.effects, batch.units, strict=True):
            if not effects.shape[2]:
                continue
            block, row = np.indices(units.shape)
            products = effects[..., :, None] * data[..., None, :]
            np.add.at(sums.data, units.ravel(), products[block.ravel(), row.ravel()])
            same = units[:, :, None] == units[:, None, :]
            half = np.einsum("bij,bjq->biq", inverse, effects) if same.all() else None
            if half is not None:
                sums.within[units[:, 0]] = effects.swapaxes(1, 2) @ half
                continue
            for number in range(len(units)):
                for unit in np.unique(units[number]):
                    here = units[number] == unit
                    z = effects[number, here]
                    sums.within[unit] = z.T @ inverse[number][np.ix_(here, here)] @ z


@dataclass(frozen=True)
class RandomEffects:
    """Predicted effects of one level (caller's units): BLUPs, their conditional and prediction standard errors."""

    values: np.ndarray
    conditional_sd: np.ndarray
    std_error: np.ndarray


def random_effects(estimate: Estimate) -> tuple[RandomEffects, ...]:
    """BLUPs of every level.

    ``conditional_sd`` is lme4's (fixed effects taken as known), ``std_error`` is SAS's standard error of prediction
    (of the difference between predicted and true effect, fixed effects estimated).
    """
    p = estimate.design.columns
    out = []
    for sums, psi, turn in zip(unit_sums(estimate), estimate.psis, estimate.scaled.to_effects, strict=True):
        if not psi.size:
            out.append(RandomEffects(*(np.zeros((len(sums.data), 0)),) * 3))
            continue
        back = np.linalg.solve(turn, np.eye(len(turn)))
        values = (sums.data[:, :, p] @ psi) @ back.T * estimate.scaled.unit
        inner = psi - psi @ sums.within @ psi
        cross = psi @ sums.data[:, :, :p]
        full = inner + cross @ cross.swapaxes(1, 2)
        spread = []
        for matrix in (inner, full):
            turned = back @ matrix @ back.T
            diagonal = np.diagonal(turned, axis1=1, axis2=2)
            spread.append(np.sqrt(np.maximum(estimate.scale2 * diagonal, 0.0)))
        out.append(RandomEffects(values, spread[0], spread[1]))
    return tuple(out)


def fitted_parts(estimate: Estimate) -> tuple[np.ndarray, np.ndarray]:
    """Fixed part and random part of the fitted value of every row used."""
    fixed = estimate.design.fixed.values @ estimate.coefficients
    random = np.zeros(len(fixed))
    for level, effects in zip(estimate.design.levels, random_effects(estimate), strict=True):
        random += (level.effects.values * effects.values[level.codes]).sum(axis=1)
    return fixed, random


def random_part(estimate: Estimate, data: pd.DataFrame) -> np.ndarray:
    """Random part of the prediction of new rows: BLUPs of groups that were in the data, 0 for others."""
    out = np.zeros(len(data))
    for level, effects in zip(estimate.design.levels, random_effects(estimate), strict=True):
        if not level.layout.size:
            continue
        check_columns(list(level.path), data, "/".join(level.path))
        if len(level.path) == 1:
            labels = data[level.path[0]].tolist()
        else:
            labels = ["/".join(map(str, row)) for row in zip(*(data[name] for name in level.path), strict=True)]
        place = {label: number for number, label in enumerate(level.labels)}
        codes = np.array([place.get(label, -1) for label in labels])
        known = codes >= 0
        rows = new_rows(level.effects, data)[known]
        out[known] += (rows * effects.values[codes[known]]).sum(axis=1)
    return out


@dataclass(frozen=True)
class ExplainedVariance:
    """Parts of the variance of the outcome and the shares made of them (Nakagawa & Schielzeth; Johnson 2014)."""

    fixed: float
    random: float
    residual: float

    @property
    def marginal(self) -> float:
        """Share of the fixed effects."""
        return self.fixed / (self.fixed + self.random + self.residual)

    @property
    def conditional(self) -> float:
        """Share of fixed and random effects."""
        return (self.fixed + self.random) / (self.fixed + self.random + self.residual)


def explained_variance(estimate: Estimate, residual: float) -> ExplainedVariance:
    """Variance of the fixed part (over the rows, divisor n - 1), mean random variance, residual variance."""
    fixed = estimate.design.fixed.values @ estimate.coefficients
    random = 0.0
    for level, matrix in zip(estimate.design.levels, estimate.random_covariances, strict=True):
        z = level.effects.values
        random += float(((z @ matrix) * z).sum() / len(z))
    return ExplainedVariance(float(fixed.var(ddof=1)), random, residual)


def mean_residual_variance(estimate: Estimate) -> float:
    """Residual variance averaged over the rows (sampling variances where those are known)."""
    if estimate.criterion.scale_known:
        return float(estimate.design.sampling_variance.mean())
    likelihood = estimate.likelihood
    if not isinstance(likelihood, DenseLikelihood):
        return float(estimate.scale2)
    total = 0.0
    for batch in likelihood.batches:
        value = likelihood.structure.slopes(likelihood.eta(estimate.theta), batch.rows, batch.same).value
        total += float(np.trace(value, axis1=1, axis2=2).sum())
    return float(estimate.scale2 * total / estimate.design.rows)
