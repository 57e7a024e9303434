"""A user's own table of studies: what each effect makes of its columns, and what is said of a cell that is wrong."""

import numpy as np
import pytest

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.strict import ConfigError, parse
from ruptureflow.config.studies import PublishedPool
from ruptureflow.config.waves import WaveRow
from ruptureflow.pooling import PoolingError, effect_sizes, pool, pool_subgroups
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.plots import of_plan
from ruptureflow.pooling.study_effects import study_effects
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models

FILE = "data/studies/mine.csv"


def _asked(**given):
    return parse(PublishedPool, {"pool": "mine", "title": "Mine", "file": FILE} | given, "config")


def _read(text, **given):
    asked = _asked(**given)
    return study_effects(asked, read_cells(text.encode(), FILE, asked.delimiter))


def _pooled(text, tests=("z",), methods=("reml",), **given):
    own = {"pool": "mine", "title": "Mine", "file": FILE} | given
    settings = PoolingSettings.model_validate({"methods": list(methods), "tests": list(tests), "published": [own]})
    waves = [WaveRow(wave="w", folder="data/w", origin="real")]
    published = {FILE: read_cells(text.encode(), FILE, settings.delimiter(FILE))}
    return pool_evidence(WaveEvidence(models.ESTIMATES.empty(), waves), published, settings)


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        ({"effect": "r"}, "study,r,n\na,.30,40\n", effect_sizes.fisher_z(0.3, 40)),
        ({"effect": "point_biserial"}, "study,r,n1,n2\na,.3,20,25\n", effect_sizes.point_biserial(0.3, 20, 25, True)),
        ({"effect": "fisher_z"}, "study,estimate,std_error\na,.31,.2\n", (0.31, 0.04)),
        ({"effect": "fisher_z"}, "study,estimate,variance\na,.31,.05\n", (0.31, 0.05)),
        ({"effect": "d"}, "study,estimate,n1,n2\na,.5,12,14\n", effect_sizes.smd_from_d(0.5, 12, 14)),
        (
            {"effect": "means"},
            "study,mean1,sd1,n1,mean2,sd2,n2\na,5,2,20,4,3,25\n",
            effect_sizes.standardised_mean_difference(5, 2, 20, 4, 3, 25),
        ),
        (
            {"effect": "pre_post", "correlation": 0.6, "correlation_source": "manual"},
            "study,mean_pre,sd_pre,mean_post,sd_post,n\na,20,5,14,6,30\n",
            effect_sizes.pre_post_change(20, 5, 14, 6, 30, 0.6),
        ),
        (
            {"effect": "pre_post", "columns": {"correlation": "rho"}},
            "study,mean_pre,sd_pre,mean_post,sd_post,n,rho\na,20,5,14,6,30,.4\n",
            effect_sizes.pre_post_change(20, 5, 14, 6, 30, 0.4),
        ),
        ({"effect": "odds_ratio"}, "study,events1,n1,events2,n2\na,8,20,3,21\n", effect_sizes.odds_ratio(8, 20, 3, 21)),
        ({"effect": "risk_ratio"}, "study,events1,n1,events2,n2\na,0,20,3,21\n", effect_sizes.risk_ratio(0, 20, 3, 21)),
        ({"effect": "estimate", "measure": "log hazard ratio"}, "study,estimate,std_error\na,-.2,.1\n", (-0.2, 0.01)),
    ],
    ids=lambda value: value.get("effect") if isinstance(value, dict) else "",
)
def test_an_effect_is_made_otherwise_than_by_the_library(given, text, expected):
    found = _read(text, **given)
    estimate, variance = expected if isinstance(expected, tuple) else (expected.estimate, expected.variance)
    assert found.effect.estimate.tolist() == pytest.approx([float(estimate)])
    assert found.effect.variance.tolist() == pytest.approx([float(variance)])


