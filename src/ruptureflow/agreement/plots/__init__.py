"""What a coder trainer looks at: coders against each other, coefficients with both intervals, where variance lies.

Every function takes hand-over tables of agreement and returns a figure, or None where there is nothing to draw;
`origin` simulated marks the figure as such.
"""

from ruptureflow.agreement.plots.coders import codes_compared, plot_biases, plot_coder_pairs, plot_drift, plot_grades
from ruptureflow.agreement.plots.coefficients import markers_of, plot_coefficients, plot_markers, plot_variances
from ruptureflow.agreement.plots.drawing import close
from ruptureflow.agreement.plots.scales import plot_items, plot_reliabilities

__all__ = [
    "close",
    "codes_compared",
    "markers_of",
    "plot_biases",
    "plot_coder_pairs",
    "plot_coefficients",
    "plot_drift",
    "plot_grades",
    "plot_items",
    "plot_markers",
    "plot_reliabilities",
    "plot_variances",
]
