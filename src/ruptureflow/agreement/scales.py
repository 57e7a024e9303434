"""Scale scores from item answers, by the instrument files' keys, reversed items and missing rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.tables.agreement import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire, Scale

OCCASION = ["role", "patient", "timepoint", "session"]
"""Who answered about whom and when."""


def keyed_answers(answers: pd.DataFrame, questionnaire: Questionnaire, scale: Scale) -> pd.DataFrame:
    """A scale's answers with reversed items turned round: minimum + maximum − answer.

    Parameters
    ----------
    answers : one row a filled form, one column an item.
    """
    keyed = answers.reindex(columns=scale.items).astype("float64")
    for item in scale.reversed:
        span = questionnaire.range_of(item)
        keyed[item] = span.minimum + span.maximum - keyed[item]
    return keyed


def spread_answers(responses: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """A questionnaire's answers as one row a filled form (index: who and when) and one column an item.

    Raises
    ------
    AgreementError
        if an item is not one of the form's, or is answered twice in one form.
    """
    import pandas as pd

    rows = responses[responses["instrument"] == questionnaire.id]
    known = questionnaire.items
    stray = sorted(set(rows["item"].dropna()) - set(known))
    if stray:
        raise AgreementError(
            f"instrument {questionnaire.id}: answers to items {stray} which the instrument file does not name; "
            f"its items are {known}"
        )
    keys = rows[OCCASION].astype({"session": "Int64"})
    doubled = rows.assign(session=keys["session"]).duplicated([*OCCASION, "item"], keep=False)
    if doubled.any():
        shown = rows[doubled].head(2)[[*OCCASION, "item", "value"]].to_dict("records")
        raise AgreementError(f"instrument {questionnaire.id}: one item answered twice in one form: {shown}; keep one")
    form_of, forms = pd.factorize(pd.MultiIndex.from_frame(keys), use_na_sentinel=False)
    item_of = pd.Index(known).get_indexer(rows["item"])
    values = np.full((len(forms), len(known)), np.nan)
    values[form_of, item_of] = rows["value"].to_numpy(dtype="float64", na_value=np.nan)
    return pd.DataFrame(values, columns=known, index=pd.MultiIndex.from_tuples(list(forms), names=OCCASION))


def score_forms(answers: pd.DataFrame, questionnaire: Questionnaire, scale: Scale) -> pd.DataFrame:
    """One scale's score of every filled form.

    Answered items are prorated (mean of the answered ones; a sum score is that mean times the number of items) where
    at least `minimum_answered` of them are there; without that rule every item is needed.

    Parameters
    ----------
    answers : one row a filled form, one column an item, as `spread_answers` gives.

    Returns
    -------
    DataFrame
        score, n_items, n_answered; the index of `answers`.
    """
    import pandas as pd

    keyed = keyed_answers(answers, questionnaire, scale)
    answered = keyed.notna().sum(axis=1)
    needed = len(scale.items) if scale.minimum_answered is None else scale.minimum_answered
    score = keyed.mean(axis=1)
    if questionnaire.score == "sum":
        score = score * len(scale.items)
    score = score.where((answered >= needed) & (answered > 0))
    return pd.DataFrame({"score": score, "n_items": len(scale.items), "n_answered": answered}, index=answers.index)


def filled_forms(
    responses: pd.DataFrame, instruments: Mapping[str, Questionnaire | CodingSystem]
) -> dict[str, pd.DataFrame]:
    """Every questionnaire's filled forms by instrument, as `spread_answers` gives them.

    Raises
    ------
    AgreementError
        if answers name an instrument without a questionnaire file.
    """
    names = [str(name) for name in responses["instrument"].dropna().unique()]
    return {name: spread_answers(responses, questionnaire_of(name, instruments)) for name in names}


def score_scales(
    forms: Mapping[str, pd.DataFrame],
    reported_scores: pd.DataFrame,
    instruments: Mapping[str, Questionnaire | CodingSystem],
) -> pd.DataFrame:
    """Every scale score of a wave: from items where they are there, else as the clinic reported it.

    Parameters
    ----------
    forms : filled forms by instrument. reported_scores : intake's table.
    instruments : the instrument files by id.

    Returns
    -------
    DataFrame
        table `scores`. A form with too few answers keeps its row with an empty score, unless a score was reported.

    Raises
    ------
    AgreementError
        if reported scores name an instrument without a file or a scale it does not have.
    """
    import pandas as pd

    parts = []
    for name, answers in forms.items():
        questionnaire = questionnaire_of(name, instruments)
        for scale in questionnaire.scales:
            if scale.items:
                scored = score_forms(answers, questionnaire, scale).reset_index()
                parts.append(scored.assign(instrument=name, scale=scale.name, origin="items"))
    for (name, scale_name), rows in reported_scores.groupby(["instrument", "scale"], sort=False):
        questionnaire = questionnaire_of(str(name), instruments)
        known = [scale.name for scale in questionnaire.scales]
        if scale_name not in known:
            raise AgreementError(f"reported scores name scale {scale_name!r}; instrument {name} has {known}")
        parts.append(rows[[*OCCASION, "instrument", "scale", "score"]].assign(origin="reported"))
    if not parts:
        return SCORES.empty()
    scores = pd.concat([part.astype({"session": "Int64"}) for part in parts], ignore_index=True)
    scores["empty"] = scores["score"].isna()
    scores = scores.sort_values(["empty", "origin"], kind="stable").drop_duplicates(list(SCORES.key))
    order = ["instrument", "role", "scale", "patient", "timepoint", "session"]
    return SCORES.conform(scores.reindex(columns=SCORES.names).sort_values(order, kind="stable"))


def questionnaire_of(name: str, instruments: Mapping[str, Questionnaire | CodingSystem]) -> Questionnaire:
    """The questionnaire file of that id; an AgreementError lists those there are."""
    from ruptureflow.config.instruments import Questionnaire

    found = instruments.get(name)
    if not isinstance(found, Questionnaire):
        known = sorted(key for key, each in instruments.items() if isinstance(each, Questionnaire))
        raise AgreementError(f"answers name instrument {name!r}, which is no questionnaire file; there are {known}")
    return found
