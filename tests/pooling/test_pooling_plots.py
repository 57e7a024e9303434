"""Figures: drawn, readable, the same bytes every time."""

import io

import numpy as np
import pytest

from ruptureflow.pooling import (
    PoolingError,
    baujat,
    cumulative,
    gosh,
    influence_diagnostics,
    plots,
    pool,
    pool_subgroups,
    trim_and_fill,
)

Y = [0.18, 0.09, 0.60, 0.19, 0.15, 0.02, 0.14]
V = [0.007, 0.016, 0.04, 0.045, 0.04, 0.009, 0.046]
NAMES = [f"Study {name} (2004)" for name in "ABCDEFG"]
GROUPS = ["one", "two", "one", "one", "one", "two", "one"]


def draw(name):
    result = pool(Y, V, "dl", "z", labels=NAMES)
    if name == "forest":
        return plots.forest(result, back=np.tanh)
    if name == "subgroups":
        return plots.forest(result, pool_subgroups(Y, V, GROUPS, "dl", "z", labels=NAMES), back=np.tanh)
    if name == "funnel":
        return plots.funnel(result, trim_and_fill(result), back=np.tanh)
    if name == "cumulative":
        return plots.cumulative_forest(cumulative(result), np.tanh)
    if name == "influence":
        return plots.influence_plot(influence_diagnostics(result))
    if name == "baujat":
        return plots.baujat_plot(baujat(result))
    if name == "gosh":
        return plots.gosh_plot(gosh(result))
    return plots.labbe([3, 5], [20, 30], [5, 9], [21, 28], ["A", "B"])


@pytest.mark.parametrize(
    "name", ["forest", "subgroups", "funnel", "cumulative", "influence", "baujat", "gosh", "labbe"]
)
@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_a_figure_changes_from_run_to_run(name, kind):
    written = []
    for _ in range(2):
        target = io.BytesIO()
        plots.save_figure(draw(name), target, kind)
        written.append(target.getvalue())
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0] and b"<dc:date>" not in written[0]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_forest_plot_lacks_weights_prediction_or_diamonds():
    shown = texts(draw("forest"))
    assert set(NAMES) <= set(shown) and "95 % prediction" in shown and "Pooled (k = 7)" in shown
    assert "Effect [95 % CI]" in shown
    weights = [float(text.removesuffix(" %")) for text in shown if text.endswith(" %")]
    assert len(weights) == 7 and sum(weights) == pytest.approx(100, abs=0.4)
    low, high = np.tanh(pool(Y, V, "dl", "z").prediction_interval)
    assert f"[{low:.2f}, {high:.2f}]".replace("-", "−") in shown
    with_groups = texts(draw("subgroups"))
    assert {"one", "two", "  Subgroup (k = 5)", "  Subgroup (k = 2)"} <= set(with_groups)
    other = plots.forest(pool(Y, V, "dl", "z"), references=[("Eubanks 2018", 0.3, 0.1, 0.5)])
    assert "Eubanks 2018" in texts(other)
    figure = draw("forest")
    assert figure.get_size_inches()[0] == 3.5


def test_text_runs_out_of_the_figure():
    figure = draw("forest")
    renderer = figure.canvas.get_renderer()
    width = figure.bbox.width
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert box.x0 > -1 and box.x1 < width + 1, text.get_text()


def test_a_weight_is_printed_over_its_effect():
    one = plots.forest(pool([-0.31], [0.05], test="z", labels=["alone"]))
    for figure in (draw("forest"), draw("subgroups"), one):
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.axes[2].texts]
        assert not any(a.overlaps(b) for place, a in enumerate(boxes) for b in boxes[place + 1 :])


def test_plots_invent_what_is_not_there():
    with pytest.raises(PoolingError, match="shows one mean"):
        plots.forest(pool(Y, V, test="z", moderators={"x": range(7)}))
    with pytest.raises(PoolingError, match="kind='jpg' is unknown"):
        plots.save_figure(draw("labbe"), io.BytesIO(), "jpg")


def test_a_multilevel_pool_has_no_forest():
    from ruptureflow.pooling import pool_multilevel

    nested = pool_multilevel(Y, V, groups={"study": list("aabbccd"), "effect": range(7)}, labels=NAMES)
    shown = texts(plots.forest(nested))
    assert set(NAMES) <= set(shown) and "95 % prediction" in shown


def test_long_names_squeeze_the_plot_or_run_over_the_effects():
    long = "Constantino, Marnell, Haile, Kanther-Sista, Wolman, Zappert, and Arnow (2008), second sample"
    result = pool([0.2, 0.3, 0.5, 0.1], [0.02, 0.03, 0.02, 0.04], labels=[long, "B", "C", "D"])
    figure = plots.forest(result)
    names, axes, _ = figure.axes
    edge = axes.get_window_extent().x0
    renderer = figure.canvas.get_renderer()
    assert all(text.get_window_extent(renderer).x1 <= edge + 1 for text in names.texts)
    panels = plots.influence_plot(influence_diagnostics(result)).axes
    assert all(panel.get_window_extent().width > 40 for panel in panels)


def test_a_ratio_is_drawn_as_if_a_half_were_nearer_to_one_than_two():
    figure = plots.forest(pool(np.log([0.5, 2.0, 1.1]), [0.1, 0.1, 0.1]), back=np.exp)
    assert figure.axes[1].get_xscale() == "log"
    assert plots.forest(pool([0.5, 2.0, 1.1], [0.1, 0.1, 0.1])).axes[1].get_xscale() == "linear"
