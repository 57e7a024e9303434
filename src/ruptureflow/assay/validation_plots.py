"""Plots of what validates an assay: precision profile, recovery, dilution series, repeats, wells of a plate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.plots import BAD, GOOD, LARGEST_PANELS, LINE, SHADE, _finished, _nothing, _panels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WELL = re.compile(r"([A-P])0*([1-9][0-9]?)")


def precision_profile(concentrations: pd.DataFrame, limit: float = 20.0, origin: str = "simulated") -> Figure:
    """CV of one tube over concentration: what the run's replicates say (line) and each sample's own CV (points)."""
    shown = concentrations[(concentrations["concentration"] > 0) & concentrations["replicate_std_error"].notna()]
    if shown.empty:
        return _nothing("No signals came for this wave: no precision profile can be drawn.", origin)
    parts = list(shown.groupby("analyte", sort=True))
    figure, axes = _panels(len(parts), 1, (7, 3.4))
    for axis, (analyte, group) in zip(axes, parts, strict=True):
        axis.plot(group["concentration"], group["cv"], ".", color=GOOD, alpha=0.5, markersize=4, label="CV of a sample")
        for number, (_, run) in enumerate(group.groupby("run", sort=False)):
            run = run.sort_values("concentration")
            tube = 100 * run["replicate_std_error"] / run["concentration"] * np.sqrt(run["n_replicates"].astype(float))
            axis.plot(
                run["concentration"],
                tube,
                color=LINE,
                linewidth=0.8,
                label="a run's replicates" if not number else None,
            )
        axis.axhline(limit, color=BAD, linestyle="--", linewidth=0.8, label=f"{limit:g} %")
        lloq = group["lloq"].dropna()
        if len(lloq):
            axis.axvline(float(lloq.median()), color=LINE, linestyle=":", linewidth=0.9, label="median LLOQ")
        axis.set_xscale("log")
        axis.set_ylim(0, None)
        axis.set_xlabel(f"{analyte} ({group['unit'].iloc[0]})")
        axis.set_ylabel("CV of one tube (%)")
        axis.legend(fontsize=6, frameon=False)
    return _finished(figure, origin, len(parts))


def recovery(table: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Recovery of every spiked pool with its standard error, and the mean that concentrations are divided by."""
    if table.empty:
        return _nothing("No spiked pools came for this wave: the recovery is the one that the wave declares.", origin)
    parts = list(table.groupby("analyte", sort=True))
    figure, axes = _panels(len(parts), 1, (7, 3.0))
    for axis, (analyte, group) in zip(axes, parts, strict=True):
        place = np.arange(len(group))
        axis.errorbar(place, group["recovery"], yerr=group["std_error"].fillna(0), fmt="o", color=GOOD, capsize=3)
        mean = float(group["recovery"].mean())
        axis.axhline(mean, color=LINE, linewidth=0.9, label=f"mean {mean:.1f} %")
        axis.axhline(100, color=LINE, linestyle=":", linewidth=0.8)
        axis.set_xticks(
            place, [f"{pool}, + {spike:g}" for pool, spike in zip(group["pool"], group["spike"], strict=True)]
        )
        axis.set_ylabel(f"recovery of {analyte} (%)")
        axis.legend(fontsize=7, frameon=False)
    return _finished(figure, origin, len(parts))


def dilution_series(
    concentrations: pd.DataFrame, samples: pd.DataFrame, parallelism: pd.DataFrame, origin: str = "simulated"
) -> Figure:
    """Every diluted specimen: dose read against the share of specimen in the tube, beside the line of slope 1."""
    if parallelism.empty:
        return _nothing("No specimen was measured at three dilutions in one run: parallelism is not known.", origin)
    from matplotlib.ticker import LogFormatter

    keys = ["analyte", "patient", "role", "session", "occasion", "run"]
    own = concentrations.merge(samples[["sample", "analyte", "dilution"]], on=["sample", "analyte"], how="left")
    shown = list(parallelism.itertuples())[:LARGEST_PANELS]
    figure, axes = _panels(len(shown), 4, (2.6, 2.4))
    for axis, row in zip(axes, shown, strict=False):
        mine = own[np.logical_and.reduce([own[key].eq(getattr(row, key)).fillna(False) for key in keys])]
        share = 1 / mine["dilution"].to_numpy(dtype=float)
        dose = mine["concentration"].to_numpy(dtype=float) * share
        axis.loglog(share, dose, "o", color=GOOD if row.parallel else BAD, markersize=4)
        line = np.array([share.min(), share.max()])
        axis.loglog(line, line * np.exp(np.mean(np.log(dose / share))), color=LINE, linewidth=0.9)
        axis.set_title(f"{row.patient} {row.session} {row.occasion}: slope {row.slope:.2f}", fontsize=7)
        shares = sorted(set(share))
        axis.set_xticks(shares, [f"1/{1 / each:g}" for each in shares])
        axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
        axis.tick_params(which="both", labelsize=6)
    figure.supxlabel("share of specimen in the tube", fontsize=8)
    figure.supylabel("dose read", fontsize=8)
    return _finished(figure, origin, len(shown))


