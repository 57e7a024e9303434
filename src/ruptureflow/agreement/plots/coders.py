"""Coders against each other: pairs, bias, drift over sessions and over the order of coding, grades side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.plots.drawing import ACCENT, INK, QUIET, bare, in_words, mark_origin, spots

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_GRADES = 12
"""A value with more grades than this is no rating: its pairs are points, not a table."""


def codes_compared(coder_pairs: pd.DataFrame) -> list[str]:
    """Totals that at least two coders share sessions of."""
    return list(dict.fromkeys(coder_pairs["code"]))


def plot_coder_pairs(coder_values: pd.DataFrame, coder_pairs: pd.DataFrame, code: str, origin: str) -> Figure | None:
    """Each pair of coders: one against the other, and their difference against their mean (Bland–Altman).

    Parameters
    ----------
    coder_values, coder_pairs : hand-over tables.
    code : a total of the coding system.
    origin : real or simulated.
    """
    from matplotlib import pyplot as plt

    pairs = coder_pairs[coder_pairs["code"] == code]
    if pairs.empty:
        return None
    wide = _wide(coder_values, code)
    height = 3.3 * len(pairs)
    figure, axes = plt.subplots(len(pairs), 2, figsize=(8.5, height), squeeze=False)
    figure.subplots_adjust(left=0.08, right=0.98, top=1 - 0.3 / height, bottom=0.55 / height, hspace=0.42)
    for (scatter, difference), pair in zip(axes, pairs.itertuples(), strict=True):
        both = wide[[pair.first, pair.second]].dropna()
        first, second = both[pair.first].to_numpy(dtype=float), both[pair.second].to_numpy(dtype=float)
        low, high = min(first.min(), second.min()), max(first.max(), second.max())
        scatter.plot([low, high], [low, high], color=QUIET, lw=1)
        spots(scatter, first, second)
        scatter.set(xlabel=f"coder {pair.first}", ylabel=f"coder {pair.second}", title=code.replace("_", " "))
        spots(difference, (first + second) / 2, first - second)
        difference.axhline(pair.bias, color=ACCENT, lw=1.2)
        difference.axhspan(pair.bias_low, pair.bias_high, color=ACCENT, alpha=0.12, lw=0)
        for limit in (pair.limits_low, pair.limits_high):
            difference.axhline(limit, color=ACCENT, lw=1, ls="--")
        difference.axhline(0, color=QUIET, lw=0.8)
        difference.set(xlabel="mean of both", ylabel=f"{pair.first} − {pair.second}", title="bias, limits of agreement")
        for ax in (scatter, difference):
            ax.spines[["top", "right"]].set_visible(False)
    mark_origin(figure, origin)
    return figure


def plot_biases(coder_biases: pd.DataFrame, origin: str) -> Figure | None:
    """Bias and drift of every coder in every total, in SDs of the coder's values, with intervals over patients."""
    from matplotlib import pyplot as plt

    rows = coder_biases[coder_biases["bias"].notna() & (coder_biases["sd"] > 0)]
    if rows.empty:
        return None
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 0.24 * len(rows) + 1.2), sharey=True, constrained_layout=True)
    at, sd = np.arange(len(rows)), rows["sd"].to_numpy(dtype=float)
    for ax, quantity, label in zip(axes, ("bias", "drift"), ("bias, SD", "drift, SD per session"), strict=True):
        low, middle, high = (
            rows[name].to_numpy(dtype=float) / sd for name in (f"{quantity}_low", quantity, f"{quantity}_high")
        )
        clear = (low > 0) | (high < 0)
        ax.axvline(0, color=QUIET, lw=0.8)
        ax.hlines(at, low, high, color=np.where(clear, ACCENT, INK))
        ax.scatter(middle, at, color=np.where(clear, ACCENT, INK), s=16, zorder=3)
        ax.set_xlabel(label)
        ax.spines[["top", "right"]].set_visible(False)
    labels = [f"{str(row.code).replace('_', ' ')}, coder {row.coder}" for row in rows.itertuples()]
    axes[0].set(yticks=at, yticklabels=labels)
    axes[0].tick_params(axis="y", labelsize=8)
    axes[0].invert_yaxis()
    mark_origin(figure, origin)
    return figure


