"""The plots a lab head looks at, drawn from the hand-over tables of assay; each returns a matplotlib Figure.

Every function takes `origin`: figures of simulated waves carry a watermark. A table without rows gives a figure that
says what is missing instead of an empty frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ruptureflow.assay.logistic import log_dose_at, predict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GOOD, BAD, LINE, SHADE = "#1b6e8c", "#c0392b", "#333333", "#dfe8ec"
LARGEST_PANELS = 96


def standard_curves(
    curves: pd.DataFrame, standards: pd.DataFrame, concentrations: pd.DataFrame, origin: str = "simulated"
) -> Figure:
    """Each run's curve on a log dose axis: standards, samples on it, LOD, the range LLOQ to ULOQ."""
    fitted = curves[curves["model"].notna()]
    if fitted.empty:
        return _nothing("No signals came for this wave: no standard curve can be drawn.", origin)
    figure, axes = _panels(len(fitted), 3, (4.2, 3.3))
    for axis, curve in zip(axes, fitted.itertuples(), strict=False):
        own = standards[(standards["run"] == curve.run) & (standards["analyte"] == curve.analyte)]
        theta = np.array(
            [[curve.zero_dose_signal, curve.infinite_dose_signal, np.log(curve.midpoint), np.log(curve.slope)]]
        )
        if curve.model == "5pl":
            theta = np.append(theta, [[np.log(curve.asymmetry)]], axis=1)
        lowest, highest = own["dose"].min() / 4, own["dose"].max() * 4
        dose = np.geomspace(lowest, highest, 200)
        if np.isfinite(curve.lloq):
            axis.axvspan(curve.lloq, curve.uloq, color=SHADE, zorder=0, label="LLOQ to ULOQ")
        if curve.lod > 0:
            axis.axvline(curve.lod, color=BAD, linestyle=":", linewidth=1, label="LOD")
        axis.plot(dose, predict(theta, dose[None])[0], color=LINE, linewidth=1.2)
        samples = concentrations[(concentrations["run"] == curve.run) & (concentrations["analyte"] == curve.analyte)]
        signal = samples["signal_mean"].dropna().to_numpy(dtype=float)
        read = np.exp(log_dose_at(theta, signal[None])[0])
        axis.plot(np.clip(read, lowest, highest), signal, "|", color="black", markersize=9, label="samples")
        for within, colour, label in ((True, GOOD, "standard within limits"), (False, BAD, "outside limits")):
            part = own[own["within_limits"].eq(within).fillna(False)]
            axis.plot(part["dose"], part["signal_mean"], "o", color=colour, markersize=4, label=label)
        axis.set_xscale("log")
        axis.set_title(f"{curve.analyte}, run {curve.run}", fontsize=9)
        axis.set_xlabel(f"dose ({curve.unit})")
        axis.set_ylabel(f"signal ({curve.signal_unit})")
    axes[0].legend(fontsize=6, frameon=False)
    return _finished(figure, origin, len(fitted))


