"""All settings of a run together, read and checked before the first job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ruptureflow.config.instruments import CodingSystem, Questionnaire, read_instruments
from ruptureflow.config.plan import Plan
from ruptureflow.config.raw_files import PlateFile, RawFile
from ruptureflow.config.strict import ConfigError, Strict, as_text, nearest, parse, read_yaml, with_typed_words
from ruptureflow.config.wave import WAVE_FILE, Wave, read_wave
from ruptureflow.config.waves import WaveRow, read_waves, shown_waves


class WaveSettings(Strict):
    """A wave's own row of `waves.tsv` and its `wave.yaml`: what a rule of that wave carries in its params."""

    row: WaveRow
    wave: Wave


@dataclass(frozen=True)
class Project:
    """The plan, the waves with their files, the instruments."""

    plan: Plan
    waves: dict[str, WaveSettings]
    instruments: dict[str, Questionnaire | CodingSystem]

    @property
    def shown(self) -> list[str]:
        """Ids of the waves that pooled results and the manuscript contain."""
        return [row.wave for row in shown_waves([settings.row for settings in self.waves.values()])]

    def wave_text(self, wave: str) -> str:
        """A wave's settings as one line of JSON."""
        return as_text(self.waves[wave])

    def raw_files(self, wave: str) -> list[str]:
        """Every raw file of a wave: its `wave.yaml` and each declared file, as repository-relative POSIX paths."""
        settings = self.waves[wave]
        folder = Path(settings.row.folder)
        files = {(folder / WAVE_FILE).as_posix()}
        for file in settings.wave.files:
            for path in matching_files(folder, file):
                files.update(each.as_posix() for each in (path, layout_of(folder, path, file)) if each is not None)
        return sorted(files)

    def instrument_files(self, wave: str) -> list[str]:
        """The instrument files a wave names."""
        named = instruments_of(self.waves[wave].wave)
        return sorted((Path(self.plan.instruments) / f"{name}.yaml").as_posix() for name in named)


def instruments_of(wave: Wave) -> set[str]:
    """Ids of the instruments that a wave's files name."""
    named = {file.instrument for file in wave.files if hasattr(file, "instrument")}
    for file in wave.files:
        if file.kind == "participants":
            named |= {target.split(".")[0] for target in file.scores.values()}
    return named


def matching_files(folder: Path, file: RawFile) -> list[Path]:
    """Files of a wave folder that a declared path or pattern names, sorted; files of no person left out."""
    return sorted(path for path in folder.glob(file.path) if path.is_file() and not is_of_a_program(path, folder))


def is_of_a_program(path: Path, folder: Path) -> bool:
    """Whether a program left a file beside those of people: .DS_Store, Thumbs.db, ~$lock files, ._ shadows of macOS."""
    parts = path.relative_to(folder).parts
    strange = any(part.startswith((".", "~$")) or part == "__MACOSX" for part in parts)
    return strange or path.name.casefold() in ("thumbs.db", "ehthumbs.db", "desktop.ini")


def layout_of(folder: Path, path: Path, file: RawFile) -> Path | None:
    """The file that says what the wells of a plate's file hold, where it is another."""
    if not isinstance(file, PlateFile) or file.layout_file is None:
        return None
    return folder / file.layout_file.replace("{run}", path.stem)


def load_project(
    merged: dict[str, Any], place: str = "config/config.yaml", files: Iterable[str | Path] = ()
) -> Project:
    """Read and check everything a run is told: the merged plan, the waves, their files, the instruments.

    Parameters
    ----------
    merged : the merged configuration, as Snakemake hands it over.
    place : file to name in messages about it.
    files : the files it was merged from: Snakemake keeps the last of a doubled key in silence, this reader does not.

    Raises
    ------
    ConfigError
        with every problem of every file, one a line.
    """
    unreadable, written = [], []
    for file in files:
        try:
            written.append(read_yaml(file))
        except ConfigError as error:
            unreadable.append(str(error))
    if unreadable:
        raise ConfigError("\n".join(unreadable))
    plan = parse(Plan, with_typed_words(merged, written) if written else merged, place)
    problems: list[str] = []
    instruments: dict[str, Questionnaire | CodingSystem] = {}
    waves: dict[str, WaveSettings] = {}
    try:
        instruments = read_instruments(plan.instruments)
    except ConfigError as error:
        problems += [
            f"{place}: {line}" if line.startswith("instruments: ") else line for line in str(error).split("\n")
        ]
    try:
        for row in read_waves(plan.waves):
            try:
                waves[row.wave] = WaveSettings(row=row, wave=read_wave(row.folder))
                problems += missing_from_folder(Path(row.folder), waves[row.wave].wave, instruments)
            except ConfigError as error:
                problems.append(str(error))
    except ConfigError as error:
        problems.append(str(error))
    problems += [f"{place}: {problem}" for problem in missing_studies(plan)]
    if problems:
        raise ConfigError("\n".join(problems))
    return Project(plan, waves, instruments)


def missing_studies(plan: Plan) -> list[str]:
    """Tables of published studies that the plan names and nobody has put there."""
    problems = []
    for file in plan.pooling.files:
        path = Path(plan.evidence_path(file))
        if not path.is_file():
            present = [each.name for each in sorted(path.parent.glob("*.csv"))]
            hint = nearest(path.name, present) if present else "; that folder holds no CSV file"
            problems.append(f"pooling: no file {path.as_posix()!r}{hint}")
    return problems


