"""Golden values of other software."""

import json
from pathlib import Path

GOLDENS = Path(__file__).parents[2] / "validation" / "mixed" / "goldens.json"


def load_goldens() -> dict:
    """Golden record by case name."""
    record = json.loads(GOLDENS.read_text(encoding="utf-8"))
    return {case["name"]: case for case in record["cases"]}
