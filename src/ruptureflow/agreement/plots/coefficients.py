"""Coefficients with both intervals, single markers, and where the variance lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.plots.drawing import ACCENT, INK, QUIET, bare, in_words, mark_origin

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MARKER_COLUMNS = [
    "instrument",
    "code",
    "n_targets",
    "mean",
    "percent_seen",
    "single_coder",
    "mean_of_coders",
    "bootstrap_low",
    "bootstrap_high",
    "note",
]
COMPONENT_COLOURS = {
    "patient": "#2c5f8a",
    "session": "#7fb2d6",
    "coder": "#b2182b",
    "coder_patient": "#e08a6d",
    "residual": "#c8ccd0",
}


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


def markers_of(coefficients: pd.DataFrame, coder_values: pd.DataFrame, totals: list[str]) -> pd.DataFrame:
    """What a trainer asks of every single marker: how often it was seen, and how far coders agree on it.

    Returns
    -------
    DataFrame
        code, n_targets (sessions), mean, percent_seen (coders' values above the least of them), single coder (ICC(2,1))
        and mean of coders (ICC(2,k)), the latter with its interval over patients, and the note; least agreement first.
    """
    icc = coefficients[coefficients["form"].isin(["ICC(2,1)", "ICC(2,k)"]) & ~coefficients["code"].isin(totals)]
    if icc.empty:
        return icc.reindex(columns=MARKER_COLUMNS)
    mean = icc[icc["form"] == "ICC(2,k)"].set_index("code")
    single = icc[icc["form"] == "ICC(2,1)"].set_index("code")["estimate"]
    values = coder_values[coder_values["value"].notna()].groupby("code")["value"]
    # A count's least value is none, a grade's its lowest: what is above it was seen.
    seen = values.apply(
        lambda given: 100 * (given > given.min()).mean() if given.min() > 0 else 100 * (given > 0).mean()
    )
    table = mean.assign(
        mean=values.mean(), percent_seen=seen, single_coder=single, mean_of_coders=mean["estimate"]
    ).reset_index()
    return table.sort_values("mean_of_coders", na_position="first")[MARKER_COLUMNS].reset_index(drop=True)


def plot_markers(markers: pd.DataFrame, limit: float | None, origin: str) -> Figure | None:
    """Forest of the single markers: ICC of the mean of coders with its interval over patients, beside how often seen.

    Parameters
    ----------
    markers : as `markers_of` gives them. limit : the plan's limit, drawn as a line.
    """
    from matplotlib import pyplot as plt

    if markers.empty or markers["mean_of_coders"].isna().all():
        return None
    at = np.arange(len(markers))
    figure, (forest, bars) = plt.subplots(
        1,
        2,
        figsize=(9, 0.23 * len(markers) + 1.1),
        sharey=True,
        width_ratios=[3, 1],
        constrained_layout=True,
    )
    estimate, low, high = (
        markers[name].to_numpy(dtype=float) for name in ("mean_of_coders", "bootstrap_low", "bootstrap_high")
    )
    weak = estimate < limit if limit is not None else np.zeros(len(at), dtype=bool)
    colours = np.where(weak, ACCENT, INK)
    shown = np.isfinite(low)
    forest.hlines(at[shown], np.maximum(low[shown], -1), high[shown], color=colours[shown], lw=1.4)
    forest.scatter(np.where(estimate < -1, np.nan, estimate), at, color=colours, s=18, zorder=3)
    for place in at[~np.isfinite(estimate)]:
        forest.text(0, place, "not computable", fontsize=7, va="center", color=QUIET)
    if limit is not None:
        forest.axvline(limit, color=QUIET, lw=1, ls="--")
    forest.axvline(0, color=QUIET, lw=0.8)
    forest.set(
        xlim=(min(-0.02, np.nanmin(np.maximum([*low[shown], *estimate], -1))), 1.02),
        xlabel="ICC of the mean of coders, interval over patients",
        yticks=at,
    )
    forest.set_yticklabels([in_words(code) for code in markers["code"]], fontsize=8)
    bars.barh(at, markers["percent_seen"], color=QUIET)
    bars.set(xlabel="% of values where seen", xlim=(0, 100))
    forest.invert_yaxis()
    for ax in (forest, bars):
        bare(ax)
    mark_origin(figure, origin)
    return figure
