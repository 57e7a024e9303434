"""What a clinician looks at: every patient's course with ruptures and repairs, and how often a criterion finds one.

Every function takes hand-over tables of ruptures and returns a figure, or None where there is nothing to draw;
`origin` simulated marks the figure as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

INK, ACCENT, QUIET = "#222222", "#b2182b", "#9aa5b1"
CRITERION_COLOURS = ("#b2182b", "#2c5f8a", "#d98a1f", "#1b7837", "#7b3294", "#555555", "#c51b7d")
COLUMNS = 6


def mark_origin(figure: Figure, origin: str) -> None:
    """Write SIMULATED DATA across the figure of a simulated wave."""
    if origin == "simulated":
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=25, ha="center", va="center", fontsize=34, color=INK, alpha=0.12
        )


def courses_of(ruptures: pd.DataFrame) -> list[tuple[str, str]]:
    """Perspective and variable of everything the table holds, in its order."""
    return list(dict.fromkeys(ruptures[["perspective", "variable"]].itertuples(index=False, name=None)))


def plot_courses(ruptures: pd.DataFrame, course: tuple[str, str], origin: str) -> Figure | None:
    """One panel a patient: the variable by session, with the ruptures and resolutions of every criterion on it.

    All panels share their scales and lie in one coordinate system: 37 patients draw in half a second instead of five.

    Parameters
    ----------
    ruptures : hand-over table. course : perspective and variable. origin : real or simulated.
    """
    from matplotlib import pyplot as plt
    from matplotlib.collections import LineCollection

    perspective, variable = course
    rows = ruptures[(ruptures["perspective"] == perspective) & (ruptures["variable"] == variable)]
    rows = rows[rows["value"].notna()].sort_values(["patient", "session"])
    if rows.empty:
        return None
    patients = list(dict.fromkeys(rows["patient"]))
    place = {patient: divmod(i, COLUMNS) for i, patient in enumerate(patients)}
    session, value = rows["session"].to_numpy(dtype=float), rows["value"].to_numpy(dtype=float)
    x = _share(session, session) + 1.12 * np.array([place[patient][1] for patient in rows["patient"]])
    y = _share(value, value) - 1.35 * np.array([place[patient][0] for patient in rows["patient"]])
    height = -(-len(patients) // COLUMNS)
    figure, ax = plt.subplots(figsize=(11, 1.25 * height + 1.1), constrained_layout=True)
    criteria = list(dict.fromkeys(rows["criterion"]))
    one = (rows["criterion"] == criteria[0]).to_numpy()
    owner = rows["patient"].to_numpy()
    ax.add_collection(
        LineCollection([np.column_stack([x, y])[one & (owner == p)] for p in patients], colors=INK, linewidths=0.9)
    )
    ax.plot(x[one], y[one], "o", color=INK, ms=1.8)
    for j, criterion in enumerate(criteria):
        own = (rows["criterion"] == criterion).to_numpy()
        found = own & rows["rupture"].fillna(False).to_numpy(dtype=bool)
        colour, size = CRITERION_COLOURS[j % len(CRITERION_COLOURS)], max(9 - 3 * j, 3)
        ax.plot(x[found], y[found], "v", color=colour, ms=size, alpha=0.85, label=f"{criterion}: rupture")
        came_back = _rows_that_resolve(rows[own])
        back = own & np.fromiter(((p, s) in came_back for p, s in zip(owner, session, strict=True)), bool, len(rows))
        ax.plot(x[back], y[back] + 0.06, "^", mfc="none", mec=colour, ms=size, label=f"{criterion}: resolved")
    for patient, (row, column) in place.items():
        ax.text(1.12 * column, 1.06 - 1.35 * row, str(patient), fontsize=7, color=INK)
        ax.plot([1.12 * column, 1.12 * column + 1], [-0.06 - 1.35 * row] * 2, color=QUIET, lw=0.6)
    ax.set_axis_off()
    ax.set_title(
        f"{variable.replace('_', ' ')} of the {perspective}: {value.min():g} to {value.max():g}, "
        f"sessions {session.min():g} to {session.max():g}",
        fontsize=10,
    )
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4, frameon=False, fontsize=8)
    mark_origin(figure, origin)
    return figure


def _share(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    span = np.ptp(of)
    return (values - of.min()) / span if span > 0 else np.full(len(values), 0.5)


def _rows_that_resolve(rows: pd.DataFrame) -> set[tuple[str, float]]:
    resolved = rows[rows["resolved_session"].notna()]
    return set(zip(resolved["patient"], resolved["resolved_session"].astype(float), strict=True))


def plot_base_rates(base_rates: pd.DataFrame, origin: str) -> Figure | None:
    """Share of judged sessions with a rupture by criterion and perspective, with intervals over patients."""
    from matplotlib import pyplot as plt

    if base_rates.empty:
        return None
    figure, ax = plt.subplots(figsize=(7.5, 0.42 * len(base_rates) + 1.2), constrained_layout=True)
    at = np.arange(len(base_rates))
    share = base_rates["percent_sessions"].to_numpy(dtype=float)
    ax.barh(at, share, color=QUIET, height=0.6)
    ax.hlines(at, base_rates["percent_low"].to_numpy(float), base_rates["percent_high"].to_numpy(float), color=INK)
    labels = [
        f"{row.criterion}: {str(row.variable).replace('_', ' ')}, {row.perspective}" for row in base_rates.itertuples()
    ]
    for place, row in zip(at, base_rates.itertuples(), strict=True):
        ax.annotate(
            f"{row.n_ruptures}/{row.n_sessions}, {row.n_resolved} resolved",
            (101, place),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
    ax.set(yticks=at, yticklabels=labels, xlim=(0, 100), xlabel="% of judged sessions with a rupture")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    mark_origin(figure, origin)
    return figure


def plot_agreement(perspective_agreement: pd.DataFrame, origin: str) -> Figure | None:
    """Kappa of every two criteria and perspectives, with intervals over patients."""
    from matplotlib import pyplot as plt

    rows = perspective_agreement[perspective_agreement["kappa"].notna()]
    if rows.empty:
        return None
    figure, ax = plt.subplots(figsize=(8.5, 0.34 * len(rows) + 1.2), constrained_layout=True)
    at = np.arange(len(rows))
    ax.axvline(0, color=QUIET, lw=0.8)
    ax.hlines(at, rows["kappa_low"].to_numpy(float), rows["kappa_high"].to_numpy(float), color=INK)
    ax.plot(rows["kappa"].to_numpy(float), at, "o", color=ACCENT, ms=5)
    labels = [f"{row.first} · {row.second}" for row in rows.itertuples()]
    ax.set(yticks=at, yticklabels=labels, xlabel="kappa over the sessions both judged")
    ax.tick_params(axis="y", labelsize=7)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    mark_origin(figure, origin)
    return figure


def close() -> None:
    """Close every figure, so that a notebook shows each once and keeps none in memory."""
    from matplotlib import pyplot as plt

    plt.close("all")
