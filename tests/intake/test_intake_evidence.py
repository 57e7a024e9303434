"""Published evidence keeps its schemas and its digits."""

from pathlib import Path

import pytest

from ruptureflow.intake import IntakeError
from ruptureflow.intake.evidence import check_evidence
from ruptureflow.tables import evidence

FOLDER = Path(__file__).resolve().parents[2] / "data" / "evidence"
FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.csv"))}


def test_an_evidence_file_would_have_no_schema():
    assert set(FILES) == {table.file for table in evidence.TABLES if table is not evidence.STUDIES}
    check_evidence(FILES)


def test_a_broken_evidence_file_would_be_pooled():
    broken = dict(FILES)
    broken["safran2011_table1.csv"] = FILES["safran2011_table1.csv"].replace(b"0.19,", b"o.19,", 1)
    broken["mine.csv"] = b"author,r\nX,0.2\n"
    with pytest.raises(IntakeError) as caught:
        check_evidence(broken)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("safran2011_table1.csv: safran2011_table1: column 'r' does not hold number")
    assert lines[1] == "mine.csv: studies: column 'study' is missing"


def test_a_study_listed_twice_would_count_twice():
    content = FILES["safran2011_table1.csv"]
    last = content.splitlines(keepends=True)[-1]
    with pytest.raises(IntakeError, match=r"key .*study.* is doubled"):
        check_evidence({"safran2011_table1.csv": content + last})
