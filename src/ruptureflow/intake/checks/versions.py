"""Two versions of one thing: of a coding manual in one wave, of a file in one folder, of a sheet in one workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ruptureflow.config.raw_files import RawFile
from ruptureflow.intake.context import Context
from ruptureflow.intake.headings import pattern_expression

if TYPE_CHECKING:
    import pandas as pd

# Ends that people give a file they saved again: _v2, -FINAL, _final2, (1), copy, _neu, _corrected.
WORDS = r"v\d+|version\d*|final\d*|copy|kopie|new|neu|korr(igiert)?|corrected|recoded|rev\d*|edit(ed)?"
AGAIN = re.compile(rf"[\s_.-]*(\(\d+\)|{WORDS})$", re.IGNORECASE)
# Of a name that has no other beside it, the end must stand apart: Agnew is a coder.
APART = re.compile(rf"(\s*\(\d+\)|[\s_.-]+({WORDS}))$", re.IGNORECASE)
ANOTHER_STATE = "looks like another state of"


def tell_mixed_versions(codes: pd.DataFrame, context: Context) -> None:
    """One coding system in two versions within a wave: their numbers do not mean the same."""
    names = list(codes["instrument"].unique())
    by_name: dict[str, list[str]] = {}
    for instrument in names:
        by_name.setdefault(context.instruments[instrument].name, []).append(instrument)
    for name, alike in by_name.items():
        if len(alike) > 1:
            first = codes[codes["instrument"].isin(alike)].drop_duplicates(
                ["source_file", "source_sheet", "instrument"]
            )
            context.findings.about_rows(
                "error",
                first,
                first["instrument"].to_numpy(dtype=object),
                f"{name} in {len(alike)} versions within one wave: {', '.join(sorted(alike))}",
                "versions are not mixed: keep one, or make a wave of each",
            )


def tell_saved_again(files: Iterable[str], context: Context) -> None:
    """Files of one folder that look like two states of one: `anna.xlsx` and `anna_v2.xlsx`."""
    stems: dict[tuple[str, str], list[str]] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        stem, _, ending = name.rpartition(".")
        stems.setdefault((f"{folder}/{_without_state(stem)}".casefold(), ending.casefold()), []).append(file)
    for alike in stems.values():
        for file in alike[1:]:
            context.findings.about_file(
                "error",
                file,
                f"{ANOTHER_STATE} {alike[0]}",
                "keep the one that counts; move the other out of the folder, or name the files one by one in wave.yaml",
            )


def tell_sheets_saved_again(file: str, sheets: Iterable[str], declared: RawFile, context: Context) -> None:
    """Sheets of one workbook that look like two states of one: `anna` and `anna_v2`.

    Where their names have a declared form, its parts are compared: `P01_v1` and `P01_v2` are two visits under
    `{patient}_v{session}`.
    """
    form = pattern_expression(declared.sheet_name, {}) if declared.sheet_name else None
    states: dict[tuple[str, ...], list[str]] = {}
    for sheet in sheets:
        match = form.fullmatch(sheet) if form is not None else None
        parts = match.groups() if match else (sheet,)
        states.setdefault(tuple(_without_state(part).casefold() for part in parts), []).append(sheet)
    for alike in states.values():
        for sheet in alike[1:]:
            context.findings.about_file(
                "error",
                file,
                f"{ANOTHER_STATE} {alike[0]}",
                "keep the one that counts; delete the other sheet, or name the sheet under sheet in wave.yaml",
                sheet,
            )


def tell_coders_saved_again(codes: pd.DataFrame, context: Context) -> None:
    """Coders whose name ends as that of a file saved again: an error beside the coder without it, else a warning."""
    if not len(codes):
        return
    problems = context.findings.problems_table()
    again = problems.loc[problems["problem"].str.startswith(ANOTHER_STATE), ["file", "sheet"]].astype("object")
    told = set(again.where(again.notna(), None).itertuples(index=False, name=None))
    first = codes.drop_duplicates(["instrument", "coder"])
    for _, of_system in first.groupby("instrument", sort=False):
        known = {str(coder).casefold(): str(coder) for coder in of_system["coder"]}
        for place, coder in enumerate(of_system["coder"].astype(str)):
            name = _without_state(coder, APART)
            row = of_system.iloc[[place]]
            file, sheet = row["source_file"].iloc[0], row["source_sheet"].iloc[0]
            if name == coder or {(file, None), (file, sheet)} & told:
                continue
            other = known.get(name.casefold())
            context.findings.about_rows(
                "error" if other else "warning",
                row,
                coder,
                f"{ANOTHER_STATE} {other or name}",
                "keep the one that counts, and give it the coder's name"
                if other
                else "if it is, give the file or sheet the coder's name; if it is that name, nothing to do",
                ("coder",),
            )


def _without_state(name: str, ends: re.Pattern[str] = AGAIN) -> str:
    """A name without the ends that saving again gave it; one that is nothing else stays."""
    shorter = ends.sub("", name)
    while shorter != name and shorter:
        name, shorter = shorter, ends.sub("", shorter)
    return name