def repeats(reanalysis: pd.DataFrame, limit: float = 30.0, origin: str = "simulated") -> Figure:
    """Samples measured again: difference of the repeat from the first, in % of the mean of both."""
    if reanalysis.empty:
        return _nothing("No sample was measured again in a later run.", origin)
    figure, axes = _panels(1, 1, (7, 3.0))
    mean = (reanalysis["first"] + reanalysis["repeat"]) / 2
    axes[0].axhspan(-limit, limit, color=SHADE, zorder=0, label=f"± {limit:g} %")
    for within, colour in ((True, GOOD), (False, BAD)):
        part = reanalysis["within_limits"].eq(within).fillna(False).to_numpy(dtype=bool)
        axes[0].plot(mean[part], reanalysis["difference"][part], "o", color=colour, markersize=4)
    axes[0].axhline(0, color=LINE, linewidth=0.7)
    axes[0].set_xscale("log")
    axes[0].set_xlabel(f"mean of both ({reanalysis['unit'].iloc[0]})")
    axes[0].set_ylabel("repeat − first (%)")
    share = float(reanalysis["share_within"].iloc[0])
    axes[0].set_title(f"{share:.0f} % within; two thirds are needed", fontsize=8)
    axes[0].legend(fontsize=7, frameon=False)
    return _finished(figure, origin)


def well_deviations(signals: pd.DataFrame) -> pd.DataFrame:
    """Each well's signal against the mean of its replicates, with its place on the plate.

    Returns
    -------
    DataFrame
        run, row, column (from 1), deviation (% of the replicates' mean), edge (outermost row or column of an 8×12 or
        16×24 plate). Empty where positions are no wells, such as the tube numbers of a counter.
    """
    import pandas as pd

    place = signals["position"].astype("string").str.extract(f"^{WELL.pattern}$")
    if signals.empty or place[0].isna().all():
        return pd.DataFrame(columns=["run", "row", "column", "deviation", "edge"])
    label = (
        signals["content"].astype("string")
        + " "
        + signals["sample"].fillna(signals["level"]).fillna("").astype("string")
    )
    mean = signals.groupby([signals["analyte"], signals["run"], label])["signal"]
    keep = place[0].notna() & signals["signal"].notna() & (mean.transform("count") > 1) & (mean.transform("mean") > 0)
    frame = pd.DataFrame(
        {
            "run": signals["run"],
            "row": place[0].fillna("A").map(lambda letter: ord(letter) - ord("A") + 1),
            "column": place[1].astype("Int64"),
            "deviation": 100 * (signals["signal"] / mean.transform("mean") - 1),
        }
    )[keep]
    rows, columns = (8, 12) if frame["row"].max() <= 8 and frame["column"].max() <= 12 else (16, 24)
    return frame.assign(edge=frame["row"].isin([1, rows]) | frame["column"].isin([1, columns])).reset_index(drop=True)


def plate_map(signals: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Mean deviation of every well from its replicates over all plates, and the edge's against the inside's."""
    wells = well_deviations(signals)
    if wells.empty:
        return _nothing("Positions are no wells of a plate: an edge effect cannot be seen.", origin)
    mean = wells.groupby(["row", "column"])["deviation"].mean()
    rows, columns = (8, 12) if wells["row"].max() <= 8 and wells["column"].max() <= 12 else (16, 24)
    grid = np.full((rows, columns), np.nan)
    for (row, column), value in mean.items():
        grid[row - 1, column - 1] = value
    figure, axes = _panels(1, 1, (7.5, 4.2))
    reach = max(float(np.nanmax(np.abs(grid))), 1e-9)
    image = axes[0].imshow(grid, cmap="RdBu_r", vmin=-reach, vmax=reach)
    axes[0].set_xticks(range(columns), range(1, columns + 1), fontsize=7)
    axes[0].set_yticks(range(rows), [chr(ord("A") + row) for row in range(rows)], fontsize=7)
    edge, inside = (wells.loc[wells["edge"] == is_edge, "deviation"].to_numpy(dtype=float) for is_edge in (True, False))
    if edge.size > 1 and inside.size > 1:
        error = np.sqrt(edge.var(ddof=1) / edge.size + inside.var(ddof=1) / inside.size)
        axes[0].set_title(
            f"{wells['run'].nunique()} plates; edge − inside {edge.mean() - inside.mean():+.2f} % (SE {error:.2f})",
            fontsize=9,
        )
    figure.colorbar(image, ax=axes[0], label="deviation from the replicates' mean (%)", shrink=0.8)
    return _finished(figure, origin, len(figure.axes))
