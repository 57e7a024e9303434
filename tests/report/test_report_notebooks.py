"""Notebooks run and become pages that say the same every time."""

from pathlib import Path

import nbformat
import pytest

from ruptureflow.config.waves import STAGES
from ruptureflow.report.errors import ReportError
from ruptureflow.report.notebooks import NOTEBOOKS, page, run

METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


def _notebook(path: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(metadata=METADATA)
    parameters = nbformat.v4.new_code_cell('wave = "none"\norigin = "simulated"\nresults = "results"')
    parameters.metadata["tags"] = ["parameters"]
    made.cells = [nbformat.v4.new_markdown_cell("# Title"), parameters, *(nbformat.v4.new_code_cell(c) for c in cells)]
    nbformat.write(made, path)
    return path


def test_a_stage_would_have_no_notebook_or_a_notebook_no_stage():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS) <= set(STAGES)


def test_a_notebooks_page_would_differ_from_run_to_run(tmp_path):
    path = _notebook(tmp_path / "n.ipynb", "import sys\nprint(wave)\nprint('noi' + 'se', file=sys.stderr)", "1 + 1")
    first, second = (page(run(path, {"wave": "demo"}), "N: demo", "p { margin: 0 }", "simulated") for _ in range(2))
    assert first == second
    assert "demo" in first
    # The defaults name another wave than the page shows.
    assert "none" not in first
    assert ">2<" in first.replace("\n", "")
    assert "noise" not in first
    assert "SIMULATED DATA" in first
    assert "<script" not in first
    assert "http" not in first.replace("http://www.w3.org", "")


def test_a_failing_cell_would_be_a_riddle(tmp_path):
    path = _notebook(tmp_path / "n.ipynb", "raise KeyError('no such column')")
    with pytest.raises(ReportError, match=r"n\.ipynb: cell \d+: KeyError: 'no such column'"):
        run(path, {})


def test_a_page_about_real_data_would_be_marked_as_simulated():
    assert "SIMULATED" not in page(nbformat.v4.new_notebook(), "N", "", "real")
