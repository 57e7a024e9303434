"""Published claims recomputed, the second engine's opinion, the gates."""

from __future__ import annotations

import re

from ruptureflow.report.labels import Labels, printed_quantity
from ruptureflow.report.numbers import MINUS, aligned, count, estimate, is_missing
from ruptureflow.report.parts import Chapter, Sheet, dotted, slug


def audit(claims: Sheet, engines: Sheet, gates: Sheet, tallies: Sheet, shown: list[str], labels: Labels) -> Chapter:
    """Claims by source, coefficients by a second engine, gates, and how many of each came out how.

    Parameters
    ----------
    tallies : subject, quantity, value: counts of verdicts, as `ruptureflow.report.tallies` writes them.
    shown : waves in the manuscript; the second engine's and the gates' rows of other waves are left out.
    """
    chapter = Chapter()
    for source in dict.fromkeys(claims.frame["source"]):
        chapter.node("source", dotted("audit", "source", source), name=source)
    seen: set[str] = set()
    for index, row in claims.frame.iterrows():
        parent = dotted("audit", "source", row["source"])
        claim = f"{parent}.claim.{slug(row['claim'])}"
        if claim not in seen:
            seen.add(claim)
            chapter.node(
                "claim",
                claim,
                parent,
                claim=row["claim"],
                quantity=printed_quantity(row["quantity"]),
                published=_with_minus(row["published"]),
                source=row["source"],
            )
        condition = "" if is_missing(row["condition"]) else f": {row['condition']}"
        node = chapter.node(
            "finding",
            f"{claim}.convention.{slug(row['convention'])}",
            claim,
            convention=row["convention"],
            verdict=row["verdict"],
            condition=condition,
            how=row["how"],
        )
        # Counts of people, samples and sessions are whole; so is no other quantity.
        ends = (row["recomputed_low"], row["recomputed_high"])
        style = count if all(not is_missing(end) and end >= 1 and float(end).is_integer() for end in ends) else estimate
        chapter.cell(f"{node}.low", claims, index, "recomputed_low", style)
        chapter.cell(f"{node}.high", claims, index, "recomputed_high", style)
    for index, row in engines.frame.iterrows():
        if row["wave"] not in shown:
            continue
        node = chapter.node(
            "second_engine",
            dotted("audit", "second_engine", row["wave"], row["analysis"], row["model"], row["outcome"], row["term"]),
            wave=row["wave"],
            outcome=labels.variable(row["outcome"]),
            term=labels.term(row["term"]),
            verdict=row["verdict"],
            reason=row["reason"],
        )
        for leaf in ("estimate", "other_estimate", "std_error", "other_std_error"):
            chapter.cell(f"{node}.{leaf}", engines, index, leaf, aligned(row["std_error"]))
        chapter.cell(f"{node}.difference", engines, index, "difference", _tiny)
    for index, row in gates.frame.iterrows():
        if row["wave"] not in (*shown, "pooled"):
            continue
        node = chapter.node(
            "gate",
            dotted("audit", "gate", row["gate"], row["wave"], row["subject"]),
            gate=row["gate"],
            wave=row["wave"],
            subject=labels.in_text(row["subject"]),
            verdict=row["verdict"],
            advice=row["advice"] if is_missing(row["advice"]) else labels.in_text(_without_ids(row["advice"])),
        )
        if row["verdict"] != "pass":
            chapter.node("warning", node)
            chapter.cell(f"{node}.value", gates, index, "value", estimate)
            chapter.cell(f"{node}.limit", gates, index, "limit", estimate)
    for index, row in tallies.frame.iterrows():
        if row["subject"].startswith("checks.") and row["subject"].endswith(".pass"):
            chapter.node("check", f"audit.{row['subject'].removesuffix('.pass')}", name=row["label"])
        chapter.cell(f"audit.{row['subject']}.{row['quantity']}", tallies, index, "value", count)
    return chapter


def _without_ids(advice: str) -> str:
    """An advice that lists patients without their ids: the audit's table has them, a manuscript never."""
    return re.sub(r"\bturns on .*?(?=: report|$)", "turns on single patients", advice)


def _with_minus(text: str) -> str:
    """A printed text with a true minus sign before a number."""
    return re.sub(r"(?<![\w)])-(?=[.\d])", MINUS, text)


def _tiny(value: float | None) -> str:
    """A difference in standard errors: what is below a thousandth is said to be so."""
    if not is_missing(value) and abs(value) < 0.001:
        return "< 0.001"
    return estimate(value)
