"""`waves.tsv`: every mistake of a row is named with its row and the fix, all at once."""

import pytest

from ruptureflow.config import ConfigError, WaveRow, read_waves, shown_waves

HEADER = "wave\tfolder\torigin\tnote\n"


def _read(tmp_path, text: str):
    path = tmp_path / "waves.tsv"
    path.write_bytes(text.encode("utf-8"))
    return read_waves(path)


def _message(tmp_path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    return str(caught.value).replace(str(tmp_path.as_posix()) + "/", "")


def test_a_good_table_would_be_refused(tmp_path):
    text = "\ufeff" + HEADER + "w1\tdata/w1\treal\tfirst\r\n# a comment\n\nw2\tdata/w2\tsimulated\n"
    assert _read(tmp_path, text) == [
        WaveRow(wave="w1", folder="data/w1", origin="real", note="first"),
        WaveRow(wave="w2", folder="data/w2", origin="simulated", note=""),
    ]


def test_only_the_first_of_several_mistakes_would_be_told(tmp_path):
    text = HEADER + "W 1\tdata/w1\treal\t\npooled\tdata/p\treal\t\nw2\t\treel\t\nw2\tdata/w2\treal\t\n"
    assert _message(tmp_path, text).splitlines() == [
        "waves.tsv: row 2: wave 'W 1' is not an id; use lower-case letters, digits and _, a letter first",
        "waves.tsv: row 3: wave 'pooled' is a reserved name; choose another",
        "waves.tsv: row 4: folder of wave 'w2' is empty; name its folder, such as data/w2",
        "waves.tsv: row 4: origin 'reel' of wave 'w2' is unknown; did you mean 'real'?",
        "waves.tsv: row 5: wave 'w2' stands in row 4 already; give it another id",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wave\tfoldr\torigin\n", "row 1: unknown column 'foldr'; did you mean 'folder'?"),
        ("wave\torigin\nw\treal\n", "row 1: column 'folder' is missing; add it"),
        ("wave,folder,origin\nw,data/w,real\n", "separate the columns with tabs"),
        (HEADER, "lists no wave; add a row"),
        ("", "row 1"),
        (HEADER + "w\td\treal\tn\textra\n", "row 2: 5 cells under 4 columns; remove the extra tabs"),
        ("wave\twave\tfolder\torigin\n", "row 1: column 'wave' stands twice"),
        (HEADER + "assay\tdata/a\treal\n", "reserved name"),
        (HEADER + "report\tdata/a\treal\n", "reserved name"),
        (HEADER + "a\tdata/w\treal\nb\t./data/w\tsimulated\n", "row 3: folder './data/w' is that of waves 'a' and 'b'"),
        (HEADER + "a\t/srv/w\treal\n", "is not below the repository; copy or link it, such as data/a"),
        (HEADER + "a\t../w\treal\n", "is not below the repository"),
        (HEADER + "a\tdata\\w\treal\n", "has backslashes; write 'data/w'"),
    ],
)
def test_a_broken_table_would_pass_or_be_unexplained(tmp_path, text, message):
    assert message in _message(tmp_path, text)


def test_a_missing_table_would_be_a_traceback(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_waves(tmp_path / "waves.tsv")


def test_simulated_waves_would_stand_beside_a_real_one():
    real, simulated = WaveRow(wave="r", folder="r", origin="real"), WaveRow(wave="s", folder="s", origin="simulated")
    assert shown_waves([simulated, real]) == [real]
    assert shown_waves([simulated]) == [simulated]


def test_one_quotation_mark_would_swallow_the_waves_below_it(tmp_path):
    text = HEADER + 'w1\tdata/w1\treal\t"unclosed note\nw2\tdata/w2\treal\t\n'
    assert [row.wave for row in _read(tmp_path, text)] == ["w1", "w2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "w1\tdata/w1\n", "row 2: 2 cells under 4 columns; separate the cells with tabs, none left out"),
        (HEADER + "w1 data/w1 real\n", "row 2: 1 cell under 4 columns; separate the cells with tabs, none left out"),
        (HEADER + "w1\t\tdata/w1\treal\n", "row 2: folder of wave 'w1' is empty; name its folder, such as data/w1"),
        (HEADER + "w1\tdata/w\x001\treal\n", "holds NUL characters"),
    ],
)
def test_a_row_with_too_few_cells_would_be_explained_by_its_consequences(tmp_path, text, message):
    assert message in _message(tmp_path, text)


def test_a_table_saved_on_another_system_would_be_refused(tmp_path):
    rows = [WaveRow(wave="w1", folder="data/w1", origin="real")]
    assert _read(tmp_path, "\ufeffwave\tfolder\torigin\r\nw1\tdata/w1\treal\r\n") == rows
    assert _read(tmp_path, "wave\tfolder\torigin\rw1\tdata/w1\treal\r") == rows
