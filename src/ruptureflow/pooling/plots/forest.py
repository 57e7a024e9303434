"""Forest plots: studies with weights, pooled diamonds, subgroups, prediction interval, cumulative pools."""

import numpy as np

from ruptureflow.pooling import distributions as dist
from ruptureflow.pooling.errors import PoolingError
from ruptureflow.pooling.plots.canvas import (
    ACCENT,
    COLUMN,
    INK,
    PALE,
    finished,
    identity,
    new_figure,
    ratio_axis,
    styled,
)
from ruptureflow.pooling.subgroups import SubgroupResult

_ROW = 0.155  # inches per line
_WEIGHT = 29  # points that a weight of 100.0 % and a gap before it take
_LETTERS = 30  # that fit beside the effects in one column; longer names take two lines


def forest(
    result,
    subgroups: SubgroupResult | None = None,
    back=None,
    xlabel="Effect",
    references=(),
    width=COLUMN,
    digits=2,
):
    """Forest plot of a pool.

    Parameters
    ----------
    result : PooledResult or MultilevelResult
        Its effects are drawn with their normal intervals and weights, its mean as a diamond, its
        prediction interval as a bar below.
    subgroups : SubgroupResult, optional
        Studies are listed by subgroup, each with its own diamond; the foot says whether tau² is common to them.
    back : callable, optional
        From the pooling scale to the one shown, for instance ``numpy.tanh`` for correlations.
    references : sequence of (text, estimate, low, high)
        Pooled effects known from elsewhere, on the pooling scale: hollow diamonds that enter nothing.

    Returns
    -------
    matplotlib Figure
    """
    if not result.design.intercept_only:
        raise PoolingError("a forest plot shows one mean: pool without moderators, or give subgroups.")
    back = back or identity
    half = dist.t_quantile(result.level, np.inf) * np.sqrt(result.variances)
    weights = getattr(result, "weights", None)
    if weights is None:
        total = 1 / (result.variances + result.tau2)
        weights = 100 * total / total.sum()
    lines = []
    where = {label: i for i, label in enumerate(result.labels)}
    if len(where) < result.k:
        where = None
    if subgroups is None or where is None:
        lines += [_study(result, half, weights, i) for i in range(result.k)]
    else:
        for row, labels in zip(subgroups.table.itertuples(), _members(subgroups), strict=True):
            lines.append({"kind": "head", "text": str(row.subgroup).replace("_", " ")})
            lines += [_study(result, half, weights, where[label]) for label in labels]
            ends = {"estimate": row.estimate, "low": row.ci_low, "high": row.ci_high}
            lines.append({"kind": "diamond", "text": f"  Subgroup (k = {row.k})", "colour": ACCENT, **ends})
    lines.append({"kind": "gap"})
    lines.append(_diamond(f"Pooled (k = {result.k})", result, INK))
    if result.prediction_interval is not None:
        low, high = result.prediction_interval
        lines.append({"kind": "prediction", "text": f"{100 * result.level:g} % prediction", "low": low, "high": high})
    for text, estimate, low, high in references:
        lines.append({"kind": "reference", "text": text, "estimate": estimate, "low": low, "high": high})
    with styled():
        return _draw(lines, back, xlabel, width, digits, _heterogeneity(result, subgroups), result.level)


def cumulative_forest(table, back=None, xlabel="Pooled effect", width=COLUMN, digits=2):
    """The pool as effects come in: one line per row of `influence.cumulative`'s table."""
    return _of_refits(table, [f"+ {one}" for one in table["added"]], back, xlabel, width, digits)


def leave_one_out_forest(table, back=None, xlabel="Pooled effect", width=COLUMN, digits=2):
    """The pool without each effect: one line per row of `influence.leave_one_out`'s table."""
    return _of_refits(table, [f"− {one}" for one in table["omitted"]], back, xlabel, width, digits)


def _of_refits(table, texts, back, xlabel, width, digits):
    lines = [
        {
            "kind": "study",
            "text": text,
            "estimate": row.estimate,
            "low": row.ci_low,
            "high": row.ci_high,
            "weight": None,
            "size": 3.0,
        }
        for text, row in zip(texts, table.itertuples(), strict=True)
    ]
    with styled():
        return _draw(lines, back or identity, xlabel, width, digits, "")


def _members(subgroups):
    """Labels of each subgroup's effects, in the order of its table."""
    if subgroups.tau2 == "separate":
        return [one.labels for one in subgroups.pools.values()]
    whole = subgroups.pools["all"]
    return [[whole.labels[row] for row in np.flatnonzero(column)] for column in whole.design.matrix.T]


