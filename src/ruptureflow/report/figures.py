"""The manuscript's figures. Each takes hand-over tables and returns a matplotlib figure; simulated data are marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ruptureflow.tables.models import FITTED, WITHOUT_PRIMARY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WIDTH = 6.7
"""Inches: the text width of the PDF."""
RESOLUTION = 200
BLUE, RED, LIGHT = "#1b4b7a", "#b0322b", "#b9c3cd"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "figure.dpi": RESOLUTION,
    "savefig.dpi": RESOLUTION,
}
SIMULATED = "SIMULATED DATA"


@contextmanager
def drawing() -> Iterator[None]:
    """Draw without a screen, in the house style."""
    import matplotlib

    matplotlib.use("Agg")
    with matplotlib.rc_context(STYLE):
        yield


def save(figure: Figure, path: str) -> None:
    """Write a PNG that has the same bytes every time (no software version, no date).

    Its colours are a palette of 256: a third of the bytes, and no difference that an eye could see in line drawings.
    """
    import matplotlib.pyplot as plt
    from PIL import Image

    figure.set_facecolor("white")
    figure.canvas.draw()
    size = figure.canvas.get_width_height()
    drawn = Image.frombuffer("RGBA", size, figure.canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    palette = drawn.quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(path, format="PNG", optimize=True, dpi=(figure.dpi, figure.dpi))
    plt.close(figure)


def at_text_width(figure: Figure) -> Figure:
    """A figure drawn for a screen in the size it is printed, so that its letters keep their size; its legend below."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(WIDTH, height * WIDTH / width + 0.3)
    legend = figure.axes[0].get_legend()
    if legend is not None:
        legend.remove()
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def mark(figure: Figure, origin: str) -> Figure:
    """Write the watermark across a figure of simulated data."""
    if origin == "simulated":
        figure.text(
            0.5,
            0.5,
            SIMULATED,
            ha="center",
            va="center",
            rotation=18,
            fontsize=30,
            color=RED,
            alpha=0.13,
            weight="bold",
        )
    return figure


def change_by_session(changes: pd.DataFrame, analyte: str, role: str, origin: str) -> Figure:
    """Concentration before and after, a line a person and session; panels by session, the mean in bold."""
    import matplotlib.pyplot as plt

    used = changes[changes["used"].fillna(False) & (changes["analyte"] == analyte) & (changes["role"] == role)]
    sessions = sorted(used["session"].unique())
    with drawing():
        figure, axes = plt.subplots(
            1, len(sessions), figsize=(WIDTH, 2.5), sharey=True, squeeze=False, layout="constrained"
        )
        for axis, session in zip(axes[0], sessions, strict=True):
            rows = used[used["session"] == session]
            for pre, post in zip(rows["pre"], rows["post"], strict=True):
                axis.plot([0, 1], [pre, post], color=BLUE if post >= pre else RED, alpha=0.35, linewidth=0.8)
            axis.plot(
                [0, 1], [rows["pre"].mean(), rows["post"].mean()], color="black", linewidth=2, marker="o", markersize=4
            )
            axis.set_xticks([0, 1], ["before", "after"])
            axis.set_xlim(-0.25, 1.25)
            axis.set_title(f"Session {session}")
        unit = used["unit"].iloc[0] if len(used) else ""
        axes[0][0].set_ylabel(f"{analyte.capitalize()} ({unit})")
        return mark(figure, origin)


