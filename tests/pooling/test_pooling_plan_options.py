"""What a user types under `pooling: published:` beside the effect itself: levels, clusters, moderators, assumptions."""

import io

import numpy as np
import pandas as pd
import pytest

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.strict import ConfigError, parse
from ruptureflow.config.studies import PublishedPool
from ruptureflow.pooling import (
    PoolingError,
    change_difference,
    cluster_robust,
    conversions,
    pool,
    pool_multilevel,
    pool_subgroups,
    pre_post_change,
)
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.plan_pool import weights_of
from ruptureflow.pooling.plots import of_plan
from ruptureflow.pooling.study_effects import study_effects
from ruptureflow.pooling.study_table import read_cells
from ruptureflow.tables import models

FILE = "data/studies/mine.csv"
NESTED = (
    "study,outcome,g,v,weeks,lab\nA,bdi,.3,.04,12,x\nA,hrsd,.5,.05,12,x\nB,bdi,.2,.03,16,x\nC,bdi,.6,.06,8,y\n"
    "C,scl,.4,.05,8,y\nC,hrsd,.9,.07,8,y\nD,bdi,.1,.02,20,z\nE,bdi,.7,.05,9,z\n"
)
READY = {"effect": "estimate", "measure": "g", "columns": {"estimate": "g", "variance": "v"}}


def _asked(**given):
    return parse(PublishedPool, {"pool": "mine", "title": "Mine", "file": FILE} | given, "config")


def _read(text, **given):
    asked = _asked(**given)
    return study_effects(asked, read_cells(text.encode(), FILE, asked.delimiter))


def _pooled(text, methods=("reml",), tests=("knapp-hartung",), prediction_df="test", bias=True, **given):
    own = {"pool": "mine", "title": "Mine", "file": FILE} | given
    settings = parse(
        PoolingSettings,
        {
            "methods": list(methods),
            "tests": list(tests),
            "prediction_df": prediction_df,
            "bias": bias,
            "published": [own],
        },
        "config",
    )
    published = {FILE: read_cells(text.encode(), FILE, settings.delimiter(FILE))}
    return pool_evidence(WaveEvidence(models.ESTIMATES.empty(), []), published, settings).tables


def _columns():
    frame = pd.read_csv(io.StringIO(NESTED))
    return frame, frame["g"].to_numpy(), frame["v"].to_numpy()


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        ({"effect": "t"}, "study,t,n1,n2\na,2.1,30,28\n", conversions.d_from_t(2.1, 30, 28)),
        ({"effect": "f"}, "study,f,n1,n2,direction\na,4.41,30,28,-1\n", conversions.d_from_f(4.41, 30, 28, sign=-1)),
        ({"effect": "p"}, "study,p,n1,n2,direction\na,.04,30,28,1\n", conversions.d_from_p(0.04, 30, 28, sign=1)),
        (
            {"effect": "change_difference", "correlation": 0.6, "correlation_source": "manual"},
            "study,mean_pre1,sd_pre1,mean_post1,n1,mean_pre2,sd_pre2,mean_post2,n2\na,20,5,14,30,21,6,19,28\n",
            change_difference((20, 5, 14, 30), (21, 6, 19, 28), correlation=0.6),
        ),
        (
            {"effect": "ratio", "measure": "hazard ratio"},
            "study,estimate,ci_low,ci_high\na,.62,.45,.8542222222\n",
            conversions.effect_from_interval(0.45, 0.8542222222, transform="ratio"),
        ),
        (
            {"effect": "estimate", "measure": "md"},
            "study,estimate,ci_low,ci_high\na,2,1,3\n",
            conversions.effect_from_interval(1, 3),
        ),
    ],
)  # fmt: skip
def test_an_effect_is_made_otherwise_than_by_the_library(given, text, expected):
    found = _read(text, **given)
    assert found.effect.estimate[0] == pytest.approx(float(expected.estimate), abs=1e-9)
    assert found.effect.variance[0] == pytest.approx(float(expected.variance), abs=1e-9)


