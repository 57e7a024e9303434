"""What a person looks at: change from before to after, within-patient slopes, coefficients, patients, influence.

Every function takes hand-over tables of models and returns a figure; `origin` simulated marks the figure as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 6
NO_RUN = "run not named"
INK, ACCENT, QUIET = "#222222", "#b2182b", "#9aa5b1"
SHADES = {"patient": INK, "patient_session": "#5b7c99", "run": ACCENT, "residual": QUIET}


def _figure(
    rows: int, columns: int, width: float, height: float, constrained: bool = True, **options: Any
) -> tuple[Figure, np.ndarray]:
    """A grid of axes; the constrained layout takes 3 s for 24 axes, so many small ones are laid out by hand."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height), squeeze=False, constrained_layout=constrained, **options
    )
    for ax in axes.ravel():
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def mark_origin(figure: Figure, origin: str) -> None:
    """Write SIMULATED DATA across the figure of a simulated wave."""
    if origin == "simulated":
        figure.text(
            0.5, 0.5, "SIMULATED DATA", rotation=25, ha="center", va="center", fontsize=34, color=INK, alpha=0.12
        )


def analytes_of(sessions: pd.DataFrame) -> list[str]:
    """Variables that were measured before and after: those with a `_pre`, a `_post` and a `_change`."""
    stems = [name.removesuffix("_change") for name in sessions.columns if name.endswith("_change")]
    return [stem for stem in stems if {f"{stem}_pre", f"{stem}_post"} <= set(sessions.columns)]


def plot_change(sessions: pd.DataFrame, analyte: str, unit: str, origin: str) -> Figure:
    """Before and after every session, and the change by session with its mean and 95 % interval over patients.

    Parameters
    ----------
    sessions : the joined sessions.
    analyte : one of `analytes_of`.
    unit : unit of the concentration.
    origin : real or simulated.
    """
    figure, axes = _figure(1, 2, 9, 3.8)
    pairs = sessions[[f"{analyte}_pre", f"{analyte}_post"]].dropna().to_numpy(dtype=float)
    left, right = axes[0]
    left.plot([0, 1], pairs.T, color=QUIET, alpha=0.5, linewidth=0.8)
    left.plot([0, 1], pairs.mean(axis=0), color=ACCENT, linewidth=2.5, marker="o")
    left.set_xticks([0, 1], ["before", "after"])
    left.set_xlim(-0.25, 1.25)
    left.set_ylabel(f"{analyte.replace('_', ' ')} ({unit})")
    left.set_title(f"{len(pairs)} sessions, one line each")
    change = f"{analyte}_change"
    for session, rows in sessions.dropna(subset=[change]).groupby("session"):
        values = rows[change].to_numpy(dtype=float)
        spread = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else np.zeros(1)
        right.plot(int(session) + spread, np.sort(values), ".", color=QUIET)
        if len(values) > 1:
            half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
            right.errorbar(int(session), values.mean(), half, color=ACCENT, marker="o", capsize=3, zorder=3)
    right.set_xticks(sorted(sessions.dropna(subset=[change])["session"].astype(int).unique()))
    right.axhline(0, color=INK, linewidth=0.8)
    right.set_xlabel("session")
    right.set_ylabel(f"change ({unit})")
    right.set_title("change by session: mean, 95 % interval")
    mark_origin(figure, origin)
    return figure


