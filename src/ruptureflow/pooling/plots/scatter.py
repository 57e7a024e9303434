"""Funnel, influence, Baujat, GOSH and L'Abbé plots."""

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plots.canvas import (
    ACCENT,
    COLUMN,
    INK,
    PALE,
    finished,
    identity,
    new_figure,
    ratio_axis,
    shortened,
    styled,
)

LETTERS = 30  # of a name beside small panels


def funnel(result, filled=None, contours=(0.90, 0.95, 0.99), back=None, xlabel="Effect", width=COLUMN):
    """Funnel plot with contours of significance around zero.

    Parameters
    ----------
    filled : TrimAndFill, optional
        Its filled effects are drawn hollow, and its mean dashed.
    contours : sequence
        Confidence levels whose borders are shaded, darkest where effects are not significant; a funnel whose
        gap lies in the dark is the one that speaks for suppressed non-significant results.
    """
    back = back or identity
    error = np.sqrt(result.variances)
    top = 1.08 * error.max()
    with styled():
        figure = new_figure(width, 0.8 * width)
        axes = figure.subplots()
        depth = np.linspace(0, top, 60)
        shades = np.linspace(0.72, 0.93, len(contours))
        outer = None
        for shade, level in zip(shades[::-1], sorted(contours, reverse=True), strict=True):
            half = dist.t_quantile(level, np.inf) * depth
            colour = str(round(float(shade), 3))
            axes.fill_betweenx(depth, back(-half), back(half), color=colour, linewidth=0, label=f"p > {1 - level:.2g}")
            outer = half if outer is None else outer
        if back is np.exp:
            ratio_axis(axes)
        axes.axvline(back(result.estimate), color=INK, linewidth=0.7)
        axes.plot(back(result.estimates), error, "o", color=INK, markersize=3, markeredgewidth=0)
        if filled is not None:
            extra = filled.filled
            mask = filled.is_filled
            axes.plot(
                back(extra.estimates[mask]), np.sqrt(extra.variances[mask]), "o", markersize=3.2,
                markerfacecolor="white", markeredgecolor=ACCENT, markeredgewidth=0.8,
            )  # fmt: skip
            axes.axvline(back(extra.estimate), color=ACCENT, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.set_ylim(top, 0)
        axes.set_xlabel(xlabel)
        axes.set_ylabel("Standard error")
        axes.legend(frameon=False, loc="upper left", handlelength=1.2, borderaxespad=0.2)
        return finished(figure)


def influence_plot(table, width=COLUMN):
    """Studentised residuals, DFFITS, Cook's distances, covariance ratios and hat values by study.

    `table` comes from `influence_diagnostics`; influential studies are coloured.
    """
    panels = {
        "rstudent": "Student. residual",
        "dffits": "DFFITS",
        "cook_d": "Cook's distance",
        "cov_ratio": "Covariance ratio",
        "tau2_deleted": "τ² without it",
        "hat": "Hat",
    }
    k = len(table)
    colours = np.where(table["influential"].to_numpy(), ACCENT, INK)
    with styled():
        figure = new_figure(width, 2 * (0.5 + 0.11 * k))
        axes = figure.subplots(2, 3, sharey=True)
        place = np.arange(k)
        for panel, (column, title) in zip(axes.flat, panels.items(), strict=True):
            values = table[column].to_numpy()
            panel.hlines(place, 1.0 if column == "cov_ratio" else 0.0, values, colors=PALE, lw=0.6)
            panel.scatter(values, place, c=colours, s=7, linewidths=0, zorder=3)
            panel.set_title(title, fontsize=6, loc="left")
            panel.tick_params(labelsize=5.5)
            panel.locator_params(axis="x", nbins=3)
            panel.set_yticks(place, [shortened(label, LETTERS) for label in table["label"]], fontsize=5.5)
            panel.set_ylim(k - 0.5, -0.5)
        return finished(figure)


def baujat_plot(table, width=COLUMN):
    """Contribution to heterogeneity against influence on the result; `table` comes from `influence.baujat`."""
    with styled():
        figure = new_figure(width, 0.8 * width)
        axes = figure.subplots()
        x, y = table["heterogeneity"].to_numpy(), table["influence"].to_numpy()
        axes.plot(x, y, "o", color=INK, markersize=3, markeredgewidth=0)
        far = np.argsort(-(x / max(x.max(), 1e-12) + y / max(y.max(), 1e-12)))[:3]
        for i in far:
            left = x[i] > x.max() / 2
            axes.annotate(
                str(table["label"].iloc[i]), (x[i], y[i]), xytext=(-4 if left else 4, -2), textcoords="offset points",
                ha="right" if left else "left", fontsize=6,
            )  # fmt: skip
        axes.set_xlabel("Squared Pearson residual")
        axes.set_ylabel("Influence on the result")
        return finished(figure)


def gosh_plot(table, back=None, xlabel="Pooled effect of a subset", width=COLUMN):
    """I² against the pooled effect of all subsets; `table` comes from `influence.gosh`."""
    shown = table[table["k"] > 1]
    with styled():
        figure = new_figure(width, 0.8 * width)
        axes = figure.subplots()
        axes.plot(
            (back or identity)(shown["estimate"].to_numpy()), shown["i2"], ".", color=INK, markersize=1, alpha=0.3
        )
        axes.set_xlabel(xlabel)
        axes.set_ylabel("I² (%)")
        return finished(figure)


def labbe(events1, n1, events2, n2, labels=None, width=COLUMN):
    """L'Abbé plot of two groups' event rates, for tables of counts only."""
    e1, n1, e2, n2 = (np.asarray(values, dtype=float) for values in (events1, n1, events2, n2))
    if not e1.shape == n1.shape == e2.shape == n2.shape:
        raise PoolingError("a L'Abbé plot needs as many events as group sizes: give one of each per study.")
    with styled():
        figure = new_figure(width, width)
        axes = figure.subplots()
        size = 4 + 60 * (n1 + n2) / (n1 + n2).max()
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=0.6)
        axes.scatter(e2 / n2, e1 / n1, s=size, facecolors="none", edgecolors=INK, linewidths=0.7)
        for i, label in enumerate(labels if labels is not None else []):
            axes.annotate(str(label), (e2[i] / n2[i], e1[i] / n1[i]), fontsize=6)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Rate in the comparison group", ylabel="Rate in the first group")
        axes.set_aspect("equal")
        return finished(figure)
