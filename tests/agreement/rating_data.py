"""Golden values and small builders for the tests of agreement."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

GOLDENS = Path(__file__).parents[2] / "validation" / "agreement" / "goldens.json"


@cache
def goldens() -> dict:
    """psych's, factanal's and lme4's answers."""
    return json.loads(GOLDENS.read_text(encoding="utf-8"))


def matrix(rows: list) -> np.ndarray:
    """A matrix of ratings from JSON, null as NaN."""
    return np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=float)


def long(values: np.ndarray, patients: list | None = None) -> pd.DataFrame:
    """Long ratings of a matrix; NaN cells stay rows without a rating."""
    rows = [
        {"patient": "p" if patients is None else patients[i], "session": i, "coder": "ABCDEFG"[j], "count": value}
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    ]
    return pd.DataFrame(rows)
