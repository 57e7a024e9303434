"""Numbers typed by hand, citations that vanish, references to nothing."""

from pathlib import Path

import pytest

from ruptureflow.config.strict import parse, read_yaml
from ruptureflow.report.errors import ReportError
from ruptureflow.report.lint import AllowedNumbers, check_references, check_sources, hand_typed
from ruptureflow.report.tables import TableSpecifications, headings_of

FOLDER = Path(__file__).resolve().parents[2] / "workflow" / "report"
ALLOWED = parse(
    AllowedNumbers, {"allowed": [{"text": "I²", "reason": "name"}, {"text": "ICC(2,1)", "reason": "form"}]}, "a"
)


def _typed(text: str) -> list[str]:
    return [word for _, word in hand_typed(text, ALLOWED)]


@pytest.mark.parametrize(
    "text",
    [
        "r = .24",
        "22 patients",
        "x² here",
        "half ½",
        "p < .001",
        "ICC(2,12)",
        "ICC(3,1)",
        "in 2018 they",
        "3rd",
        "| 4 | 5 |",
    ],
)
def test_a_number_typed_by_hand_would_pass(text):
    assert _typed(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{< var demo_2.n4 >}} patients",
        "as @zilchamano2018 found [@leng2016, p. x; see @safran2011]",
        "`python3`",
        "# Heading {#sec-part2}",
        "![Alt](figures/a2.png){#fig-2 width=60%}",
        "[−x]{.value data-id='a.b2'}",
        "<!-- 2024: a note -->",
        "I² and ICC(2,1), both",
        "---\ntitle: 2018\n---\ntext",
        "see [here](https://example.org/2018)",
        "[[figure_2.part1]]",
    ],
)
def test_a_text_without_typed_numbers_would_be_refused(text):
    assert _typed(text) == []


def test_the_place_of_a_typed_number_would_be_a_riddle():
    with pytest.raises(ReportError, match=r"a\.qmd: line 3: '22' is a number typed by hand"):
        check_sources({"a.qmd": "one\n`code 5`\nthe 22 patients"}, ALLOWED)


@pytest.mark.parametrize("text", ["@tbl-a [@safran2011]", "[@safran2011] @fig-b", "@sec-c\n[-@safran2011]"])
def test_a_citation_beside_a_reference_would_vanish(text):
    with pytest.raises(ReportError, match="the citation would vanish"):
        check_sources({"a.qmd": text}, ALLOWED)


def test_a_citation_apart_from_a_reference_would_be_refused():
    check_sources({"a.qmd": "@tbl-a, after [@safran2011]"}, ALLOWED)


def test_a_reference_to_nothing_and_a_doubled_label_would_pass():
    with pytest.raises(ReportError) as error:
        check_references("@tbl-a and @fig-b\n\n: C {#tbl-a}\n\n# X {#sec-x}\n# Y {#sec-x}")
    assert "@fig-b: the document has no such" in str(error.value)
    assert "'sec-x' stands 2 times" in str(error.value)


def test_the_manuscript_would_hold_a_number_typed_by_hand():
    allowed = parse(AllowedNumbers, read_yaml(FOLDER / "allowed_numbers.yml"), "allowed_numbers.yml")
    files = [*FOLDER.glob("*.qmd"), *FOLDER.glob("fragments/*/*.md")]
    sources = {path.name: path.read_text(encoding="utf-8") for path in files}
    tables = parse(TableSpecifications, read_yaml(FOLDER / "tables.yml"), "tables.yml").tables
    sources |= {name: headings_of(table) for name, table in tables.items()}
    assert len(sources) > 20
    check_sources(sources, allowed)


def test_a_number_would_be_allowed_that_nobody_uses():
    allowed = parse(AllowedNumbers, read_yaml(FOLDER / "allowed_numbers.yml"), "allowed_numbers.yml")
    prose = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in (".qmd", ".md", ".yml") and path.name != "allowed_numbers.yml"
    )
    assert [each.text for each in allowed.allowed if each.text not in prose] == []