def within_slopes(
    sessions: pd.DataFrame, predictor: str, slopes: Mapping[str, float], names: Callable[[str], str], origin: str
) -> Figure:
    """Outcomes over a within-patient predictor, each patient's mean taken off; one panel an outcome with its slope.

    Parameters
    ----------
    slopes : estimate by outcome.
    names : variable → its name in words.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    columns = min(4, len(slopes))
    rows = -(-len(slopes) // columns)
    with drawing():
        figure, axes = plt.subplots(
            rows, columns, figsize=(WIDTH, 2.35 * rows), sharex=True, squeeze=False, layout="constrained"
        )
        for axis in axes.flat[len(slopes) :]:
            axis.set_axis_off()
        for axis, (outcome, slope) in zip(axes.flat, slopes.items(), strict=False):
            known = sessions[["patient", predictor, outcome]].dropna()
            x = known[predictor].astype(float)
            y = known[outcome].astype(float) - known.groupby("patient")[outcome].transform("mean").astype(float)
            axis.axhline(0, color=LIGHT, linewidth=0.7, zorder=0)
            axis.axvline(0, color=LIGHT, linewidth=0.7, zorder=0)
            axis.plot(x, y, "o", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0)
            ends = np.array([x.min(), x.max()]) if len(x) else np.array([0.0, 0.0])
            axis.plot(ends, slope * ends, color=RED, linewidth=1.6)
            axis.set_title(_wrapped(names(outcome), 24))
        for axis in axes[:, 0]:
            axis.set_ylabel("Deviation from own mean")
        figure.supxlabel(_capital(names(predictor)), fontsize=8)
        return mark(figure, origin)


def trajectories(
    ruptures: pd.DataFrame, variable: str, perspective: str, names: Callable[[str], str], origin: str
) -> Figure:
    """Each person's ratings over sessions; ruptures by each criterion on that variable are marked."""
    import matplotlib.pyplot as plt

    rows = ruptures[(ruptures["variable"] == variable) & (ruptures["perspective"] == perspective)]
    criteria = list(dict.fromkeys(rows["criterion"]))
    with drawing():
        figure, axes = plt.subplots(
            1, len(criteria), figsize=(WIDTH, 2.9), sharey=True, squeeze=False, layout="constrained"
        )
        for axis, criterion in zip(axes[0], criteria, strict=True):
            found = rows[rows["criterion"] == criterion]
            for _, person in found.dropna(subset=["value"]).groupby("patient", sort=True):
                axis.plot(person["session"], person["value"], color=LIGHT, linewidth=0.8, zorder=1)
            hits = found[found["rupture"].fillna(False)]
            resolved = hits["resolved"].fillna(False).astype(bool)
            axis.plot(
                hits["session"][~resolved],
                hits["value"][~resolved],
                "v",
                color=RED,
                markersize=4.5,
                label="rupture",
                zorder=2,
            )
            axis.plot(
                hits["session"][resolved],
                hits["value"][resolved],
                "v",
                color=RED,
                markersize=4.5,
                markerfacecolor="white",
                label="rupture, resolved later",
                zorder=2,
            )
            axis.set_title(criterion)
            axis.set_xlabel("Session")
        axes[0][0].set_ylabel(_capital(names(variable)))
        figure.legend(*axes[0][-1].get_legend_handles_labels(), loc="outside lower right", ncols=2)
        return mark(figure, origin)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _wrapped(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(_capital(text), width))


def pairs_of(changes: pd.DataFrame) -> list[tuple[str, str]]:
    """Analytes and roles that have at least one usable change."""
    used = changes[changes["used"].fillna(False)]
    return sorted(set(zip(used["analyte"], used["role"], strict=True)))


def rated_over_time(ruptures: pd.DataFrame) -> list[tuple[str, str]]:
    """Variables and perspectives that criteria of change were applied to (coded ruptures are not a change)."""
    rated = ruptures[ruptures["change"].notna() & ~ruptures["criterion"].isin(("coded", "self-report"))]
    return sorted(set(zip(rated["variable"], rated["perspective"], strict=True)))


def within_slopes_of(
    plan: pd.DataFrame, estimates: pd.DataFrame
) -> dict[tuple[str, str], tuple[str, dict[str, float]]]:
    """Predictor and slope by outcome of every fitted model whose answer is a within-patient slope."""
    found: dict[tuple[str, str], tuple[str, dict[str, float]]] = {}
    fitted = plan[plan["fate"].isin([FITTED, WITHOUT_PRIMARY]) & plan["primary_term"].str.endswith("_within")]
    raw = estimates[estimates["metric"] == "raw"]
    for row in fitted.itertuples():
        same = raw["analysis"].eq(row.analysis) & raw["model"].eq(row.model) & raw["outcome"].eq(row.outcome)
        slopes = raw.loc[same & raw["term"].eq(row.primary_term), "estimate"]
        if len(slopes):
            found.setdefault((row.analysis, row.model), (row.primary_term, {}))[1][row.outcome] = float(slopes.iloc[0])
    return found
