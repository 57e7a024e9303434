"""The whole stage: a wave's codes, answers and reported scores to the hand-over tables."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.agreement import compare_coders
from ruptureflow.agreement.coding import coder_values, session_values
from ruptureflow.agreement.errors import AgreementError
from ruptureflow.agreement.items import describe_items, describe_scales, item_rows
from ruptureflow.agreement.patient_bootstrap import Bootstrap
from ruptureflow.agreement.scale_reliability import reliability_forms, scale_reliabilities
from ruptureflow.agreement.scales import filled_forms, score_scales
from ruptureflow.tables.agreement import (
    CODER_BIASES,
    CODER_PAIRS,
    CODER_VARIANCES,
    COEFFICIENTS,
    RELIABILITIES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.plan import AgreementSettings
    from ruptureflow.tables import Table

logger = logging.getLogger(__name__)
Row = dict[str, object]


@dataclass(frozen=True)
class Agreement:
    """The hand-over tables of the stage, named as they are."""

    coefficients: pd.DataFrame
    coder_values: pd.DataFrame
    coded: pd.DataFrame
    coder_variances: pd.DataFrame
    coder_biases: pd.DataFrame
    coder_pairs: pd.DataFrame
    scores: pd.DataFrame
    reliabilities: pd.DataFrame
    item_statistics: pd.DataFrame
    scales: pd.DataFrame


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
    codes, responses, reported_scores : intake's tables; empty ones give empty tables.
    instruments : the wave's instrument files by id.
    settings : the plan's section.

    Raises
    ------
    AgreementError
        for codes or answers that the instrument files do not know, and, under the policy "stop", for a headline ICC
        below the limit.
    """
    bootstrap = Bootstrap(settings.bootstrap_draws, settings.seed, settings.level)
    values = coder_values(codes, instruments)
    compared = _Rows([], [], [], [], [], [])
    independent = values[values["coder"] != settings.consensus_coder]
    for (instrument, code), part in independent.groupby(["instrument", "code"], sort=False):
        _compare(str(instrument), str(code), part, instruments[str(instrument)], settings, bootstrap, compared)
    forms = filled_forms(responses, instruments)
    _describe_questionnaires(forms, instruments, bootstrap, compared)
    coefficients = _table(compared.coefficients, COEFFICIENTS)
    _apply_policy(coefficients, settings)
    scores = score_scales(forms, reported_scores, instruments)
    return Agreement(
        coefficients=coefficients,
        coder_values=values,
        coded=session_values(values, instruments, settings.analysed_value, settings.consensus_coder),
        coder_variances=_table(compared.variances, CODER_VARIANCES),
        coder_biases=_table(compared.biases, CODER_BIASES),
        coder_pairs=_table(compared.pairs, CODER_PAIRS),
        scores=scores,
        reliabilities=_table(compared.reliabilities, RELIABILITIES),
        item_statistics=describe_items(compared.items),
        scales=describe_scales(scores, instruments),
    )


@dataclass(frozen=True)
class _Rows:
    coefficients: list[Row]
    variances: list[Row]
    biases: list[Row]
    pairs: list[Row]
    reliabilities: list[Row]
    items: list[Row]


def _compare(
    instrument: str,
    code: str,
    part: pd.DataFrame,
    system: CodingSystem,
    settings: AgreementSettings,
    bootstrap: Bootstrap,
    out: _Rows,
) -> None:
    place: Row = {"instrument": instrument, "code": code}
    coded = compare_coders.coded_value(part)
    total = next((each for each in system.totals if each.name == code), None)
    rows = compare_coders.icc_coefficients(coded, bootstrap)
    headline = "ICC(2,k)" if settings.analysed_value == "mean of coders" else "ICC(2,1)"
    if total is not None and coded.comparable:
        # A total of marks over segments is a count with a true zero; a session rating is an order of grades.
        counted = system.measures[total.measure].per == "segment"
        metrics = ("ratio", "interval") if counted else ("ordinal", "interval")
        if counted:
            rows += compare_coders.skewness_checks(coded, headline, bootstrap)
        rows += compare_coders.rating_coefficients(coded, metrics, bootstrap)
        if code in system.rupture:
            rows += compare_coders.presence_coefficients(coded, system.rupture[code], bootstrap)
        decomposition = compare_coders.decompose(coded, bootstrap)
        out.variances.extend(place | row for row in decomposition.variances)
        observer = {"instrument": instrument, "role": "observer", "scale": code}
        for row in decomposition.reliabilities:
            if row["coefficient"] == "within-patient" and not row["estimate"] >= settings.within_patient_limit:
                note = f"below the limit of {settings.within_patient_limit:g}: slopes on this value are attenuated"
                logger.warning("%s %s: within-patient reliability %.3f, %s", instrument, code, row["estimate"], note)
                row = row | {"note": f"{row['note']}; {note}"}
            out.reliabilities.append(observer | row)
        out.biases.extend(place | row for row in compare_coders.bias_rows(coded, bootstrap))
        out.pairs.extend(place | row for row in compare_coders.pair_rows(coded, bootstrap))
    for row in rows:
        leads = total is not None and row["form"] == headline
        notes = [str(row["note"])] if row["note"] else []
        if leads and settings.analysed_value == "consensus":
            notes.append("of one coder before the consensus; the consensus itself has no classical ICC")
        if leads and not row["estimate"] >= settings.icc_limit:
            notes.append(f"below the limit of {settings.icc_limit:g} (policy {settings.icc_policy})")
        out.coefficients.append(place | row | {"headline": leads, "note": "; ".join(notes) or None})


def _describe_questionnaires(
    forms: Mapping[str, pd.DataFrame],
    instruments: Mapping[str, CodingSystem | Questionnaire],
    bootstrap: Bootstrap,
    out: _Rows,
) -> None:
    for name, answers in forms.items():
        questionnaire = instruments[name]
        for role, filled in answers.groupby(level="role", sort=True):
            chosen, timepoint = reliability_forms(filled)
            for scale in questionnaire.scales:
                place: Row = {"instrument": name, "role": role, "scale": scale.name}
                found = scale_reliabilities(chosen, questionnaire, scale, timepoint, bootstrap)
                out.reliabilities.extend(place | row for row in found)
                out.items.extend(place | row for row in item_rows(chosen, questionnaire, scale))


def _apply_policy(coefficients: pd.DataFrame, settings: AgreementSettings) -> None:
    headline = coefficients[coefficients["headline"].fillna(False).astype(bool)]
    low = headline[~(headline["estimate"] >= settings.icc_limit)]
    lines = [
        f"{row.instrument} {row.code}: {row.form} is {row.estimate:.3f}, below icc_limit {settings.icc_limit:g}; "
        f"retrain the coders, code by consensus, or lower the limit in the plan with a reason"
        for row in low.itertuples()
    ]
    if lines and settings.icc_policy == "stop":
        raise AgreementError("\n".join(lines))
    for line in lines:
        logger.warning("%s", line)


def _table(rows: list[Row], table: Table) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        return table.empty()
    return table.conform(pd.DataFrame(rows).reindex(columns=table.names))
