"""Westgard's rules, each on a series that breaks it and no other of its kind."""

import numpy as np
import pytest

from ruptureflow.assay.westgard import RULES, broken_rules

NAN = float("nan")


def found(series):
    z = np.array(series, dtype=float)
    z = z[:, None] if z.ndim == 1 else z
    return [sorted(set().union(*row), key=RULES.index) for row in broken_rules(z)]


@pytest.mark.parametrize(
    ("series", "rules"),
    [
        ([0.5, -1.9, 1.9], [[], [], []]),
        ([0.0, 2.1, 0.0], [[], ["1-2s"], []]),
        ([0.0, -3.2, 0.0], [[], ["1-2s", "1-3s"], []]),
        ([2.1, 2.2, 0.0], [["1-2s"], ["1-2s", "2-2s"], []]),
        ([2.1, -2.2, 0.0], [["1-2s"], ["1-2s"], []]),
        ([1.1, 1.2, 1.3, 1.1, 0.9], [[], [], [], ["4-1s"], []]),
        ([0.1] * 10, [[]] * 9 + [["10-x"]]),
        ([2.1, NAN, 2.2], [["1-2s"], [], ["1-2s", "2-2s"]]),
        ([[2.1, -2.1], [0, 0]], [["1-2s", "R-4s"], []]),
        ([[2.1, 2.3], [0, 0]], [["1-2s", "2-2s"], []]),
    ],
)
def test_a_series_breaks_exactly_its_rules(series, rules):
    assert found(series) == rules
