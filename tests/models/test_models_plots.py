"""The figures of the models notebook: drawn from tables, marked where simulated, also where there is little to draw."""

import matplotlib
import pytest
from example_samples import MODEL, concentrations
from example_wave import ROW, SETTINGS, WAVE, hand_over, one_model

from ruptureflow.models import fit_plan, gather, join_samples, join_sessions, plots

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


@pytest.fixture(scope="module")
def samples():
    return join_samples(gather(ROW, WAVE, settings=SETTINGS, **hand_over()), concentrations())


def test_a_run_has_no_colour_or_a_sample_is_not_drawn(samples):
    figure = plots.plot_samples(samples, "oxytocin", "patient", "simulated")
    left, right = figure.axes
    drawn = [line for line in left.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in drawn) == len(samples)
    assert len({str(line.get_color()) for line in drawn}) == 6
    assert next(text.get_text() for text in right.get_legend().get_texts()).startswith("R1 (")
    assert "SIMULATED DATA" in _texts(figure)


def test_samples_without_a_run_or_none_at_all_stop_the_notebook(samples):
    figure = plots.plot_samples(samples.assign(run=None), "oxytocin", "patient", "real")
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == ["run not named (176)"]
    plots.plot_samples(samples.iloc[:0], "oxytocin", "patient", "real")


def test_a_bar_of_variance_is_longer_than_its_share(sessions, samples):
    variances = fit_plan(sessions, one_model(**MODEL), samples=samples).variances
    figure = plots.plot_variance_shares(variances, "real")
    widths = [patch.get_width() for patch in figure.axes[0].patches if patch.get_width() > 0]
    assert widths == pytest.approx([share for share in variances["share"] if share > 0])
    plots.plot_variance_shares(variances.iloc[:0], "real")
