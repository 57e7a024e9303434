"""The house keeps its own rules: names, sizes, one word a stage."""

import re
import subprocess
from pathlib import Path

import pytest

from ruptureflow.config.waves import STAGES

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*/*.py"))
RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))


def _rules(path: Path) -> dict[str, str]:
    """Body by name of every rule of a rule file."""
    parts = re.split(r"^rule (\w+):\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


WORKING_RULES = {name: (path, body) for path in RULE_FILES for name, body in _rules(path).items() if "script:" in body}


@pytest.mark.parametrize("stage", STAGES)
def test_a_reader_who_knows_the_stage_would_miss_one_of_its_rooms(stage):
    for room in (
        f"workflow/rules/{stage}.smk",
        f"workflow/scripts/{stage}",
        f"src/ruptureflow/{stage}",
        f"docs/{stage}.md",
    ):
        assert (ROOT / room).exists(), room


def test_the_root_snakefile_has_grown_past_sixty_lines():
    assert len((ROOT / "Snakefile").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds_logic_that_belongs_in_the_library(script):
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.parametrize("name", WORKING_RULES)
def test_a_rule_has_no_log_no_benchmark_no_code_hash_or_another_script_name(name):
    path, body = WORKING_RULES[name]
    for part in ("log:", "benchmark:", "code=code(", "lineage="):
        assert part in body, part
    assert f"../scripts/{path.stem}/{name}.py" in body


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_file_does_not_say_what_it_reads_and_hands_over(path):
    docstring = path.read_text(encoding="utf-8").split('"""')[1]
    assert "Reads" in docstring
    assert "Hands over" in docstring


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_runs_python_of_its_own(path):
    assert not re.search(r"^\s*(run|checkpoint)\b.*:$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return listing.stdout.splitlines()


def test_a_persons_data_would_be_in_git():
    stray = [p for p in _tracked() if p.startswith("data/") and not re.match(r"data/(demo_[a-z]+|evidence)/", p)]
    assert stray == []


def test_a_module_name_explains_nothing():
    vague = [p for p in _tracked() if re.search(r"(^|/)(utils?|helpers?|common|misc|tools)\.py$", p)]
    assert vague == []
