"""`ruptureflow check WAVE`: intake alone, its problems as a table."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from ruptureflow.cli.problem_table import problem_tables, summary
from ruptureflow.config.instruments import read_instruments
from ruptureflow.config.plan import Plan, read_plan
from ruptureflow.config.project import instruments_of, matching_files, missing_from_folder
from ruptureflow.config.strict import ConfigError, nearest
from ruptureflow.config.wave import WAVE_FILE, read_wave
from ruptureflow.config.waves import read_waves

SHOWN_ALIKE = 5


def check_wave(name: str, plan_path: Path, every: bool) -> int:
    """Read a wave, print its problems, write them where the workflow does; 1 where they would stop it."""
    from ruptureflow.intake import read_wave_folder
    from ruptureflow.tables import intake, write_table

    plan = read_plan(plan_path)
    folder, results = _find(name, plan)
    wave = read_wave(folder)
    instruments = read_instruments(plan.instruments)
    problems = missing_from_folder(folder, wave, instruments)
    if problems:
        raise ConfigError("\n".join(problems))
    used = {each: instruments[each] for each in instruments_of(wave)}
    console = Console()
    total = sum(len(matching_files(folder, file)) for file in wave.files)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("reading", total=total)
        tables = read_wave_folder(
            folder,
            wave,
            used,
            plan.intake,
            progress=lambda file: progress.update(task, advance=1, description=escape(file)),
        )
    for table in problem_tables(tables.problems, None if every else SHOWN_ALIKE):
        console.print(table)
        console.print()
    console.print(summary(tables), highlight=False)
    if results is not None:
        write_table(tables.problems, results / "problems.csv", intake.PROBLEMS)
        console.print(f"all problems: {(results / 'problems.csv').as_posix()}")
    return 1 if tables.is_refused(plan.intake) else 0


def _find(name: str, plan: Plan) -> tuple[Path, Path | None]:
    """A wave's folder by its id or itself, and where its results lie."""
    if (Path(name) / WAVE_FILE).is_file():
        for row in read_waves(plan.waves) if Path(plan.waves).is_file() else []:
            if Path(row.folder).resolve() == Path(name).resolve():
                return Path(row.folder), Path("results") / row.wave / "intake"
        return Path(name), None
    if Path(name).is_dir():
        raise ConfigError(f"{name} has no {WAVE_FILE}; `ruptureflow new-wave {name}` writes one")
    rows = {row.wave: row for row in read_waves(plan.waves)}
    if name not in rows:
        raise ConfigError(f"{plan.waves}: no wave {name!r}{nearest(name, list(rows))}")
    return Path(rows[name].folder), Path("results") / name / "intake"
