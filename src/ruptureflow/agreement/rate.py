"""The whole stage: a wave's codes, answers and reported scores to coefficients, coded values, scores, reliabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.agreement.coding import coder_values, session_values
from ruptureflow.agreement.icc import icc_rows
from ruptureflow.agreement.ratings import rating_matrix
from ruptureflow.agreement.scales import score_scales
from ruptureflow.tables.agreement import COEFFICIENTS, RELIABILITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.plan import AgreementSettings


@dataclass(frozen=True)
class Agreement:
    """The hand-over tables of the stage, named as they are."""

    coefficients: pd.DataFrame
    coder_values: pd.DataFrame
    coded: pd.DataFrame
    scores: pd.DataFrame
    reliabilities: pd.DataFrame


def rate_agreement(
    codes: pd.DataFrame,
    responses: pd.DataFrame,
    reported_scores: pd.DataFrame,
    instruments: Mapping[str, CodingSystem | Questionnaire],
    settings: AgreementSettings,
) -> Agreement:
    """Compare a wave's coders and score its scales.

    Parameters
    ----------
    codes, responses, reported_scores : intake's tables.
    instruments : the wave's instrument files by id.
    settings : the plan's section.
    """
    values = coder_values(codes, instruments)
    return Agreement(
        coefficients=_coefficients(values, settings),
        coder_values=values,
        coded=session_values(values, instruments, settings.analysed_value),
        scores=score_scales(responses, reported_scores, instruments),
        reliabilities=RELIABILITIES.empty(),
    )


def _coefficients(values: pd.DataFrame, settings: AgreementSettings) -> pd.DataFrame:
    import pandas as pd

    headline = "ICC(2,k)" if settings.analysed_value == "mean of coders" else "ICC(2,1)"
    rows: list[dict[str, object]] = []
    for (instrument, code), part in values.groupby(["instrument", "code"], sort=False):
        matrix = rating_matrix(part, ["patient", "session"], "coder", "value")
        rows += [
            row
            | {
                "instrument": instrument,
                "code": code,
                "headline": row["form"] == headline,
                "interval": "classical F, assumes independent sessions",
            }
            for row in icc_rows(matrix, settings.level)
        ]
    return COEFFICIENTS.conform(pd.DataFrame(rows)) if rows else COEFFICIENTS.empty()
