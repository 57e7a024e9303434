"""Figures of one look, and files with the same bytes from run to run."""

from contextlib import contextmanager

from ruptureflow.pooling.errors import PoolingError

COLUMN = 3.5  # inches: one printed column
INK, PALE, ACCENT = "#222222", "#9a9a9a", "#1f5a99"
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "ruptureflow",
    "path.simplify": False,
}


@contextmanager
def styled():
    """The house style for the time a figure is drawn or written; the caller's settings stay as they are."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def new_figure(width=COLUMN, height=2.6):
    """A Figure on an Agg canvas, outside pyplot's global list."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finished(figure):
    """The figure with its layout settled: solved anew at every drawing, it would move by a hair each time."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def save_figure(figure, target, kind):
    """Write a figure as "svg", "pdf" or "png" without dates or random ids.

    Parameters
    ----------
    target : path or binary file object
    """
    if kind not in ("svg", "pdf", "png"):
        raise PoolingError(f"kind={kind!r} is unknown: use 'svg', 'pdf' or 'png'.")
    empty = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    with styled():
        figure.savefig(target, format=kind, metadata=empty[kind], dpi=300)


def identity(value):
    """The scale on which an effect is shown, if none is given."""
    return value


def shortened(text, letters):
    """A name of at most so many letters, cut with an ellipsis: a column of print has no more room."""
    text = str(text)
    return text if len(text) <= letters else text[: letters - 2].rstrip() + " …"


def ratio_axis(axes):
    """A logarithmic horizontal axis: a half lies as far from 1 as 2 does."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
