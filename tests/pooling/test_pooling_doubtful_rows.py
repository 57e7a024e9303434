"""Rows of a user's table of studies that contradict themselves, look wrong, or are not typed as they must be."""

import pytest

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.strict import ConfigError, parse
from ruptureflow.config.studies import PublishedPool
from ruptureflow.pooling import PoolingError
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.study_effects import study_effects
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models

FILE = "data/studies/mine.csv"
OWN = {"pool": "mine", "title": "Mine", "file": FILE}
ESTIMATE = {"effect": "estimate", "measure": "slope"}
RATIO = {"effect": "ratio", "measure": "hazard ratio"}
CHANGE = {"correlation": 0.5, "correlation_source": "assumed"}
INTERVAL = "study,estimate,ci_low,ci_high\n"
MEANS = "study,mean1,sd1,n1,mean2,sd2,n2\n"


def _read(text, **given):
    asked = parse(PublishedPool, OWN | given, "config")
    return study_effects(asked, read_cells(text.encode(), FILE, asked.delimiter))


def _problems(text, **given):
    with pytest.raises(PoolingError) as error:
        _read(text, **given)
    return str(error.value).split("\n")


def _pooled(text, **given):
    settings = {"methods": ["reml"], "tests": ["knapp-hartung"], "bias": False, "published": [OWN | given]}
    published = {FILE: read_cells(text.encode(), FILE)}
    asked = parse(PoolingSettings, settings, "config")
    tables = pool_evidence(WaveEvidence(models.ESTIMATES.empty(), []), published, asked).tables
    return tables["effects"]["note"].tolist(), tables["pooled"]["note"].iloc[0]


@pytest.mark.parametrize(
    ("row", "given"),
    [
        ("A,2,.1,.3", ESTIMATE),
        ("A,2,.1,.3", {"effect": "fisher_z"}),
        ("A,0.05,.1,.3", ESTIMATE),
        ("A,0.5,1.1,5", RATIO),
        ("A,6,1.1,5", RATIO),
    ],
)
def test_an_estimate_outside_its_own_interval_is_refused(row, given):
    (line,) = _problems(f"{INTERVAL}{row}\nB,1.5,1,2.25\n", **given)
    _, value, low, high = row.split(",")
    assert f"row 2, column 'estimate': '{value}' lies outside its own interval, {low} to {high}; correct" in line


@pytest.mark.parametrize(
    ("row", "given", "is_doubtful"),
    [
        ("A,1.5,1.1,5", RATIO, True),
        ("A,2.35,1.1,5.0", RATIO, False),
        ("A,0.1,0.0,0.2", ESTIMATE, False),
        ("A,0.20,0.11,0.30", ESTIMATE, False),
        ("A,0.15,0.11,0.30", ESTIMATE, True),
        ("A,0.15,0.11,0.30", {"effect": "fisher_z"}, True),
        ("A,−0.15,−0.30,−0.11", ESTIMATE, True),
        ("A,0.1,0.02,0.4", RATIO, False),
    ],
)
def test_an_estimate_off_the_middle_is_noted_only_beyond_rounding(row, given, is_doubtful):
    notes, of_pool = _pooled(f"{INTERVAL}{row}\nB,1.5,1,2.25\nC,1.2,1,1.44\n", **given)
    assert ("off the middle" in notes[0]) == is_doubtful
    assert ("A: estimate" in of_pool) == is_doubtful


def test_an_interval_is_not_looked_at_where_a_standard_error_is_used():
    text = "study,estimate,std_error,ci_low,ci_high\nA,.3,.1,.25,.9\nB,.2,.1,.0,.4\n"
    assert _read(text, **ESTIMATE).doubts == ["", ""]