def test_a_g_is_corrected_a_second_time():
    g = effect_sizes.smd_from_d(0.5, 12, 14)
    found = _read(f"study,estimate,n1,n2\na,{float(g.estimate)!r},12,14\n", effect="g")
    assert found.effect.estimate.tolist() == pytest.approx([float(g.estimate)])
    assert found.effect.variance.tolist() == pytest.approx([float(g.variance)])


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("study,estimate,variance\na,.2,.01\nb,.3,0\n", {"effect": "fisher_z"}, "row 3, column 'variance': '0' is no"),
        ("study,estimate,variance\na,.2,-.01\n", {"effect": "fisher_z"}, "row 2, column 'variance': '-.01' is no s"),
        ("study,estimate,std_error\na,.2,-1\n", {"effect": "fisher_z"}, "column 'std_error': '-1' is no standard err"),
        ("study,r,n\na,1.0,40\n", {"effect": "r"}, "row 2, column 'r': '1.0' is no correlation between -1 and 1"),
        ("study,r,n\na,.2,3\n", {"effect": "r"}, "row 2, column 'n': '3' is too small a sample"),
        ("study,r,n\na,.2,forty\n", {"effect": "r"}, "row 2, column 'n': 'forty' is not a number; write a number"),
        ("study,r,n\na,.2,nan\n", {"effect": "r"}, "row 2, column 'n': 'nan' is not a number"),
        ("study,r,n\na,.2,\n", {"effect": "r"}, "row 2, column 'n': '' is empty"),
        ('study,r,n\na,"0,2",30\n', {"effect": "r"}, "'0,2' is not a number; write it with a point, or declare"),
        ("study;r;n\na;0.2;30\n", {"effect": "r", "delimiter": ";", "decimal": ","}, "declares decimal: ','"),
        ("study,r,n\na,.2,30\na,.3,40\n", {"effect": "r"}, "row 3, column 'study': 'a' stands in row 2 already"),
        ("study,r,n\n,.2,30\n", {"effect": "r"}, "row 2, column 'study': '' names no study"),
        ("study,R,n\na,.2,30\n", {"effect": "r"}, "no column 'r'; did you mean 'R'? Say in"),
        ("study,r,n\na,.2,30\n", {"effect": "r", "columns": {"n": "N"}}, "no column 'N'"),
        ("study;r;n\na;.2;30\n", {"effect": "r"}, "row 1 is one heading, 'study;r;n'; if cells are separated by ';'"),
        ("study,r,n\na,.2,30,9\n", {"effect": "r"}, "row 2: 4 cells under 3 headings"),
        ("study,r,r\na,.2,30\n", {"effect": "r"}, "heading 'r' stands twice"),
        ("Study,r,n\na,.2,30\n", {"effect": "r"}, "no column 'study'; did you mean 'Study'? Say in the pool which"),
        ("study,r,n\n", {"effect": "r"}, "no row holds an effect"),
        ("study,estimate,n1,n2\na,.2,1,9\n", {"effect": "d"}, "column 'n1': '1' is too small a group"),
        ("study,estimate\na,.2\n", {"effect": "fisher_z"}, "has no column std_error, variance, or ci_low"),
        ("study,estimate,std_error,variance\na,.2,.1,.01\n", {"effect": "fisher_z"}, "has both a column std_error"),
        ("study,events1,n1,events2,n2\na,9,8,1,8\n", {"effect": "odds_ratio"}, "'9' is more than its group's 8"),
        ("study,events1,n1,events2,n2\na,0,8,0,8\n", {"effect": "odds_ratio"}, "both groups have no event"),
        ("study,r,n,age\na,.2,30,old\n", {"effect": "r", "moderators": {"age": "number"}}, "column 'age': 'old' is"),
        ("study,r,n\na,.2,30\n", {"effect": "r", "subgroups": "arm"}, "no column 'arm'; the file has study, r, n."),
        ("study,r,n,arm\na,.2,30,\n", {"effect": "r", "subgroups": "arm"}, "column 'arm': '' names no subgroup"),
        ("study,r,z\na,.2,\n", {"effect": "printed_r"}, "column 'z': '' is empty; write it, or give both groups'"),
        ("study,r,z\na,.2,0\n", {"effect": "printed_r"}, "column 'z': '0' implies no standard error"),
        ("study,estimate,variance,n\na,.2,.1,many\n", {"effect": "fisher_z"}, "column 'n': 'many' is not a number"),
        ("study,r,n,year\na,.2,30,in press\n", {"effect": "r"}, "column 'year': 'in press' is not a number"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_passes_or_ends_in_a_riddle(text, given, message):
    with pytest.raises(PoolingError) as caught:
        _read(text, **given)
    assert len(str(caught.value).splitlines()) == 1, caught.value
    assert FILE in str(caught.value)
    assert message in str(caught.value)


def test_only_the_first_problem_of_a_table_is_told():
    with pytest.raises(PoolingError) as caught:
        _read("study,r,n\na,2,30\nb,x,3\nb,.2,40\n", effect="r")
    assert len(str(caught.value).splitlines()) == 4


def test_a_file_that_is_not_utf_8_ends_in_a_traceback():
    with pytest.raises(PoolingError, match=r"not UTF-8 text \(byte 7\); save it as CSV UTF-8"):
        read_cells("study,ä\n".encode("cp1252"), FILE)


def test_a_clinic_s_spreadsheet_is_not_read():
    text = "\ufeffStudie;Jahr;r;N\nMüller (2004);2004;0,25;40\n;;;\nMeyer (2010);2010;−0,10;55\n"
    columns = {"label": "Studie", "year": "Jahr", "n": "N"}
    found = _read(text, effect="r", delimiter=";", decimal=",", columns=columns)
    assert found.label == ["Müller (2004)", "Meyer (2010)"]
    assert found.year == [2004, 2010]
    assert np.tanh(found.effect.estimate).tolist() == pytest.approx([0.25, -0.10])


def test_a_blank_row_moves_the_row_that_a_message_names():
    with pytest.raises(PoolingError, match="row 4, column 'r'"):
        _read("study,r,n\na,.2,30\n,,\nb,x,40\n", effect="r")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"effect": "pre_post"}, "effect pre_post needs the correlation of scores before with scores after"),
        ({"effect": "pre_post", "correlation": 0.5}, "correlation_source is missing"),
        ({"effect": "r", "columns": {"sd1": "SD"}}, "effect r has no column 'sd1'"),
        ({"effect": "r", "colums": {}}, "unknown key 'colums'; did you mean 'columns'"),
        ({"effect": "rr"}, "effect: input should be 'printed_r'"),
        ({"effect": "r", "shown": "ratio"}, "shown and measure belong to effect estimate"),
        ({"effect": "estimate"}, "effect estimate needs measure"),
        ({"effect": "r", "several_rows": "correlated"}, "needs rows_correlation"),
        ({"effect": "r", "file": "../mine.csv"}, "is not in the project"),
        ({"effect": "r", "pool": "My Pool"}, "pool: "),
    ],
)
def test_a_pool_that_cannot_be_meant_is_accepted(given, message):
    with pytest.raises(ConfigError) as caught:
        _asked(**given)
    assert message in str(caught.value)


