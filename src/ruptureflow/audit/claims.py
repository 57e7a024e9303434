"""Published numbers recomputed from the other numbers printed beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruptureflow.audit.arithmetic import CHECKS, Claim, Finding, check_joint_df
from ruptureflow.audit.errors import AuditError
from ruptureflow.audit.rounding import Convention
from ruptureflow.tables import audit as tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

POOLED_SOURCE = "pooled line"
ALONE = "alone only"


def check_claims(
    claims: pd.DataFrame,
    reproductions: pd.DataFrame,
    conventions: Sequence[Convention] = ("rounded", "truncated"),
) -> pd.DataFrame:
    """Every published claim under every convention of cutting digits.

    Parameters
    ----------
    claims : `published_claims.csv` as text; its columns `recomputed…` and `verdict_…` (worked out by hand) are not
        looked at, but for the addends of a sum.
    reproductions : printed pooled numbers beside ours (`tables.pooling.REPRODUCTIONS`), which become claims too.
    conventions : rounded, truncated.

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
    """Pooled numbers under the convention that pooling puts first; they were found under rounding only.

    A number that can be had alone, but not together with all others of its rows, is consistent on that condition.
    """
    rows = []
    for row in reproductions.drop_duplicates(["pool", "quantity"]).itertuples():
        own, _, together = row.verdict.partition("; ")
        verdict, condition, how = "consistent", "", row.convention
        if own.startswith("not"):
            verdict = "inconsistent"
        elif together.startswith(ALONE):
            verdict, condition = "conditional", together
        elif together:
            how = f"{row.convention}; {together}"
        finding = Finding(row.recomputed_low, row.recomputed_high, verdict, how, condition)
        rows.append(_row(f"{row.pool}.{row.quantity}", POOLED_SOURCE, row.quantity, row.published, "rounded", finding))
    return rows
