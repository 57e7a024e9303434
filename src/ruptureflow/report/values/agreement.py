"""Coefficients between coders, reliabilities of scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.report.labels import Labels
from ruptureflow.report.numbers import count, degrees, estimate, is_missing, p_value, unit_interval
from ruptureflow.report.parts import Chapter, Sheet, dotted

if TYPE_CHECKING:
    import pandas as pd

COEFFICIENT = {
    "estimate": ("estimate", unit_interval),
    "ci_low": ("ci_low", unit_interval),
    "ci_high": ("ci_high", unit_interval),
    "f": ("statistic", estimate),
    "df1": ("df1", degrees),
    "df2": ("df2", degrees),
    "p": ("p_value", p_value),
    "n_targets": ("n_targets", count),
    "n_raters": ("n_raters", degrees),
}
RELIABILITY = {
    "estimate": ("estimate", unit_interval),
    "ci_low": ("ci_low", unit_interval),
    "ci_high": ("ci_high", unit_interval),
}
OBSERVER = "observer"
RELIABILITY_OF = {"n_patients": ("n_patients", count), "n_obs": ("n_observations", count)}


def agreement(wave: str, coefficients: Sheet, reliabilities: Sheet, analysed: set[str], labels: Labels) -> Chapter:
    """Coders' agreement by code, headline forms as nodes of kind `headline` too; reliabilities of scales.

    Of each total, the headline form and the form of a single coder beside it are nodes of kind `shown_coefficient`;
    the word `analysed` marks a code that a model of the plan has as its outcome. Single markers, of which a coding
    system has dozens, are left to the wave's own table.
    """
    chapter = Chapter()
    codes: set[str] = set()
    scales: set[str] = set()
    for index, row in coefficients.frame.iterrows():
        if not (labels.is_total(row["instrument"], row["code"]) or row["code"] in analysed):
            continue
        code = dotted(wave, "coders", row["instrument"], row["code"])
        words = {
            "instrument": labels.instrument_name(row["instrument"]),
            "label": labels.scale_name(row["instrument"], row["code"]),
        }
        if code not in codes:
            codes.add(code)
            chapter.node("code", code, wave, **words)
        node = f"{code}.form.{dotted(row['form'])}"
        is_headline = not is_missing(row["headline"]) and bool(row["headline"])
        singles = singles_of(coefficients.frame, row["instrument"], row["code"])
        is_shown = labels.is_total(row["instrument"], row["code"]) and (is_headline or row["form"] in singles)
        words = {
            "form": row["form"],
            "meaning": row["meaning"],
            "interval": row["interval"],
            "note": row["note"],
        }
        chapter.node("coefficient", node, code, **words)
        if is_shown:
            chapter.node("shown_coefficient", node, code, belongs="yes" if is_headline else "")
        if is_headline:
            analysed_word = {"analysed": "yes"} if row["code"] in analysed else {}
            chapter.node("headline", node, code, **analysed_word)
        chapter.cells(node, coefficients, index, COEFFICIENT)
    for index, row in reliabilities.frame.iterrows():
        scale = dotted(wave, "reliability", row["instrument"], row["role"], row["scale"])
        if scale not in scales:
            scales.add(scale)
            chapter.node(
                "scale",
                scale,
                wave,
                instrument=labels.instrument_name(row["instrument"]),
                role=row["role"],
                label=labels.scale_name(row["instrument"], row["scale"]),
            )
            chapter.node("coded_scale" if row["role"] == OBSERVER else "rated_scale", scale, wave)
            chapter.cells(scale, reliabilities, index, RELIABILITY_OF)
        coefficient = f"{scale}.coefficient.{dotted(row['coefficient'])}"
        chapter.node("reliability", coefficient, scale, coefficient=row["coefficient"], note=row["note"])
        chapter.cells(coefficient, reliabilities, index, RELIABILITY)
    return chapter


def singles_of(frame: pd.DataFrame, instrument: str, code: str) -> set[str]:
    """The single-coder forms that stand beside a code's headline form: ICC(2,1) beside ICC(2,k)."""
    rows = frame[frame["instrument"].eq(instrument) & frame["code"].eq(code) & frame["headline"].fillna(False)]
    return {form.replace(",k)", ",1)") for form in rows["form"]}