def plot_drift(coder_values: pd.DataFrame, coder_biases: pd.DataFrame, code: str, origin: str) -> Figure | None:
    """Every coder's deviation from the other coders of a session, by session number and by the order of coding.

    Lines are least squares, red where the slope's interval over patients leaves out zero. The second row is drawn where
    sheets bear a date.

    Parameters
    ----------
    coder_values, coder_biases : hand-over tables. code : a total of the coding system. origin : real or simulated.
    """
    from matplotlib import pyplot as plt

    biases = coder_biases[(coder_biases["code"] == code) & coder_biases["drift"].notna()]
    rows = _deviations(coder_values, code)
    if biases.empty or rows.empty:
        return None
    dated = bool(biases["coding_drift"].notna().any())
    places = [("session", "drift", 1.0, "session")]
    if dated:
        places.append(("sheet", "coding_drift", 10.0, "place in the coder's order of coding"))
    figure, axes = plt.subplots(
        len(places),
        len(biases),
        figsize=(min(3.4 * len(biases) + 0.6, 11), 2.7 * len(places) + 0.3),
        squeeze=False,
        sharey=True,
        sharex="row",
        constrained_layout=True,
    )
    for line, (where, slope, unit, label) in zip(axes, places, strict=True):
        for ax, coder in zip(line, biases.itertuples(), strict=True):
            own = rows[(rows["coder"] == coder.coder) & rows[where].notna()]
            at, deviation = own[where].to_numpy(dtype=float), own["deviation"].to_numpy(dtype=float)
            ax.axhline(0, color=QUIET, lw=0.8)
            if len(own) and np.isfinite(getattr(coder, slope)):
                spots(ax, at, deviation)
                per_step, low, high = (getattr(coder, slope + end) / unit for end in ("", "_low", "_high"))
                ends = np.array([at.min(), at.max()])
                colour = ACCENT if low > 0 or high < 0 else INK
                ax.plot(ends, deviation.mean() + per_step * (ends - at.mean()), color=colour, lw=1.6)
            ax.set(title=f"coder {coder.coder}", xlabel=label)
            bare(ax)
        line[0].set_ylabel(f"{in_words(code)},\ncoder − others")
    mark_origin(figure, origin)
    return figure


def plot_grades(coder_values: pd.DataFrame, coder_pairs: pd.DataFrame, code: str, origin: str) -> Figure | None:
    """Confusion matrix of every pair of coders: sessions by the grade of the first and of the second.

    Drawn where the value has whole grades, and twelve of them at most; None otherwise.
    """
    from matplotlib import pyplot as plt

    pairs = coder_pairs[coder_pairs["code"] == code]
    wide = _wide(coder_values, code)
    given = wide.to_numpy()[~np.isnan(wide.to_numpy())]
    if pairs.empty or (given % 1 != 0).any() or np.ptp(given) + 1 > MOST_GRADES:
        return None
    grades = np.arange(given.min(), given.max() + 1)
    side = 0.34 * len(grades) + 1.3
    figure, axes = plt.subplots(
        1, len(pairs), figsize=(side * len(pairs), side), squeeze=False, constrained_layout=True
    )
    for ax, pair in zip(axes[0], pairs.itertuples(), strict=True):
        both = wide[[pair.first, pair.second]].dropna().to_numpy()
        counts = np.zeros((len(grades), len(grades)), dtype=int)
        np.add.at(counts, tuple((both - grades[0]).astype(int).T), 1)
        _confusion(ax, counts, grades)
        same = 100 * np.trace(counts) / max(counts.sum(), 1)
        ax.set(xlabel=f"coder {pair.second}", ylabel=f"coder {pair.first}")
        ax.set_title(f"{in_words(code)}\n{same:.0f} % the same", fontsize=10)
    mark_origin(figure, origin)
    return figure


def _confusion(ax: Axes, counts: np.ndarray, grades: np.ndarray) -> None:
    ax.imshow(counts, cmap="Blues", vmin=0, vmax=max(counts.max(), 1) * 1.3, origin="lower")
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                ax.text(j, i, count, ha="center", va="center", fontsize=8, color=INK)
    labels = [f"{grade:g}" for grade in grades]
    ax.set(xticks=range(len(grades)), xticklabels=labels, yticks=range(len(grades)), yticklabels=labels)
    ax.plot([-0.5, len(grades) - 0.5], [-0.5, len(grades) - 0.5], color=QUIET, lw=0.8)


def _deviations(coder_values: pd.DataFrame, code: str) -> pd.DataFrame:
    """Deviation of every coder's value from the mean of the others, session, and place in the order of coding."""
    rows = coder_values[(coder_values["code"] == code) & coder_values["value"].notna()]
    sheet = rows.groupby("coder")["coded_on"].rank(method="average") - 1
    sessions = rows.groupby(["patient", "session"])["value"]
    n = sessions.transform("size")
    others = (sessions.transform("sum") - rows["value"]) / (n - 1).where(n > 1)
    return rows.assign(deviation=rows["value"] - others, sheet=sheet)[n > 1]


def _wide(coder_values: pd.DataFrame, code: str) -> pd.DataFrame:
    rows = coder_values[coder_values["code"] == code]
    return rows.pivot(index=["patient", "session"], columns="coder", values="value").astype("float64")
