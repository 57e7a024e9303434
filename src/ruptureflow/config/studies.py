"""A pool of published studies: which table, what its columns hold, what effect they make, how it is looked at."""

from __future__ import annotations

import warnings
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ruptureflow.config.strict import Pair, Strict, nearest

EffectKind = Literal[
    "printed_r",
    "r",
    "point_biserial",
    "fisher_z",
    "d",
    "g",
    "means",
    "t",
    "f",
    "p",
    "partial_r",
    "pre_post",
    "change_difference",
    "odds_ratio",
    "risk_ratio",
    "ratio",
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
    "t": ("t", "n1", "n2"),
    "f": ("f", "n1", "n2", "direction"),
    "p": ("p", "n1", "n2", "direction"),
    "partial_r": ("t",),
    "pre_post": ("mean_pre", "sd_pre", "mean_post", "sd_post", "n"),
    "change_difference": (
        *("mean_pre1", "sd_pre1", "mean_post1", "n1"),
        *("mean_pre2", "sd_pre2", "mean_post2", "n2"),
    ),
    "odds_ratio": COUNTS,
    "risk_ratio": COUNTS,
    "ratio": ("estimate", "ci_low", "ci_high"),
    "estimate": ("estimate",),
}
"""Columns of each effect, by our names; `fisher_z` and `estimate` need std_error, variance or an interval as well,
`partial_r` df."""

USEFUL: dict[EffectKind, tuple[str, ...]] = {
    "printed_r": ("ci_low", "ci_high", "n", "n1", "n2"),
    "fisher_z": ("std_error", "variance", "ci_low", "ci_high", "n"),
    "partial_r": ("df", "n"),
    "pre_post": ("correlation",),
    "change_difference": ("correlation",),
    "ratio": ("n",),
    "estimate": ("std_error", "variance", "ci_low", "ci_high", "n"),
}
"""Columns an effect may have beside those it needs."""

ALWAYS = ("label", "year")
HEADINGS = {"label": "study"}
"""Headings of columns that `columns` does not name; every other is its own name."""

METRICS: dict[EffectKind, str] = {
    **dict.fromkeys(("printed_r", "r", "point_biserial", "fisher_z", "partial_r"), "fisher_z"),
    **dict.fromkeys(("d", "g", "means", "t", "f", "p"), "g"),
    "pre_post": "smcr",
    "change_difference": "dppc2",
    "odds_ratio": "log_odds_ratio",
    "risk_ratio": "log_risk_ratio",
}
"""What an effect is pooled as; `ratio` and `estimate` as their `measure` says."""

CHANGES = ("pre_post", "change_difference")
OWN_MEASURE = ("estimate", "ratio")


class References(Strict):
    """Pooled effects known from elsewhere, drawn beside a pool and entering nothing."""

    file: str = Field(description="a file of the evidence folder, or a path from the project's folder")
    rows: list[str] = Field(min_length=1, description="the rows to show, by the file's column id")


class SpendingRule(Strict):
    """A registered rule for repeated looks at growing evidence."""

    rule: Literal["obrien-fleming", "pocock"] = Field(description="function of Lan and DeMets that spends alpha")
    alpha: float = Field(default=0.05, gt=0, lt=1, description="two-sided error over all looks")
    information: float = Field(gt=0, description="1/SE² of the pooled effect planned for the last look")


class Precision(Strict):
    """How narrow the interval of a pooled effect shall become."""

    half_width: float = Field(gt=0, description="half the interval's width, in the metric the pool is pooled in")
    assurance: float = Field(default=0.8, gt=0, lt=1, description="share of simulations that has to reach it")
    draws: int = Field(default=1000, ge=100, description="simulations for every number tried")
    seed: int = 20180


with warnings.catch_warnings():
    # Pydantic warns of a field named as an old method of its models, which settings have no use for.
    warnings.simplefilter("ignore", UserWarning)

    class AboutConstruct(Strict):
        """What is related to what: only effects about one construct ever meet."""

        construct: str = Field(default="", description="what is related to what, as all say it that may meet")


