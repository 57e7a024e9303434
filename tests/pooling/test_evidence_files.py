"""The published evidence: what its README promises is in the files, and nothing else."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "data" / "evidence"
FILES = sorted(path.stem for path in FOLDER.glob("*.csv"))


@pytest.mark.parametrize("name", FILES)
def test_a_column_is_not_in_the_dictionary(evidence, name):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.split(f"### `{name}.csv`")[1].split("\n### ")[0]
    words = set(re.findall(r"[a-z_0-9]+", section))
    for column in evidence(name).columns:
        stem = re.sub(r"^(prepost|between)_(feasible|implied).*", "prepost_feasible_", column)
        assert column in words or stem in words, column


def test_an_uncertain_cell_is_not_listed_with_its_candidates(evidence):
    table, digits = evidence("safran2011_table2"), evidence("safran2011_uncertain_digits")
    listed = {(row["row"], row["cell"]) for row in digits.to_dict("records")}
    marked = {
        (row["row"], cell.strip())
        for row in table.to_dict("records")
        for cell in row["uncertain_cells"].split(";")
        if cell.strip()
    }
    assert listed == marked
    for row in digits.to_dict("records"):
        printed = table.loc[table["row"] == row["row"], row["cell"]].item()
        assert printed == row["used"] and (not row["used"] or row["used"] in row["candidates"].split())


def test_identifiers_repeat(evidence):
    assert not evidence("published_claims")["claim"].duplicated().any()
    assert not evidence("safran2011_pooled_check")["figure"].duplicated().any()
    assert not evidence("abstracts_pooled")["id"].duplicated().any()


def test_printed_zeros_at_the_end_are_lost(evidence):
    assert evidence("safran2011_table1")["p"].tolist() == ["0.10", "0.08", "0.03"]
    claims = evidence("published_claims").set_index("claim")
    assert claims.loc["zm2018.hrsd", "value"] == "21.40" and claims.loc["safran2011.stiles.p", "p"] == ".10"
