"""`config/instruments/*.yaml`: what a questionnaire or a coding system is; nothing about one is in code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ruptureflow.config.strict import ConfigError, Strict, nearest, parse, read_yaml, refuse_doubled


class Response(Strict):
    """Range of an answer; `step` 1 for whole numbers."""

    minimum: float
    maximum: float
    step: float = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _rising(self) -> Response:
        refuse_falling(self.minimum, self.maximum)
        return self


def refuse_falling(minimum: float | None, maximum: float | None) -> None:
    """Refuse a range that runs backwards."""
    if minimum is not None and maximum is not None and minimum >= maximum:
        raise ValueError(f"minimum {minimum:g} is not below maximum {maximum:g}")


Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class Scale(Strict):
    """One scale of a questionnaire.

    `items` and `reversed` are item numbers of the form as text; a reversed answer counts as
    minimum + maximum − answer. `minimum_answered` is the missing rule: below it the score is missing,
    else answered items are prorated. `items` may be empty where only reported scores exist.
    """

    name: Name
    items: list[str] = []
    reversed: list[str] = []
    minimum_answered: int | None = Field(default=None, ge=1)
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Scale:
        place = f"scale {self.name!r}"
        refuse_doubled(f"{place}: items", self.items)
        refuse_doubled(f"{place}: reversed items", self.reversed)
        stray = [item for item in self.reversed if item not in self.items]
        if stray:
            raise ValueError(f"{place}: reversed items {stray} are not items of it")
        if self.minimum_answered is not None and self.items and self.minimum_answered > len(self.items):
            raise ValueError(
                f"{place}: minimum_answered {self.minimum_answered} is above its {len(self.items)} items: no form "
                "would ever have a score"
            )
        refuse_falling(self.minimum, self.maximum)
        return self


class Questionnaire(Strict):
    """A self-report or interview scale."""

    kind: Literal["questionnaire"]
    id: str
    name: str
    version: str = ""
    source: str
    verified: str = Field(default="", description="what of this file was checked against the form, and how")
    construct_measured: str = Field(
        default="", description="alliance, symptoms, session outcome …: what may be pooled together"
    )
    response: Response
    item_ranges: dict[str, Response] = Field(default={}, description="items whose range differs")
    score: Literal["mean", "sum"]
    scales: list[Scale] = Field(min_length=1)
    unscored: list[str] = Field(default=[], description="items that are asked and belong to no scale")

    @property
    def items(self) -> list[str]:
        """Every item of the form, in the order the scales name them first; unscored ones last."""
        named = [item for scale in self.scales for item in scale.items]
        return list(dict.fromkeys([*named, *self.unscored]))

    def range_of(self, item: str) -> Response:
        """What an item's answer may be."""
        return self.item_ranges.get(item, self.response)

    def range_of_score(self, scale: Scale) -> tuple[float, float]:
        """Lowest and highest score a scale can have: as declared, else from its items' ranges."""
        ranges = [self.range_of(item) for item in scale.items] or [self.response]
        divisor = 1 if self.score == "sum" else len(ranges)
        low = sum(each.minimum for each in ranges) / divisor if scale.minimum is None else scale.minimum
        high = sum(each.maximum for each in ranges) / divisor if scale.maximum is None else scale.maximum
        return low, high

    @model_validator(mode="after")
    def _consistent(self) -> Questionnaire:
        refuse_doubled("scales", [scale.name for scale in self.scales])
        refuse_doubled("unscored items", self.unscored)
        scored = {item for scale in self.scales for item in scale.items}
        both = [item for item in self.unscored if item in scored]
        if both:
            raise ValueError(f"unscored items {both} are items of a scale; name them in one place")
        stray = [item for item in self.item_ranges if item not in self.items]
        if stray:
            raise ValueError(f"item_ranges: {stray} are not items of the form{nearest(stray[0], self.items)}")
        return self


class Measure(Strict):
    """What a coder gives a code: a count, an impact, a rating."""

    minimum: float
    maximum: float | None = None
    step: float = Field(default=1, gt=0)
    per: Literal["segment", "session"]

    @model_validator(mode="after")
    def _rising(self) -> Measure:
        refuse_falling(self.minimum, self.maximum)
        return self


