"""A whole wave folder: every declared file read, checked against the others, handed over as tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.instruments import CodingSystem, Questionnaire
from ruptureflow.config.plan import IntakeSettings
from ruptureflow.config.project import is_of_a_program, layout_of, matching_files
from ruptureflow.config.raw_files import PlateFile, WaveFile
from ruptureflow.config.wave import WAVE_FILE, Wave
from ruptureflow.intake.checks import check_across
from ruptureflow.intake.checks.versions import tell_saved_again, tell_sheets_saved_again
from ruptureflow.intake.context import Context
from ruptureflow.intake.errors import IntakeError
from ruptureflow.intake.kinds import READERS, read_plate
from ruptureflow.intake.privacy import tell_personal_data
from ruptureflow.intake.pseudonyms import read_key, renamed, replace_ids
from ruptureflow.intake.raw import RawSheet
from ruptureflow.intake.readers import read_sheets
from ruptureflow.intake.wording import problems_text
from ruptureflow.tables import intake

if TYPE_CHECKING:
    import pandas as pd


ABOUT = ("readme", "liesmich", "license", "licence", "changelog")
"""Names of files that tell of a folder."""


@dataclass(frozen=True)
class WaveTables:
    """What intake hands over: one frame per table of `tables.intake`, under the table's name.

    The clean tables keep their schema only where no problem is an error.
    """

    participants: pd.DataFrame
    samples: pd.DataFrame
    signals: pd.DataFrame
    reported_concentrations: pd.DataFrame
    recoveries: pd.DataFrame
    codes: pd.DataFrame
    responses: pd.DataFrame
    reported_scores: pd.DataFrame
    problems: pd.DataFrame
    ledger: pd.DataFrame
    manifest: pd.DataFrame

    def is_refused(self, settings: IntakeSettings) -> bool:
        """Whether a problem is as severe as the settings stop on."""
        stopping = ["error"] if settings.stop_on == "error" else ["error", "warning"]
        return bool(self.problems["severity"].isin(stopping).any())

    def origins(self, files: list[str]) -> dict[str, tuple[list[str], list[str]]]:
        """Raw files and instruments behind each clean table, by the table's name.

        A file counts for the tables its rows went into; one that no row came from (`wave.yaml`, a plate's layout), for
        all of them.
        """
        frames = {table.name: getattr(self, table.name) for table in intake.CLEAN}
        sources = {name: set(frame["source_file"].dropna()) for name, frame in frames.items()}
        general = set(files).difference(*sources.values())
        return {
            name: (
                [file for file in files if file in general | sources[name]],
                sorted(set(frame["instrument"].dropna())) if "instrument" in frame else [],
            )
            for name, frame in frames.items()
        }

    def require_accepted(self, settings: IntakeSettings, place: str) -> None:
        """Stop a refused wave.

        Raises
        ------
        IntakeError
            listing every problem, and `place`, where the table of them lies.
        """
        if self.is_refused(settings):
            counts = self.problems["severity"].value_counts()
            total = ", ".join(f"{counts[name]} {name}s" for name in ("error", "warning", "note") if name in counts)
            raise IntakeError(
                f"{problems_text(self.problems)}\n{total}: the raw files cannot be used yet; all of them: {place}"
            )


def read_wave_folder(
    folder: str | Path,
    wave: Wave,
    instruments: Mapping[str, Questionnaire | CodingSystem],
    settings: IntakeSettings,
    progress: Callable[[str], None] = lambda file: None,
) -> WaveTables:
    """Read every declared file of a wave folder and check them against each other.

    Parameters
    ----------
    folder : the wave's folder; read only.
    wave : its `wave.yaml`.
    instruments : instruments by id.
    settings : the plan's section intake.
    progress : told each file's name before it is read.

    Returns
    -------
    WaveTables
        clean tables, all problems, the ledger, the manifest with each file's SHA-256.
    """

    folder = Path(folder)
    context = Context(wave, instruments)
    parts: dict[str, list[pd.DataFrame]] = {table.name: [] for table in intake.CLEAN}
    read: list[dict[str, object]] = []
    _tell_undeclared_files(folder, wave, context)
    for declared in wave.files:
        paths = matching_files(folder, declared)
        tell_saved_again([path.relative_to(folder).as_posix() for path in paths], context)
        for path in paths:
            file = path.relative_to(folder).as_posix()
            progress(file)
            frames, rows = _read_file(path, file, declared, folder, context)
            for frame in frames:
                for name, part in frame.items():
                    parts[name].append(part)
            read.append({"file": file, "kind": declared.kind, "rows_in": rows, "out": _source_rows(frames)})
            layout = layout_of(folder, path, declared)
            if layout is not None:
                named = layout.relative_to(folder).as_posix()
                read.append({"file": named, "kind": "layout", "rows_in": None, "out": None})
    clean = {table.name: _join(parts[table.name], table) for table in intake.CLEAN}
    _tell_no_participant(clean["participants"], wave, context)
    check_across(clean, context)
    problems, ledger = context.findings.problems_table(), context.findings.ledger_table()
    if wave.pseudonyms is not None:
        key = read_key(wave.pseudonyms, os.environ, Path.cwd())
        clean, names = replace_ids(clean, list(wave.pseudonyms.columns), key)
        ledger = ledger.assign(**{name: renamed(ledger[name], names) for name in ("value", "new_value")})
        if not context.findings.has_errors():
            # Who mends a refused wave needs its own ids.
            problems = problems.assign(value=renamed(problems["value"], names))
    if not context.findings.has_errors():
        clean = {table.name: table.conform(clean[table.name]) for table in intake.CLEAN}
    return WaveTables(**clean, problems=problems, ledger=ledger, manifest=_manifest(folder, read, ledger))


def _read_file(
    path: Path, file: str, declared: WaveFile, folder: Path, context: Context
) -> tuple[list[dict[str, pd.DataFrame]], int]:
    """Frames by table of each sheet of a file, and the number of data rows it holds."""
    if isinstance(declared, PlateFile):
        frames, rows = read_plate(path, file, declared, folder, context)
        return [frames], rows
    sheets = read_sheets(path, file, declared, context.locale(declared), context.findings)
    tell_sheets_saved_again(file, [sheet.sheet for sheet in sheets if sheet.sheet], declared, context)
    frames = []
    for sheet in sheets:
        tell_personal_data(sheet, declared, context.findings)
        frames.append(READERS[declared.kind](sheet, declared, context))
        _account_for_every_row(sheet, frames[-1], context)
    return frames, sum(len(sheet.rows) for sheet in sheets)


def _account_for_every_row(sheet: RawSheet, frames: dict[str, pd.DataFrame], context: Context) -> None:
    """A raw row from which no clean row came and that no check set aside stands in the ledger too."""
    import numpy as np

    handed_over = [frame["source_row"].to_numpy() for frame in frames.values()]
    aside = np.fromiter(context.findings.rows_aside(sheet.file, sheet.sheet), dtype=np.int64)
    lost = ~np.isin(sheet.rows, np.concatenate([*handed_over, aside]).astype(np.int64))
    if frames:
        context.findings.ledger("set aside", sheet, lost, None, None, "no value in any column that is read")
    else:
        context.findings.ledger("refused", sheet, lost, None, None, "the sheet could not be read; see its problems")


def _tell_undeclared_files(folder: Path, wave: Wave, context: Context) -> None:
    """Files that lie in the folder and that no entry names: nothing of them is read."""
    named = set()
    for declared in wave.files:
        for path in matching_files(folder, declared):
            named |= {path, layout_of(folder, path, declared)}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in named and path.relative_to(folder).as_posix() != WAVE_FILE:
            problem, fix = _of_an_undeclared(path, folder)
            context.findings.about_file("note", path.relative_to(folder).as_posix(), problem, fix)


def _of_an_undeclared(path: Path, folder: Path) -> tuple[str, str]:
    if path.name.startswith(("~$", ".~lock.")):
        return "the lock of a workbook that is open in a program", "save and close it: what is not saved is not read"
    if is_of_a_program(path, folder):
        return "left by a program, not by a person; not read", "nothing to do, or delete it"
    if path.stem.casefold() in ABOUT:
        return "about the folder, not of its data; not read", "nothing to do"
    return "lies in the folder, but wave.yaml does not name it", "name it if it counts"


def _tell_no_participant(participants: pd.DataFrame, wave: Wave, context: Context) -> None:
    """A participants table that was read and lists nobody: then nobody else's rows could belong to anyone."""
    if not len(participants) and not context.findings.has_errors():
        file = next(file.path for file in wave.files if file.kind == "participants")
        context.findings.about_file("error", file, "lists no participant", "add a row for each patient")


def _source_rows(frames: list[dict[str, pd.DataFrame]]) -> int:
    """Number of raw rows from which at least one clean row came."""
    import pandas as pd

    source = [part[["source_sheet", "source_row"]] for frame in frames for part in frame.values()]
    return len(pd.concat(source).drop_duplicates()) if source else 0


def _join(parts: list[pd.DataFrame], table: intake.Table) -> pd.DataFrame:
    import pandas as pd

    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[0].iloc[:0] if parts and table.open_columns else table.empty()
    return pd.concat(filled, ignore_index=True)


def _manifest(folder: Path, read: list[dict[str, object]], ledger: pd.DataFrame) -> pd.DataFrame:
    """Every raw file with its hash and the fate of its rows."""
    import pandas as pd

    whole = ledger[ledger["column"].isna() & ledger["action"].isin(["set aside", "refused"])]
    aside = whole.drop_duplicates(["file", "sheet", "row"]).groupby("file").size()
    rows = [{"file": WAVE_FILE, "kind": None, "rows_in": None, "out": None}, *read]
    table = pd.DataFrame(rows).groupby(["file", "kind"], dropna=False, sort=False, as_index=False).sum(min_count=1)
    kinds = table.groupby("file")["kind"].transform("size")
    table["rows_set_aside"] = table["file"].map(aside).fillna(0).where(table["kind"].notna() & (kinds == 1))
    data = {file: (folder / str(file)).read_bytes() for file in table["file"].unique()}
    table["sha256"] = table["file"].map({file: sha256(content).hexdigest() for file, content in data.items()})
    table["bytes"] = table["file"].map({file: len(content) for file, content in data.items()})
    table["file"] = [(folder / str(file)).as_posix() for file in table["file"]]
    table = table.rename(columns={"out": "rows_out"})
    return intake.MANIFEST.conform(table[intake.MANIFEST.names].sort_values(["file", "kind"]))