@pytest.mark.parametrize(
    ("given", "text", "message"),
    [
        ({"effect": "f"}, "study,f,n1,n2,direction\na,4,30,28,up\n", "column 'direction': 'up' is not a number"),
        ({"effect": "f"}, "study,f,n1,n2,direction\na,4,30,28,0\n", "'0' is no direction; write 1 where the first"),
        ({"effect": "f"}, "study,f,n1,n2,direction\na,-4,30,28,1\n", "'-4' is too small a F"),
        ({"effect": "p"}, "study,p,n1,n2,direction\na,<.05,30,28,1\n", "column 'p': '<.05' is not a number"),
        ({"effect": "p"}, "study,p,n1,n2,direction\na,1.2,30,28,1\n", "'1.2' is no p between 0 and 1"),
        ({"effect": "partial_r"}, "study,t\na,2\n", "no column 'df'"),
        ({"effect": "ratio", "measure": "HR"}, "study,estimate,ci_low,ci_high\na,.6,.9,.5\n", "is not above the inter"),
        (READY | {"where": {"outcome": "bid"}}, NESTED, "no row has 'bid' in column 'outcome'; did you mean 'bdi'?"),
        (READY | {"where": {"outcom": "bdi"}}, NESTED, "where: no column 'outcom'; did you mean 'outcome'?"),
        (READY, NESTED, "several_rows: independent, correlated or multilevel"),
        (READY | {"several_rows": "multilevel", "levels": ["sturdy"]}, NESTED, "no column 'sturdy'"),
        (READY | {"several_rows": "multilevel", "cluster": "team"}, NESTED, "no column 'team'"),
    ],
)
def test_a_cell_or_column_that_is_wrong_passes(given, text, message):
    with pytest.raises(PoolingError) as caught:
        _read(text, **given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"effect": "change_difference"}, "pool mine: effect change_difference needs the correlation of scores"),
        ({"effect": "r", "levels": ["study"]}, "pool mine: levels belong to several_rows: multilevel"),
        ({"effect": "r", "moderators": {"a": "number"}, "moderators_enter": "both"}, "needs two moderators or more"),
        ({"effect": "r", "df_range": [3, 9]}, "df_range belongs to effect partial_r"),
        ({"effect": "partial_r", "df_range": [3, 9]}, "df_source is missing"),
        ({"effect": "ratio"}, "effect ratio needs measure"),
        ({"effect": "r", "several_rows": "multilevel", "subgroups": "a"}, "name the column in moderators as factor"),
    ],
)
def test_an_option_that_cannot_be_meant_is_accepted(given, message):
    with pytest.raises(ConfigError) as caught:
        _asked(**given)
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_effects_nested_in_studies_are_pooled_otherwise_than_by_the_library():
    frame, y, v = _columns()
    found = _pooled(NESTED, tests=("knapp-hartung", "z"), several_rows="multilevel", **READY)
    expected = pool_multilevel(y, v, {"study": frame["study"], "row": range(8)}, test="t")
    rows = found["pooled"].set_index("test")
    # Knapp–Hartung has no meaning with several levels: t takes its place.
    assert set(rows.index) == {"t", "z"} and rows.loc["t", "primary"]
    assert rows.loc["t", "estimate"] == pytest.approx(expected.estimate, abs=1e-10)
    assert rows.loc["t", "p_value"] == pytest.approx(expected.table["p_value"].iloc[0], abs=1e-10)
    assert found["levels"]["variance"].to_numpy() == pytest.approx(expected.sigma2, abs=1e-9)
    assert found["levels"]["level"].tolist() == ["study", "row"] and found["levels"]["units"].tolist() == [5, 8]
    # Weights are the coefficients of the mean.
    weight = found["effects"]["weight"].to_numpy() / 100
    assert weight @ y == pytest.approx(expected.estimate, abs=1e-10) and weight.sum() == pytest.approx(1)
    again = of_plan.primary_result(found["effects"], found["pooled"], "mine")
    assert again.estimate == pytest.approx(expected.estimate, abs=1e-10)
    assert of_plan.plan_forest(found["effects"], found["pooled"], "mine").axes
    with pytest.raises(PoolingError, match="one effect a study"):
        of_plan.plan_funnel(found["effects"], found["pooled"], "mine")


