"""Words for ids: what scales, totals, analytes and terms are called, from the instrument files and the waves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import get_args

from ruptureflow.config import CodingSystem, Questionnaire, WaveSettings
from ruptureflow.config.plan import RuptureCriterionName
from ruptureflow.config.project import instruments_of
from ruptureflow.report.parts import slug

TERMS = {"Intercept": "intercept", "time": "time"}
PARTS = {"_within": "within patients", "_between": "between patients"}
MEASURES = {
    "_pre": "before the session",
    "_post": "after the session",
    "_change": "change",
    "_log_ratio": "log ratio",
    "_intake": "at intake",
    "_end": "at the end",
}
CATEGORIES = {("occasion", "post"): "after the session"}
GROUPS = {"patient_session": "session within patient", "run": "assay run"}
PRINTED = {
    "r": "r",
    "z": "z",
    "p": "p",
    "q": "Q",
    "q_between": "Q between subgroups",
    "ci_low": "lower limit",
    "ci_high": "upper limit",
    "n": "patients",
}
"""What the last part of a printed quantity's id is called."""
THERAPIST = "therapist_"
CATEGORY = re.compile(r"(\w+)\[(?:T\.)?([^\]]*)\]")
CRITERIA = get_args(RuptureCriterionName)
NAME = re.compile(r"(?<![\w.])[a-z]\w*_\w+\b(?!\.\w)")


