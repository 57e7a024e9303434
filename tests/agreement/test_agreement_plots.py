"""Plots of agreement and ruptures draw what there is, nothing where there is nothing, and say what is simulated."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from ruptureflow.agreement import plots as coder_plots
from ruptureflow.ruptures import plots as course_plots
from ruptureflow.tables import agreement, ruptures


def shown_texts(figure) -> set[str]:
    return {text.get_text() for text in figure.texts}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    coder_plots.close()


def course() -> pd.DataFrame:
    rows = [
        {
            "patient": patient,
            "session": session,
            "criterion": criterion,
            "perspective": "patient",
            "variable": "bond",
            "value": 6.0 - 2 * (session == 2),
            "change": np.nan,
            "threshold": 1.0,
            "rupture": session == 2,
            "size": np.nan,
            "resolved": True if session == 2 else None,
            "resolved_session": 3 if session == 2 else None,
            "follow_up_complete": None,
        }
        for criterion in ("point-drop", "sd-drop")
        for patient in ("p1", "p2")
        for session in (1, 2, 3)
    ]
    return ruptures.RUPTURES.conform(pd.DataFrame(rows))


def test_courses_mark_ruptures_and_the_sessions_that_resolved_them_for_every_criterion():
    (place,) = course_plots.courses_of(course())
    figure = course_plots.plot_courses(course(), place, "real")
    labels = {line.get_label(): len(line.get_xdata()) for line in figure.axes[0].lines}
    assert labels["point-drop: rupture"] == 2
    assert labels["sd-drop: resolved"] == 2
    assert "SIMULATED DATA" not in shown_texts(figure)


def test_a_simulated_wave_says_so_on_its_figures():
    figure = course_plots.plot_courses(course(), ("patient", "bond"), "simulated")
    assert "SIMULATED DATA" in shown_texts(figure)


def test_a_wave_without_coders_or_ratings_draws_nothing_and_raises_nothing():
    assert coder_plots.codes_compared(agreement.CODER_PAIRS.empty()) == []
    assert coder_plots.plot_coefficients(agreement.COEFFICIENTS.empty(), [], 0.7, "real") is None
    assert coder_plots.plot_variances(agreement.CODER_VARIANCES.empty(), "real") is None
    assert coder_plots.plot_biases(agreement.CODER_BIASES.empty(), "real") is None
    assert (
        coder_plots.plot_coder_pairs(agreement.CODER_VALUES.empty(), agreement.CODER_PAIRS.empty(), "x", "real") is None
    )
    assert course_plots.courses_of(ruptures.RUPTURES.empty()) == []
    assert course_plots.plot_courses(ruptures.RUPTURES.empty(), ("patient", "bond"), "real") is None
    assert course_plots.plot_base_rates(ruptures.BASE_RATES.empty(), "real") is None
    assert course_plots.plot_agreement(ruptures.PERSPECTIVE_AGREEMENT.empty(), "real") is None
