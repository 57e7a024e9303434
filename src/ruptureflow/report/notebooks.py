"""The notebooks a person looks at: which tables each reads, and the page each becomes."""

from __future__ import annotations

import html
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruptureflow.report.errors import ReportError
from ruptureflow.tables.catalogue import ALL

if TYPE_CHECKING:
    from ruptureflow.config import Project

POOLED = "pooled"
DEFAULTS = "parameters"
"""Papermill's tag of the cell of default parameters."""
MARK = "SIMULATED DATA"
AS_LAID_OUT = "--InlineBackend.print_figure_kwargs={'bbox_inches': None}"
"""Figures as their plots lay them out: measuring each once more for a tight box costs a second draw."""


@dataclass(frozen=True)
class Notebook:
    """The notebook of one stage.

    Parameters
    ----------
    stage : its stage, whose tables it reads.
    is_pooled : it is about what is pooled over waves, and runs once.
    raw : tables of intake that it reads too.
    """

    stage: str
    is_pooled: bool = False
    raw: tuple[str, ...] = ()

    def scopes(self, shown: list[str]) -> list[str]:
        """What it is run for: every shown wave, or what is pooled over them."""
        return [POOLED] if self.is_pooled else list(shown)

    def inputs(self, scope: str) -> list[str]:
        """Tables it reads for a scope."""
        folder = f"results/{POOLED}" if self.is_pooled else f"results/{scope}/{self.stage}"
        own = [f"{folder}/{table.file}" for table in ALL if table.stage == self.stage]
        return own + [f"results/{scope}/intake/{name}.csv" for name in self.raw]

    def origin(self, scope: str, project: Project) -> str:
        """Whether what it shows is real or simulated."""
        return project.waves[project.shown[0] if self.is_pooled else scope].row.origin


NOTEBOOKS: dict[str, Notebook] = {
    "assay": Notebook("assay", raw=("samples", "signals")),
    "agreement": Notebook("agreement"),
    "ruptures": Notebook("ruptures"),
    "models": Notebook("models"),
    "pooling": Notebook("pooling", is_pooled=True),
}


def run(path: Path, parameters: Mapping[str, Any]) -> Any:
    """Run a notebook with parameters; the executed notebook, without anything that differs from run to run.

    Raises
    ------
    ReportError
        naming the cell that failed and its error.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    with tempfile.TemporaryDirectory() as private, _environment(private):
        made = Path(private) / "executed.ipynb"
        try:
            papermill.execute_notebook(
                str(path),
                str(made),
                parameters=dict(parameters),
                progress_bar=False,
                log_output=False,
                extra_arguments=["--log-level=ERROR", AS_LAID_OUT],
            )
        except PapermillExecutionError as error:
            raise ReportError(f"{path.as_posix()}: cell {error.exec_count}: {error.ename}: {error.evalue}") from None
        import nbformat

        return without_times(nbformat.read(made, as_version=4))


@contextmanager
def _environment(private: str):
    """Jupyter keeps its files to itself, and needs no home folder it may write to."""
    changed = {"IPYTHONDIR": private, "JUPYTER_RUNTIME_DIR": private, "JUPYTER_DATA_DIR": private}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def without_times(notebook: Any) -> Any:
    """Strip times, counts, random cell ids and progress from an executed notebook, in place."""
    notebook.metadata = {"kernelspec": notebook.metadata.get("kernelspec", {}), "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata = {"tags": list(cell.metadata.get("tags", []))}
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [
                output for output in cell.outputs if output.output_type != "stream" or output.name != "stderr"
            ]
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = None
    return notebook


def page(notebook: Any, title: str, style: str, origin: str) -> str:
    """An executed notebook as one HTML page that needs no network: no script, figures inside.

    The cell of default parameters is left out: it names another wave than the page shows.
    """
    from nbconvert import HTMLExporter
    from nbformat import from_dict

    cells = [cell for cell in notebook.cells if DEFAULTS not in cell.metadata.get("tags", [])]
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(from_dict({**notebook, "cells": cells}))
    body = re.sub(r"<style\b.*?</style>", "", body, flags=re.DOTALL)
    simulated = origin == "simulated"
    banner = f'<p class="watermark">{MARK}: no person’s data.</p><div class="page-mark" aria-hidden="true">{MARK}</div>'
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f'<style>\n{style}\n</style>\n</head>\n<body class="notebook">\n'
        f"{banner if simulated else ''}\n{body}\n</body>\n</html>\n"
    )
