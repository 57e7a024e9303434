"""Published numbers recomputed from the other numbers printed beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruptureflow.audit.arithmetic import CHECKS, Claim, Finding, check_joint_df
from ruptureflow.audit.errors import AuditError
from ruptureflow.audit.rounding import Convention
from ruptureflow.tables import audit as tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

POOLED_SOURCE = "pooled line"
FIGURE_SOURCE = "Safran, Muran & Eubanks-Carter 2011, pooled figures"


@dataclass(frozen=True)
class PrintedPools:
    """Evidence tables as text: the rows that were pooled, and the pooled figures printed of them."""

    repair: pd.DataFrame
    training: pd.DataFrame
    printed: pd.DataFrame


def check_claims(
    claims: pd.DataFrame,
    reproductions: pd.DataFrame,
    conventions: Sequence[Convention] = ("rounded", "truncated"),
    figures: PrintedPools | None = None,
) -> pd.DataFrame:
    """Every published claim under every convention of cutting digits.

    Parameters
    ----------
    claims : `published_claims.csv` as text; its columns `recomputed…` and `verdict_…` (worked out by hand) are not
        looked at, but for the addends of a sum.
    reproductions : printed pooled numbers beside ours (`tables.pooling.REPRODUCTIONS`), which become claims too.
    conventions : rounded, truncated.
    figures : tables of the 2011 meta-analyses and the pooled figures printed of them, to be made again.

    Returns
    -------
    DataFrame
        of `tables.audit.CLAIMS`. `recomputed_low` and `_high` bound what the other printed numbers allow, in the
        quantity that `how` names: the claimed one, or the df or n it needs where `verdict` is conditional.

    Raises
    ------
    AuditError
        for an unknown kind of claim or a value that cannot be read, with its row, column and value.
    """
    import pandas as pd

    rows = []
    read = [_read(row, number) for number, row in enumerate(claims.to_dict("records"), start=2)]
    for claim in read:
        for convention in conventions:
            finding = check_joint_df(claim, read, convention) if claim.kind == "df_joint" else _check(claim, convention)
            rows.append(_row(claim.claim, claim.source, claim.quantity, claim.published, convention, finding))
    rows += _pooled_rows(reproductions)
    rows += _figure_rows(figures) if figures else []
    return tables.CLAIMS.conform(pd.DataFrame(rows, columns=tables.CLAIMS.names))


def _read(row: dict[str, str], number: int) -> Claim:
    if row["kind"] not in (*CHECKS, "df_joint"):
        known = ", ".join([*CHECKS, "df_joint"])
        raise AuditError(f"claims: row {number}, column 'kind': {row['kind']!r} is unknown; use one of {known}")
    return Claim(row["claim"], row["source"], row["quantity"], row["kind"], number, row)


def _check(claim: Claim, convention: Convention) -> Finding:
    try:
        return CHECKS[claim.kind](claim, convention)
    except ValueError as error:
        raise AuditError(f"claims: row {claim.number} ({claim.claim}): {error}; correct the printed value") from None


def _row(claim: str, source: str, quantity: str, published: str, convention: str, finding: Finding) -> dict[str, Any]:
    return {
        "claim": claim,
        "source": source,
        "quantity": quantity,
        "published": published,
        "convention": convention,
        "recomputed_low": finding.low,
        "recomputed_high": finding.high,
        "verdict": finding.verdict,
        "condition": finding.condition or None,
        "how": finding.how,
    }


def _pooled_rows(reproductions: pd.DataFrame) -> list[dict[str, Any]]:
    """Pooled numbers under the convention that pooling puts first; they were found under rounding only."""
    rows = []
    for row in reproductions.drop_duplicates(["pool", "quantity"]).itertuples():
        verdict = "inconsistent" if row.verdict.startswith("not") else "consistent"
        finding = Finding(row.recomputed_low, row.recomputed_high, verdict, row.convention)
        rows.append(_row(f"{row.pool}.{row.quantity}", POOLED_SOURCE, row.quantity, row.published, "rounded", finding))
    return rows


def _figure_rows(figures: PrintedPools) -> list[dict[str, Any]]:
    """Every printed pooled figure; conventions known to fail are no claims of the paper and are left out."""
    from ruptureflow.pooling.published import reproduce_figures

    printed = figures.printed
    claimed = set(printed.loc[printed["verdict"] != "fails", "figure"])
    rows = []
    for row in reproduce_figures(figures.repair, figures.training, printed).itertuples():
        if row.figure not in claimed:
            continue
        verdict, condition = ("inconsistent", "") if row.verdict.startswith("not") else ("consistent", "")
        if row.joint.startswith("alone only"):
            verdict, condition = "conditional", row.joint
        how = row.convention if condition or not row.joint else f"{row.convention}; {row.joint}"
        finding = Finding(row.low, row.high, verdict, how, condition)
        rows.append(
            _row(f"safran2011.pooled.{row.figure}", FIGURE_SOURCE, row.quantity, row.published, "rounded", finding)
        )
    return rows
