"""Golden values of metafor and clubSandwich, and how close to them is close enough."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def golden():
    return json.loads((ROOT / "validation" / "pooling" / "golden.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def evidence():
    """A published file as text, by name."""

    def read(name):
        return pd.read_csv(ROOT / "data" / "evidence" / f"{name}.csv", dtype=str, keep_default_na=False)

    return read


def as_array(values):
    return np.array([np.nan if one is None else one for one in np.ravel(np.array(values, dtype=object))], dtype=float)


@pytest.fixture(scope="session")
def close():
    """Relative to the golden value where it exceeds 1, else absolute; NaN only beside NaN."""

    def check(ours, theirs, tolerance, what=""):
        ours, theirs = np.ravel(np.asarray(ours, dtype=float)), as_array(theirs)
        assert ours.shape == theirs.shape, what
        assert (np.isnan(ours) == np.isnan(theirs)).all(), f"{what}: {ours} beside {theirs}"
        worst = np.nanmax(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs)), initial=0.0)
        assert worst <= tolerance, f"{what}: off by {worst:.1e}"

    return check