def missing_from_folder(folder: Path, wave: Wave, instruments: dict[str, Questionnaire | CodingSystem]) -> list[str]:
    """Problems of a `wave.yaml` that only its folder and the instruments show: files and instruments not there."""
    place = (folder / WAVE_FILE).as_posix()
    problems = [
        f"{place}: file {file.path!r} is not in the folder{_nearest_file(folder, file.path)}"
        for file in wave.files
        if not matching_files(folder, file)
    ]
    problems += [
        f"{place}: unknown instrument {name!r}{nearest(name, sorted(instruments))}"
        for name in sorted(instruments_of(wave))
        if instruments and name not in instruments
    ]
    for file in wave.files:
        problems += [f"{place}: {file.path}: {problem}" for problem in _instrument_problems(file, instruments)]
        problems += [f"{place}: {file.path}: {problem}" for problem in _options_without_effect(file)]
        for path in matching_files(folder, file):
            layout = layout_of(folder, path, file)
            if layout is not None and not layout.is_file():
                named = layout.relative_to(folder).as_posix()
                hint = _nearest_file(folder, named)
                problems.append(f"{place}: {file.path}: layout_file {named!r} is not in the folder{hint}")
    return problems


TEXT_ENDINGS = (".csv", ".tsv", ".txt")
BOOK_ENDINGS = (".xlsx", ".xlsm", ".xls")
ONLY_FOR = {
    "sheet": BOOK_ENDINGS,
    "sheet_name": BOOK_ENDINGS,
    "layout_sheet": BOOK_ENDINGS,
    "header_row": (*TEXT_ENDINGS, *BOOK_ENDINGS),
    "block": (*TEXT_ENDINGS, *BOOK_ENDINGS),
    "value_labels": (".sav", ".zsav"),
}
"""Options that mean something for files of some endings only."""


def _options_without_effect(file: RawFile) -> list[str]:
    """Options that say nothing of such a file: whoever wrote them expects something else than what will be read."""
    ending = Path(file.path).suffix.lower()
    problems = []
    for name, endings in ONLY_FOR.items():
        given = getattr(file, name, None)
        elsewhere = name == "layout_sheet" and getattr(file, "layout_file", None) is not None
        is_default = not given or given == type(file).model_fields[name].default
        if not is_default and not elsewhere and ending and "*" not in ending and ending not in endings:
            problems.append(f"{name} means nothing for a {ending} file; remove it (it is for {', '.join(endings)})")
    if file.block and file.header_row != 1:
        problems.append("header_row means nothing beside block, which says where the headings stand; remove one")
    if file.block_end and not file.block:
        problems.append("block_end means nothing without block; add block, or remove it")
    if isinstance(file, PlateFile):
        for name in ("header_row", "columns", "constants", "ignore", "block", "fill_down", "file_name", "sheet_name"):
            if getattr(file, name) != type(file).model_fields[name].default:
                problems.append(f"{name} means nothing for a grid of wells; remove it")
    return problems


def _instrument_problems(file: RawFile, instruments: dict[str, Questionnaire | CodingSystem]) -> list[str]:
    """A coding system where a questionnaire is needed or the other way round, and scales that a form has not."""
    instrument = instruments.get(getattr(file, "instrument", ""))
    if file.kind == "codes" and isinstance(instrument, Questionnaire):
        return [f"kind codes needs a coding system, and {instrument.id} is a questionnaire; kind responses or scores?"]
    if file.kind in ("responses", "scores") and isinstance(instrument, CodingSystem):
        return [f"kind {file.kind} needs a questionnaire, and {instrument.id} is a coding system; kind codes?"]
    problems = []
    for heading, target in getattr(file, "scores", {}).items():
        named, timepoint = target.partition("@")[::2]
        form = instruments.get(named.rpartition(".")[0]) if file.kind == "participants" else instrument
        scales = [scale.name for scale in form.scales] if isinstance(form, Questionnaire) else []
        if scales and named.rpartition(".")[2] not in scales:
            hint = nearest(named.rpartition(".")[2], scales)
            problems.append(f"scores: {heading}: {form.id} has no scale {named.rpartition('.')[2]!r}{hint}")
        if timepoint not in ("", "intake", "session", "end"):
            problems.append(f"scores: {heading}: timepoint {timepoint!r} is none of intake, session, end")
        if file.kind == "participants" and timepoint not in ("intake", "end"):
            problems.append(f"scores: {heading}: write instrument.scale@intake or @end, not {target!r}")
    return problems


def _nearest_file(folder: Path, path: str) -> str:
    present = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != WAVE_FILE)
    return nearest(path, present) if present else "; the folder holds no other file"


def write_run_config(merged: dict[str, Any], path: str | Path) -> None:
    """Write the merged configuration, only when its bytes change (a new file time alone would rerun nothing)."""
    text = "# The merged configuration of this run; made by the workflow, edit config/config.yaml instead.\n"
    text += yaml.safe_dump(merged, sort_keys=True, allow_unicode=True)
    path = Path(path)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