class Code(Strict):
    """One marker or rating; `group` is what totals sum over (withdrawal, confrontation, resolution …)."""

    code: str
    group: str
    label: str = ""
    measures: list[str] = Field(min_length=1)
    subgroup: str = Field(default="", description="such as immediate or exploratory resolution")
    role: Literal["patient", "therapist", "session"] = "session"


class Total(Strict):
    """A session value that analyses use: the aggregate of one measure over a group's codes, or a subgroup's."""

    name: Name
    group: str
    subgroup: str = Field(default="", description="only the codes of the group that belong to it")
    measure: str
    aggregate: Literal["sum", "mean", "maximum", "segments"] = Field(
        description="segments: in how many segments of the session any of the codes was marked"
    )
    label: str = ""


class CodingSystem(Strict):
    """An observer coding system such as the 3RS."""

    kind: Literal["coding"]
    id: str
    name: str
    version: str
    source: str
    verified: str = ""
    segment_minutes: float | None = Field(default=None, gt=0)
    measures: dict[str, Measure]
    codes: list[Code] = Field(min_length=1)
    totals: list[Total]
    rupture: dict[str, float] = Field(
        default={},
        description="totals by name: a session with at least this value holds a rupture (criterion coded)",
    )

    @model_validator(mode="after")
    def _consistent(self) -> CodingSystem:
        refuse_doubled("codes", [code.code for code in self.codes])
        refuse_doubled("totals", [total.name for total in self.totals])
        totals = [total.name for total in self.totals]
        for name in self.rupture:
            if name not in totals:
                raise ValueError(f"rupture: unknown total {name!r}{nearest(name, totals) if totals else ''}")
        groups = sorted({code.group for code in self.codes})
        for code in self.codes:
            for measure in code.measures:
                if measure not in self.measures:
                    raise ValueError(
                        f"code {code.code!r}: unknown measure {measure!r}{nearest(measure, list(self.measures))}"
                    )
        for total in self.totals:
            if total.group not in groups:
                raise ValueError(f"total {total.name!r}: unknown group {total.group!r}{nearest(total.group, groups)}")
            if total.measure not in self.measures:
                hint = nearest(total.measure, list(self.measures))
                raise ValueError(f"total {total.name!r}: unknown measure {total.measure!r}{hint}")
            inside = sorted({code.subgroup for code in self.codes if code.group == total.group and code.subgroup})
            if total.subgroup and total.subgroup not in inside:
                hint = nearest(total.subgroup, inside) if inside else f"; group {total.group!r} has none"
                raise ValueError(f"total {total.name!r}: unknown subgroup {total.subgroup!r}{hint}")
            if total.aggregate == "segments" and self.measures[total.measure].per != "segment":
                place = f"total {total.name!r}: aggregate segments"
                raise ValueError(f"{place} needs a measure per segment, {total.measure!r} is of the session")
        return self


Instrument = Annotated[Questionnaire | CodingSystem, Field(discriminator="kind")]


class _InstrumentFile(Strict):
    instrument: Instrument


def read_instrument(path: str | Path) -> Questionnaire | CodingSystem:
    """One instrument file; its id must be its file's name."""
    path = Path(path)
    instrument = parse(_InstrumentFile, {"instrument": read_yaml(path)}, path.as_posix()).instrument
    if instrument.id != path.stem:
        raise ConfigError(f"{path.as_posix()}: id {instrument.id!r} is not the file's name; rename one of them")
    return instrument


def read_instruments(folder: str | Path) -> dict[str, Questionnaire | CodingSystem]:
    """Every instrument of a folder by id; the problems of all files at once."""
    instruments: dict[str, Questionnaire | CodingSystem] = {}
    problems: list[str] = []
    place = Path(folder).as_posix()
    if not Path(folder).is_dir():
        raise ConfigError(f"instruments: {place} is no folder; name the folder of the instrument files")
    paths = sorted(path for path in Path(folder).glob("*.y*ml") if not path.name.startswith("."))
    if not paths:
        raise ConfigError(f"instruments: {place} holds no instrument file, such as wai_s.yaml; name their folder")
    for path in paths:
        if path.suffix != ".yaml":
            problems.append(f"{path.as_posix()}: is not read; rename it to {path.with_suffix('.yaml').name}")
            continue
        try:
            instruments[path.stem] = read_instrument(path)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return instruments
