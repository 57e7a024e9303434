"""A data set the tests share."""

import numpy as np
import pandas as pd
import pytest


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
