"""The whole stage: a wave's scores and coded sessions to ruptures, base rates and agreement of perspectives."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruptureflow.agreement.patient_bootstrap import Bootstrap
from ruptureflow.config.strict import nearest
from ruptureflow.ruptures.base_rates import base_rates
from ruptureflow.ruptures.errors import RuptureError
from ruptureflow.ruptures.find import judge_rows
from ruptureflow.ruptures.perspectives import compare_perspectives
from ruptureflow.tables.ruptures import PERSPECTIVE_AGREEMENT, RUPTURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import CodingSystem, Questionnaire
    from ruptureflow.config.plan import RuptureCriterion, RuptureSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ruptures:
    """The hand-over tables of the stage, named as they are."""

    ruptures: pd.DataFrame
    base_rates: pd.DataFrame
    perspective_agreement: pd.DataFrame


def identify_ruptures(
    scores: pd.DataFrame,
    coded: pd.DataFrame,
    instruments: Mapping[str, CodingSystem | Questionnaire],
    settings: RuptureSettings,
) -> Ruptures:
    """Apply the plan's criteria to a wave. A variable that the wave does not have gives no rows and a line in the log.

    Parameters
    ----------
    scores, coded : agreement's tables.
    instruments : the wave's instrument files by id; a coding system's `rupture` gives the thresholds of `coded`.
    settings : the plan's section.
    """
    import pandas as pd

    parts = []
    for entry in settings.criteria:
        rows, instrument = _rows_of(entry, scores, coded)
        if rows.empty:
            logger.info("no %s of the %s in this wave: criterion %s skipped", *_place(entry))
            continue
        options = _options(entry, instrument, instruments)
        resolution = options.get("resolution")
        if resolution is not None:
            rows = rows.merge(_companion(entry, str(resolution), scores), on=["patient", "session"], how="left")
        judged = _judged(entry, rows, options)
        if judged["rupture"].isna().all():
            logger.info("%s of the %s: criterion %s cannot judge any session of this wave", *_place(entry))
        parts.append(judged)
    ruptures = RUPTURES.conform(pd.concat(parts, ignore_index=True)[RUPTURES.names]) if parts else RUPTURES.empty()
    bootstrap = Bootstrap(settings.bootstrap_draws, settings.seed, settings.level)
    agreement = compare_perspectives(ruptures, bootstrap) if settings.compare else PERSPECTIVE_AGREEMENT.empty()
    return Ruptures(ruptures, base_rates(ruptures, bootstrap), agreement)


def _place(entry: RuptureCriterion) -> tuple[str, str, str]:
    return entry.variable, entry.perspective, entry.criterion


def _rows_of(entry: RuptureCriterion, scores: pd.DataFrame, coded: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Patient, session and value of what a criterion is applied to, and the instrument it comes from."""
    if entry.perspective == "observer" and (coded["code"] == entry.variable).any():
        rows = coded[coded["code"] == entry.variable]
    else:
        wanted = (scores["role"] == entry.perspective) & (scores["scale"] == entry.variable)
        rows = scores[wanted & (scores["timepoint"] == "session")].rename(columns={"score": "value"})
    if entry.instrument:
        rows = rows[rows["instrument"] == entry.instrument]
    found = sorted(rows["instrument"].unique())
    if len(found) > 1:
        raise RuptureError(
            f"criterion {entry.criterion}: {entry.variable!r} of the {entry.perspective} comes from instruments "
            f"{found}; name one in the plan (ruptures: criteria: instrument)"
        )
    return rows[["patient", "session", "value"]], found[0] if found else ""


def _companion(entry: RuptureCriterion, scale: str, scores: pd.DataFrame) -> pd.DataFrame:
    """The scale that says how far a reported rupture was resolved."""
    found = scores[(scores["role"] == entry.perspective) & (scores["scale"] == scale)]
    if found.empty:
        known = sorted(scores.loc[scores["role"] == entry.perspective, "scale"].unique())
        raise RuptureError(
            f"criterion {entry.criterion}: option resolution names scale {scale!r}, which the {entry.perspective} did "
            f"not answer{nearest(scale, known)}"
        )
    sessions = found[found["timepoint"] == "session"]
    return sessions[["patient", "session", "score"]].rename(columns={"score": scale})


def _options(
    entry: RuptureCriterion, instrument: str, instruments: Mapping[str, CodingSystem | Questionnaire]
) -> dict[str, Any]:
    if entry.criterion != "coded" or "threshold" in entry.options:
        return dict(entry.options)
    thresholds = getattr(instruments.get(instrument), "rupture", {})
    if entry.variable not in thresholds:
        raise RuptureError(
            f"criterion coded: instrument {instrument} names no threshold for {entry.variable!r}; add it under "
            f"`rupture` in its file (now {thresholds}) or as option threshold in the plan"
        )
    return {**entry.options, "threshold": thresholds[entry.variable]}


def _judged(entry: RuptureCriterion, rows: pd.DataFrame, options: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = rows.sort_values(["patient", "session"]).reset_index(drop=True)
    found = judge_rows(rows, entry.criterion, "patient", "session", "value", options)
    judged, rupture = pd.Series(found.judged), pd.Series(found.rupture, dtype="boolean")
    return rows.assign(
        criterion=entry.criterion,
        perspective=entry.perspective,
        variable=entry.variable,
        change=found.change,
        threshold=found.threshold,
        rupture=rupture.where(judged),
        size=found.size,
        resolved=pd.Series(found.resolved, dtype="boolean").where(found.rupture),
        resolved_session=found.resolved_session,
        follow_up_complete=pd.Series(found.follow_up_complete, dtype="boolean").where(found.rupture),
    )