def test_rows_without_an_effect_are_dropped_in_silence():
    text = "study,r,n\na,.2,30\nb,,40\nc,.3,50\n"
    with pytest.raises(PoolingError, match="row 3, column 'r': '' is empty"):
        _pooled(text, effect="r")
    found = _pooled(text, effect="r", blank_rows="leave out")
    assert list(found.tables["effects"]["label"]) == ["a", "c"]
    assert found.tables["pooled"]["note"].str.contains("without an effect: b").all()


@pytest.mark.parametrize(("how", "correlation", "variance"), [("independent", None, 0.01), ("correlated", 0.5, 0.015)])
def test_two_rows_of_a_study_count_as_two_studies(how, correlation, variance):
    text = "study,estimate,variance,n\na,.2,.02,30\na,.4,.02,20\nb,.1,.03,9\n"
    found = _pooled(text, effect="fisher_z", several_rows=how, rows_correlation=correlation).tables["effects"]
    assert list(found["label"]) == ["a", "b"]
    assert found["estimate"].tolist() == pytest.approx([0.3, 0.1])
    assert found["variance"].tolist() == pytest.approx([variance, 0.03])
    assert list(found["n"]) == [50, 9]
    assert how in found["note"].iloc[0]


def test_an_odds_ratio_is_shown_as_its_logarithm():
    found = _pooled("study,events1,n1,events2,n2\na,8,20,3,21\nb,9,30,4,30\nc,6,25,5,25\n", effect="odds_ratio")
    one, row = found.tables["effects"].iloc[0], found.tables["pooled"].iloc[0]
    assert one["shown"] == pytest.approx((8 * 18) / (12 * 3))
    assert row["shown"] == pytest.approx(np.exp(row["estimate"]))
    assert (one["shown_as"], row["shown_as"]) == ("ratio", "ratio")
    label = of_plan.plan_forest(found.tables["effects"], found.tables["pooled"], "mine").axes[1].get_xlabel()
    assert label == "Odds ratio"


