"""What the audit looks at in one wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class WaveResults:
    """Hand-over tables of models, agreement and assay, each under its own name."""

    sessions: pd.DataFrame
    plan: pd.DataFrame
    descriptives: pd.DataFrame
    influence: pd.DataFrame
    coefficients: pd.DataFrame
    reliabilities: pd.DataFrame
    curves: pd.DataFrame
    concentrations: pd.DataFrame
