"""How often ruptures occur by criterion and perspective, and how far perspectives agree."""

from __future__ import annotations

from ruptureflow.report.labels import Labels
from ruptureflow.report.numbers import count, percent, unit_interval
from ruptureflow.report.parts import Chapter, Sheet, dotted

BASE_RATE = {
    "n_sessions": ("n_sessions", count),
    "n_ruptures": ("n_ruptures", count),
    "percent": ("percent_sessions", percent),
    "n_patients": ("n_patients", count),
    "n_patients_with": ("n_patients_with_rupture", count),
    "n_resolved": ("n_resolved", count),
    "n_complete": ("n_follow_up_complete", count),
}
COMPARISON = {
    "n_sessions": ("n_sessions", count),
    "n_both": ("n_both", count),
    "n_first": ("n_first_only", count),
    "n_second": ("n_second_only", count),
    "n_neither": ("n_neither", count),
    "percent": ("percent_agreement", percent),
    "kappa": ("kappa", unit_interval),
    "pabak": ("pabak", unit_interval),
    "positive": ("positive_agreement", unit_interval),
    "negative": ("negative_agreement", unit_interval),
}
CRITERIA = {
    "point-drop": "drop of a point or more",
    "sd-drop": "drop by the patients’ mean SD or more",
    "control-chart": "below the person’s control limit",
    "change-point": "change point downwards",
    "self-report": "reported directly",
    "coded": "coded by observers",
    "sudden-gain": "sudden gain",
}


def ruptures(wave: str, base_rates: Sheet, comparisons: Sheet, labels: Labels) -> Chapter:
    """Base rates and pairwise agreement of the criteria of one wave."""
    chapter = Chapter()
    for index, row in base_rates.frame.iterrows():
        node = chapter.node(
            "criterion",
            dotted(wave, "ruptures", row["criterion"], row["perspective"], row["variable"]),
            wave,
            criterion=row["criterion"],
            meaning=CRITERIA.get(row["criterion"], row["criterion"]),
            perspective=row["perspective"],
            variable=labels.variable(row["variable"]),
        )
        chapter.cells(node, base_rates, index, BASE_RATE)
    for index, row in comparisons.frame.iterrows():
        node = chapter.node(
            "comparison",
            dotted(wave, "perspectives", row["first"], row["second"]),
            wave,
            first=_in_words(row["first"], labels),
            second=_in_words(row["second"], labels),
        )
        chapter.cells(node, comparisons, index, COMPARISON)
    return chapter


def _in_words(view: str, labels: Labels) -> str:
    """A view of ruptures (criterion, perspective, variable) with its variable in words."""
    *which, variable = view.split(", ")
    return ", ".join([*which, labels.variable(variable)])
