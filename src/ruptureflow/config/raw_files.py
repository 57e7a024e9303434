"""What `wave.yaml` says of each raw file: its kind, where in it the cells lie, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ruptureflow.config.locale import Locale
from ruptureflow.config.patterns import check_pattern
from ruptureflow.config.strict import Strict, nearest, refuse_doubled

Content = Literal["total", "nsb", "b0", "blank", "standard", "qc"]
Occasion = Literal["pre", "post"]
Timepoint = Literal["intake", "session", "end"]
Dose = Annotated[float, Field(ge=0)]


def inside_the_folder(path: str) -> str:
    """A path or pattern that does not leave the wave folder."""
    parts = path.split("/")
    if "\\" in path:
        raise ValueError("write / between folders, not a backslash")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts or not path.strip("./"):
        raise ValueError("name a file or pattern inside the wave folder, such as coders/*.xlsx")
    if any("**" in part and part != "**" for part in parts):
        raise ValueError("** stands alone between slashes, such as **/*.csv")
    return path


class RawFile(Strict):
    """What every declared file has: where it lies, its locale, and which of its columns is which of ours."""

    path: str = Field(description="file, or pattern such as coders/*.xlsx, relative to the wave folder")
    sheet: str | None = Field(
        default=None, description="sheet of a workbook or a pattern, '*' for all; needless if only one"
    )
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
        return inside_the_folder(path)

    @field_validator("file_name", "sheet_name")
    @classmethod
    def _names_something(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else check_pattern(pattern)

    @model_validator(mode="after")
    def _each_column_once(self) -> RawFile:
        refuse_doubled("columns: heading", list(self.columns.values()))
        return self


PARTS_OF_SAMPLE_IDS = ("patient", "session", "occasion", "role")


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
    occasions: dict[str, Occasion] = Field(
        default={"pre": "pre", "post": "post"}, min_length=1, description="the file's word: pre or post"
    )
    carry: list[str] = Field(default=[], description="further columns to hand over, by our name, such as freezer")

    @field_validator("pattern")
    @classmethod
    def _of_sample_ids(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else check_pattern(pattern, PARTS_OF_SAMPLE_IDS)


class TubesFile(RawFile):
    """A gamma counter's list, one row a tube: run, position, label, signal.

    Labels: `contents` maps a label to total, nsb, b0, blank, standard or qc; every other label is a sample's id.
    `doses` gives each standard's and QC's nominal dose by label.
    """

    kind: Literal["tubes"]
    analyte: str
    contents: dict[str, Content]
    doses: dict[str, Dose]

    @model_validator(mode="after")
    def _doses_fit(self) -> TubesFile:
        refuse_stray_doses(self.doses, self.contents)
        return self


def refuse_stray_doses(doses: Mapping[str, float], contents: Mapping[str, str]) -> None:
    """Refuse a dose of a label that is declared as no standard or QC."""
    for label in doses:
        if label not in contents:
            hint = nearest(label, list(contents)) if contents else ""
            raise ValueError(f"doses: label {label!r} is not among contents{hint}")
        if contents[label] not in ("standard", "qc"):
            raise ValueError(f"doses: label {label!r} is a {contents[label]}; only a standard or a qc has a dose")


class PlateFile(RawFile):
    """A reader's 8×12 grid of signals and the grid of what each well holds; one plate a file.

    The layout stands on another sheet (`layout_sheet`), elsewhere on the same (`layout_corner`), or in a file of its
    own (`layout_file`). The run's name is the file's name without its ending.
    """

    kind: Literal["plate"]
    analyte: str
    layout_file: str | None = Field(
        default=None,
        description="file of the layout, where it is another; {run} in it stands for the plate file's name",
    )
    layout_sheet: str | None = None
    corner: str = Field(default="A1", description="cell where the grid's own corner stands (left of 1, above A)")
    layout_corner: str = "A1"
    contents: dict[str, Content]
    doses: dict[str, Dose]

    @field_validator("corner", "layout_corner")
    @classmethod
    def _a_cell(cls, corner: str) -> str:
        if not re.fullmatch("[A-Za-z]{1,3}[1-9][0-9]{0,6}", corner):
            raise ValueError("name a cell as a spreadsheet does, such as B7")
        return corner

    @field_validator("layout_file")
    @classmethod
    def _layout_in_the_folder(cls, path: str | None) -> str | None:
        if path is None:
            return None
        if "*" in path:
            raise ValueError("name one file; {run} in it stands for the plate file's name without its ending")
        if "{" in path or "}" in path:
            check_pattern(path, ("run",))
        return inside_the_folder(path)

    @model_validator(mode="after")
    def _doses_fit(self) -> PlateFile:
        refuse_stray_doses(self.doses, self.contents)
        same_sheet = self.layout_sheet in (None, self.sheet) and self.layout_file is None
        if same_sheet and self.corner.upper() == self.layout_corner.upper():
            raise ValueError(
                "where does the layout stand? Name its sheet under layout_sheet, its cell under layout_corner, or its "
                "file under layout_file"
            )
        return self


class RecoveriesFile(RawFile):
    """Spiked pools, one row an extraction: pool, spike, measured; run, endogenous, unit.

    `measured` is the concentration after extraction, `spike` what was added before it, `endogenous` what the pool held
    before; where no column endogenous is, the pool's rows with spike 0 give it.
    """

    kind: Literal["recoveries"]
    analyte: str


class ConcentrationsFile(RawFile):
    """Concentrations as the lab reports them, without signals: sample (or patient, session, occasion), concentration.

    `layout` long: one row a sample. wide: one row a patient × session, `value_columns` pre and post.
    """

    kind: Literal["concentrations"]
    analyte: str
    layout: Literal["long", "wide"] = "long"
    value_columns: dict[Occasion, str] = Field(default={}, description="wide: pre and post: the file's headings")
    pattern: str | None = None
    occasions: dict[str, Occasion] = Field(default={"pre": "pre", "post": "post"}, min_length=1)
    role: str = "patient"

    @field_validator("pattern")
    @classmethod
    def _of_sample_ids(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else check_pattern(pattern, PARTS_OF_SAMPLE_IDS)

    @model_validator(mode="after")
    def _of_its_layout(self) -> ConcentrationsFile:
        if self.layout == "wide" and self.pattern is not None:
            raise ValueError("pattern belongs to layout: long; a wide row has a patient and a session, no sample's id")
        if self.layout == "long" and self.value_columns:
            raise ValueError("value_columns belongs to layout: wide; name the column under columns: {concentration: …}")
        refuse_doubled("value_columns: heading", list(self.value_columns.values()))
        return self


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

    @field_validator("pattern")
    @classmethod
    def _of_codes(cls, pattern: str) -> str:
        return check_pattern(pattern, ("code", "measure", "segment"), needed="code")


class ResponsesFile(RawFile):
    """Questionnaire answers. wide: a column an item, named by `pattern`; long: columns item and value."""

    kind: Literal["responses"]
    instrument: str
    version: str = Field(default="", description="version of the form; must be the instrument's where that has one")
    role: str = Field(default="patient", description="who answers, where no column role says so")
    layout: Literal["long", "wide"]
    pattern: str = Field(default="{instrument}_{item}", description="wide: how a heading names the item")
    timepoints: dict[str, Timepoint] = Field(
        default={}, description="words in the session column for intake and end, such as baseline: intake"
    )

    @field_validator("pattern")
    @classmethod
    def _of_items(cls, pattern: str) -> str:
        return check_pattern(pattern, ("instrument", "item", "role", "session"), needed="item")


class ScoresFile(RawFile):
    """Scale scores without items, one row a patient (× session); `scores` maps headings to scale or scale@timepoint."""

    kind: Literal["scores"]
    instrument: str
    role: str = "patient"
    scores: dict[str, str] = Field(min_length=1)
    timepoints: dict[str, Timepoint] = {}


WaveFile = Annotated[
    ParticipantsFile
    | SamplesFile
    | TubesFile
    | PlateFile
    | RecoveriesFile
    | ConcentrationsFile
    | CodesFile
    | ResponsesFile
    | ScoresFile,
    Field(discriminator="kind"),
]