def back_calculation(standards: pd.DataFrame, curves: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Standards read back from their own curve, in % of nominal, with the allowed deviation."""
    if standards.empty:
        return _nothing("No signals came for this wave: no standard can be read back.", origin)
    figure, axes = _panels(1, 1, (7, 3.6))
    axis = axes[0]
    unit = curves["unit"].dropna().iloc[0]
    for level, group in standards.groupby("dose"):
        limit = float(group["limit"].iloc[0])
        axis.plot([level, level], [100 - limit, 100 + limit], color=SHADE, linewidth=9, solid_capstyle="butt", zorder=0)
    for run, group in standards.groupby("run", sort=False):
        axis.plot(group["dose"], group["recovery"], "o-", markersize=3, linewidth=0.6, label=f"run {run}")
    outside = standards[standards["within_limits"].eq(False).fillna(False)]
    axis.plot(outside["dose"], outside["recovery"], "o", markersize=9, markerfacecolor="none", color=BAD)
    axis.axhline(100, color=LINE, linewidth=0.8)
    axis.set_xscale("log")
    axis.set_xlabel(f"nominal dose ({unit})")
    axis.set_ylabel("back-calculated (% of nominal)")
    if standards["run"].nunique() <= 12:
        axis.legend(fontsize=6, frameon=False, ncols=2)
    return _finished(figure, origin)


def replicate_cvs(concentrations: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Each sample's replicate CV against its concentration, the flagged ones marked, and the pooled CV."""
    shown = concentrations[concentrations["cv"].notna() & (concentrations["concentration"] > 0)]
    if shown.empty:
        return _nothing("No replicates came for this wave: no replicate CV can be drawn.", origin)
    figure, axes = _panels(1, 1, (7, 3.6))
    axis = axes[0]
    high = shown["flags"].str.contains("replicate cv").fillna(False).to_numpy(dtype=bool)
    concentration, cv = shown["concentration"].to_numpy(dtype=float), shown["cv"].to_numpy(dtype=float)
    axis.plot(concentration[~high], cv[~high], ".", color=GOOD, markersize=5)
    axis.plot(concentration[high], cv[high], "x", color=BAD, markersize=5, label=f"{high.sum()} above the plan's limit")
    pooled = float(np.sqrt((cv**2).mean()))
    axis.axhline(pooled, color=LINE, linewidth=0.9, label=f"pooled intra-assay CV {pooled:.1f} %")
    lod = shown["lod"].dropna()
    if len(lod):
        axis.axvline(float(lod.median()), color=LINE, linestyle=":", linewidth=0.9, label="median LOD")
    axis.set_xscale("log")
    axis.set_xlabel(f"concentration ({shown['unit'].iloc[0]})")
    axis.set_ylabel("CV of replicates (%)")
    axis.legend(fontsize=7, frameon=False)
    return _finished(figure, origin)


def levey_jennings(quality_controls: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Each QC level over the runs, with its mean, 1, 2 and 3 SD, and the Westgard rules a run breaks."""
    shown = quality_controls[quality_controls["concentration"].notna()]
    if shown.empty:
        return _nothing("No QC samples came for this wave: no Levey–Jennings chart can be drawn.", origin)
    levels = list(shown.sort_values("nominal", kind="stable").groupby(["analyte", "level"], sort=False))
    figure, axes = _panels(len(levels), 1, (7, 2.3))
    for axis, ((analyte, level), group) in zip(axes, levels, strict=True):
        value = group["concentration"].to_numpy(dtype=float)
        place = np.arange(value.size)
        mean, sd = float(group["centre"].iloc[0]), float(group["sd"].iloc[0])
        axis.axhline(mean, color=LINE, linewidth=0.7)
        for k, style in ((1, ":"), (2, "--"), (3, "-")):
            for line in (mean - k * sd, mean + k * sd):
                if np.isfinite(line):
                    axis.axhline(line, color=BAD if k == 3 else LINE, linestyle=style, linewidth=0.7)
        axis.plot(place, value, "o-", color=GOOD, markersize=4, linewidth=0.7)
        nominal = group["nominal"].dropna()
        if len(nominal):
            axis.axhline(float(nominal.iloc[0]), color=GOOD, linestyle="-.", linewidth=0.8, label="nominal")
            axis.legend(fontsize=6, frameon=False)
        for x, y, flags in zip(place, value, group["flags"], strict=True):
            if isinstance(flags, str):
                axis.plot([x], [y], "o", markersize=9, markerfacecolor="none", color=BAD)
                axis.annotate(flags, (x, y), textcoords="offset points", xytext=(5, 5), fontsize=6, color=BAD)
        axis.set_xticks(place, group["run"], fontsize=7)
        name = level if str(level).upper().startswith("QC") else f"QC {level}"
        axis.set_title(f"{analyte}, {name}", fontsize=9)
        axis.set_ylabel(f"{group['unit'].iloc[0]}")
        axis.set_xlabel("run")
    return _finished(figure, origin, len(levels))


def run_levels(concentrations: pd.DataFrame, origin: str = "simulated") -> Figure:
    """The samples' concentrations run by run on a log scale, with each run's median: do runs differ?"""
    shown = concentrations[concentrations["run"].notna() & (concentrations["value"] > 0)]
    if shown.empty:
        return _nothing("No run is known for these samples: their levels cannot be compared.", origin)
    parts = list(shown.groupby("analyte", sort=True))
    figure, axes = _panels(len(parts), 1, (7, 3.2))
    for axis, (analyte, group) in zip(axes, parts, strict=True):
        # A run that only measures samples again stands behind those it repeats.
        again = group["sample"].duplicated()
        runs = list(dict.fromkeys([*group.loc[~again, "run"], *group.loc[again, "run"]]))
        for place, run in enumerate(runs):
            value = group.loc[group["run"].eq(run).fillna(False), "value"].to_numpy(dtype=float)
            spread = (np.arange(value.size) % 9 - 4) * 0.05
            axis.plot(place + spread, value, ".", color=GOOD, alpha=0.5, markersize=4)
            axis.plot([place - 0.3, place + 0.3], [np.median(value)] * 2, color=LINE, linewidth=1.6)
        axis.set_yscale("log")
        axis.set_xticks(range(len(runs)), runs, fontsize=7, rotation=30 if len(runs) > 6 else 0)
        axis.set_xlabel("run")
        axis.set_ylabel(f"{analyte} ({group['unit'].iloc[0]})")
    return _finished(figure, origin, len(parts))


def pre_to_post(changes: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Each person's samples before and after the sessions: an arrow a session, each person on an own scale."""
    shown = changes[changes["change"].notna() & (changes["pre"] > 0) & (changes["post"] > 0)]
    if shown.empty:
        return _nothing("No session has a sample before and one after it.", origin)
    everyone = list(shown.groupby(["analyte", "role", "patient"], sort=True))
    people = everyone[:LARGEST_PANELS]
    figure, axes = _panels(len(people), 6, (2.0, 1.7), share=True, layout=None)
    width, height = figure.get_size_inches()
    figure.subplots_adjust(0.65 / width, 0.55 / height, 1 - 0.1 / width, 1 - 0.3 / height, wspace=0.3, hspace=0.3)
    roles = shown["role"].nunique() > 1
    sessions = sorted(shown["session"].unique().tolist())
    for axis, ((_, role, patient), group) in zip(axes, people, strict=False):
        # Three artists for all of a person's arrows: one an arrow took 13 s for 74 persons.
        rises = group["post"] >= group["pre"]
        for part, colour, head in ((group[rises], GOOD, "^"), (group[~rises], BAD, "v")):
            axis.vlines(part["session"], part["pre"], part["post"], color=colour, linewidth=1.2)
            axis.plot(part["session"], part["post"], head, color=colour, markersize=3.5)
        axis.plot(group["session"], group["pre"], ".", color=LINE, markersize=3)
        axis.set_title(f"{patient} ({role})" if roles else f"{patient}", fontsize=7)
        axis.tick_params(labelsize=6)
    # All panels share them; asking each panel again takes time with the square of their number.
    axes[0].set_xticks(sessions)
    axes[0].set_xlim(sessions[0] - 1, sessions[-1] + 1)
    analyte = " and ".join(shown["analyte"].unique())
    cut = f" (the first {len(people)} of {len(everyone)} persons)" if len(people) < len(everyone) else ""
    figure.supxlabel(f"session{cut}", fontsize=9)
    figure.supylabel(f"{analyte} before → after ({shown['unit'].iloc[0]}, own scales)", fontsize=9)
    return _finished(figure, origin, len(people))


def change_distribution(changes: pd.DataFrame, origin: str = "simulated") -> Figure:
    """Distribution of the change over sessions, as difference and as log ratio, with mean and SD."""
    shown = changes[changes["used"].fillna(False).astype(bool) & changes["change"].notna()]
    if shown.empty:
        return _nothing("No session has a usable change.", origin)
    figure, axes = _panels(2, 2, (4.2, 3.4))
    unit = shown["unit"].iloc[0]
    for axis, column, label in (
        (axes[0], "change", f"change, post − pre ({unit})"),
        (axes[1], "log_ratio", "log ratio, ln(post ÷ pre)"),
    ):
        for role, group in shown.groupby("role", sort=True):
            value = group[column].dropna().to_numpy(dtype=float)
            if not value.size:
                continue
            text = (
                f"{role}: n {value.size}, mean {value.mean():.2f}, SD {value.std(ddof=1) if value.size > 1 else 0:.2f}"
            )
            axis.hist(value, bins="fd" if value.size > 20 else 8, alpha=0.55, label=text)
            axis.plot(value, np.full(value.size, -0.3), "|", color=LINE, alpha=0.4, markersize=6)
        axis.axvline(0, color=LINE, linewidth=0.8)
        axis.set_xlabel(label)
        axis.set_ylabel("sessions")
        axis.legend(fontsize=6, frameon=False)
    return _finished(figure, origin, 2)


def summary(concentrations: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Samples and changes by analyte and role: how many, used, below and above their limits, medians."""
    import pandas as pd

    rows = []
    for (analyte, role), group in concentrations.groupby(["analyte", "role"], sort=True):
        pairs = changes[(changes["analyte"] == analyte) & (changes["role"] == role)]
        rows.append(
            {
                "analyte": analyte,
                "role": role,
                "samples": len(group),
                "used": int(group["used"].sum()),
                "below limit": int(group["censored"].eq("below").sum()),
                "above limit": int(group["censored"].eq("above").sum()),
                "median concentration": group["value"].median(),
                "unit": group["unit"].iloc[0],
                "runs": group["run"].nunique(),
                "changes used": int(pairs["used"].sum()),
                "mean change": pairs.loc[pairs["used"].fillna(False).astype(bool), "change"].mean(),
            }
        )
    return pd.DataFrame(rows)


def flag_counts(concentrations: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """How many samples and how many changes carry each flag, and what the flag means."""
    import pandas as pd

    from ruptureflow.assay.flags import MEANINGS

    counts = {
        kind: table["flags"].dropna().str.split("; ").explode().value_counts()
        for kind, table in (("samples", concentrations), ("changes", changes))
    }
    rows = pd.DataFrame(counts).fillna(0).astype(int)
    return rows.assign(meaning=[MEANINGS.get(flag, "") for flag in rows.index]).rename_axis("flag").reset_index()


def _panels(
    count: int, columns: int, size: tuple[float, float], share: bool = False, layout: str | None = "constrained"
) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows + 0.3), layout=layout)
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=share)
    return figure, list(grid.ravel())


def _finished(figure: Figure, origin: str, used: int = 1) -> Figure:
    for axis in figure.axes[used:]:
        axis.set_visible(False)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    if origin == "simulated":
        figure.text(
            0.5, 0.5, "SIMULATED DATA", fontsize=26, color="0.5", alpha=0.25, ha="center", va="center", rotation=20
        )
    return figure


def _nothing(message: str, origin: str) -> Figure:
    figure, axes = _panels(1, 1, (7, 1.2))
    axes[0].axis("off")
    axes[0].text(0.5, 0.5, message, ha="center", va="center", fontsize=10)
    return _finished(figure, origin)
