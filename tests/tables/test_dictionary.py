"""The data dictionary tells what the schemas say."""

from pathlib import Path

from ruptureflow.tables.catalogue import ALL
from ruptureflow.tables.dictionary import data_dictionary

ROOT = Path(__file__).resolve().parents[2]


def test_the_data_dictionary_would_tell_an_older_story():
    written = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert written == data_dictionary(ALL), "run `make format`"
