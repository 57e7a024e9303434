"""A pool of published studies: which table, what its columns hold, what effect they make."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from pydantic import Field, model_validator

from ruptureflow.config.strict import Strict, nearest

EffectKind = Literal[
    "printed_r",
    "r",
    "point_biserial",
    "fisher_z",
    "d",
    "g",
    "means",
    "pre_post",
    "odds_ratio",
    "risk_ratio",
    "estimate",
]
COUNTS = ("events1", "n1", "events2", "n2")
NEEDED: dict[EffectKind, tuple[str, ...]] = {
    "printed_r": ("r", "z"),
    "r": ("r", "n"),
    "point_biserial": ("r", "n1", "n2"),
    "fisher_z": ("estimate",),
    "d": ("estimate", "n1", "n2"),
    "g": ("estimate", "n1", "n2"),
    "means": ("mean1", "sd1", "n1", "mean2", "sd2", "n2"),
    "pre_post": ("mean_pre", "sd_pre", "mean_post", "sd_post", "n"),
    "odds_ratio": COUNTS,
    "risk_ratio": COUNTS,
    "estimate": ("estimate",),
}
"""Columns of each effect, by our names; `fisher_z` and `estimate` need std_error or variance as well."""

USEFUL: dict[EffectKind, tuple[str, ...]] = {
    "printed_r": ("ci_low", "ci_high", "n", "n1", "n2"),
    "fisher_z": ("std_error", "variance", "n"),
    "pre_post": ("correlation",),
    "estimate": ("std_error", "variance", "n"),
}
"""Columns an effect may have beside those it needs."""

ALWAYS = ("label", "year")
HEADINGS = {"label": "study"}
"""Headings of columns that `columns` does not name; every other is its own name."""


class PublishedPool(Strict):
    """A table of studies to be pooled."""

    pool: str = Field(pattern="^[a-z][a-z0-9_]*$", description="id: lower-case letters, digits and _, a letter first")
    title: str
    file: str = Field(description="a file of the evidence folder, or a path from the project's folder")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="what separates the file's cells")
    decimal: Literal[".", ","] = Field(default=".", description="the file's decimal sign")
    effect: EffectKind = Field(default="printed_r", description="what the columns hold")
    columns: dict[str, str] = Field(default={}, description="our name: the file's heading")
    blank_rows: Literal["refuse", "leave out"] = Field(
        default="refuse", description="rows without an effect: an error, or left out and named in the note"
    )
    several_rows: Literal["refuse", "independent", "correlated"] = Field(
        default="refuse",
        description="a study in several rows: an error, or one effect of other people (independent) or the same ones",
    )
    rows_correlation: float | None = Field(
        default=None, ge=-1, le=1, description="several_rows: correlated: of the rows' sampling errors"
    )
    correlation: float | None = Field(
        default=None, gt=-1, lt=1, description="pre_post: of scores before with scores after, where no column says it"
    )
    correlation_source: str = Field(default="", description="pre_post: where that correlation comes from")
    measure: str = Field(default="", description="estimate: what it is, such as log hazard ratio")
    shown: Literal["as is", "r", "ratio"] = Field(
        default="as is", description="estimate: shown as it is, as r (of Fisher's z) or as a ratio (of its logarithm)"
    )
    subgroups: str = Field(default="", description="heading of the column that names each study's subgroup")
    subgroup_variance: Literal["separate", "common"] = Field(
        default="separate", description="variance between studies: of each subgroup, or one for all"
    )
    moderators: dict[str, Literal["number", "factor"]] = Field(
        default={}, description="heading: number or factor; each enters a meta-regression of its own"
    )
    year: int | None = Field(default=None, description="year of the paper")
    printed: str = Field(default="", description="file of the pooled numbers that the paper prints, if it does")
    printed_analysis: str = Field(default="", description="rows of that file, by its column analysis")

    def heading(self, name: str) -> str:
        """Heading of one of our columns in the file."""
        return self.columns.get(name, HEADINGS.get(name, name))

    @model_validator(mode="after")
    def _consistent(self) -> PublishedPool:
        known = [*ALWAYS, *NEEDED[self.effect], *USEFUL.get(self.effect, ())]
        for name in self.columns:
            if name not in known:
                raise ValueError(f"columns: effect {self.effect} has no column {name!r}{nearest(name, known)}")
        for file in (self.file, self.printed):
            if PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive or ".." in PurePosixPath(file).parts:
                raise ValueError(f"file {file!r} is not in the project: copy it there, such as to data/studies/")
        if self.effect == "pre_post" and self.correlation is None and "correlation" not in self.columns:
            raise ValueError(
                "effect pre_post needs the correlation of scores before with scores after: state correlation and "
                "correlation_source, or name the column that holds it in columns"
            )
        if self.correlation is not None and not self.correlation_source:
            raise ValueError("correlation_source is missing: say where the correlation comes from, even if assumed")
        if self.several_rows == "correlated" and self.rows_correlation is None:
            raise ValueError("several_rows: correlated needs rows_correlation, from -1 to 1")
        if self.effect != "estimate" and (self.shown != "as is" or self.measure):
            raise ValueError(f"shown and measure belong to effect estimate; effect {self.effect} has its own")
        if self.effect == "estimate" and not self.measure:
            raise ValueError("effect estimate needs measure: say what is estimated, such as log hazard ratio")
        if self.printed and self.effect != "printed_r":
            raise ValueError("printed compares pools of effect printed_r only; leave it out")
        if bool(self.printed) != bool(self.printed_analysis):
            raise ValueError("printed and printed_analysis go together: give both or neither")
        return self
