"""Plots of pools: each function returns a matplotlib Figure; `save_figure` writes the same bytes every time.

matplotlib is imported when the first figure is made, never with the package.
"""

from ruptureflow.pooling.plots.canvas import save_figure
from ruptureflow.pooling.plots.forest import cumulative_forest, forest, leave_one_out_forest
from ruptureflow.pooling.plots.scatter import baujat_plot, funnel, gosh_plot, influence_plot, labbe

__all__ = [
    "baujat_plot",
    "cumulative_forest",
    "forest",
    "funnel",
    "gosh_plot",
    "influence_plot",
    "labbe",
    "leave_one_out_forest",
    "save_figure",
]
