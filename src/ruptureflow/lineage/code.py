"""The hash of the library code a stage runs: what makes an edited module rerun exactly what depends on it."""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

PACKAGE = "ruptureflow"
SOURCE = Path(__file__).resolve().parents[1]


@functools.cache
def code_hash(*modules: str, scripts: tuple[Path, ...] = (), source: Path = SOURCE) -> str:
    """SHA-256 of the source that modules of this package consist of and import, directly or not.

    Parameters
    ----------
    modules : packages or modules below `ruptureflow`, such as "assay" or "report.values".
    scripts : scripts whose imports from this package count too (not their own text, which Snakemake watches).
    source : folder of the package; read as text, nothing is imported.

    Returns
    -------
    str
        hexadecimal digest over sorted POSIX paths and the files' text with `\\n` line ends, so that it is the
        same on every platform.
    """
    digest = hashlib.sha256()
    for path in source_files(*modules, scripts=scripts, source=source):
        digest.update(path.relative_to(source).as_posix().encode())
        digest.update(b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
        digest.update(b"\0")
    return digest.hexdigest()


def source_files(*modules: str, scripts: tuple[Path, ...] = (), source: Path = SOURCE) -> list[Path]:
    """Every Python file of this package that the modules consist of and that they or the scripts import, sorted."""
    waiting = [path for module in modules for path in _files_of(module.split("."), source)]
    if not waiting:
        raise ValueError(f"no module {modules} below {source.name}")
    waiting += [path for script in scripts for name in _imported(script) for path in _module_files(name, source)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [p for name in _imported(path) for p in _module_files(name, source)]
    return sorted(found, key=lambda path: path.relative_to(source).as_posix())


def _files_of(parts: list[str], source: Path) -> list[Path]:
    """A package's every file, or a module's one file."""
    place = source.joinpath(*parts)
    if place.is_dir():
        return sorted(place.rglob("*.py"))
    return [place.with_suffix(".py")] if place.with_suffix(".py").is_file() else []


def _module_files(name: str, source: Path) -> list[Path]:
    """The files that importing a dotted name below the package runs: the module and its packages' `__init__`."""
    parts = name.split(".")
    files = [source.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files.append(source.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.is_file()]


def _imported(path: Path) -> list[str]:
    """Dotted names below the package that a file imports anywhere, inside functions too."""
    names: list[str] = []
    for node in ast.walk(_syntax_tree(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name.removeprefix(f"{PACKAGE}.") for name in names if name.startswith(f"{PACKAGE}.")]


@functools.cache
def _syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