def test_levels_from_columns_are_not_those_named():
    frame, y, v = _columns()
    given = READY | {"several_rows": "multilevel", "levels": ["lab", "study", "outcome"]}
    found = _pooled(NESTED, **given)
    expected = pool_multilevel(y, v, frame[["lab", "study", "outcome"]], test="t")
    assert found["levels"]["level"].tolist() == ["lab", "study", "outcome"]
    assert found["levels"]["variance"].to_numpy() == pytest.approx(expected.sigma2, abs=1e-9)
    assert found["effects"]["nested_in"].iloc[0] == "x > A > bdi"
    assert found["effects"]["label"].tolist()[:3] == ["A: bdi", "A: hrsd", "B"]


def test_a_cluster_is_not_robust_to():
    frame, y, v = _columns()
    found = _pooled(NESTED, several_rows="multilevel", cluster="study", moderators={"weeks": "number"}, **READY)
    whole = pool_multilevel(y, v, {"study": frame["study"], "row": range(8)}, test="t")
    expected = cluster_robust(whole, frame["study"]).table.iloc[0]
    row = found["pooled"].set_index("test").loc["cr2"]
    assert (row["std_error"], row["df"]) == pytest.approx((expected["std_error"], expected["df"]), abs=1e-9)
    slope = found["moderators"].query("test == 'cr2' and term == 'weeks'").iloc[0]
    regression = pool_multilevel(y, v, {"study": frame["study"], "row": range(8)}, {"weeks": frame["weeks"]}, "t")
    expected = cluster_robust(regression, frame["study"]).table.iloc[1]
    assert (slope["std_error"], slope["df"]) == pytest.approx((expected["std_error"], expected["df"]), abs=1e-9)


def test_moderators_enter_one_by_one_where_they_should_enter_together():
    text = "study,r,n,age,setting\n" + "".join(
        f"s{i},{0.1 + 0.05 * i:.2f},{40 + 7 * i},{30 + (i * 5) % 11},{'home' if i % 3 else 'clinic'}\n"
        for i in range(9)
    )
    moderators = {"age": "number", "setting": "factor"}
    found = _pooled(text, effect="r", moderators=moderators, moderators_enter="both")["moderators"]
    assert list(dict.fromkeys(found["moderator"])) == ["age", "setting", "age + setting"]
    joint = found[found["moderator"] == "age + setting"]
    assert joint["term"].tolist() == ["Intercept", "age", "setting[T.home]"]
    frame = pd.read_csv(io.StringIO(text))
    z, v = np.arctanh(frame["r"]), 1 / (frame["n"] - 3)
    expected = pool(z, v, moderators=frame[["age", "setting"]])
    assert joint["estimate"].to_numpy() == pytest.approx(expected.beta, abs=1e-10)
    assert joint["qm"].iloc[0] == pytest.approx(expected.qm) and joint["qm_df"].iloc[0] == 2
    with pytest.raises(PoolingError, match=r"moderators 'age \+ setting'"):
        _pooled(text[: text.index("s3")], effect="r", moderators=moderators, moderators_enter="together")


def test_rows_of_a_study_that_disagree_on_its_moderator_become_one_in_silence():
    text = NESTED.replace("A,hrsd,.5,.05,12,x", "A,hrsd,.5,.05,14,x")
    given = READY | {"several_rows": "independent", "moderators": {"weeks": "number"}}
    with pytest.raises(PoolingError, match="row 3, column 'weeks': '14' differs from '12' in another row of A"):
        _read(text, **given)


