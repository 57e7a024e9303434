"""What the audit looks at in one wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruptureflow.tables import models as tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True)
class WaveResults:
    """Hand-over tables of models, agreement and assay, each under its own name."""

    sessions: pd.DataFrame
    samples: pd.DataFrame
    plan: pd.DataFrame
    descriptives: pd.DataFrame
    influence: pd.DataFrame
    coefficients: pd.DataFrame
    reliabilities: pd.DataFrame
    curves: pd.DataFrame
    concentrations: pd.DataFrame

    @property
    def fitted(self) -> pd.DataFrame:
        """Rows of the plan with a fit, also one whose primary df method failed."""
        return self.plan[self.plan["fate"].isin([tables.FITTED, tables.WITHOUT_PRIMARY])]

    def rows_of(self, entry: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that a row of the plan could use: sessions, or samples with factors in the order of their levels."""
        import pandas as pd

        rows = self.samples if entry["rows"] == "samples" else self.sessions
        chosen = entry["where"] if isinstance(entry["where"], str) else ""
        for condition in filter(None, chosen.split("; ")):
            name, _, value = condition.partition(" = ")
            rows = rows[rows[name].astype("string").eq(value).fillna(False)]
        levels = {column.name: list(column.allowed) for column in tables.SAMPLES.columns if column.allowed}
        ordered = {name: pd.Categorical(rows[name], levels[name]) for name in levels if name in rows}
        return rows.assign(**ordered)
