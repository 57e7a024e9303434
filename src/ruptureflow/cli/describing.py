"""`ruptureflow new-wave FOLDER`: a first, commented `wave.yaml`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from ruptureflow.config.instruments import read_instruments
from ruptureflow.config.plan import read_plan
from ruptureflow.config.strict import ConfigError
from ruptureflow.config.wave import WAVE_FILE, read_wave


def describe_folder(folder: Path, plan_path: Path, force: bool) -> int:
    """Write the guesses; 0 where they are a usable `wave.yaml`, 1 where something is left to fill in first."""
    from ruptureflow.intake.scaffold import files_to_survey, survey_folder, wave_text

    target = folder / WAVE_FILE
    if not folder.is_dir():
        raise ConfigError(f"{folder.as_posix()} is not a folder")
    if target.exists() and not force:
        raise ConfigError(f"{target.as_posix()} is there already; edit it, or overwrite it with --force")
    instruments = read_instruments(read_plan(plan_path).instruments)
    console = Console()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("looking at", total=len(files_to_survey(folder)))
        sheets, unread = survey_folder(
            folder, progress=lambda file: progress.update(task, advance=1, description=escape(file))
        )
    if not sheets:
        raise ConfigError(f"{folder.as_posix()} holds no file that could be read; copy the raw files there first")
    text = wave_text(folder.resolve().name, sheets, unread, instruments)
    target.write_text(text, encoding="utf-8")
    checks = text.count("CHECK:")
    console.print(
        f"wrote {escape(target.as_posix())}: read it and correct the {checks} lines marked CHECK", soft_wrap=True
    )
    try:
        read_wave(folder)
    except ConfigError as error:
        console.print(f"[yellow]not usable yet:[/]\n{escape(str(error))}", soft_wrap=True)
        return 1
    wave = folder.resolve().name
    console.print("then add a row to config/waves.tsv, tabs between the cells:", soft_wrap=True, markup=False)
    print(f"{wave}\t{folder.as_posix()}\treal\t")
    console.print(f"and run: ruptureflow check {wave}", markup=False)
    return 0