def _study(result, half, weights, i):
    estimate = result.estimates[i]
    size = 1.5 + 5.0 * np.sqrt(weights[i] / weights.max())
    return {
        "kind": "study",
        "text": str(result.labels[i]),
        "estimate": estimate,
        "low": estimate - half[i],
        "high": estimate + half[i],
        "weight": weights[i],
        "size": size,
    }


def _diamond(text, result, colour):
    row = result.table.iloc[0]
    return {
        "kind": "diamond",
        "text": text,
        "estimate": row["estimate"],
        "low": row["ci_low"],
        "high": row["ci_high"],
        "colour": colour,
    }


def _heterogeneity(result, subgroups):
    text = f"Q({result.q_df}) = {result.q:.2f}, p {_p(result.q_p)}; τ² = {result.tau2:.3f}; I² = {result.i2:.0f} %"
    if subgroups is not None:
        df = subgroups.q_between_df
        text += f"\nbetween subgroups ({subgroups.tau2} τ²): Q({df}) = {subgroups.q_between:.2f}, "
        text += f"p {_p(subgroups.q_between_p)}"
    return text


def _p(value):
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".")


def _number(value, digits):
    return f"{value:.{digits}f}".replace("-", "−")


def _fitted(text):
    """A name in the space it has: one line, or two smaller ones, cut where even these are too short."""
    if len(text) <= _LETTERS:
        return text, 6.5
    import textwrap

    return "\n".join(textwrap.wrap(text, _LETTERS + 3, max_lines=2, placeholder=" …")), 5.2


def _number_at(axes, place, text, left):
    """Text that ends so many points left of the right edge."""
    where = {"xytext": (-left, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
    axes.annotate(text, (1.0, place), fontsize=6, annotation_clip=False, **where)


def _draw(lines, back, xlabel, width, digits, foot, level=None):
    height = 0.75 + _ROW * (len(lines) + 1) + (0.12 * (foot.count("\n") + 1) if foot else 0)
    figure = new_figure(width, height)
    names, axes, numbers = figure.subplots(1, 3, sharey=True, gridspec_kw={"width_ratios": [1.25, 1.35, 1.25]})
    for blank in (names, numbers):
        blank.set_axis_off()
        blank.set_xlim(0, 1)
    weighted = any(line.get("weight") is not None for line in lines)
    end = _WEIGHT if weighted else 0
    _number_at(numbers, -1, "Effect [CI]" if level is None else f"Effect [{100 * level:g} % CI]", end)
    if weighted:
        _number_at(numbers, -1, "Weight", 0)
    for place, line in enumerate(lines):
        kind = line["kind"]
        if kind == "gap":
            continue
        bold = "bold" if kind in ("head", "diamond") else "normal"
        text, size = _fitted(line["text"])
        names.text(0.0, place, text, va="center", ha="left", fontweight=bold, fontsize=size, linespacing=0.9)
        if kind == "head":
            continue
        low, high = back(line["low"]), back(line["high"])
        if kind == "prediction":
            axes.plot([low, high], [place, place], color=ACCENT, linewidth=2.2, solid_capstyle="butt")
            text = f"[{_number(low, digits)}, {_number(high, digits)}]"
        else:
            estimate = back(line["estimate"])
            text = f"{_number(estimate, digits)} [{_number(low, digits)}, {_number(high, digits)}]"
            if kind in ("diamond", "reference"):
                xs, ys = [low, estimate, high, estimate], [place, place - 0.36, place, place + 0.36]
                if kind == "diamond":
                    axes.fill(xs, ys, color=line["colour"], linewidth=0)
                else:
                    axes.fill(xs, ys, facecolor="white", edgecolor=ACCENT, linewidth=0.7)
            else:
                axes.plot([low, high], [place, place], color=INK, linewidth=0.7)
                axes.plot([estimate], [place], marker="s", markersize=line["size"], color=INK, markeredgewidth=0)
        _number_at(numbers, place, text, end)
        if line.get("weight") is not None:
            _number_at(numbers, place, f"{line['weight']:.1f} %", 0)
    if back is np.exp:
        ratio_axis(axes)
    axes.axvline(back(0.0), color=PALE, linewidth=0.6, zorder=0)
    pooled = [line for line in lines if line["kind"] == "diamond"]
    if pooled:
        axes.axvline(back(pooled[-1]["estimate"]), color=PALE, linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
    axes.set_ylim(len(lines) - 0.4, -1.6)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(xlabel)
    if foot:
        figure.supxlabel(foot, fontsize=6, x=0.01, ha="left")
    return finished(figure)
