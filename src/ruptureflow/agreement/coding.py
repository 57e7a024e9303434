"""What each coder gave each session: single markers and the instrument's totals."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.tables.agreement import CODED, CODER_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.agreement.analysed_value import AnalysedValue
    from ruptureflow.config.instruments import Code, CodingSystem, Questionnaire

logger = logging.getLogger(__name__)

SHEET = ["patient", "session", "coder"]
"""One coder's sheet of one session."""


def marker_name(code: Code, measure: str) -> str:
    """Name of one marker's session value: the code, followed by the measure where it is not the code's first."""
    return code.code if measure == code.measures[0] else f"{code.code}_{measure}"


def coder_values(codes: pd.DataFrame, instruments: Mapping[str, CodingSystem | Questionnaire]) -> pd.DataFrame:
    """Session values of every coder: each total of the instrument, then each marker.

    A marker counted by segment is summed over the session's segments; a total of segments counts those with any mark
    of its codes. A sum or count of segments with a part that was not coded is missing
    (not coded is not zero); a mean or maximum is taken over the coded parts.

    Parameters
    ----------
    codes : intake's table of marks; days of coding (ISO dates) are carried along.
    instruments : the instrument files by id.

    Returns
    -------
    DataFrame
        table `coder_values`.

    Raises
    ------
    AgreementError
        if marks name an instrument, code or measure without an entry in an instrument file.
    """
    import pandas as pd

    parts = []
    for name, rows in codes.groupby("instrument", sort=True):
        system = _coding_system(str(name), instruments)
        group_of = {code.code: code.group for code in system.codes}
        subgroup_of = {code.code: code.subgroup for code in system.codes}
        stray = sorted(set(rows["code"]) - set(group_of))
        if stray:
            raise AgreementError(f"instrument {name}: codes {stray} are not in the instrument file")
        groups = rows["code"].map(group_of)
        named = []
        for total in system.totals:
            wanted = (groups == total.group) & (rows["measure"] == total.measure)
            if total.subgroup:
                wanted &= rows["code"].map(subgroup_of) == total.subgroup
            marks = rows[wanted]
            named.append((total.name, _aggregate(marks, total.aggregate)))
        taken = {total.name for total in system.totals}
        for code in system.codes:
            for measure in code.measures:
                if marker_name(code, measure) not in taken:
                    marks = rows[(rows["code"] == code.code) & (rows["measure"] == measure)]
                    how = "sum" if system.measures[measure].per == "segment" else "mean"
                    named.append((marker_name(code, measure), _aggregate(marks, how)))
        parts += [values.reset_index().assign(instrument=name, code=code) for code, values in named if len(values)]
    if not parts:
        return CODER_VALUES.empty()
    return CODER_VALUES.conform(pd.concat(parts, ignore_index=True).join(_days(codes), on=["instrument", *SHEET]))


def _days(codes: pd.DataFrame) -> pd.Series:
    """First day of coding of every sheet; all missing where the marks bear none."""
    return codes.astype({"coded_on": "string"}).groupby(["instrument", *SHEET])["coded_on"].min()


def session_values(
    values: pd.DataFrame,
    instruments: Mapping[str, CodingSystem | Questionnaire],
    analysed: AnalysedValue,
) -> pd.DataFrame:
    """The value of each session and total that analyses use.

    Parameters
    ----------
    values : table `coder_values`.
    analysed : the mean over those who coded the session, the value of the first of them in order of precedence, or
        that of the sheet the coders agreed on. A consensus sheet is never part of a mean nor a single coder.

    Returns
    -------
    DataFrame
        table `coded`: totals only, every session that has a sheet; where nobody coded the total, or there is no
        consensus, the value is empty and its coders are zero.
    """
    import pandas as pd

    totals = [(name, each.name) for name, each in _totals(instruments)]
    rows = values[pd.MultiIndex.from_frame(values[["instrument", "code"]].astype("object")).isin(totals)]
    if rows.empty:
        return CODED.empty()
    keys = ["patient", "session", "instrument", "code"]
    agreed = rows["coder"] == analysed.consensus_coder
    given = rows[(agreed if analysed.kind == "consensus" else ~agreed) & rows["value"].notna()]
    if analysed.kind == "single coder":
        order = analysed.precedence(sorted(given["coder"].unique()))
        strangers = [coder for coder in analysed.coder_order if coder not in order]
        if strangers:
            logger.warning("coder_order names %s, of whom this wave has no sheet; its coders: %s", strangers, order)
        rank = given["coder"].map({coder: place for place, coder in enumerate(order)})
        given = given.assign(rank=rank).sort_values("rank", kind="stable").drop_duplicates(keys)
    found = given.groupby(keys, sort=True)
    summary = pd.DataFrame(
        {
            "value": found["value"].mean(),
            "n_coders": found["coder"].nunique(),
            "coders": given.sort_values("coder").groupby(keys)["coder"].agg(";".join),
        }
    )
    summary = summary.reindex(pd.MultiIndex.from_frame(rows[keys].drop_duplicates().sort_values(keys)))
    summary["n_coders"] = summary["n_coders"].fillna(0).astype("Int64")
    summary["coders"] = summary["coders"].fillna("none")
    _tell_sessions_without_value(summary, int(agreed.sum()), analysed)
    return CODED.conform(summary.reset_index())


def _tell_sessions_without_value(summary: pd.DataFrame, n_agreed: int, analysed: AnalysedValue) -> None:
    empty = summary.index[summary["value"].isna()].droplevel(["instrument", "code"]).unique()
    if analysed.kind == "consensus" and len(empty):
        logger.warning("%d coded sessions have a total without consensus: their analysed value is empty", len(empty))
    if analysed.kind != "consensus" and n_agreed:
        logger.warning(
            "consensus sheets (coder %s) are there, but the plan analyses the %s: they are left out",
            analysed.consensus_coder,
            analysed.kind,
        )


def _aggregate(marks: pd.DataFrame, how: str) -> pd.Series:
    if how == "segments":
        return _aggregate(_marked_segments(marks), "sum")
    sheets = marks.groupby(SHEET, sort=True)["value"]
    if how == "sum":
        return sheets.sum(min_count=1).where(~marks["value"].isna().groupby([marks[c] for c in SHEET]).any())
    return sheets.mean() if how == "mean" else sheets.max()


def _marked_segments(marks: pd.DataFrame) -> pd.DataFrame:
    """One row a sheet and segment: 1 with any mark, 0 with none; missing where none is there and a code uncoded."""
    cells = marks.assign(marked=marks["value"] > 0, uncoded=marks["value"].isna())
    segments = cells.groupby([*SHEET, "segment"], dropna=False)[["marked", "uncoded"]].any()
    known = segments["marked"] | ~segments["uncoded"]
    return segments["marked"].astype("float64").where(known).rename("value").reset_index()


def _totals(instruments: Mapping[str, CodingSystem | Questionnaire]) -> list[tuple[str, object]]:
    from ruptureflow.config.instruments import CodingSystem

    return [(name, t) for name, each in instruments.items() if isinstance(each, CodingSystem) for t in each.totals]


def _coding_system(name: str, instruments: Mapping[str, CodingSystem | Questionnaire]) -> CodingSystem:
    from ruptureflow.config.instruments import CodingSystem

    found = instruments.get(name)
    if not isinstance(found, CodingSystem):
        known = sorted(key for key, each in instruments.items() if isinstance(each, CodingSystem))
        raise AgreementError(f"marks name instrument {name!r}, which is no coding-system file; there are {known}")
    return found
