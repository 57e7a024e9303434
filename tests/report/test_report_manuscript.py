"""Fragments written out, numbers filled in, tables made."""

import pytest

from ruptureflow.config.strict import parse
from ruptureflow.report.collected import Collected
from ruptureflow.report.errors import ReportError
from ruptureflow.report.manuscript import escape, fill_in, label_of, read_fragment, variables, write_out
from ruptureflow.report.parts import Node
from ruptureflow.report.tables import TableSpecifications, write_tables

TWO_WAVES = Collected(
    (
        Node("report", "report", "", {"level": "95 %"}),
        Node("wave", "one", "", {"name": "one", "kind": "dyads"}),
        Node("fit", "one.bond", "one", {"outcome": "bond"}),
        Node("fit", "one.task", "one", {"outcome": "task"}),
        Node("test", "one.bond.test.kr", "one.bond", {"method": "KR"}),
        Node("test", "one.bond.test.bw", "one.bond", {"method": "BW"}),
        Node("test", "one.task.test.kr", "one.task", {"method": "KR"}),
        Node("wave", "two", "", {"name": "two", "kind": "dyads"}),
        Node("unfitted", "two.bond", "two", {"outcome": "bond"}),
    ),
    {
        "one.bond.b": "−0.25",
        "one.task.b": "0.10",
        "one.bond.test.kr.p": "< .001",
        "one.bond.test.bw.p": ".002",
        "one.task.test.kr.p": "—",
    },
)


def _written(files: dict[str, str], text: str = "{{< include a.md >}}") -> str:
    return fill_in(write_out(text, files, TWO_WAVES), TWO_WAVES)[0]


def test_a_fragment_would_not_be_written_for_every_wave():
    assert _written({"a.md": "<!-- for: wave -->\nWave {{< var wave.name >}}."}) == "Wave one.\n\nWave two."


def test_a_wave_without_models_would_get_a_section_about_models():
    fragment = "<!-- for: wave; with: fit -->\n{{< var wave.name >}}: {{< include b.md >}}."
    inner = "<!-- for: fit; joined: list -->\n{{< var fit.outcome >}} {{< var fit.b >}} in {{< var wave.name >}}"
    assert _written({"a.md": fragment, "b.md": inner}) == "one: bond −0.25 in one and task 0.10 in one."
    without = "<!-- for: wave; without: fit -->\n{{< var wave.name >}}"
    assert _written({"a.md": without}) == "two"


def test_copies_that_say_the_same_would_be_repeated():
    assert _written({"a.md": "<!-- for: wave; distinct: kind; joined: items -->\n- {{< var wave.kind >}}"}) == "- dyads"


def test_a_label_would_hold_dots_that_mean_something_else():
    text = _written({"a.md": "<!-- for: fit; joined: items -->\n# Fit {#sec-[[fit]]} of [[wave.name]]"})
    assert text == "# Fit {#sec-one-bond} of one\n# Fit {#sec-one-task} of one"
    assert label_of("one.bond") == "one-bond"


def test_an_unknown_number_would_be_printed_as_a_question_mark():
    with pytest.raises(ReportError, match=r"'one\.bond\.bb' does not exist; did you mean 'one\.bond\.b'"):
        fill_in("{{< var one.bond.bb >}}", TWO_WAVES)


def test_all_unknown_numbers_would_not_be_named_at_once():
    with pytest.raises(ReportError) as error:
        fill_in("{{< var first.x >}} {{< var second.y >}}", TWO_WAVES)
    assert "first.x" in str(error.value)
    assert "second.y" in str(error.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "include of a.md: no such fragment or table"),
        ({"a.md": "{{< include a.md >}}"}, "circle"),
        ({"a.md": "<!-- for: wave; wiht: fit -->\nx"}, "unknown key 'wiht'"),
        ({"a.md": "<!-- for: wave; joined: inlin -->\nx"}, "'inlin' is unknown"),
        ({"a.md": "<!-- for: wave -->\n[[fit]]"}, r"\[\[fit\]\]: names no kind of node"),
    ],
)
def test_a_mistake_in_a_fragment_would_pass(files, message):
    with pytest.raises(ReportError, match=message):
        _written(files)


def test_a_number_would_lose_its_id_in_the_page():
    text, used = fill_in(
        "{{< var one.bond.b >}} {{< var one.bond.b >}}", TWO_WAVES, lambda id, plain: f"[{plain}]({id})"
    )
    assert text == "[−0.25](one.bond.b) [−0.25](one.bond.b)"
    assert used == {"one.bond.b": 2}


def test_a_text_would_be_read_as_markup():
    assert escape("a*b_c [d] <e> | $f$ @g") == r"a\*b\_c \[d\] \<e\> \| \$f\$ \@g"


def test_front_matter_would_hold_markdown_escapes():
    text, _ = fill_in('---\ntitle: "{{< var one.name >}}"\n---\n{{< var one.name >}}', TWO_WAVES)
    assert text == '---\ntitle: "one"\n---\none'


def test_variables_would_not_nest_at_their_dots():
    nested = variables(TWO_WAVES)
    assert nested["one"]["bond"]["b"] == "−0.25"
    assert nested["one"]["bond"]["outcome"] == "bond"


def test_a_fragment_without_rules_would_be_written_more_than_once():
    assert read_fragment("text", "x.md").kind == ""
    assert _written({"a.md": "text"}) == "text"


def _tables(columns: list[dict], **options) -> dict[str, str]:
    table = {"rows": "fit", "columns": columns, **options}
    return write_tables(parse(TableSpecifications, {"tables": {"fits": table}}, "tables.yml"), TWO_WAVES)


def test_a_table_would_not_name_its_cells_values():
    made = _tables(
        [{"heading": "Outcome", "cell": "{fit.outcome}", "align": "left"}, {"heading": "*b*", "cell": "{fit.b}"}]
    )
    assert made["fits.md"].splitlines() == [
        "| Outcome | *b* |",
        "|:--------|--------:|",
        "| {{< var one.bond.outcome >}} | {{< var one.bond.b >}} |",
        "| {{< var one.task.outcome >}} | {{< var one.task.b >}} |",
    ]


def test_methods_would_not_stand_side_by_side():
    made = _tables(
        [
            {"heading": "O", "cell": "{fit.outcome}"},
            {"heading": "{test.method}: *p*", "cell": "{test.p}", "across": "test"},
        ]
    )
    lines = made["fits.md"].splitlines()
    assert lines[0] == "| O | {{< var one.bond.test.kr.method >}}: *p* | {{< var one.bond.test.bw.method >}}: *p* |"
    # A method that a row lacks, and a number that is missing, are dashes.
    assert lines[3] == "| {{< var one.task.outcome >}} | — | — |"


def test_a_wave_would_get_a_table_without_rows():
    made = _tables([{"heading": "O", "cell": "{fit.outcome}"}], per="wave")
    assert list(made) == ["fits-one.md"]


def test_a_column_that_says_nothing_would_take_room():
    made = _tables([{"heading": "O", "cell": "{fit.outcome}"}, {"heading": "Nothing", "cell": "{fit.nothing}"}])
    assert "Nothing" not in made["fits.md"]


def test_a_table_would_name_a_node_that_its_rows_do_not_lie_under():
    with pytest.raises(ReportError, match=r"table fits: \{run\.lod\} names no kind"):
        _tables([{"heading": "O", "cell": "{run.lod}"}])