def plot_samples(samples: pd.DataFrame, analyte: str, role: str, origin: str) -> Figure:
    """Concentrations by occasion on a log scale, a colour a run; and each run's own mean before and after.

    Left: every session's two samples, joined where the session has both. A run that lies apart from the others shows as
    a colour that does. Right: the runs' means, from before to after: what differs between runs, and whether the change
    is of one size in all of them.

    Parameters
    ----------
    samples : joined samples.
    analyte, role : whose concentrations.
    origin : real or simulated.
    """
    from matplotlib import colormaps
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    rows = samples[samples["analyte"].eq(analyte) & samples["role"].eq(role)].dropna(subset=["log_concentration"])
    figure, axes = _figure(1, 2, 10, 4.2, sharey=True)
    left, right = axes[0]
    names = rows["run"].astype(object).where(rows["run"].notna(), NO_RUN)
    runs = sorted(names.unique())
    shades = colormaps["turbo"](np.linspace(0.06, 0.94, len(runs))) if len(runs) > 1 else [ACCENT] * len(runs)
    places = {"pre": 0.0, "post": 1.0}
    width = 0.6 / max(1, len(runs))
    for number, (run, shade) in enumerate(zip(runs, shades, strict=True)):
        own = rows[names == run]
        shift = (number - (len(runs) - 1) / 2) * width
        value = np.exp(own["log_concentration"].to_numpy(dtype=float))
        x = own["occasion"].map(places).to_numpy(dtype=float) + shift
        left.plot(x, value, "o", color=shade, markersize=3.2, alpha=0.75, markeredgewidth=0)
        pairs = own.pivot_table(index="patient_session", columns="occasion", values="log_concentration", aggfunc="mean")
        if {"pre", "post"} <= set(pairs.columns):
            both = np.exp(pairs[["pre", "post"]].dropna().to_numpy(dtype=float)).T
            left.plot([shift, 1 + shift], both, color=shade, alpha=0.15, linewidth=0.6, zorder=0)
        means = own.groupby("occasion")["log_concentration"].mean()
        shown = [occasion for occasion in places if occasion in means]
        label = f"{run} ({len(own)})"
        right.plot([places[o] for o in shown], np.exp(means[shown]), "o-", color=shade, linewidth=1.6, label=label)
    unit = ", ".join(sorted(rows["unit"].dropna().unique()))
    left.set_yscale("log")
    left.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
    left.yaxis.set_major_formatter(ScalarFormatter())
    left.yaxis.set_minor_formatter(NullFormatter())
    left.set_ylabel(f"{analyte.replace('_', ' ')} ({unit}), log scale")
    left.set_title(f"{len(rows)} samples of the {role}s, a colour a run", fontsize=9)
    right.set_title("means of runs (samples)", fontsize=9)
    for ax in (left, right):
        ax.set_xticks([0, 1], ["before", "after"])
        ax.set_xlim(-0.45, 1.45)
    if runs:
        right.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    mark_origin(figure, origin)
    return figure


