"""What each coder gave each session: single markers and the instrument's totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.agreement.errors import AgreementError
from ruptureflow.tables.agreement import CODED, CODER_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ruptureflow.config.instruments import Code, CodingSystem, Questionnaire

SHEET = ["patient", "session", "coder"]
"""One coder's sheet of one session."""


def marker_name(code: Code, measure: str) -> str:
    """Name of one marker's session value: the code, followed by the measure where it is not the code's first."""
    return code.code if measure == code.measures[0] else f"{code.code}_{measure}"


def coder_values(codes: pd.DataFrame, instruments: Mapping[str, CodingSystem | Questionnaire]) -> pd.DataFrame:
    """Session values of every coder: each total of the instrument, then each marker.

    A marker counted by segment is summed over the session's segments. A sum with a part that was not coded is missing
    (not coded is not zero); a mean or maximum is taken over the coded parts.

    Parameters
    ----------
    codes : intake's table of marks.
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
        stray = sorted(set(rows["code"]) - set(group_of))
        if stray:
            raise AgreementError(f"instrument {name}: codes {stray} are not in the instrument file")
        groups = rows["code"].map(group_of)
        named = []
        for total in system.totals:
            marks = rows[(groups == total.group) & (rows["measure"] == total.measure)]
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
    return CODER_VALUES.conform(pd.concat(parts, ignore_index=True))


def session_values(
    values: pd.DataFrame,
    instruments: Mapping[str, CodingSystem | Questionnaire],
    analysed_value: str = "mean of coders",
    consensus_coder: str = "consensus",
) -> pd.DataFrame:
    """The value of each session and total that analyses use.

    Parameters
    ----------
    values : table `coder_values`.
    analysed_value : "mean of coders" (over those who coded it) or "consensus" (the sheet the coders agreed on).
    consensus_coder : coder's id of the consensus sheets; never part of a mean.

    Returns
    -------
    DataFrame
        table `coded`: totals only; a session that nobody coded has an empty value and zero coders.
    """
    import pandas as pd

    totals = [(name, each.name) for name, each in _totals(instruments)]
    wanted = pd.MultiIndex.from_frame(values[["instrument", "code"]].astype("object")).isin(totals)
    rows = values[wanted]
    agreed = rows["coder"] == consensus_coder
    rows = rows[agreed if analysed_value == "consensus" else ~agreed]
    if rows.empty:
        return CODED.empty()
    keys = ["patient", "session", "instrument", "code"]
    given = rows[rows["value"].notna()]
    summary = pd.DataFrame(
        {
            "value": rows.groupby(keys, sort=True)["value"].mean(),
            "n_coders": given.groupby(keys)["coder"].nunique(),
            "coders": given.sort_values("coder").groupby(keys)["coder"].agg(";".join),
        }
    )
    summary["n_coders"] = summary["n_coders"].fillna(0).astype("Int64")
    summary["coders"] = summary["coders"].fillna("none")
    return CODED.conform(summary.reset_index())


def _aggregate(marks: pd.DataFrame, how: str) -> pd.Series:
    sheets = marks.groupby(SHEET, sort=True)["value"]
    if how == "sum":
        return sheets.sum(min_count=1).where(~marks["value"].isna().groupby([marks[c] for c in SHEET]).any())
    return sheets.mean() if how == "mean" else sheets.max()


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
