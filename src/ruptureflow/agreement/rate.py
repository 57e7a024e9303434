"""The whole stage: a wave's codes, answers and reported scores to the hand-over tables."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruptureflow.agreement import compare_coders
from ruptureflow.agreement.analysed_value import AnalysedValue
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
OBSERVER, WITHIN = "observer", "within-patient"
"""Role and coefficient of the rows that the within-patient limit judges."""


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
        or a within-patient reliability of an analysed total below its limit. One that cannot be computed is a warning.
    """
    bootstrap = Bootstrap(settings.bootstrap_draws, settings.seed, settings.level)
    values = coder_values(codes, instruments)
    compared = _Rows([], [], [], [], [], [])
    independent = values[values["coder"] != settings.consensus_coder]
    for instrument, code in values[["instrument", "code"]].drop_duplicates().itertuples(index=False):
        part = independent[(independent["instrument"] == instrument) & (independent["code"] == code)]
        _compare(str(instrument), str(code), part, instruments[str(instrument)], settings, bootstrap, compared)
    forms = filled_forms(responses, instruments)
    _describe_questionnaires(forms, instruments, bootstrap, compared)
    coefficients = _table(compared.coefficients, COEFFICIENTS)
    _apply_policy(coefficients, _table(compared.reliabilities, RELIABILITIES), settings)
    scores = score_scales(forms, reported_scores, instruments)
    return Agreement(
        coefficients=coefficients,
        coder_values=values,
        coded=session_values(values, instruments, analysed_value(settings)),
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
    analysed, per_session = analysed_value(settings), coded.matrix.ratings_per_target
    total = next((each for each in system.totals if each.name == code), None)
    rows = compare_coders.icc_coefficients(coded, bootstrap)
    headline = analysed.headline_form(per_session)
    if total is not None and coded.comparable:
        # A total of marks over segments is a count with a true zero; a session rating is an order of grades.
        counted = system.measures[total.measure].per == "segment"
        metrics = ("ratio", "interval") if counted else ("ordinal", "interval")
        if counted:
            rows += compare_coders.skewness_checks(coded, headline, bootstrap)
        rows += compare_coders.rating_coefficients(coded, metrics, bootstrap)
        if code in system.rupture:
            rows += compare_coders.presence_coefficients(coded, system.rupture[code], bootstrap)
        decomposition = compare_coders.decompose(coded, analysed, bootstrap)
        out.variances.extend(place | row for row in decomposition.variances)
        observer: Row = {"instrument": instrument, "role": OBSERVER, "scale": code}
        out.reliabilities.extend(
            observer | row | {"note": _noted(row, WITHIN, settings)} for row in decomposition.reliabilities
        )
        out.biases.extend(place | row for row in compare_coders.bias_rows(coded, bootstrap))
        out.pairs.extend(place | row for row in compare_coders.pair_rows(coded, bootstrap))
    for row in rows:
        leads = total is not None and row["form"] == headline
        if leads:
            row["note"] = "; ".join(filter(None, [analysed.in_words(per_session, coded.coders), row["note"]]))
            row["note"] = _noted(row, headline, settings)
        out.coefficients.append(place | row | {"headline": leads, "note": row["note"] or None})


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


def analysed_value(settings: AgreementSettings) -> AnalysedValue:
    """The plan's choice of what analyses use."""
    return AnalysedValue(settings.analysed_value, tuple(settings.coder_order), settings.consensus_coder)


def _noted(row: Row, judged: str, settings: AgreementSettings) -> str:
    """The note of a row, with a word about the plan's limit where the row is judged by it and lies below."""
    limit, policy, meaning = settings.icc_limit, settings.icc_policy, ""
    if judged == WITHIN:
        limit, policy = settings.within_patient_limit, settings.within_patient_policy
        meaning = ": slopes on this value are attenuated"
    low = judged in (row.get("form"), row.get("coefficient")) and row["estimate"] < limit
    below = f"below the limit of {limit:g} (policy {policy}){meaning}" if low else ""
    return "; ".join(filter(None, [str(row["note"] or ""), below]))


def _apply_policy(coefficients: pd.DataFrame, reliabilities: pd.DataFrame, settings: AgreementSettings) -> None:
    """Warn of what lies below its limit or cannot be computed; stop where the plan says so."""
    headline = coefficients[coefficients["headline"].fillna(False).astype(bool)]
    within = reliabilities[(reliabilities["role"] == OBSERVER) & (reliabilities["coefficient"] == WITHIN)]
    problems = []
    for row in headline[headline["estimate"].isna()].itertuples():
        logger.warning("%s %s: no %s, %s", row.instrument, row.code, row.form, row.note)
    for row in headline[headline["estimate"] < settings.icc_limit].itertuples():
        line = (
            f"{row.instrument} {row.code}: {row.form} is {row.estimate:.3f}, below icc_limit {settings.icc_limit:g}; "
            f"retrain the coders, code by consensus, or lower the limit in the plan with a reason"
        )
        problems.append((settings.icc_policy, line))
    for row in within[within["estimate"] < settings.within_patient_limit].itertuples():
        line = (
            f"{row.instrument} {row.scale}: within-patient reliability is {row.estimate:.3f}, below "
            f"within_patient_limit {settings.within_patient_limit:g}; slopes on this value are attenuated: more coders "
            f"a session or retrained ones, or lower the limit in the plan with a reason"
        )
        problems.append((settings.within_patient_policy, line))
    stopping = [line for policy, line in problems if policy == "stop"]
    if stopping:
        raise AgreementError("\n".join(stopping))
    for _, line in problems:
        logger.warning("%s", line)


def _table(rows: list[Row], table: Table) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        return table.empty()
    return table.conform(pd.DataFrame(rows).reindex(columns=table.names))
