"""How a lab's files write numbers, dates and missing values."""

from __future__ import annotations

import codecs
import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ruptureflow.config.strict import Pair, Strict

DIRECTIVES = "aAbBdfHIjmMpSyYz%"


class Locale(Strict):
    """How the files write numbers, dates and missing values; declared, never guessed at run time."""

    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    date_format: str = Field(default="%Y-%m-%d", description="strptime format of dates and times in text files")
    missing: list[str] = Field(default=["", "NA", "N/A"], description="cells that mean: no value")
    missing_ranges: list[Pair] = Field(
        default=[],
        description="numbers from … to … that mean: no value, such as [[97, 99]] (SPSS files bring their own)",
    )

    @field_validator("delimiter", mode="before")
    @classmethod
    def _a_tab_is_no_blank(cls, delimiter: object) -> object:
        return "tab" if delimiter == "\t" else delimiter

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, delimiter: str) -> str:
        if delimiter != "tab" and (len(delimiter) != 1 or delimiter.isalnum() or delimiter in "\"'\n\r.-+<>\0"):
            raise ValueError("one mark separates the cells; write ',', ';', '|' or tab")
        return delimiter

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            known = codecs.lookup(encoding)
        except (LookupError, ValueError):
            known = None
        # Codecs such as base64 or rot13 are none of text.
        if known is None or not getattr(known, "_is_text_encoding", True) or encoding == "undefined":
            raise ValueError("an unknown encoding; write utf-8, cp1252 (Excel's csv in Western Europe) or utf-16")
        return encoding

    @field_validator("date_format")
    @classmethod
    def _names_a_day(cls, text: str) -> str:
        named = re.findall("%(.?)", text)
        unknown = [f"%{letter}" for letter in named if not letter or letter not in DIRECTIVES]
        if unknown:
            raise ValueError(f"{unknown[0]} is no part of a date; write a format such as '%d.%m.%Y %H:%M'")
        day = ("d" in named and any(letter in named for letter in "mbB")) or "j" in named
        if not day or not any(letter in named for letter in "yY"):
            raise ValueError("day, month and year are needed; write a format such as '%d.%m.%Y %H:%M'")
        twice = [letter for letter in named if letter != "%" and named.count(letter) > 1]
        if twice:
            raise ValueError(f"%{twice[0]} stands twice; write a format such as '%d.%m.%Y %H:%M'")
        if ("I" in named) != ("p" in named):
            raise ValueError("%I (hours to 12) and %p (AM or PM) go together; %H counts hours to 24")
        return text

    @field_validator("missing_ranges")
    @classmethod
    def _rising(cls, ranges: list[Pair]) -> list[Pair]:
        for low, high in ranges:
            if low > high:
                raise ValueError(f"[{low:g}, {high:g}] runs backwards; write the smaller number first")
        return ranges

    @model_validator(mode="after")
    def _marks_differ(self) -> Locale:
        if self.delimiter == self.decimal:
            raise ValueError(
                f"delimiter and decimal are both {self.decimal!r}, so that no number could be told from two cells; "
                "correct one of them"
            )
        return self
