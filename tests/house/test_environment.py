"""The two environments, pip's and conda's, ask for the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "pypandoc_binary": "pypandoc",
    "snakemake": "snakemake-minimal",
    "typst": "typst-py",
}
"""PyPI's name: conda's, where they differ (the conda packages bring pandoc and leave out what a server needs)."""

CONDA_ONLY = {"python", "quarto", "pip"}


def _split(requirement: str) -> tuple[str, str]:
    name, range_ = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", requirement).groups()
    return name, range_


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _conda() -> dict[str, str]:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    return dict(_split(requirement) for requirement in environment["dependencies"])


def test_conda_and_pip_users_would_get_different_versions():
    pip = dict(_split(requirement) for requirement in _project()["dependencies"])
    expected = {CONDA_NAMES.get(name, name): range_ for name, range_ in pip.items()}
    assert {name: range_ for name, range_ in _conda().items() if name not in CONDA_ONLY} == expected


def test_conda_users_would_get_another_python():
    assert _conda()["python"] == _project()["requires-python"]


def test_a_conda_user_would_have_no_quarto():
    assert _conda()["quarto"] == ">=1.4"


def test_the_lock_file_leaves_a_dependency_unpinned_or_unhashed():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE))
    wanted = [*_project()["dependencies"], *_project()["optional-dependencies"]["test"]]
    names = {_split(requirement)[0].replace("_", "-").lower() for requirement in wanted}
    assert names <= pinned
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_lock_file_names_an_index():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