def test_an_assumed_correlation_is_not_varied():
    text = "study,mean_pre,sd_pre,mean_post,sd_post,n\na,20,5,14,6,30\nb,22,6,18,6,25\nc,19,4,15,5,40\n"
    given = {"effect": "pre_post", "correlation": 0.6, "correlation_source": "assumed", "correlations": [0.4, 0.8]}
    found = _pooled(text, **given)["sensitivity"].set_index("value")
    for rho in (0.4, 0.8):
        every = pre_post_change([20, 22, 19], [5, 6, 4], [14, 18, 15], [6, 6, 5], [30, 25, 40], rho, "assumed")
        assert found.loc[rho, "estimate"] == pytest.approx(pool(every.estimate, every.variance).estimate, abs=1e-10)
    reported = text.replace("n\n", "n,rho\n", 1).replace("30\n", "30,.5\n").replace("25\n", "25,.7\n")
    reported = reported.replace("40\n", "40,.6\n")
    assert not len(_pooled(reported, effect="pre_post", columns={"correlation": "rho"})["sensitivity"])


def test_subgroups_of_one_variance_are_drawn_with_their_own():
    text = "study,r,n,arm\n" + "".join(f"s{i},{0.1 + 0.07 * i:.2f},{30 + i},{'ab'[i % 2]}\n" for i in range(6))
    found = _pooled(text, effect="r", subgroups="arm", subgroup_variance="common")
    figure = of_plan.plan_forest(found["effects"], found["pooled"], "mine", subgroups=found["subgroups"])
    said = " ".join(text.get_text() for text in figure.texts + [t for axis in figure.axes for t in axis.texts])
    said += figure._supxlabel.get_text()
    assert "common τ²" in said
    z, v = np.arctanh([0.1 + 0.07 * i for i in range(6)]), 1 / (np.array([30.0 + i for i in range(6)]) - 3)
    one = pool_subgroups(z.round(12), v, list("ababab"), tau2="common")
    shown = np.tanh(one.table["estimate"].to_numpy())
    assert f"{shown[0]:.2f} [" in said and f"{shown[1]:.2f} [" in said


def test_options_of_the_test_and_the_prediction_are_ignored():
    text = "study,r,n\na,.20,40\nb,.21,50\nc,.22,60\nd,.19,45\n"
    plain, floor = (_pooled(text, effect="r", tests=(test,))["pooled"].iloc[0] for test in ("knapp-hartung", "adhoc"))
    assert floor["test"] == "adhoc" and floor["std_error"] > plain["std_error"]
    wide = _pooled(text, effect="r", prediction_df="k-2")["pooled"].iloc[0]
    assert (plain["prediction_df"], wide["prediction_df"]) == (3, 2)
    assert wide["prediction_high"] > plain["prediction_high"]
    found = _pooled(text, effect="r", tests=("adhoc",), prediction_df="k-2")
    again = of_plan.primary_result(found["effects"], found["pooled"], "mine")
    row = found["pooled"].iloc[0]
    assert again.prediction_interval == pytest.approx((row["prediction_low"], row["prediction_high"]), abs=1e-12)


def test_small_study_effects_are_looked_for_against_the_plan_s_will():
    text = "study,r,n\n" + "".join(f"s{i},{0.1 + 0.05 * i:.2f},{200 - 20 * i}\n" for i in range(6))
    found = _pooled(text, effect="r")["bias"]
    assert {"egger", "rank", "trim and fill", "PET-PEESE", "selection"} <= set(found["diagnostic"])
    assert sum(name.startswith("fail-safe") for name in set(found["diagnostic"])) == 3
    assert found.loc[found["diagnostic"] == "egger", "note"].str.contains("fewer than 10").all()
    assert not len(_pooled(text, effect="r", bias=False)["bias"])


def test_weights_of_one_effect_a_study_are_not_the_model_s():
    result = pool([0.1, 0.3, 0.5], [0.01, 0.02, 0.03])
    assert weights_of(result) == pytest.approx(result.weights)


def test_two_effects_that_happen_to_agree_decide_between_subgroups():
    by = ["a"] * 4 + ["b"] * 2
    estimate, variance = [0.5, 0.2, 0.4, 0.3, 0.101, 0.1], [0.02] * 6
    found = {test: pool_subgroups(estimate, variance, by, test=test) for test in ("z", "knapp-hartung")}
    assert found["knapp-hartung"].q_between == pytest.approx(found["z"].q_between, rel=1e-12)
    assert found["knapp-hartung"].table["std_error"].iloc[1] < 0.01 * found["z"].table["std_error"].iloc[1]
