"""The code hash changes with what a stage runs, and with nothing else."""

from pathlib import Path

import pytest

from ruptureflow.lineage import code_hash, source_files


@pytest.fixture
def package(tmp_path: Path) -> Path:
    source = tmp_path / "ruptureflow"
    for name, text in {
        "__init__.py": "",
        "tables/__init__.py": "from ruptureflow.tables.schema import Table\n",
        "tables/schema.py": "Table = 1\n",
        "mixed/__init__.py": "X = 1\n",
        "models/__init__.py": "from ruptureflow.models.fit import fit\n",
        "models/fit.py": "def fit():\n    from ruptureflow.mixed import X\n    return X\n",
        "assay/__init__.py": "import ruptureflow.tables\n",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    return source


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"# edited\n")


def _hashes(package: Path) -> tuple[str, str]:
    code_hash.cache_clear()
    from ruptureflow.lineage import code

    code._syntax_tree.cache_clear()
    return code_hash("models", source=package), code_hash("assay", source=package)


def test_an_edit_in_a_lazily_imported_package_would_rerun_nothing(package):
    models, assay = _hashes(package)
    _edit(package / "mixed" / "__init__.py")
    assert _hashes(package)[0] != models
    assert _hashes(package)[1] == assay


def test_an_edit_behind_a_package_import_would_rerun_nothing(package):
    models, assay = _hashes(package)
    _edit(package / "tables" / "schema.py")
    assert _hashes(package)[1] != assay
    assert _hashes(package)[0] == models


def test_windows_line_ends_would_rerun_everything(package):
    before = _hashes(package)
    path = package / "models" / "fit.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert _hashes(package) == before


def test_a_misspelt_module_would_hash_to_nothing(package):
    with pytest.raises(ValueError, match="no module"):
        code_hash("modles", source=package)


def test_the_real_models_would_not_depend_on_the_engine():
    names = {path.parent.name for path in source_files("models")}
    assert {"models", "mixed", "tables", "config"} <= names
    assert not names & {"assay", "report", "pooling"}


def test_what_only_a_script_imports_would_rerun_nothing(package, tmp_path):
    script = tmp_path / "fit_models.py"
    script.write_text("from ruptureflow.tables import schema\n", encoding="utf-8")
    before = code_hash("mixed", scripts=(script,), source=package)
    _edit(package / "tables" / "schema.py")
    _hashes(package)
    assert code_hash("mixed", scripts=(script,), source=package) != before
