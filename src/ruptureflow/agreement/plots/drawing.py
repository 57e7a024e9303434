"""What all figures of agreement share: colours, the mark of simulated data, points that show how many coincide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, QUIET = "#222222", "#b2182b", "#9aa5b1"


def mark_origin(figure: Figure, origin: str) -> None:
    """Write SIMULATED DATA across the figure of a simulated wave."""
    if origin == "simulated":
        size = min(34.0, 5.5 * figure.get_figwidth())
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=25, ha="center", va="center", fontsize=size, color=INK, alpha=0.12
        )


def spots(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Points whose area grows with how many coincide: counts and grades fall on few places."""
    places, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    ax.scatter(places[:, 0], places[:, 1], s=12 * counts, color=INK, alpha=0.5, lw=0)


def bare(ax: Axes) -> None:
    """Leave out the frame's upper and right side."""
    ax.spines[["top", "right"]].set_visible(False)


def in_words(name: object) -> str:
    """An id as words."""
    return str(name).replace("_", " ")


def close() -> None:
    """Close every figure, so that a notebook shows each once and keeps none in memory."""
    from matplotlib import pyplot as plt

    plt.close("all")