def plot_variance_shares(variances: pd.DataFrame, origin: str) -> Figure:
    """Each level's share of the variance, one bar a model: patients, sessions, runs, what is left.

    Parameters
    ----------
    variances : variances of one wave's models with a share.
    origin : real or simulated.
    """
    rows = variances.dropna(subset=["share"])
    bars = list(dict.fromkeys(zip(rows["analysis"], rows["model"], rows["outcome"], strict=True)))
    levels = list(dict.fromkeys(rows["level"]))
    figure, axes = _figure(1, 1, 9, 0.5 * max(1, len(bars)) + 1.3)
    ax = axes[0, 0]
    others = [level for level in levels if level not in SHADES]
    shades = SHADES | dict(zip(others, ["#d9a441", "#6a9a5b", "#8e6aa8"] * len(others), strict=False))
    for place, key in enumerate(bars):
        own = rows[(rows["analysis"] == key[0]) & (rows["model"] == key[1]) & (rows["outcome"] == key[2])]
        start = 0.0
        for row in own.itertuples():
            ax.barh(place, row.share, left=start, color=shades[row.level], height=0.6)
            if row.share > 0.05:
                ax.text(
                    start + row.share / 2,
                    place,
                    f"{row.share:.2f}",
                    ha="center",
                    va="center",
                    color="white",
                    fontsize=8,
                )
            start += row.share
    handles = [ax.barh(0, 0, color=shades[level]) for level in levels]
    if levels:
        names = [level.replace("_", " ") for level in levels]
        ax.legend(
            handles, names, fontsize=8, frameon=False, ncols=len(levels), loc="lower left", bbox_to_anchor=(0, 1.0)
        )
    ax.set_yticks(range(len(bars)), [analysis.replace("_", " ") for analysis, _, _ in bars], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the variance")
    mark_origin(figure, origin)
    return figure


def plot_slopes(sessions: pd.DataFrame, predictor: str, slopes: Mapping[str, float], unit: str, origin: str) -> Figure:
    """One panel an outcome: every patient's own line around the patient's own mean, and the model's slope.

    Parameters
    ----------
    sessions : the joined sessions.
    predictor : a within-patient part.
    slopes : the model's coefficient of the predictor by outcome.
    unit : unit of the predictor.
    origin : real or simulated.
    """
    figure, axes = _figure(1, max(1, len(slopes)), 3.0 * max(1, len(slopes)), 3.4, constrained=False)
    figure.subplots_adjust(0.08, 0.17, 0.99, 0.87, wspace=0.3)
    for ax, (outcome, slope) in zip(axes[0], slopes.items(), strict=False):
        rows = sessions[["patient", predictor, outcome]].dropna()
        own = rows.groupby("patient")[[predictor, outcome]]
        x, y = (rows[[predictor, outcome]].astype(float) - own.transform("mean").astype(float)).to_numpy().T
        for patient in rows["patient"].unique():
            mine = (rows["patient"] == patient).to_numpy()
            if mine.sum() > 2 and x[mine] @ x[mine] > 0:
                ends = np.array([x[mine].min(), x[mine].max()])
                ax.plot(ends, ends * (x[mine] @ y[mine]) / (x[mine] @ x[mine]), color=QUIET, linewidth=0.8)
        ax.plot(x, y, ".", color=INK, markersize=3, alpha=0.6)
        ends = np.array([x.min(), x.max()]) if len(x) else np.zeros(2)
        ax.plot(ends, slope * ends, color=ACCENT, linewidth=2.2)
        ax.set_title(f"{outcome.replace('_', ' ')}: {slope:.3g}", fontsize=9)
    axes[0, 0].set_ylabel("deviation from the patient's mean")
    figure.supxlabel(f"{predictor.replace('_', ' ')} ({unit})", fontsize=9)
    mark_origin(figure, origin)
    return figure


def plot_within_slopes(
    sessions: pd.DataFrame, predictor: str, outcome: str, slope: float, unit: str, origin: str
) -> Figure:
    """One panel a patient: the sessions, the patient's own line, and the model's common within-patient slope.

    Parameters
    ----------
    sessions : the joined sessions.
    predictor : a within-patient part.
    outcome : the outcome.
    slope : the model's coefficient of the predictor.
    unit : unit of the predictor.
    origin : real or simulated.
    """
    rows = sessions[["patient", predictor, outcome]].dropna()
    patients = sorted(rows["patient"].unique())
    lines = max(1, -(-len(patients) // COLUMNS))
    height = 1.5 * lines + 0.8
    figure, axes = _figure(lines, COLUMNS, 10, height, constrained=False, sharex=True, sharey=True)
    figure.subplots_adjust(0.07, 0.55 / height, 0.99, 1 - 0.5 / height, wspace=0.08, hspace=0.25)
    for ax in axes.ravel()[len(patients) :]:
        ax.set_visible(False)
    reach = float(rows[predictor].abs().max()) if len(rows) else 1.0
    ends = np.array([-reach, reach])
    for ax, patient in zip(axes.ravel(), patients, strict=False):
        _one_patient(ax, rows[rows["patient"] == patient], predictor, outcome, slope, ends)
        ax.set_title(str(patient), fontsize=8, pad=2)
        ax.tick_params(labelsize=7)
    figure.supxlabel(f"{predictor.replace('_', ' ')} ({unit})", fontsize=9)
    figure.supylabel(outcome.replace("_", " "), fontsize=9)
    figure.suptitle(f"grey: the patient's own line; red: the model's slope {slope:.3g} for all", fontsize=9)
    mark_origin(figure, origin)
    return figure


def _one_patient(ax: Axes, rows: pd.DataFrame, predictor: str, outcome: str, slope: float, ends: np.ndarray) -> None:
    x, y = rows[predictor].to_numpy(dtype=float), rows[outcome].to_numpy(dtype=float)
    ax.plot(ends, y.mean() + slope * (ends - x.mean()), color=ACCENT, linewidth=1)
    if len(x) > 2 and np.ptp(x) > 0:
        own = np.polynomial.Polynomial.fit(x, y, 1)
        inside = np.array([x.min(), x.max()])
        ax.plot(inside, own(inside), color=QUIET, linewidth=1)
    ax.plot(x, y, "o", color=INK, markersize=3)


def plot_coefficients(estimates: pd.DataFrame, term: str, origin: str, metric: str = "raw") -> Figure:
    """A term's coefficient for every outcome, with the interval of every df method.

    Parameters
    ----------
    estimates : coefficients of one wave.
    term : term of the models.
    origin : real or simulated.
    metric : raw, or standardised_within.
    """
    rows = estimates[(estimates["term"] == term) & (estimates["metric"] == metric)]
    labels = list(dict.fromkeys(zip(rows["model"], rows["outcome"], strict=True)))
    methods = list(dict.fromkeys(rows["df_method"]))
    figure, axes = _figure(1, 1, 8, 0.35 * max(1, len(labels)) * max(1, len(methods)) + 1.2)
    ax = axes[0, 0]
    shades = [ACCENT, *[QUIET] * (len(methods) - 1)]
    for row in rows.itertuples():
        place = labels.index((row.model, row.outcome)) + 0.22 * methods.index(row.df_method)
        color = shades[methods.index(row.df_method)]
        ax.plot([row.ci_low, row.ci_high], [place, place], color=color, linewidth=1.5)
        ax.plot(row.estimate, place, "o", color=color, markersize=4)
        ax.annotate(
            f"{row.df_method}, df {row.df:.1f}, {_p_text(row.p_value)}", (row.ci_high, place), xytext=(6, -2),
            textcoords="offset points", fontsize=7, color=INK,
        )  # fmt: skip
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks([i + 0.11 * (len(methods) - 1) for i in range(len(labels))], [outcome for _, outcome in labels])
    ax.invert_yaxis()
    ax.margins(x=0.35)
    ax.set_xlabel(f"{term.replace('_', ' ')} ({metric.replace('_', ' ')})")
    mark_origin(figure, origin)
    return figure


def _p_text(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def plot_random_effects(random_effects: pd.DataFrame, outcomes: Sequence[str], origin: str) -> Figure:
    """Predicted random effects of every group, sorted, with 1.96 conditional SDs: one panel an outcome.

    Parameters
    ----------
    random_effects : predicted random effects of one wave and model.
    outcomes : outcomes to draw.
    origin : real or simulated.
    """
    width = 3.0 * max(1, len(outcomes)) + 0.5
    figure, axes = _figure(1, max(1, len(outcomes)), width, 4.4, constrained=False)
    figure.subplots_adjust(0.6 / width, 0.12, 1 - 0.1 / width, 0.93, wspace=0.25)
    for ax, outcome in zip(axes[0], outcomes, strict=False):
        rows = random_effects[(random_effects["outcome"] == outcome) & (random_effects["term"] == "Intercept")]
        rows = rows.sort_values("value")
        places = np.arange(len(rows))
        ax.errorbar(
            rows["value"], places, xerr=1.96 * rows["conditional_sd"], fmt="o", color=INK, ecolor=QUIET, markersize=3
        )
        ax.set_yticks(places, rows["group"], fontsize=6)
        ax.axvline(0, color=ACCENT, linewidth=0.8)
        ax.set_title(outcome.replace("_", " "), fontsize=9)
    figure.supxlabel("random intercept", fontsize=9)
    mark_origin(figure, origin)
    return figure


def plot_influence(influence: pd.DataFrame, term: str, outcomes: Sequence[str], origin: str) -> Figure:
    """How far a coefficient moves when each group is left out, in standard errors; red where the decision changes.

    Parameters
    ----------
    influence : leave-one-out coefficients of one wave and model.
    term : term of the models.
    outcomes : outcomes to draw.
    origin : real or simulated.
    """
    height = 1.5 * max(1, len(outcomes)) + 0.8
    figure, axes = _figure(max(1, len(outcomes)), 1, 9, height, constrained=False, sharex=True)
    figure.subplots_adjust(0.08, 0.6 / height, 0.99, 1 - 0.3 / height, hspace=0.35)
    for ax, outcome in zip(axes[:, 0], outcomes, strict=False):
        rows = influence[(influence["outcome"] == outcome) & (influence["term"] == term)]
        colors = [ACCENT if flag else QUIET for flag in rows["decision_changes"].fillna(False)]
        ax.bar(rows["group"], rows["dfbeta"].astype(float), color=colors)
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.set_title(outcome.replace("_", " "), fontsize=9)
        ax.tick_params(axis="x", rotation=90, labelsize=6)
    figure.supylabel("shift in standard errors", fontsize=9)
    mark_origin(figure, origin)
    return figure
