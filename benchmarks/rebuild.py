"""Wall time of the cold rebuild, of the same stage functions in one process, and of a rerun with nothing to do."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "config", "src", "profiles", "notebooks", "data", "requirements.lock")
CORES = "4"


def copy_project(folder: Path) -> Path:
    """A copy of the project without results, so that the rebuild is cold and nobody's results are touched."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, folder / part)
    return folder


def timed_snakemake(folder: Path, *arguments: str) -> float:
    """Seconds that one `snakemake --cores 4` takes in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "snakemake", "--cores", CORES, *arguments]
    start = time.perf_counter()
    answer = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if answer.returncode != 0:
        raise SystemExit(answer.stdout)
    return seconds


def planned_jobs(folder: Path) -> list:
    """The jobs of a full rebuild in an order in which each finds its inputs made."""
    from snakemake.api import OutputSettings, ResourceSettings, SnakemakeApi
    from snakemake.settings.enums import Quietness
    from snakemake.settings.types import DAGSettings

    os.chdir(folder)
    with contextlib.redirect_stderr(io.StringIO()), SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(resource_settings=ResourceSettings(cores=2), snakefile=folder / "Snakefile")
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(pseudo_executor="dryrun")
        dag = workflow._workflow.dag
        levels = dag.toposorted()
        return [job for level in levels for job in sorted(level, key=str) if job.rule.script]


def in_one_process(folder: Path) -> dict[str, float]:
    """Seconds by stage that the scripts of all jobs take, called one after another in this process."""
    seconds: dict[str, float] = defaultdict(float)
    scripts = folder / "workflow" / "rules"
    for job in planned_jobs(folder):
        script = (scripts / job.rule.script).resolve()
        for path in job.output:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        stand_in = SimpleNamespace(
            input=job.input,
            output=job.output,
            params=job.params,
            wildcards=job.wildcards,
            log=job.log,
            rule=job.rule.name,
            scriptdir=str(script.parent),
            threads=1,
            resources=job.resources,
        )
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(script), init_globals={"snakemake": stand_in}, run_name="__main__")
        stage = script.parent.name if job.rule.name != "run_notebook" else "notebooks"
        seconds[stage] += time.perf_counter() - start
    return dict(seconds)


def main() -> None:
    """Print the three wall times and the time by stage."""
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        cold = copy_project(Path(scratch) / "cold")
        cold_seconds = timed_snakemake(cold)
        again_seconds = timed_snakemake(cold)
        one = copy_project(Path(scratch) / "one")
        start = time.perf_counter()
        by_stage = in_one_process(one)
        one_seconds = time.perf_counter() - start
        os.chdir(ROOT)
    table = Table(title=f"Whole workflow, {os.cpu_count()} cores, bundled waves")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("ratio", justify="right")
    total = sum(by_stage.values())
    table.add_row("cold rebuild, snakemake --cores 4", f"{cold_seconds:.1f}", f"{cold_seconds / total:.2f}")
    table.add_row("the same stage functions, one process", f"{total:.1f}", "1.00")
    for stage, seconds in by_stage.items():
        table.add_row(f"  {stage}", f"{seconds:.1f}", f"{seconds / total:.2f}")
    table.add_row("  (reading the plan)", f"{one_seconds - total:.1f}", "")
    table.add_row("rerun with nothing to do", f"{again_seconds:.1f}", f"{again_seconds / total:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
