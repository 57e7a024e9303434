"""`wave.yaml`: what the files of a wave folder are, in which locale, and what the wave's design was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ruptureflow.config.strict import Strict, parse, read_yaml

WAVE_FILE = "wave.yaml"


class Locale(Strict):
    """How the files write numbers, dates and missing values; declared, never guessed at run time."""

    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    date_format: str = Field(default="%Y-%m-%d", description="strptime format of dates and times in text files")
    missing: list[str] = Field(default=["", "NA", "N/A"], description="cells that mean: no value")
    missing_ranges: list[tuple[float, float]] = Field(
        default=[],
        description="numbers from … to … that mean: no value, such as [[97, 99]] (SPSS files bring their own)",
    )


class Analyte(Strict):
    """One analyte of the wave and what is known of its assay; what the lab did not report stays 'not reported'."""

    name: str
    matrix: str
    unit: str
    method: str = Field(description="RIA, ELISA, LC-MS …")
    signal: Literal["cpm", "od", "none"] = Field(
        default="none", description="none: concentrations came without signals"
    )
    kit: str = "not reported"
    extraction: str = "not reported"
    dilution: float = Field(default=1, gt=0, description="dilution of a sample whose manifest names none")
    concentration_factor: float = Field(default=1, gt=0)
    recovery: float = Field(default=1, gt=0, description="extraction recovery, 1 = complete or not corrected")
    lod: float | None = Field(
        default=None, description="limit of detection as the lab reports it, where no signal came"
    )
    molar_mass: float | None = Field(default=None, gt=0, description="g/mol, needed between pg/mL and pmol/L")
    reported_unit: str | None = Field(default=None, description="unit of the results, where not the assay's")

    @property
    def method_in_words(self) -> str:
        """The method as it stands after "by" in a sentence."""
        return "a method not reported" if self.method == "not reported" else self.method


class Design(Strict):
    """The planned design: sessions outside it are problems; time is (session − time_origin) ÷ time_step."""

    sessions: list[int] = Field(description="every planned session of the treatment that any file may name")
    assay_sessions: list[int] = Field(default=[], description="sessions with samples")
    roles: list[str] = ["patient"]
    arms: list[str] = []
    time_origin: float = 1
    time_step: float = Field(default=1, gt=0)
    duration_minutes: float | None = Field(default=None, description="length of a coded session: exposure of counts")

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


class RawFile(Strict):
    """What every declared file has: where it lies, its locale, and which of its columns is which of ours."""

    path: str = Field(description="file, or pattern such as coders/*.xlsx, relative to the wave folder")
    sheet: str | None = Field(default=None, description="sheet of a workbook, '*' for all; needless if only one")
    header_row: int = Field(default=1, ge=1, description="row of the column headings as a spreadsheet shows it")
    locale: Locale | None = Field(default=None, description="where the file's locale differs from the wave's")
    columns: dict[str, str] = Field(
        default={}, description="our name: the file's heading; unnamed ones keep their name"
    )
    constants: dict[str, str] = Field(default={}, description="our name: a value that holds for the whole file")
    ignore: list[str] = Field(default=[], description="headings that are known and not read; ['*']: all others")
    block: list[str] = Field(
        default=[],
        description="first cells of the row above the headings, where a file holds several blocks, such as "
        "['DataType:', 'Median']; the block ends at a blank row or at block_end",
    )
    block_end: str = Field(default="", description="first cell of the row that ends the block, such as ~End")
    fill_down: list[str] = Field(default=[], description="our names of columns whose blanks repeat the cell above")
    value_labels: list[str] = Field(
        default=[], description="variables of an SPSS file of which the labels are read, not the codes"
    )
    file_name: str | None = Field(
        default=None, description="what the file's name (without ending) says, such as coder_{coder}"
    )
    sheet_name: str | None = Field(default=None, description="what the sheet's name says, such as {coder}")
    not_personal: list[str] = Field(
        default=[], description="headings that look like names, dates of birth or addresses and are none"
    )

    @field_validator("path")
    @classmethod
    def _in_the_folder(cls, path: str) -> str:
        parts = path.split("/")
        if "\\" in path:
            raise ValueError("write / between folders, not a backslash")
        if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts or not path.strip("./"):
            raise ValueError("name a file or pattern inside the wave folder, such as coders/*.xlsx")
        if any("**" in part and part != "**" for part in parts):
            raise ValueError("** stands alone between slashes, such as **/*.csv")
        return path


class ParticipantsFile(RawFile):
    """One row a patient: patient, therapist, age, gender, arm, personality_disorder, dropout, covariates, scores."""

    kind: Literal["participants"]
    covariates: list[str] = Field(default=[], description="further columns to carry, by our name")
    scores: dict[str, str] = Field(
        default={},
        description="heading: instrument.scale@intake or @end, for totals that stand in this table",
    )
    yes: list[str] = ["yes", "true", "1"]
    no: list[str] = ["no", "false", "0"]


class SamplesFile(RawFile):
    """The manifest: sample, patient, role, session, occasion, collected_at, dilution, planned_run.

    `pattern` reads patient, session, occasion and role out of the sample's id instead,
    such as {patient}_S{session}_{occasion}.
    """

    kind: Literal["samples"]
    analyte: str
    pattern: str | None = None
    occasions: dict[str, str] = Field(
        default={"pre": "pre", "post": "post"}, description="the file's word: pre or post"
    )
    carry: list[str] = Field(default=[], description="further columns to hand over, by our name, such as freezer")


class TubesFile(RawFile):
    """A gamma counter's list, one row a tube: run, position, label, signal.

    Labels: `contents` maps a label to total, nsb, b0, blank, standard or qc; every other label is a sample's id.
    `doses` gives each standard's and QC's nominal dose by label.
    """

    kind: Literal["tubes"]
    analyte: str
    contents: dict[str, str]
    doses: dict[str, float]


class PlateFile(RawFile):
    """A reader's 8×12 grid of signals and the grid of what each well holds; one plate a file.

    The layout stands on another sheet (`layout_sheet`) or elsewhere on the same (`layout_corner`), as it must in a
    text file. The run's name is the file's name without its ending.
    """

    kind: Literal["plate"]
    analyte: str
    layout_sheet: str | None = None
    corner: str = Field(default="A1", description="cell where the grid's own corner stands (left of 1, above A)")
    layout_corner: str = "A1"
    contents: dict[str, str]
    doses: dict[str, float]


class ConcentrationsFile(RawFile):
    """Concentrations as the lab reports them, without signals: sample (or patient, session, occasion), concentration.

    `layout` long: one row a sample. wide: one row a patient × session, `value_columns` pre and post.
    """

    kind: Literal["concentrations"]
    analyte: str
    layout: Literal["long", "wide"] = "long"
    value_columns: dict[str, str] = Field(default={}, description="wide: pre and post: the file's headings")
    pattern: str | None = None
    occasions: dict[str, str] = {"pre": "pre", "post": "post"}
    role: str = "patient"


class CodesFile(RawFile):
    """Coder sheets. long: patient, session, coder, segment, code, measure, value. wide: a column a code."""

    kind: Literal["codes"]
    instrument: str
    version: str = Field(description="version of the coding manual; must be the instrument's")
    layout: Literal["long", "wide"]
    measure: str | None = Field(default=None, description="wide: what the cells hold, where headings do not say")
    pattern: str = Field(default="{code}", description="wide: how a heading names code and measure")
    blank: Literal["zero", "not coded", "refuse"] = Field(default="refuse", description="what an empty cell means")
    marks: dict[str, float] = Field(default={}, description="marks that stand for numbers, such as x: 1")
    tallies: str = Field(default="", description="strokes of which each counts one, such as I: III is 3")
    yes: list[str] = Field(
        default=["yes", "true", "1", "coded"],
        description="words of a column coded: the row was coded, a blank in it is 0; in other rows it is not coded",
    )


class ResponsesFile(RawFile):
    """Questionnaire answers. wide: a column an item, named by `pattern`; long: columns item and value."""

    kind: Literal["responses"]
    instrument: str
    version: str = Field(default="", description="version of the form; must be the instrument's where that has one")
    role: str = Field(default="patient", description="who answers, where no column role says so")
    layout: Literal["long", "wide"]
    pattern: str = Field(default="{instrument}_{item}", description="wide: how a heading names the item")
    timepoints: dict[str, str] = Field(
        default={}, description="words in the session column for intake and end, such as baseline: intake"
    )


class ScoresFile(RawFile):
    """Scale scores without items, one row a patient (× session); `scores` maps headings to scale or scale@timepoint."""

    kind: Literal["scores"]
    instrument: str
    role: str = "patient"
    scores: dict[str, str]
    timepoints: dict[str, str] = {}


WaveFile = Annotated[
    ParticipantsFile
    | SamplesFile
    | TubesFile
    | PlateFile
    | ConcentrationsFile
    | CodesFile
    | ResponsesFile
    | ScoresFile,
    Field(discriminator="kind"),
]


class Pseudonyms(Strict):
    """Ids replaced by keyed hashes (HMAC-SHA-256) before anything is written.

    The key is never in the repository: `key_variable` names an environment variable that holds it, or that holds the
    path of a file with it. The same key gives the same pseudonyms, so that waves of one trial stay joined.
    """

    key_variable: str
    columns: list[Literal["patient", "therapist", "coder"]] = ["patient", "therapist"]


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
        for file in self.files:
            analyte = getattr(file, "analyte", None)
            if analyte is not None and analyte not in names:
                raise ValueError(f"files: {file.path}: analyte {analyte!r} is not among analytes {names}")
        stray = [s for s in self.design.assay_sessions if s not in self.design.sessions]
        if stray:
            raise ValueError(f"design: assay_sessions {stray} are not among sessions")
        if sum(file.kind == "participants" for file in self.files) != 1:
            raise ValueError("files: exactly one file of kind participants is needed")
        return self


def read_wave(folder: str | Path) -> Wave:
    """The `wave.yaml` of a wave folder, typed and checked."""
    path = Path(folder) / WAVE_FILE
    return parse(Wave, read_yaml(path), path.as_posix())
