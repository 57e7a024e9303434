"""The figures of the models notebook: drawn from tables, marked where simulated, also where there is little to draw."""

import matplotlib
import pytest
from example_wave import ROW, SETTINGS, WAVE, hand_over

from ruptureflow.models import fit_plan, join_sessions, plots

matplotlib.use("Agg")
TERM = "oxytocin_change_within"


@pytest.fixture(scope="module")
def sessions():
    return join_sessions(ROW, WAVE, settings=SETTINGS, **hand_over())


@pytest.fixture(scope="module")
def fitted(sessions):
    return fit_plan(sessions, SETTINGS)


@pytest.fixture(autouse=True)
def _close():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def _texts(figure):
    return [text.get_text() for text in figure.texts]


def _all(sessions, fitted, origin):
    yield plots.plot_change(sessions, "oxytocin", "pg/mL", origin)
    yield plots.plot_slopes(sessions, TERM, {"bond": -0.25, "confrontation": 0.5}, "pg/mL", origin)
    yield plots.plot_within_slopes(sessions, TERM, "bond", -0.25, "pg/mL", origin)
    yield plots.plot_coefficients(fitted.estimates, TERM, origin)
    yield plots.plot_random_effects(fitted.random_effects, ["bond"], origin)
    yield plots.plot_influence(fitted.influence, TERM, ["bond"], origin)


def test_a_simulated_waves_figure_passes_for_real(sessions, fitted):
    for figure in _all(sessions, fitted, "simulated"):
        assert "SIMULATED DATA" in _texts(figure)
    for figure in _all(sessions, fitted, "real"):
        assert "SIMULATED DATA" not in _texts(figure)


def test_a_patient_has_no_panel(sessions):
    figure = plots.plot_within_slopes(sessions, TERM, "bond", -0.25, "pg/mL", "real")
    titles = {ax.get_title() for ax in figure.axes if ax.get_visible()}
    assert titles == set(sessions["patient"])


def test_a_coefficient_is_drawn_elsewhere_than_the_table_says(fitted):
    figure = plots.plot_coefficients(fitted.estimates, TERM, "real")
    drawn = sorted(float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "o")
    rows = fitted.estimates.query(f"term == '{TERM}' and metric == 'raw'")
    assert drawn == pytest.approx(sorted(rows["estimate"]))


def test_a_wave_with_nothing_to_draw_stops_the_notebook(sessions, fitted):
    none = sessions.assign(bond=float("nan"), confrontation=float("nan"))
    plots.plot_slopes(none, TERM, {"bond": 0.0}, "pg/mL", "real")
    plots.plot_within_slopes(none, TERM, "bond", 0.0, "pg/mL", "real")
    plots.plot_coefficients(fitted.estimates.iloc[:0], TERM, "real")
    plots.plot_random_effects(fitted.random_effects.iloc[:0], [], "real")
    assert plots.analytes_of(sessions.drop(columns=["oxytocin_pre"])) == []
    assert plots.analytes_of(sessions) == ["oxytocin"]
