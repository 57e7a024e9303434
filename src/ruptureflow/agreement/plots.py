"""What a coder trainer looks at: coders against each other, coefficients with both intervals, where variance lies.

Every function takes hand-over tables of agreement and returns a figure, or None where there is nothing to draw;
`origin` simulated marks the figure as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, QUIET = "#222222", "#b2182b", "#9aa5b1"
COMPONENT_COLOURS = {
    "patient": "#2c5f8a",
    "session": "#7fb2d6",
    "coder": "#b2182b",
    "coder_patient": "#e08a6d",
    "residual": "#c8ccd0",
}


def mark_origin(figure: Figure, origin: str) -> None:
    """Write SIMULATED DATA across the figure of a simulated wave."""
    if origin == "simulated":
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=25, ha="center", va="center", fontsize=34, color=INK, alpha=0.12
        )


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
        _spots(scatter, first, second)
        scatter.set(xlabel=f"coder {pair.first}", ylabel=f"coder {pair.second}", title=code.replace("_", " "))
        _spots(difference, (first + second) / 2, first - second)
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


def plot_coefficients(coefficients: pd.DataFrame, codes: list[str], limit: float | None, origin: str) -> Figure | None:
    """Forest of the intraclass correlations: dots with classical intervals, and below them those over patients.

    Parameters
    ----------
    coefficients : hand-over table. codes : totals to show, in order. limit : the plan's limit, drawn as a line.
    """
    from matplotlib import pyplot as plt

    rows = coefficients[coefficients["code"].isin(codes) & coefficients["form"].str.fullmatch(r"ICC\(.,.\)")]
    rows = rows[rows["estimate"].notna()]
    if rows.empty:
        return None
    shown = [code for code in codes if (rows["code"] == code).any()]
    columns = min(len(shown), 4)
    height = -(-len(shown) // columns)
    figure, axes = plt.subplots(
        height,
        columns,
        figsize=(2.4 * columns + 0.8, 2.6 * height + 0.5),
        squeeze=False,
        sharey=True,
        constrained_layout=True,
    )
    for ax in axes.ravel()[len(shown) :]:
        ax.set_visible(False)
    forms = list(dict.fromkeys(rows["form"]))
    for ax, code in zip(axes.ravel(), shown, strict=False):
        for row in rows[rows["code"] == code].itertuples():
            at = -forms.index(row.form)
            colour = ACCENT if row.headline else INK
            ax.plot([row.ci_low, row.ci_high], [at, at], color=colour, lw=1.6)
            ax.plot([row.bootstrap_low, row.bootstrap_high], [at - 0.22] * 2, color=colour, lw=1.2, ls=":")
            ax.plot(row.estimate, at, "o", color=colour, ms=5)
        if limit is not None:
            ax.axvline(limit, color=QUIET, lw=1, ls="--")
        ax.set(title=code.replace("_", " "), yticks=[-i for i in range(len(forms))], yticklabels=forms)
        ax.set_xlim(min(0, float(rows["ci_low"].min()), float(rows["bootstrap_low"].min(skipna=True) or 0)), 1.02)
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("solid: classical, independent sessions · dotted: bootstrap over patients · red: analysed value")
    mark_origin(figure, origin)
    return figure


def plot_variances(coder_variances: pd.DataFrame, origin: str) -> Figure | None:
    """Shares of variance of every total: patient, session within patient, coder, coder × patient, residual."""
    from matplotlib import pyplot as plt

    rows = coder_variances[coder_variances["share"].notna()]
    if rows.empty:
        return None
    codes = list(dict.fromkeys(rows["code"]))
    figure, ax = plt.subplots(figsize=(8, 0.5 * len(codes) + 1.4), constrained_layout=True)
    left = np.zeros(len(codes))
    for component, colour in COMPONENT_COLOURS.items():
        part = rows[rows["component"] == component].set_index("code")["share"].reindex(codes).fillna(0).to_numpy(float)
        ax.barh(range(len(codes)), part, left=left, color=colour, label=component.replace("_", " × "))
        left += part
    ax.set(yticks=range(len(codes)), yticklabels=[c.replace("_", " ") for c in codes], xlabel="% of variance")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9)
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


def codes_compared(coder_pairs: pd.DataFrame) -> list[str]:
    """Totals that at least two coders share sessions of."""
    return list(dict.fromkeys(coder_pairs["code"]))


def _spots(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Points whose area grows with how many coincide: counts and grades fall on few places."""
    places, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    ax.scatter(places[:, 0], places[:, 1], s=12 * counts, color=INK, alpha=0.5, lw=0)


def _wide(coder_values: pd.DataFrame, code: str) -> pd.DataFrame:
    rows = coder_values[coder_values["code"] == code]
    return rows.pivot(index=["patient", "session"], columns="coder", values="value").astype("float64")


def close() -> None:
    """Close every figure, so that a notebook shows each once and keeps none in memory."""
    from matplotlib import pyplot as plt

    plt.close("all")
