"""The minimum that is reported is the lowest one a search from many starts finds."""

import numpy as np
import pandas as pd
import pytest

from ruptureflow.mixed import fit_mixed
from ruptureflow.mixed.optimise import minimise


def small_groups(seed: int) -> pd.DataFrame:
    """A few small groups, variances that may be zero, residuals that may be correlated."""
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(5, 26))
    sizes = rng.integers(2, 8, groups)
    patient = np.repeat(np.arange(groups), sizes)
    rows = len(patient)
    data = pd.DataFrame({"patient": patient, "session": np.concatenate([np.arange(k) for k in sizes])})
    data["time"] = data["session"].astype(float)
    data["week"] = data["session"] + rng.choice([0, 0.5], rows) * 0.5
    data["x"] = rng.normal(size=rows)
    rng.normal(size=groups)
    role = rng.random(rows) < 0.5
    rater = rng.integers(0, 4, rows)
    tau, slope, other = rng.choice([0, 0.1, 0.5, 1, 2]), rng.choice([0, 0, 0.3, 1]), rng.choice([0, 0, 0.5])
    error = rng.normal(size=rows)
    rho = rng.choice([0, 0.5, 0.9, -0.5])
    for i in range(1, rows):
        if patient[i] == patient[i - 1]:
            error[i] = rho * error[i - 1] + np.sqrt(1 - rho**2) * error[i]
    data["y"] = tau * rng.normal(size=groups)[patient] + slope * rng.normal(size=groups)[patient] * data["time"]
    data["y"] += other * rng.normal(size=groups)[patient] * data["x"]
    data["y"] += error * np.where(role, 1, rng.choice([1, 2.0])) + rng.choice([0, 0.7]) * rng.normal(size=4)[rater]
    return data


@pytest.mark.parametrize(
    ("seed", "call"),
    [
        # the first search of these two ends at a bound of the residual correlation or of a variance
        (22, {"random": "1 + time", "residual": "car1(week)"}),
        (26, {"random": "1 + time", "residual": "ar1(session)"}),
        (3, {"random": "1 + time + x"}),
        (5, {"random": None, "residual": "car1(week)"}),
    ],
)
def test_no_other_start_ends_lower(seed, call):
    estimate = fit_mixed("y ~ time + x", small_groups(seed), groups="patient", **call).estimate
    likelihood = estimate.likelihood
    rng = np.random.default_rng(1)
    for _ in range(8):
        parts = []
        for layout in likelihood.layouts:
            rows, cols = layout.entries
            diagonal, below = np.exp(rng.normal(0, 1.2, layout.count)), rng.normal(0, 0.7, layout.count)
            parts.append(np.where(rows == cols, diagonal, below))
        start = np.concatenate([*parts, rng.normal(0, 1.2, likelihood.extra)])
        assert minimise(likelihood.evaluate, start).value >= estimate.value - 1e-7
