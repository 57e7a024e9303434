"""Golden values of other software, read once."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

GOLDENS = Path(__file__).parents[2] / "validation" / "mixed" / "goldens.json"


def load_goldens() -> dict:
    """Golden record by case name."""
    record = json.loads(GOLDENS.read_text(encoding="utf-8"))
    return {case["name"]: case for case in record["cases"]}


@pytest.fixture(scope="session")
def goldens() -> dict:
    """Golden record by case name."""
    return load_goldens()


@pytest.fixture
def sessions() -> pd.DataFrame:
    """86 sessions of 22 patients with a random intercept, x within and between patients."""
    generator = np.random.Generator(np.random.PCG64(2018))
    patient = np.repeat(np.arange(22), 4)
    data = pd.DataFrame({"patient": patient, "session": np.tile([4, 8, 12, 16], 22)})
    data["time"] = data["session"] / 4 - 1
    data["ot_within"] = generator.standard_normal(88)
    data["ot_between"] = generator.standard_normal(22)[patient]
    data["role"] = np.where(np.arange(88) % 2, "therapist", "patient")
    data["bond"] = 5 + 0.3 * data["ot_within"] + generator.standard_normal(22)[patient] + generator.standard_normal(88)
    return data.drop(index=[7, 42]).reset_index(drop=True)
