"""Pools: what entered, what came out by every method, and printed pooled numbers beside ours."""

from __future__ import annotations

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.report.labels import printed_quantity
from ruptureflow.report.numbers import (
    aligned,
    as_printed,
    count,
    degrees,
    estimate,
    is_missing,
    p_phrase,
    p_value,
    percent,
    unit_interval,
)
from ruptureflow.report.parts import Chapter, Sheet, dotted
from ruptureflow.report.values.sample import CAPTION_MARK

METHODS = {
    "fixed": "fixed effect",
    "dl": "DerSimonian–Laird",
    "reml": "REML",
    "ml": "ML",
    "he": "Hedges–Olkin",
    "hs": "Hunter–Schmidt",
    "sj": "Sidik–Jonkman",
    "eb": "empirical Bayes",
    "pm": "Paule–Mandel",
}
TESTS = {
    "z": "z",
    "t": "t",
    "knapp-hartung": "Knapp–Hartung",
    "adhoc": "Knapp–Hartung, never narrower than Wald",
    "cr2": "robust to clusters (CR2)",
}
METRICS = {
    "fisher_z": "Fisher’s z (shown as r)",
    "standardised_within": "within-patient standardised slope",
    "raw": "raw slope",
    "g": "Hedges’ g",
    "d": "Cohen’s d",
    "smcr": "change over the SD before",
    "dppc2": "difference of changes over the SD before",
    "log_odds_ratio": "logarithm of the odds ratio (shown as ratio)",
    "log_risk_ratio": "logarithm of the risk ratio (shown as ratio)",
}
SYMBOLS = {"fisher_z": "r", "g": "g", "d": "d", "smcr": "d", "log_odds_ratio": "OR", "log_risk_ratio": "RR"}


def pooling(settings: PoolingSettings, effects: Sheet, pooled: Sheet, reproductions: Sheet) -> Chapter:
    """Nodes of kind `wave_pool` and `published_pool`, or `unpooled` where a pool has no result."""
    chapter = Chapter()
    titles = {each.pool: each.title for each in settings.pools}
    published = {each.pool for each in settings.published}
    pooled_ids = set(pooled.frame.loc[pooled.frame["primary"].fillna(False).astype(bool), "pool"])
    for pool in dict.fromkeys(effects.frame["pool"]):
        node = dotted("pooled", pool)
        kind = "published_pool" if pool in published else "wave_pool"
        rows = effects.frame[effects.frame["pool"] == pool]
        metric = str(rows["metric"].iloc[0])
        is_simulated = (rows["origin"] == "simulated").any()
        chapter.node(
            kind if pool in pooled_ids else "unpooled",
            node,
            title=titles.get(pool, pool),
            name=pool,
            metric=METRICS.get(metric, metric.replace("_", " ")),
            symbol=SYMBOLS.get(metric, "effect"),
            caption_mark=CAPTION_MARK if is_simulated else "",
            reason="; ".join(f"{row.label}: {row.note}" for row in rows.itertuples() if is_missing(row.weight)),
        )
        chapter.node("pool", node)
    shown = {"fisher_z": unit_interval}
    for index, row in effects.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        style = shown.get(row["metric"], aligned(row["std_error"]))
        node = chapter.node(
            "effect",
            f"{parent}.effect.{dotted(row['label'])}",
            parent,
            label=row["label"],
            origin=row["origin"],
            note=row["note"],
        )
        chapter.cells(
            node,
            effects,
            index,
            {
                "estimate": ("estimate", aligned(row["std_error"])),
                "se": ("std_error", aligned(row["std_error"])),
                "n": ("n", count),
                "shown": ("shown", style),
                "low": ("shown_low", style),
                "high": ("shown_high", style),
                "weight": ("weight", percent),
            },
        )
    _results(chapter, pooled, shown, published)
    for index, row in reproductions.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        node = chapter.node(
            "reproduction",
            f"{parent}.printed.{dotted(row['quantity'])}.{dotted(row['convention'])}",
            parent,
            quantity=printed_quantity(row["quantity"]),
            convention=row["convention"],
            verdict=row["verdict"],
        )
        style = count if row["quantity"].split(": ")[-1] == "n" else estimate
        for leaf in ("recomputed", "recomputed_low", "recomputed_high"):
            chapter.cell(f"{node}.{leaf}", reproductions, index, leaf, style)
        chapter.cell(f"{node}.published", reproductions, index, "published", as_printed(row["published"]))
    return chapter