STUDIES = """study,r,n,age,place
a,.10,80,30,clinic
b,.20,60,35,clinic
c,.25,90,42,clinic
d,.40,70,47,school
e,.45,50,55,school
f,.35,65,50,school
"""


def test_subgroups_and_moderators_are_pooled_otherwise_than_by_the_library():
    given = {"subgroups": "place", "moderators": {"age": "number", "place": "factor"}}
    found = _pooled(STUDIES, effect="r", methods=("dl",), **given)
    y, v = found.tables["effects"]["estimate"].to_numpy(), found.tables["effects"]["variance"].to_numpy()
    groups = ["clinic"] * 3 + ["school"] * 3
    theirs = pool_subgroups(y, v, groups, "dl", "z")
    assert list(found.tables["subgroups"]["subgroup"]) == ["clinic", "school"]
    assert found.tables["subgroups"]["estimate"].tolist() == pytest.approx(list(theirs.table["estimate"]))
    assert found.tables["subgroups"]["q_between"].tolist() == pytest.approx([theirs.q_between] * 2)
    assert found.tables["subgroups"]["shown"].tolist() == pytest.approx(list(np.tanh(theirs.table["estimate"])))
    slope = pool(y, v, "dl", "z", {"age": [30, 35, 42, 47, 55, 50]})
    mine = found.tables["moderators"].query("moderator == 'age' and term == 'age'").iloc[0]
    assert (mine["estimate"], mine["qm"], mine["r2"]) == pytest.approx((slope.table["estimate"][1], slope.qm, slope.r2))
    assert list(found.tables["moderators"].query("moderator == 'place'")["term"]) == ["Intercept", "place[T.school]"]
    assert len(found.tables["pooled"]) == 1


def test_a_moderator_that_cannot_be_fitted_does_not_say_which():
    text = "study,r,n,age\na,.1,30,40\nb,.2,40,40\nc,.3,50,40\n"
    with pytest.raises(PoolingError, match="pool mine: moderator 'age'"):
        _pooled(text, effect="r", moderators={"age": "number"})
    with pytest.raises(PoolingError, match="pool mine: subgroups by 'age'"):
        _pooled(text, effect="r", subgroups="age")


@pytest.mark.parametrize("plot", [of_plan.plan_funnel, of_plan.plan_cumulative, of_plan.plan_leave_one_out])
def test_a_plot_mixes_origins_or_is_drawn_of_two_effects(plot):
    found = _pooled(STUDIES, effect="r")
    assert plot(found.tables["effects"], found.tables["pooled"], "mine").axes
    mixed = found.tables["effects"].assign(origin=["published"] * 5 + ["simulated"])
    with pytest.raises(PoolingError, match="mixes published and simulated"):
        plot(mixed, found.tables["pooled"], "mine")
    two = _pooled("study,r,n\na,.2,30\nb,.3,40\n", effect="r")
    with pytest.raises(PoolingError, match="needs at least 3 effects"):
        plot(two.tables["effects"], two.tables["pooled"], "mine")


def test_a_funnel_of_six_studies_does_not_say_that_it_tells_little():
    found = _pooled(STUDIES, effect="r")
    figure = of_plan.plan_funnel(found.tables["effects"], found.tables["pooled"], "mine")
    (said,) = (text for text in figure.axes[0].texts if "too few" in text.get_text())
    # Inside the figure, where the first version was cut off.
    box = said.get_window_extent(figure.canvas.get_renderer())
    assert box.y1 <= figure.bbox.y1 and box.x1 <= figure.bbox.x1
