"""Ids, nodes and the cells numbers stand in."""

import pandas as pd
import pytest

from ruptureflow.lineage import JobRecord, Lineage
from ruptureflow.report import numbers
from ruptureflow.report.collected import collect, outline, records, restore
from ruptureflow.report.errors import ReportError
from ruptureflow.report.parts import Chapter, Sheet, check_ids, dotted, slug


def _chapter() -> Chapter:
    frame = pd.DataFrame({"estimate": [0.5, -0.25, None]}, index=[7, 8, 9])
    chapter = Chapter()
    chapter.node("wave", "demo", title="A wave")
    chapter.node("fit", "demo.bond", "demo", outcome="bond")
    chapter.node("answer", "demo.bond", "demo")
    chapter.cell(
        "demo.bond.b", Sheet("results/demo/models/estimates.csv", frame), 8, "estimate", numbers.estimate, "points"
    )
    chapter.cell("demo.bond.c", Sheet("results/demo/models/estimates.csv", frame), 9, "estimate", numbers.estimate)
    return chapter


def test_a_number_would_point_at_another_row_than_the_one_a_spreadsheet_shows():
    value = _chapter().values[0]
    # Second data row: row 3, as the header is row 1.
    assert (value.row, value.column, value.value, value.formatted) == (3, "estimate", -0.25, "−0.25")


def test_an_empty_cell_would_become_a_number():
    value = _chapter().values[1]
    assert value.value is None
    assert value.formatted == "—"


def test_the_record_of_a_number_would_miss_its_rule_or_raw_files():
    jobs = (
        JobRecord(
            "read_wave", "s/read_wave.py", "aa", {"data/demo/wave.yaml": "h1"}, ["results/demo/intake/codes.csv"]
        ),
        JobRecord(
            "fit_models",
            "s/fit_models.py",
            "bb",
            {"results/demo/intake/codes.csv": "h2"},
            ["results/demo/models/estimates.csv"],
        ),
    )
    chapter = _chapter()
    (record,) = records(chapter, Lineage(jobs), {chapter.values[0].id})
    assert record == {
        "id": "demo.bond.b",
        "value": -0.25,
        "formatted": "−0.25",
        "unit": "points",
        "file": "results/demo/models/estimates.csv",
        "row": 3,
        "column": "estimate",
        "rule": "fit_models",
        "script": "s/fit_models.py",
        "input_hashes": {"data/demo/wave.yaml": "h1"},
        "code_hash": "bb",
    }


def test_a_number_from_a_file_of_unknown_origin_would_be_shown():
    with pytest.raises(ReportError, match=r"estimates\.csv: no job's record says who made it"):
        chapter = _chapter()
        records(chapter, Lineage(()), {value.id for value in chapter.values})


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a.b", "a.b"], "'a.b' stands 2 times"),
        (["a.b", "a.b.c"], "'a.b' is the beginning of id 'a.b.c'"),
        (["A.b"], "'A.b' is not of the form"),
        (["a..b"], "is not of the form"),
        (["1a"], "is not of the form"),
    ],
)
def test_ids_that_quarto_would_confuse_pass(ids, message):
    with pytest.raises(ReportError, match=message):
        check_ids(ids)


def test_ids_with_a_common_start_inside_a_word_are_refused():
    check_ids(["a.bond", "a.bond_within", "a.bo"])


@pytest.mark.parametrize(
    ("text", "segment"),
    [("ICC(2,1)", "icc_2_1"), ("3rs_2009", "n3rs_2009"), ("role[T.x]:time", "role_t_x_time"), ("²", "none")],
)
def test_a_text_would_make_an_ill_formed_id(text, segment):
    assert slug(text) == segment
    assert dotted("demo", text) == f"demo.{segment}"


def test_nodes_would_change_on_their_way_through_files():
    chapter = _chapter()
    collected = collect(chapter)
    back = restore([{"id": v.id, "formatted": v.formatted} for v in chapter.values], outline(collected))
    assert back == collected
    assert [node.id for node in back.below("fit", "demo")] == ["demo.bond"]
    assert back.below("fit", "other") == []