def _results(chapter: Chapter, pooled: Sheet, shown: dict, published: set[str]) -> None:
    for index, row in pooled.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        style = shown.get(row["metric"], aligned(row["std_error"]))
        styles = {
            "k": ("k", count),
            "estimate": ("estimate", estimate),
            "se": ("std_error", estimate),
            "df": ("df", degrees),
            "statistic": ("statistic", estimate),
            "p": ("p_value", p_value),
            "p_is": ("p_value", p_phrase),
            "shown": ("shown", style),
            "low": ("shown_low", style),
            "high": ("shown_high", style),
            "prediction_low": ("shown_prediction_low", style),
            "prediction_high": ("shown_prediction_high", style),
            "tau2": ("tau2", estimate),
            "tau2_low": ("tau2_low", estimate),
            "tau2_high": ("tau2_high", estimate),
            "i2": ("i2", percent),
            "q": ("q", estimate),
            "q_df": ("q_df", count),
            "q_p": ("q_p", p_phrase),
        }
        node = chapter.node(
            "pooled",
            f"{parent}.{dotted(row['method'])}.{dotted(row['test'])}.{dotted(row['term'])}",
            parent,
            method=METHODS.get(row["method"], row["method"]),
            test=TESTS.get(row["test"], row["test"]),
            term=row["term"],
            origin="published_pool" if row["pool"] in published else "wave_pool",
            note=row["note"],
        )
        chapter.cells(node, pooled, index, styles)
        if bool(row["primary"]) and row["term"] == "Intercept":
            chapter.node(
                "result",
                f"{parent}.primary",
                parent,
                method=METHODS.get(row["method"], row["method"]),
                test=TESTS.get(row["test"], row["test"]),
                statistic_name="z" if row["test"] == "z" else "t",
            )
            chapter.cells(f"{parent}.primary", pooled, index, styles)
            if not is_missing(row["shown_prediction_low"]):
                chapter.node("prediction", f"{parent}.primary", f"{parent}.primary")
            if row["test"] != "z":
                chapter.node("t_test", f"{parent}.primary", f"{parent}.primary")
            if row["k"] > 1:
                chapter.node("heterogeneity", f"{parent}.primary", f"{parent}.primary")
                if row["pool"] not in published:
                    chapter.node("pooled_waves", f"{parent}.primary", f"{parent}.primary")


def breakdown(subgroups: Sheet, moderators: Sheet) -> Chapter:
    """Subgroups of published pools and meta-regressions, by the plan's primary model."""
    chapter = Chapter()
    for index, row in subgroups.frame.iterrows():
        if not row["primary"]:
            continue
        parent = dotted("pooled", row["pool"])
        style = unit_interval if row["shown_as"] == "r" else estimate
        node = chapter.node(
            "subgroup",
            f"{parent}.subgroup.{dotted(row['subgroup'])}",
            parent,
            label=row["subgroup"].replace("_", " "),
            by=row["by"].replace("_", " "),
            method=METHODS.get(row["method"], row["method"]),
            test=TESTS.get(row["test"], row["test"]),
        )
        chapter.cells(
            node,
            subgroups,
            index,
            {
                "k": ("k", count),
                "shown": ("shown", style),
                "low": ("shown_low", style),
                "high": ("shown_high", style),
                "p": ("p_value", p_value),
                "tau2": ("tau2", estimate),
                "i2": ("i2", percent),
                "q_between": ("q_between", estimate),
                "q_between_df": ("q_between_df", count),
                "q_between_p": ("q_between_p", p_value),
            },
        )
    for index, row in moderators.frame.iterrows():
        if not row["primary"]:
            continue
        parent = dotted("pooled", row["pool"])
        node = chapter.node(
            "moderator",
            f"{parent}.moderator.{dotted(row['moderator'])}.{dotted(row['term'])}",
            parent,
            moderator=row["moderator"].replace("_", " "),
            term=row["term"],
        )
        chapter.cells(
            node,
            moderators,
            index,
            {
                "k": ("k", count),
                "b": ("estimate", estimate),
                "se": ("std_error", estimate),
                "low": ("ci_low", estimate),
                "high": ("ci_high", estimate),
                "p": ("p_value", p_value),
                "r2": ("r2", percent),
            },
        )
    return chapter
