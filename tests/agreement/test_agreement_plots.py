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
    assert coder_plots.plot_drift(agreement.CODER_VALUES.empty(), agreement.CODER_BIASES.empty(), "x", "real") is None
    assert coder_plots.plot_grades(agreement.CODER_VALUES.empty(), agreement.CODER_PAIRS.empty(), "x", "real") is None
    markers = coder_plots.markers_of(agreement.COEFFICIENTS.empty(), agreement.CODER_VALUES.empty(), [])
    assert markers.empty
    assert coder_plots.plot_markers(markers, 0.7, "real") is None
    assert coder_plots.plot_reliabilities(agreement.RELIABILITIES.empty(), 0.7, "real") is None
    assert coder_plots.plot_items(agreement.ITEMS.empty(), "real") is None
    assert course_plots.courses_of(ruptures.RUPTURES.empty()) == []
    assert course_plots.plot_courses(ruptures.RUPTURES.empty(), ("patient", "bond"), "real") is None
    assert course_plots.plot_base_rates(ruptures.BASE_RATES.empty(), "real") is None
    assert course_plots.plot_agreement(ruptures.PERSPECTIVE_AGREEMENT.empty(), "real") is None


def two_coders() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A gives 1 more than B in every second session, and half a grade more a sheet in B's reversed order of coding."""
    rows = [
        {
            "instrument": "i",
            "code": "grade",
            "patient": f"p{session // 2}",
            "session": session,
            "coder": coder,
            "value": 1.0 + session % 3 + (coder == "A" and session % 2),
            "coded_on": f"2020-01-{(session if coder == 'A' else 9 - session) + 1:02}",
        }
        for session in range(1, 9)
        for coder in "AB"
    ]
    values = agreement.CODER_VALUES.conform(pd.DataFrame(rows))
    pairs = {"instrument": "i", "code": "grade", "first": ["A"], "second": "B", "n_sessions": 8}
    biases = {"instrument": "i", "code": "grade", "coder": ["A", "B"], "n_sessions": 8, "n_dated": 8}
    biases |= {"drift": 0.1, "drift_low": -1.0, "drift_high": 1.0}
    biases |= {"coding_drift": [5.0, -5.0], "coding_drift_low": [4.0, -6.0], "coding_drift_high": [6.0, -4.0]}
    return (
        values,
        agreement.CODER_PAIRS.conform(pd.DataFrame(pairs).reindex(columns=agreement.CODER_PAIRS.names)),
        agreement.CODER_BIASES.conform(pd.DataFrame(biases).reindex(columns=agreement.CODER_BIASES.names)),
    )


def test_grades_side_by_side_count_the_sessions():
    values, pairs, _ = two_coders()
    figure = coder_plots.plot_grades(values, pairs, "grade", "real")
    counts = sum(int(text.get_text()) for text in figure.axes[0].texts)
    assert counts == 8
    assert "50 % the same" in figure.axes[0].get_title()
    halves = values.assign(value=values["value"] + 0.5)
    assert coder_plots.plot_grades(halves, pairs, "grade", "real") is None


def test_drift_has_a_row_by_session_and_one_by_order_of_coding_where_sheets_bear_dates():
    values, _, biases = two_coders()
    figure = coder_plots.plot_drift(values, biases, "grade", "real")
    assert len(figure.axes) == 4
    line = figure.axes[2].lines[-1]
    # Half a unit a sheet over the 8 sheets of coder A.
    assert np.ptp(line.get_ydata()) == pytest.approx(0.5 * 7)
    assert list(line.get_xdata()) == [0, 7]
    undated = biases.assign(coding_drift=np.nan)
    assert len(coder_plots.plot_drift(values, undated, "grade", "real").axes) == 2


def test_markers_stand_by_agreement_and_say_how_often_they_were_seen():
    values, _, _ = two_coders()
    seen = values.assign(code="seen", value=[0.0, 1.0] * 8)
    rows = [
        {"instrument": "i", "code": code, "form": form, "meaning": "m", "estimate": estimate, "n_targets": 8}
        for code, estimates in (("grade", (0.5, 0.7)), ("seen", (0.1, 0.2)), ("total", (0.9, 0.95)))
        for form, estimate in zip(("ICC(2,1)", "ICC(2,k)"), estimates, strict=True)
    ]
    coefficients = agreement.COEFFICIENTS.conform(
        pd.DataFrame(rows).assign(headline=False).reindex(columns=agreement.COEFFICIENTS.names)
    )
    both = agreement.CODER_VALUES.conform(pd.concat([values, seen], ignore_index=True))
    markers = coder_plots.markers_of(coefficients, both, ["total"])
    assert markers["code"].tolist() == ["seen", "grade"]
    assert markers["percent_seen"].tolist() == [50.0, 100 * (values["value"] > 1).mean()]
    assert markers["single_coder"].tolist() == [0.1, 0.5]
    assert coder_plots.plot_markers(markers, 0.7, "simulated") is not None
