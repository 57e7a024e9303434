"""`wave.yaml`: the wave's files, in which locale they are, its analytes and its design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ruptureflow.config.locale import Locale
from ruptureflow.config.raw_files import WaveFile
from ruptureflow.config.strict import Strict, nearest, parse, read_yaml, refuse_doubled

WAVE_FILE = "wave.yaml"


class Analyte(Strict):
    """One analyte of the wave and what is known of its assay; what the lab did not report stays 'not reported'."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$", description="an id: it becomes the name of variables")
    matrix: str
    unit: str = Field(min_length=1)
    method: str = Field(description="RIA, ELISA, LC-MS …")
    signal: Literal["cpm", "od", "none"] = Field(
        default="none", description="none: concentrations came without signals"
    )
    kit: str = "not reported"
    extraction: str = "not reported"
    dilution: float = Field(default=1, gt=0, description="dilution of a sample whose manifest names none")
    concentration_factor: float = Field(default=1, gt=0)
    recovery: float = Field(default=1, gt=0, description="extraction recovery, 1 = complete or not corrected")
    anchors: list[str] = Field(
        default=[], description="labels of standards that are anchor points: in the fit, but not judged (ICH M10)"
    )
    lod: float | None = Field(
        default=None, gt=0, description="limit of detection as the lab reports it, where no signal came"
    )
    molar_mass: float | None = Field(default=None, gt=0, description="g/mol, needed between pg/mL and pmol/L")
    reported_unit: str | None = Field(default=None, description="unit of the results, where not the assay's")

    @property
    def method_in_words(self) -> str:
        """The method as it stands after "by" in a sentence."""
        return "a method not reported" if self.method == "not reported" else self.method


class Design(Strict):
    """The planned design: sessions outside it are problems; time is (session − time_origin) ÷ time_step."""

    sessions: list[Annotated[int, Field(ge=0)]] = Field(
        min_length=1, description="every planned session of the treatment that any file may name"
    )
    assay_sessions: list[int] = Field(default=[], description="sessions with samples")
    roles: list[str] = Field(default=["patient"], min_length=1)
    arms: list[str] = []
    time_origin: float = 1
    time_step: float = Field(default=1, gt=0)
    duration_minutes: float | None = Field(
        default=None, gt=0, description="length of a coded session: exposure of counts"
    )

    @model_validator(mode="before")
    @classmethod
    def _ranges(cls, data: object) -> object:
        if isinstance(data, dict):
            for key in ("sessions", "assay_sessions"):
                if isinstance(data.get(key), dict):
                    span = data[key]
                    if set(span) != {"first", "last"}:
                        raise ValueError(f"{key}: give a list of sessions, or first and last")
                    if any(type(end) is not int for end in span.values()) or span["first"] > span["last"]:
                        raise ValueError(f"{key}: first and last are whole numbers, the first not above the last")
                    data = {**data, key: list(range(span["first"], span["last"] + 1))}
        return data

    @model_validator(mode="after")
    def _once_each(self) -> Design:
        for name in ("sessions", "assay_sessions", "roles", "arms"):
            refuse_doubled(name, getattr(self, name))
        return self


class Pseudonyms(Strict):
    """Ids replaced by keyed hashes (HMAC-SHA-256) before anything is written.

    The key is never in the repository: `key_variable` names an environment variable that holds it, or that holds the
    path of a file with it. The same key gives the same pseudonyms, so that waves of one trial stay joined.
    """

    key_variable: str = Field(min_length=1)
    columns: list[Literal["patient", "therapist", "coder"]] = Field(default=["patient", "therapist"], min_length=1)


class Wave(Strict):
    """A wave folder's `wave.yaml`."""

    title: str
    description: str = ""
    locale: Locale = Locale()
    design: Design
    analytes: list[Analyte] = []
    pseudonyms: Pseudonyms | None = None
    files: list[WaveFile]

    def analyte(self, name: str) -> Analyte:
        """The declared analyte of a name."""
        return next(analyte for analyte in self.analytes if analyte.name == name)

    @model_validator(mode="after")
    def _consistent(self) -> Wave:
        names = [analyte.name for analyte in self.analytes]
        refuse_doubled("analytes", names)
        for file in self.files:
            analyte = getattr(file, "analyte", None)
            if analyte is None:
                continue
            if analyte not in names:
                hint = nearest(analyte, names) if names else "; add it there"
                raise ValueError(f"files: {file.path}: analyte {analyte!r} is not among analytes{hint}")
            if file.kind in ("tubes", "plate") and self.analyte(analyte).signal == "none":
                raise ValueError(
                    f"files: {file.path}: kind {file.kind} holds signals, but analyte {analyte!r} has signal: none; "
                    "write signal: cpm or signal: od under analytes"
                )
        for file in self.files:
            role = getattr(file, "role", self.design.roles[0])
            if role not in self.design.roles:
                hint = nearest(role, self.design.roles)
                raise ValueError(f"files: {file.path}: role {role!r} is not among the design's roles{hint}")
        stray = [s for s in self.design.assay_sessions if s not in self.design.sessions]
        if stray:
            raise ValueError(f"design: assay_sessions {stray} are not among sessions; add them there")
        people = [file.path for file in self.files if file.kind == "participants"]
        if len(people) != 1:
            there = f"there are {', '.join(people)}" if people else "there is none"
            raise ValueError(f"files: exactly one file of kind participants is needed; {there}")
        return self


def read_wave(folder: str | Path) -> Wave:
    """The `wave.yaml` of a wave folder, typed and checked."""
    path = Path(folder) / WAVE_FILE
    return parse(Wave, read_yaml(path), path.as_posix())