class Pool(AboutConstruct):
    """What every pool has: its name, what is related to what in it, and how growing evidence is looked at."""

    pool: str = Field(pattern="^[a-z][a-z0-9_]*$", description="id: lower-case letters, digits and _, a letter first")
    title: str
    references: list[References] = Field(default=[], description="pooled effects of elsewhere to draw beside it")
    spending: SpendingRule | None = Field(
        default=None, description="without it a look at growing evidence has no verdict"
    )
    precision: Precision | None = Field(default=None, description="how much more is needed for a stated half-width")

    @model_validator(mode="after")
    def _named(self) -> Pool:
        """Every problem names its pool: places in a list are counted by nobody."""
        try:
            self.check()
        except ValueError as error:
            raise ValueError(f"pool {self.pool}: {error}") from None
        return self

    def check(self) -> None:
        """Refuse what cannot be meant."""
        for each in self.references:
            check_inside(each.file)
        if self.references and not self.construct:
            raise ValueError(
                "references are drawn only where they are about the same thing: state construct, what is related to "
                "what, as the reference's file spells it in its column analysis"
            )


class PublishedPool(Pool):
    """A table of studies to be pooled."""

    file: str = Field(description="a file of the evidence folder, or a path from the project's folder")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="what separates the file's cells")
    decimal: Literal[".", ","] = Field(default=".", description="the file's decimal sign")
    effect: EffectKind = Field(default="printed_r", description="what the columns hold")
    columns: dict[str, str] = Field(default={}, description="our name: the file's heading")
    blank_rows: Literal["refuse", "leave out"] = Field(
        default="refuse", description="rows without an effect: an error, or left out and named in the note"
    )
    where: dict[str, str] = Field(default={}, description="heading: cell; only the file's rows with these cells")
    study: str = Field(
        default="", description="the study's name, where the file is of one study and has no such column"
    )
    several_rows: Literal["refuse", "independent", "correlated", "multilevel"] = Field(
        default="refuse",
        description="a study in several rows: an error, one effect of other people (independent) or the same ones "
        "(correlated), or effects nested in studies (multilevel)",
    )
    rows_correlation: float | None = Field(
        default=None, ge=-1, le=1, description="several_rows: correlated: of the rows' sampling errors"
    )
    levels: list[str] = Field(
        default=[],
        description="several_rows: multilevel: headings from the outermost level inwards; without any, study and row",
    )
    cluster: str = Field(
        default="", description="heading of independent units: tests robust to what they share (CR2) beside the others"
    )
    correlation: float | None = Field(
        default=None, gt=-1, lt=1, description="pre_post: of scores before with scores after, where no column says it"
    )
    correlation_source: str = Field(default="", description="pre_post: where that correlation comes from")
    correlations: list[float] = Field(
        default=[0.3, 0.5, 0.7, 0.9], description="pre_post: values that sensitivity.csv goes through"
    )
    df_range: Pair | None = Field(
        default=None, description="partial_r: fewest and most df of studies that do not report them"
    )
    df_source: str = Field(default="", description="partial_r: where that range comes from")
    measure: str = Field(default="", description="estimate, ratio: what it is, such as log hazard ratio")
    shown: Literal["as is", "r", "ratio"] = Field(
        default="as is", description="estimate: shown as it is, as r (of Fisher's z) or as a ratio (of its logarithm)"
    )
    subgroups: str = Field(default="", description="heading of the column that names each study's subgroup")
    subgroup_variance: Literal["separate", "common"] = Field(
        default="separate", description="variance between studies: of each subgroup, or one for all"
    )
    moderators: dict[str, Literal["number", "factor"]] = Field(
        default={}, description="heading: number or factor; each enters a meta-regression"
    )
    moderators_enter: Literal["alone", "together", "both"] = Field(
        default="alone", description="several moderators: one meta-regression each, one with all of them, or both"
    )
    year: int | None = Field(default=None, description="year of the paper")
    printed: str = Field(default="", description="file of the pooled numbers that the paper prints, if it does")
    printed_analysis: str = Field(default="", description="rows of that file, by its column analysis")

    @field_validator("year", mode="before")
    @classmethod
    def _no_heading(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip().isdigit():
            raise ValueError(
                "a whole number is needed, without quotes; a column of years goes into "
                f"columns: {{year: {value.strip() or '…'}}}"
            )
        return value

    def heading(self, name: str) -> str:
        """Heading of one of our columns in the file."""
        return self.columns.get(name, HEADINGS.get(name, name))

    @property
    def metric(self) -> str:
        """What the effects are pooled as."""
        return METRICS.get(self.effect, self.measure)

    def files(self) -> list[str]:
        """Files it is made of, as the plan names them: the first is its own."""
        return [self.file, *([self.printed] if self.printed else [])]

    def check(self) -> None:
        """Refuse what cannot be meant."""
        super().check()
        known = [*ALWAYS, *NEEDED[self.effect], *USEFUL.get(self.effect, ())]
        for name in self.columns:
            if name not in known:
                raise ValueError(f"columns: effect {self.effect} has no column {name!r}{nearest(name, known)}")
        for file in self.files():
            check_inside(file)
        if self.effect in CHANGES and self.correlation is None and "correlation" not in self.columns:
            raise ValueError(
                f"effect {self.effect} needs the correlation of scores before with scores after: state correlation and "
                "correlation_source, or name the column that holds it in columns"
            )
        if self.correlation is not None and not self.correlation_source:
            raise ValueError("correlation_source is missing: say where the correlation comes from, even if assumed")
        if any(abs(value) >= 1 for value in self.correlations):
            raise ValueError("correlations: each lies between -1 and 1")
        self._check_rows()
        if self.effect not in OWN_MEASURE and (self.shown != "as is" or self.measure):
            raise ValueError(f"shown and measure belong to effect estimate; effect {self.effect} has its own")
        if self.effect in OWN_MEASURE and not self.measure:
            raise ValueError(f"effect {self.effect} needs measure: say what is estimated, such as log hazard ratio")
        if self.effect == "ratio" and self.shown != "as is":
            raise ValueError("shown belongs to effect estimate; a ratio is shown as ratio")
        if self.printed and self.effect != "printed_r":
            raise ValueError("printed compares pools of effect printed_r only; leave it out")
        if bool(self.printed) != bool(self.printed_analysis):
            raise ValueError("printed and printed_analysis go together: give both or neither")

    def _check_rows(self) -> None:
        if self.several_rows == "correlated" and self.rows_correlation is None:
            raise ValueError("several_rows: correlated needs rows_correlation, from -1 to 1")
        if self.levels and self.several_rows != "multilevel":
            raise ValueError("levels belong to several_rows: multilevel; write that too, or leave levels out")
        if self.several_rows == "multilevel" and self.subgroups:
            raise ValueError("subgroups of a multilevel pool are a moderator: name the column in moderators as factor")
        if self.moderators_enter != "alone" and len(self.moderators) < 2:
            raise ValueError(f"moderators_enter: {self.moderators_enter} needs two moderators or more")
        if self.df_range is not None:
            low, high = self.df_range
            if self.effect != "partial_r" or not 1 < low <= high:
                raise ValueError("df_range belongs to effect partial_r: fewest and most df, rising, above 1")
            if not self.df_source:
                raise ValueError("df_source is missing: say where the range of df comes from, even if assumed")


def check_inside(file: str) -> None:
    """Refuse a file that does not lie in the project."""
    if PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive or ".." in PurePosixPath(file).parts:
        raise ValueError(f"file {file!r} is not in the project: copy it there, such as to data/studies/")
