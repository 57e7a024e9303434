"""Answers to the items of a form: from what the person feels to the cells the clinic has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ruptureflow.config.instruments import Questionnaire
from ruptureflow.simulate.moments import Array


@dataclass(frozen=True)
class ItemNoise:
    """SDs of an item around its scale: of a person's own way to answer the item, and of the single occasion."""

    person: float
    occasion: float


def answers(
    form: Questionnaire,
    scales: Mapping[str, Array],
    noise: ItemNoise,
    person: Array,
    random: np.random.Generator,
) -> dict[str, Array]:
    """Whole-number answers by item, as given: a reversed item is answered from the other end.

    Parameters
    ----------
    scales : wanted scale means (one value a person and occasion) by scale; an item answers to the first of its scales
        named here.
    person : whose answer each row is, 0, 1, …
    """
    given: dict[str, Array] = {}
    for item in form.items:
        scale = next((s for s in form.scales if s.name in scales and item in s.items), None)
        if scale is None:
            continue
        limits = form.range_of(item)
        wanted = scales[scale.name]
        own = noise.person * random.standard_normal(int(person.max()) + 1)
        drawn = wanted + own[person] + noise.occasion * random.standard_normal(len(wanted))
        answer = np.clip(np.round(drawn), limits.minimum, limits.maximum).astype(int)
        given[item] = reversed_answer(answer, limits.minimum, limits.maximum) if item in scale.reversed else answer
    return given


def summed_answers(form: Questionnaire, scale: str, totals: Array, random: np.random.Generator) -> dict[str, Array]:
    """Answers whose sum over a scale's items is the given total of whole numbers, spread over the items at random."""
    items = next(s for s in form.scales if s.name == scale).items
    limits = [form.range_of(item) for item in items]
    low = np.array([int(each.minimum) for each in limits])
    room = np.array([int(each.maximum - each.minimum) for each in limits])
    cells = np.tile(low, (len(totals), 1))
    for row, total in enumerate(totals):
        # Every point that an item may still get is one ticket.
        tickets = np.repeat(np.arange(len(items)), room)
        drawn = random.permutation(tickets)[: int(total) - int(low.sum())]
        cells[row] += np.bincount(drawn, minlength=len(items))
    return {item: cells[:, place] for place, item in enumerate(items)}


def reversed_answer(answer: Array, low: float, high: float) -> Array:
    """An answer seen from the other end of the range."""
    return (low + high - answer).astype(int)


def with_gaps(rows: int, items: int, share: float, random: np.random.Generator, spared: int = 1) -> Array:
    """Mask of answered cells: about `share` of the cells missing, at most `spared` of a row."""
    answered = random.random((rows, items)) >= share
    for row in range(rows):
        gaps = np.flatnonzero(~answered[row])
        answered[row, gaps[spared:]] = True
    return answered
