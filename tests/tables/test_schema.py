"""Hand-over tables: what breaks the contract is refused with its place, and files keep their values."""

import pandas as pd
import pytest

from ruptureflow.tables import Column, Table, TableError, read_table, write_table
from ruptureflow.tables.catalogue import ALL

TABLE = Table(
    "things",
    "assay",
    "one thing",
    (
        Column("name", "text", "its name"),
        Column("size", "number", "its size", nullable=True, minimum=0),
        Column("count", "integer", "how many", nullable=True),
        Column("kind", "text", "what it is", allowed=("a", "b")),
        Column("used", "flag", "whether", nullable=True),
    ),
    key=("name",),
)


def _frame(**changes) -> pd.DataFrame:
    rows = {
        "name": ["007", "NA"],
        "size": [0.1 + 0.2, None],
        "count": [1, None],
        "kind": ["a", "b"],
        "used": [True, None],
    }
    return pd.DataFrame({**rows, **changes})


def test_a_value_would_change_on_its_way_through_a_file(tmp_path):
    write_table(_frame(), tmp_path / "things.csv", TABLE)
    back = read_table(tmp_path / "things.csv", TABLE)
    pd.testing.assert_frame_equal(back, TABLE.conform(_frame()))
    assert list(back["name"]) == ["007", "NA"]
    assert back["size"][0] == 0.1 + 0.2


def test_the_same_rows_would_give_other_bytes(tmp_path):
    write_table(_frame(), tmp_path / "a.csv", TABLE)
    write_table(_frame()[["used", "kind", "count", "size", "name"]], tmp_path / "b.csv", TABLE)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ["x", "x"]}, "key ('name',) is doubled"),
        ({"size": [-1.0, 2.0]}, "column 'size'"),
        ({"kind": ["a", "c"]}, "column 'kind'"),
        ({"kind": ["a", None]}, "column 'kind'"),
        ({"count": ["many", 2]}, "column 'count' does not hold integer"),
        ({"extra": [1, 2]}, "unknown columns ['extra']"),
    ],
)
def test_a_table_that_breaks_its_contract_would_be_handed_over(tmp_path, changes, message):
    with pytest.raises(TableError) as caught:
        write_table(_frame(**changes), tmp_path / "things.csv", TABLE)
    assert message in str(caught.value)
    assert not (tmp_path / "things.csv").exists()


def test_a_missing_column_would_be_handed_over():
    with pytest.raises(TableError, match="column 'kind' is missing"):
        TABLE.conform(_frame().drop(columns="kind"))


@pytest.mark.parametrize("table", ALL, ids=lambda table: f"{table.stage}/{table.name}")
def test_an_empty_table_would_not_keep_its_own_schema(table, tmp_path):
    write_table(table.empty(), tmp_path / table.file, table)
    assert list(read_table(tmp_path / table.file, table).columns) == table.names


@pytest.mark.parametrize("table", ALL, ids=lambda table: f"{table.stage}/{table.name}")
def test_a_key_or_a_name_would_not_exist(table):
    assert set(table.key) <= set(table.names)
    assert len(set(table.names)) == len(table.names)
    assert all(column.description for column in table.columns)
