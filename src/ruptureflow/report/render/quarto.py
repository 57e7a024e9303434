"""Quarto, where it is installed: it renders HTML and PDF."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from ruptureflow.report.render.errors import RenderError
from ruptureflow.report.render.pandoc import EPOCH

OLDEST = (1, 5)
FORMATS = {"html": "html", "pdf": "typst"}


def find() -> str | None:
    """Path of a Quarto that is recent enough (1.5: its typst knows `context`, which the page mark needs), or None."""
    program = shutil.which("quarto")
    if program is None:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"(\d+)\.(\d+)", answer.stdout.strip())
    is_recent = found is not None and (int(found[1]), int(found[2])) >= OLDEST
    return program if answer.returncode == 0 and is_recent else None


def render(program: str, folder: Path, source: str, format: str) -> Path:
    """Render the document in its private copy; the path of the result."""
    command = [program, "render", source, "--to", FORMATS[format]]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    target = folder / f"manuscript.{format}"
    if answer.returncode != 0 or not target.is_file():
        raise RenderError(f"quarto could not make manuscript.{format}:\n{answer.stderr.strip()}")
    return target
