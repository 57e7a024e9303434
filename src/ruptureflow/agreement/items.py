"""Items and scales described: means, missing answers, floor and ceiling, item–rest correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.consistency import cronbach_alpha
from ruptureflow.agreement.scales import keyed_answers
from ruptureflow.tables.agreement import ITEMS, SCALES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire, Scale


def item_rows(answers: pd.DataFrame, questionnaire: Questionnaire, scale: Scale) -> list[dict[str, object]]:
    """One row an item of a scale, in the scale's direction (reversed items turned round).

    Parameters
    ----------
    answers : one row a filled form, one column an item.

    Returns
    -------
    list of dict
        item, reversed, n_answered, percent_missing, mean, sd, floor_percent, ceiling_percent (share of answers at the
        lowest and highest value), item_rest_r (correlation with the sum of the scale's other items) and
        alpha_without (alpha of the others), both over complete forms.
    """
    keyed = keyed_answers(answers, questionnaire, scale)
    complete = keyed.dropna().to_numpy()
    covariance = np.cov(complete, rowvar=False) if len(complete) > 1 and len(scale.items) > 1 else None
    rows = []
    for j, item in enumerate(scale.items):
        given = keyed[item].dropna()
        span = questionnaire.range_of(item)
        row: dict[str, object] = {
            "item": item,
            "reversed": item in scale.reversed,
            "n_answered": len(given),
            "percent_missing": 100 * (1 - len(given) / len(keyed)) if len(keyed) else np.nan,
            "mean": given.mean(),
            "sd": given.std(),
            "floor_percent": 100 * (given == span.minimum).mean(),
            "ceiling_percent": 100 * (given == span.maximum).mean(),
            "item_rest_r": np.nan,
            "alpha_without": np.nan,
        }
        if covariance is not None:
            rest = np.delete(np.arange(len(scale.items)), j)
            spread = covariance[j, j] * covariance[np.ix_(rest, rest)].sum()
            row["item_rest_r"] = covariance[j, rest].sum() / np.sqrt(spread) if spread > 0 else np.nan
            if len(rest) > 1:
                row["alpha_without"] = float(cronbach_alpha(covariance[np.ix_(rest, rest)]))
        rows.append(row)
    return rows


def describe_scales(scores: pd.DataFrame, instruments: Mapping[str, Questionnaire | CodingSystem]) -> pd.DataFrame:
    """Table `scales`: distribution, missing scores and floor and ceiling of every scale.

    Parameters
    ----------
    scores : table `scores`. instruments : the instrument files, for the range of a score.
    """
    import pandas as pd

    rows = []
    for key, part in scores.groupby(["instrument", "role", "timepoint", "scale"], sort=False):
        name, _, _, scale_name = key
        questionnaire = instruments[str(name)]
        scale = next(each for each in questionnaire.scales if each.name == scale_name)
        low, high = questionnaire.range_of_score(scale)
        given = part["score"].dropna()
        partly = part["score"].notna() & (part["n_answered"] < part["n_items"]).fillna(False)
        rows.append(
            {
                **dict(zip(("instrument", "role", "timepoint", "scale"), key, strict=True)),
                "n_forms": len(part),
                "n_scored": len(given),
                "n_prorated": int(partly.sum()),
                "n_patients": part.loc[part["score"].notna(), "patient"].nunique(),
                "mean": given.mean(),
                "sd": given.std(),
                "minimum": given.min(),
                "maximum": given.max(),
                "floor_percent": 100 * (np.abs(given - low) < 1e-9).mean() if len(given) else np.nan,
                "ceiling_percent": 100 * (np.abs(given - high) < 1e-9).mean() if len(given) else np.nan,
            }
        )
    return SCALES.conform(pd.DataFrame(rows)) if rows else SCALES.empty()


def describe_items(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Table `items` of rows with their instrument, role and scale."""
    import pandas as pd

    return ITEMS.conform(pd.DataFrame(rows)) if rows else ITEMS.empty()