@pytest.mark.parametrize(
    ("text", "given", "question"),
    [
        (f"{MEANS}A,10,.5,40,14,.5,40\nB,10,5,40,14,5,40\n", {"effect": "means"}, "|g| of 7.9: is sd1 or sd2 a stand"),
        (
            "study,mean_pre,sd_pre,mean_post,sd_post,n\nA,20,1,14,1,40\nB,20,6,14,6,40\n",
            {"effect": "pre_post"} | CHANGE,
            "|g| of 5.9: is sd_pre a standard error?",
        ),
        (
            "study,mean_pre1,sd_pre1,mean_post1,n1,mean_pre2,sd_pre2,mean_post2,n2\n"
            "A,20,1,14,30,20,1,19,30\nB,20,6,14,30,20,6,19,30\n",
            {"effect": "change_difference"} | CHANGE,
            "|g| of 4.9: is sd_pre1 or sd_pre2 a standard error?",
        ),
    ],
)
def test_a_standard_error_typed_as_an_sd_is_asked_about(text, given, question):
    notes, of_pool = _pooled(text, **given)
    assert question in notes[0]
    assert "standard error?" not in notes[1]
    assert f"A: {question}" in of_pool


def test_a_doubt_about_any_row_stays_when_rows_become_one_effect():
    text = f"{MEANS}A,10,5,40,14,5,40\nA,10,.5,40,14,.5,40\nB,10,5,40,14,5,40\n"
    found = _read(text, effect="means", several_rows="independent")
    assert "|g| of 7.9" in found.note[0]
    assert "|g| of 7.9" in found.doubts[0]
    assert found.doubts[1] == ""


def test_a_note_of_many_doubtful_studies_counts_the_rest():
    rows = "".join(f"S{i},10,.5,40,14,.5,40\n" for i in range(8))
    assert "3 more such studies" in _pooled(MEANS + rows, effect="means")[1]


def test_a_heading_given_as_year_says_where_it_belongs():
    with pytest.raises(ConfigError, match=r"a whole number is needed.* columns: {year: Yr} .found 'Yr'"):
        parse(PublishedPool, OWN | {"year": "Yr"}, "config")
    with pytest.raises(ConfigError, match=r"year: a whole number is needed, without quotes .found '2018'"):
        parse(PublishedPool, OWN | {"year": "2018"}, "config")


@pytest.mark.parametrize("rows", ["refuse", "independent"])
def test_a_missing_column_of_names_is_the_only_problem_said(rows):
    text = "Study,r,n,weeks\na,.2,30,8\nb,.3,40,9\n"
    (line,) = _problems(text, effect="r", several_rows=rows, moderators={"weeks": "number"})
    assert "no column 'study'; did you mean 'Study'?" in line


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("study,r,n,year\na,.2,30,in press\n", {}, "'in press' is not a number; write a number, or leave the cell em"),
        ("study,r,n,year\na,.2,30,2011.5\n", {}, "'2011.5' is no whole number"),
        ("study,r,n\na,NA,30\nb,.2,30\n", {"blank_rows": "leave out"}, "or leave the cell empty"),
        ("study,r,n\na,NA,30\n", {}, "or leave out the row"),
        ("study,r,n\na,.2,NA\n", {"blank_rows": "leave out"}, "leave its cell in column 'r' empty"),
        ('study,r,n\na,.2,"1,040"\n', {}, "if the comma separates thousands, write 1040"),
        ('study,r,n\na,.2,"1,040,200"\n', {}, "if the comma separates thousands, write 1040200"),
        ('study,r,n\na,"0,123",40\n', {}, "is not a number; write it with a point, or declare decimal: ','"),
        ("study;r;n\na;0,2;1.040\n", {"delimiter": ";", "decimal": ","}, "point separates thousands, write 1040"),
        ("study;r;n\na;0,2;1,040\n", {"delimiter": ";", "decimal": ","}, "'1,040' is no whole number"),
        ("study,r,n\na,.2,30.5\n", {}, "column 'n': '30.5' is no whole number"),
        ("study,r,n\na,.2,-30\n", {}, "'-30' is too small a sample"),
    ],
)
def test_a_cell_typed_otherwise_is_said_once_with_what_fits(text, given, said):
    (line,) = _problems(text, effect="r", **given)
    assert said in line


@pytest.mark.parametrize("size", ["30.5", "-3"])
def test_the_size_of_a_study_beside_its_estimate_counts_people(size):
    (line,) = _problems(f"study,estimate,std_error,n\na,.2,.1,{size}\n", **ESTIMATE)
    assert f"column 'n': '{size}' is " in line
