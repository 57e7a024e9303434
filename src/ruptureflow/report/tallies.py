"""How many claims, coefficients and gates came out how: the counts that the audit's prose states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.report.parts import dotted
from ruptureflow.tables.report import SUMMARIES

if TYPE_CHECKING:
    import pandas as pd


def tally(claims: pd.DataFrame, engines: pd.DataFrame, gates: pd.DataFrame, shown: list[str]) -> pd.DataFrame:
    """Counts of verdicts, those of zero too.

    Parameters
    ----------
    claims, engines, gates : the audit's tables.
    shown : waves in the manuscript; the second engine's and the gates' rows of other waves are left out.

    Returns
    -------
    DataFrame
        as `ruptureflow.tables.report.SUMMARIES`; subjects `claims.<convention>.<verdict>`, `engine.<verdict>`,
        `gates.<verdict>`, `checks.<gate>.<verdict>` and, over all verdicts, `claims.<convention>.all`,
        `engine.all`, `gates.all`.
    """
    import pandas as pd

    engines = engines[engines["wave"].isin(shown)]
    gates = gates[gates["wave"].isin([*shown, "pooled"])]
    rows = []
    groups = [
        *(
            (f"claims.{dotted(convention)}", "audit/claims.csv", claims[claims["convention"] == convention])
            for convention in ("rounded", "truncated")
        ),
        ("engine", "audit/second_engine.csv", engines),
        ("gates", "audit/gates.csv", gates),
    ]
    verdicts = {
        "claims": ("consistent", "conditional", "inconsistent", "not checkable"),
        "engine": ("agrees", "differs", "not comparable"),
        "gates": ("pass", "warn", "fail"),
    }
    for subject, source, found in groups:
        rows.append((f"{subject}.all", "n", "all", len(found), "", source))
        for verdict in verdicts[subject.split(".")[0]]:
            number = int((found["verdict"] == verdict).sum())
            rows.append((f"{subject}.{dotted(verdict)}", "n", verdict, number, "", source))
    for kind in gates["gate"].drop_duplicates():
        for verdict in verdicts["gates"]:
            number = int(((gates["gate"] == kind) & (gates["verdict"] == verdict)).sum())
            rows.append((f"checks.{dotted(kind)}.{verdict}", "n", kind, number, "", "audit/gates.csv"))
    return SUMMARIES.conform(pd.DataFrame(rows, columns=SUMMARIES.names))
