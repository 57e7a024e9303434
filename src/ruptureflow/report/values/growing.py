"""What stands beside a pool: references, other assumptions, growing evidence, small-study effects, inferred digits."""

from __future__ import annotations

from collections.abc import Mapping

from ruptureflow.report.numbers import (
    count,
    degrees,
    estimate,
    fixed,
    is_missing,
    p_phrase,
    p_value,
    percent,
    unit_interval,
)
from ruptureflow.report.parts import Chapter, Sheet, dotted

ASSUMPTIONS = {"df not reported": "df"}
COUNTED = ("effects missing", "null results needed")


def beside_pools(sheets: Mapping[str, Sheet]) -> Chapter:
    """Nodes below each pool, from the tables of `tables.pooling` by name."""
    chapter = Chapter()
    for add in (_references, _assumptions, _looks, _precision, _one_stage, _bias, _levels, _digits, _illegible):
        add(chapter, sheets)
    return chapter


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _three(value: float | None) -> str:
    """Three decimals: the ends of these ranges differ in the third."""
    return fixed(value, 3)


def _style(row):
    return unit_interval if row["shown_as"] == "r" else estimate


def _ends(row) -> dict:
    style = _style(row)
    return {"shown": ("shown", style), "low": ("shown_low", style), "high": ("shown_high", style)}


def _references(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["references"]
    for index, row in sheet.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        node = f"{parent}.reference.{dotted(row['reference'])}"
        chapter.node("reference", node, parent, source=row["source"], unit=row["n_unit"])
        chapter.cells(node, sheet, index, {"k": ("k", count), "n": ("n", count), **_ends(row)})


def _assumptions(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["sensitivity"]
    for place, (index, row) in enumerate(sheet.frame.iterrows(), start=1):
        parent = dotted("pooled", row["pool"])
        node = f"{parent}.assumption.n{place}"
        chapter.node("assumption", node, parent, assumption=ASSUMPTIONS.get(row["assumption"], row["assumption"]))
        chapter.cells(node, sheet, index, {"value": ("value", degrees), **_ends(row)})


def _looks(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    """First and last look of every pool; all looks where a rule was registered."""
    sheet = sheets["cumulative"]
    for pool, rows in sheet.frame.groupby("pool", sort=False):
        parent = dotted("pooled", pool)
        if len(rows) < 3:
            continue
        has_rule = rows["boundary"].notna().any()
        chapter.node("growth", f"{parent}.growth", parent, verdict=rows["note"].iloc[-1])
        for leaf, index in (("first", rows.index[0]), ("last", rows.index[-1])):
            cells = {"k": ("k", count), **_ends(rows.loc[index])}
            chapter.cells(f"{parent}.growth.{leaf}", sheet, index, cells)
        for index, row in rows.iterrows() if has_rule else ():
            node = f"{parent}.look.n{row['step']}"
            crosses = "" if is_missing(row["crosses"]) else "yes" if row["crosses"] else "no"
            chapter.node("look", node, parent, added=row["added"], crosses=crosses)
            cells = {
                "k": ("k", count),
                **_ends(row),
                "p": ("p_value", p_value),
                "information": ("information", estimate),
            }
            cells |= {"spent": ("alpha_spent", p_value), "boundary": ("boundary", estimate)}
            chapter.cells(node, sheet, index, cells)


def _precision(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["precision"]
    for index, row in sheet.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        is_planned = not is_missing(row["now"])
        kind = "reached" if is_planned and row["reachable"] else "unreached" if is_planned else "unplanned"
        node = f"{parent}.precision.{row['add']}"
        note = "" if is_missing(row["note"]) else str(row["note"])
        chapter.node(f"precision_{kind}", node, parent, add=row["add"], note=note)
        if note and kind == "reached":
            chapter.node("precision_note", node, parent)
        chapter.cells(
            node,
            sheet,
            index,
            {"half_width": ("half_width", estimate), "now": ("now", estimate), "needed": ("needed", count)},
        )


def _one_stage(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["one_stage"]
    for index, row in sheet.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        kind = "one_stage_missing" if is_missing(row["estimate"]) else "one_stage"
        node = chapter.node(
            kind, f"{parent}.one_stage.{row['wave_effect']}", parent, enters=row["wave_effect"], why=row["note"]
        )
        styles = {
            "b": "estimate",
            "low": "ci_low",
            "high": "ci_high",
            "two_stage": "two_stage",
            "difference": "difference",
        }
        cells = {leaf: (column, estimate) for leaf, column in styles.items()}
        cells |= {"p_is": ("p_value", p_phrase), "sessions": ("n_sessions", count), "patients": ("n_patients", count)}
        chapter.cells(node, sheet, index, cells)


def _bias(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["bias"]
    for place, (index, row) in enumerate(sheet.frame.iterrows(), start=1):
        parent = dotted("pooled", row["pool"])
        node = f"{parent}.bias.n{place}"
        quantity = row["note"] if row["quantity"] == "-" else row["quantity"]
        chapter.node("bias", node, parent, diagnostic=_capital(row["diagnostic"]), quantity=quantity)
        is_shown = not is_missing(row["shown"])
        ends = _ends(row) if is_shown else {}
        plain = ("estimate", count if row["quantity"] in COUNTED else estimate)
        cells = {"estimate": ends.get("shown", plain), "p": ("p_value", p_value)}
        cells |= {"low": ends.get("low", ("ci_low", estimate)), "high": ends.get("high", ("ci_high", estimate))}
        chapter.cells(node, sheet, index, cells)


def _levels(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["levels"]
    for index, row in sheet.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        node = f"{parent}.level.{dotted(row['method'])}.{dotted(row['level'])}"
        chapter.node("level", node, parent, level=row["level"], method=row["method"].upper())
        chapter.cells(
            node, sheet, index, {"variance": ("variance", estimate), "units": ("units", count), "i2": ("i2", percent)}
        )


def _digits(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    sheet = sheets["inferred_digits"]
    for index, row in sheet.frame.iterrows():
        parent = dotted("pooled", row["pool"])
        node = f"{parent}.digit.row{row['row']}.{dotted(row['cell'])}"
        words = {name: row[name] for name in ("study", "used", "possible")}
        chapter.node("digit", node, parent, cell=row["cell"].replace("_", " "), **words)
        cells = {f"{name}_{end}": (f"{name}_{end}", estimate) for name in ("r", "z", "q") for end in ("low", "high")}
        cells |= {f"n_{end}": (f"total_n_{end}", count) for end in ("low", "high")}
        chapter.cells(node, sheet, index, cells)


def _illegible(chapter: Chapter, sheets: Mapping[str, Sheet]) -> None:
    """The rows of one illegible cell: its legible digits, the odd figure, and the figures that share it."""
    sheet = sheets["illegible_cell"]
    for pool, rows in sheet.frame.groupby("pool", sort=False):
        parent = dotted("pooled", pool)
        node = chapter.node("illegible", f"{parent}.illegible", parent, study=rows["study"].iloc[0])
        kinds = ("own_digits", "odd_figure", *["shared_figure"] * (len(rows) - 2))
        for place, (kind, (index, row)) in enumerate(zip(kinds, rows.iterrows(), strict=True)):
            name = chapter.node(kind, f"{node}.n{place}", node, quantity=row["quantity"], published=row["published"])
            errors = {"low": ("std_error_low", _three), "high": ("std_error_high", _three)}
            beside = {"beside_low": ("beside_low", estimate), "beside_high": ("beside_high", estimate)}
            chapter.cells(name, sheet, index, errors | beside)
