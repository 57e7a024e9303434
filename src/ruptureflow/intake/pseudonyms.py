"""Participants' ids replaced by keyed hashes: the same key, the same pseudonym; without the key no way back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.wave import Pseudonyms
from ruptureflow.intake.errors import IntakeError

if TYPE_CHECKING:
    import pandas as pd

LENGTH = 12  # hexadecimal digits: for 10,000 ids the chance that two share a pseudonym is 2e-7
SHORTEST_KEY = 16


def read_key(declared: Pseudonyms, environment: Mapping[str, str], project: Path) -> bytes:
    """The key, from the environment variable that holds it or names a file with it.

    Raises
    ------
    IntakeError
        if the variable is empty, the file lies in the project, or the key is shorter than 16 characters.
    """
    name = declared.key_variable
    value = environment.get(name, "").strip()
    if not value:
        raise IntakeError(
            f"pseudonyms: the environment variable {name} is not set; set it to the key, or to the path of its file"
        )
    path = Path(value)
    try:
        is_file = path.is_file()
    except OSError:
        is_file = False
    if is_file:
        if path.resolve().is_relative_to(project.resolve()):
            raise IntakeError(f"pseudonyms: the key's file lies in the project; move it out and set {name} anew")
        value = path.read_text(encoding="utf-8").strip()
    if len(value) < SHORTEST_KEY:
        raise IntakeError(f"pseudonyms: the key in {name} is shorter than {SHORTEST_KEY} characters; take a longer one")
    return value.encode()


def pseudonym(identifier: str, kind: str, key: bytes) -> str:
    """HMAC-SHA-256 of a kind and an id, cut to 12 hexadecimal digits behind the kind's first letter."""
    digest = hmac.new(key, f"{kind}\0{identifier}".encode(), hashlib.sha256).hexdigest()
    return kind[0] + digest[:LENGTH]


def replace_ids(
    clean: Mapping[str, pd.DataFrame], columns: list[str], key: bytes
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """The tables with pseudonyms for ids, and the pseudonym of each id (to mend the ledger with).

    Samples' ids are replaced too where patients' are: they are often made of them.
    """
    kinds = [*columns, "sample"] if "patient" in columns else list(columns)
    names: dict[str, str] = {}
    replaced = {}
    for table, frame in clean.items():
        done = frame.copy()
        for kind in kinds:
            if kind in done.columns:
                known = {str(each): pseudonym(str(each), kind, key) for each in done[kind].dropna().unique()}
                done[kind] = done[kind].map(known, na_action="ignore")
                names |= known
        replaced[table] = done
    return replaced, names


def renamed(cells: pd.Series, names: Mapping[str, str]) -> pd.Series:
    """Cells that are an id, blanks at their ends or not, as its pseudonym."""
    bare = cells.str.strip()
    return cells.where(~bare.isin(list(names)), bare.map(names))