@dataclass(frozen=True)
class Labels:
    """Words by id.

    Parameters
    ----------
    instruments : by instrument id: name, full_name, version, source, verified, as the instrument files say.
    scales : label of a scale, total or code by (slug of instrument, slug of name).
    waves : instrument ids by wave.
    totals : (slug of instrument, slug of name) of the session values that coding systems total up.
    rated : names of questionnaires' scales.
    """

    instruments: dict[str, dict[str, str]]
    scales: dict[tuple[str, str], str]
    waves: dict[str, list[str]]
    totals: frozenset[tuple[str, str]] = frozenset()
    rated: frozenset[str] = frozenset()

    def as_text(self) -> str:
        """The labels as one line of JSON: what a rule carries in its params."""
        scales = [[instrument, scale, label] for (instrument, scale), label in sorted(self.scales.items())]
        content = {
            "instruments": self.instruments,
            "scales": scales,
            "waves": self.waves,
            "totals": sorted(self.totals),
            "rated": sorted(self.rated),
        }
        return json.dumps(content, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Labels:
        """The labels that `as_text` wrote."""
        content = json.loads(text)
        scales = {(instrument, scale): label for instrument, scale, label in content["scales"]}
        totals = frozenset((instrument, name) for instrument, name in content["totals"])
        return cls(content["instruments"], scales, content["waves"], totals, frozenset(content["rated"]))

    @staticmethod
    def slug(text: str) -> str:
        """A text as one segment of an id."""
        return slug(text)

    def instruments_of(self, wave: str) -> list[str]:
        """Ids of the instruments a wave uses."""
        return self.waves.get(wave, [])

    def instrument_name(self, name: str) -> str:
        """An instrument's name by its id or slug."""
        for known, words in self.instruments.items():
            if slug(known) == slug(name):
                return words["name"]
        return name

    def is_total(self, instrument: str, code: str) -> bool:
        """Whether a code is one of its coding system's totals rather than a single marker."""
        return (slug(instrument), slug(code)) in self.totals

    def scale_name(self, instrument: str, scale: str) -> str:
        """What a scale, total or code of an instrument is called."""
        return self.scales.get((slug(instrument), slug(scale)), scale.replace("_", " "))

    def variable(self, name: str) -> str:
        """A variable of the joined sessions in words: `therapist_bond` → therapist's bond, `arm[T.b]` → arm: b."""
        category = CATEGORY.fullmatch(name)
        if category:
            stem, level = category.groups()
            return CATEGORIES.get((stem, level), f"{self.variable(stem)}: {level}")
        for suffix, words in PARTS.items():
            if name.endswith(suffix):
                return f"{self.variable(name.removesuffix(suffix))}, {words}"
        owner = ""
        if name.startswith(THERAPIST):
            owner, name = "therapist’s ", name.removeprefix(THERAPIST)
        for suffix, words in MEASURES.items():
            if name.endswith(suffix):
                return f"{owner}{self._scale_in_text(name.removesuffix(suffix))} {words}"
        for criterion in CRITERIA:
            if name.startswith(f"rupture_{criterion.replace('-', '_')}_"):
                words = self.variable(name.removeprefix(f"rupture_{criterion.replace('-', '_')}_"))
                return f"{owner}rupture ({criterion}, {words})"
        return owner + self._scale_in_text(name)

    def _scale_in_text(self, name: str) -> str:
        """A questionnaire's scale by its label, as inside a sentence; anything else by its own words."""
        rated = (label for (instrument, scale), label in self.scales.items() if scale == slug(name))
        label = next(rated, name.replace("_", " ")) if name in self.rated else name.replace("_", " ")
        return label if label[1:2].isupper() else label[:1].lower() + label[1:]

    def unit(self, text: str) -> str:
        """A unit without the ids of instruments: `wai_s points per session` → points per session."""
        for instrument in self.instruments:
            text = text.replace(f"{instrument} ", "")
        return text

    def in_text(self, text: str) -> str:
        """A text with every variable, analysis or model in it by its words; ids with dots stay as they are."""
        return NAME.sub(lambda found: self.variable(found[0]), text)

    @staticmethod
    def group(name: str) -> str:
        """A grouping factor in words: `patient_session` → session within patient."""
        return GROUPS.get(name, name.replace("_", " "))

    def slope(self, name: str) -> str:
        """A coefficient in a sentence: within-patient slope on oxytocin change, difference after the session, …"""
        if ":" in name or " - " in name:
            return f"interaction {self.short_term(name)}"
        category = CATEGORY.fullmatch(name)
        if category:
            known = category.groups() in CATEGORIES
            return "change from before to after the session" if known else f"difference of {self.variable(name)}"
        for suffix, words in PARTS.items():
            if name.endswith(suffix):
                part = words.removesuffix("s").replace(" ", "-")
                return f"{part} slope on {self.variable(name.removesuffix(suffix))}"
        return f"slope on {self.term(name)}"

    def predictor(self, name: str) -> str:
        """What a slope is on, without the part: oxytocin change."""
        suffix = next((suffix for suffix in PARTS if name.endswith(suffix)), "")
        return self.term(name.removesuffix(suffix))

    def short_term(self, name: str) -> str:
        """A model term for a table: its parts in brackets, `oxytocin change (within)`."""
        text = self.term(name)
        for words, short in (("within patients", "within"), ("between patients", "between")):
            text = text.replace(f", {words}", f" ({short})")
        return text

    def term(self, name: str) -> str:
        """A model term in words; an interaction's parts are joined by ×, a difference's by −."""
        sides = [
            " × ".join(TERMS.get(part, self.variable(part)) for part in side.split(":")) for side in name.split(" - ")
        ]
        return " − ".join(sides)


def labels_of(instruments: dict[str, Questionnaire | CodingSystem], waves: list[WaveSettings]) -> Labels:
    """The labels that a project's instrument files and waves hold."""
    scales: dict[tuple[str, str], str] = {}
    for name, instrument in instruments.items():
        named = instrument.scales if isinstance(instrument, Questionnaire) else [*instrument.totals]
        if isinstance(instrument, CodingSystem):
            scales |= {(slug(name), slug(code.code)): code.label for code in instrument.codes if code.label}
        scales |= {(slug(name), slug(each.name)): each.label for each in named if each.label}
    totals = {
        (slug(name), slug(total.name))
        for name, instrument in instruments.items()
        if isinstance(instrument, CodingSystem)
        for total in instrument.totals
    }
    words = {
        name: {
            "name": instrument.name,
            "full_name": ", ".join(filter(None, (instrument.name, instrument.version))),
            "version": instrument.version,
            "source": instrument.source,
            "verified": instrument.verified,
        }
        for name, instrument in instruments.items()
    }
    used = {each.row.wave: sorted(instruments_of(each.wave)) for each in waves}
    rated = {
        scale.name
        for instrument in instruments.values()
        if isinstance(instrument, Questionnaire)
        for scale in instrument.scales
    }
    return Labels(words, scales, used, frozenset(totals), frozenset(rated))


def printed_quantity(text: str) -> str:
    """A printed quantity in words: `repair.q_between` → repair: Q between subgroups; other texts as they are."""
    found = re.fullmatch(r"(?:(.*: )|(\w+)\.)?(\w+)", text)
    if found is None or found[3] not in PRINTED:
        return text
    return (found[1] or (f"{found[2].replace('_', ' ')}: " if found[2] else "")) + PRINTED[found[3]]
