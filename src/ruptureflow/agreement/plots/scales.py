"""Scales and items: reliability within and between patients, floor and ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.agreement.plots.drawing import ACCENT, INK, QUIET, bare, in_words, mark_origin

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WITHIN = {"within-patient": "coded value", "alpha within patients": "alpha", "omega within patients": "omega"}
BETWEEN = {"between-patient": "coded value", "alpha between patients": "alpha", "omega between patients": "omega"}


def plot_reliabilities(reliabilities: pd.DataFrame, limit: float | None, origin: str) -> Figure | None:
    """Reliability within patients (filled) beside that between them (hollow), of coded values and of scales.

    Parameters
    ----------
    reliabilities : hand-over table. limit : the plan's limit of the within-patient reliability, drawn as a line.
    """
    from matplotlib import pyplot as plt

    rows = reliabilities[reliabilities["coefficient"].isin([*WITHIN, *BETWEEN]) & reliabilities["estimate"].notna()]
    if rows.empty:
        return None
    kind = rows["coefficient"].replace(WITHIN | BETWEEN).astype(str)
    scale = rows["scale"].map(in_words)
    names = rows["role"].astype(str) + ": " + scale + kind.map(lambda k: "" if k == "coded value" else f", {k}")
    order = list(dict.fromkeys(names))
    figure, ax = plt.subplots(figsize=(8, 0.36 * len(order) + 1.3), constrained_layout=True)
    for level, offset, face in ((WITHIN, -0.13, INK), (BETWEEN, 0.13, "white")):
        part = rows["coefficient"].isin(list(level))
        at = np.array([order.index(name) for name in names[part]]) + offset
        estimate, low, high = (rows.loc[part, name].to_numpy(dtype=float) for name in ("estimate", "ci_low", "ci_high"))
        known = np.isfinite(low)
        ax.hlines(at[known], np.clip(low[known], -0.5, 1), np.clip(high[known], -0.5, 1), color=INK, lw=1.2)
        label = "within patients" if level is WITHIN else "between patients"
        ax.scatter(np.clip(estimate, -0.5, 1), at, s=26, facecolor=face, edgecolor=INK, zorder=3, label=label)
    if limit is not None:
        ax.axvline(limit, color=QUIET, lw=1, ls="--")
    ax.set(yticks=range(len(order)), xlabel="reliability, interval over patients", xlim=(-0.52, 1.03))
    ax.set_yticklabels(order, fontsize=9)
    ax.invert_yaxis()
    bare(ax)
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9)
    mark_origin(figure, origin)
    return figure


def plot_items(item_statistics: pd.DataFrame, origin: str) -> Figure | None:
    """Every item: share of answers at the lowest and at the highest value, and its correlation with the rest.

    Items of the scale that holds most of them, one row a panel of instrument and role.
    """
    from matplotlib import pyplot as plt

    forms = [
        rows[rows["scale"] == rows["scale"].value_counts().index[0]]
        for _, rows in item_statistics.groupby(["instrument", "role"], sort=False)
    ]
    if not forms:
        return None
    heights = [0.2 * len(rows) + 0.9 for rows in forms]
    figure, axes = plt.subplots(
        len(forms), 2, figsize=(9, sum(heights)), squeeze=False, height_ratios=heights, constrained_layout=True
    )
    for (ends, rest), rows in zip(axes, forms, strict=True):
        at = np.arange(len(rows))
        ends.barh(at, -rows["floor_percent"].to_numpy(dtype=float), color="#7fb2d6", label="floor")
        ends.barh(at, rows["ceiling_percent"].to_numpy(dtype=float), color="#2c5f8a", label="ceiling")
        correlation = rows["item_rest_r"].to_numpy(dtype=float)
        rest.axvline(0.3, color=QUIET, lw=1, ls="--")
        rest.scatter(correlation, at, color=np.where(correlation < 0.3, ACCENT, INK), s=18)
        first = rows.iloc[0]
        reversed_too = [f"{row.item}{' (R)' if row.reversed else ''}" for row in rows.itertuples()]
        ends.set(yticks=at, xlim=(-100, 100), xlabel="% of answers at floor | at ceiling")
        ends.set_yticklabels(reversed_too, fontsize=8)
        ends.set_xticks([-100, -50, 0, 50, 100], ["100", "50", "0", "50", "100"])
        ends.set_title(f"{in_words(first.instrument)}, {first.role}: {in_words(first.scale)}", fontsize=10)
        rest.set(
            yticks=[],
            xlabel="correlation with the scale's other items",
            xlim=(min(0.0, np.nanmin([*correlation, 0])) - 0.05, 1),
        )
        for ax in (ends, rest):
            ax.invert_yaxis()
            bare(ax)
    mark_origin(figure, origin)
    return figure
