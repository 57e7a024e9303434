"""Two versions of one thing: of a coding manual in one wave, of a sheet in one folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

# Ends that people give a file they saved again: _v2, -FINAL, _final2, (1), copy, _neu, _corrected.
AGAIN = re.compile(
    r"[\s_.-]*(\(\d+\)|v\d+|version\d*|final\d*|copy|kopie|new|neu|korr(igiert)?|corrected|recoded|rev\d*|edit(ed)?)$",
    re.IGNORECASE,
)


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
        shorter = AGAIN.sub("", stem)
        while shorter != stem and shorter:
            stem, shorter = shorter, AGAIN.sub("", shorter)
        stems.setdefault((f"{folder}/{stem}".casefold(), ending.casefold()), []).append(file)
    for alike in stems.values():
        if len(alike) > 1:
            for file in alike[1:]:
                context.findings.about_file(
                    "error",
                    file,
                    f"looks like another state of {alike[0]}",
                    "keep the one that counts; move the other out of the folder, or name the files one by one in "
                    "wave.yaml",
                )
