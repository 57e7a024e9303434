"""The plan's pools: published tables beside their print, waves' slopes, and what must never be pooled together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ruptureflow.config.plan import PoolingSettings
from ruptureflow.config.waves import WaveRow
from ruptureflow.pooling import PoolingError, pool
from ruptureflow.pooling.evidence import WaveEvidence, pool_evidence
from ruptureflow.pooling.plots.of_plan import plan_forest, primary_result
from ruptureflow.pooling.printed_rows import read_row
from ruptureflow.tables import models

EVIDENCE = Path(__file__).resolve().parents[2] / "data" / "evidence"
FILES = ("safran2011_table1.csv", "safran2011_pooled_check.csv")
PUBLISHED = {
    "pool": "repair", "title": "Repair", "file": FILES[0], "printed": FILES[1], "printed_analysis": "rupture_repair",
}  # fmt: skip
WAVES = {
    "pool": "bond", "title": "Bond", "analysis": "a", "model": "m", "outcome": "bond", "term": "x_within",
}  # fmt: skip


def _published():
    return {name: pd.read_csv(EVIDENCE / name, dtype=str, keep_default_na=False) for name in FILES}


def _settings(**changes):
    given = {"methods": ["reml", "dl"], "tests": ["knapp-hartung", "z"], "published": [PUBLISHED], "waves": [WAVES]}
    return PoolingSettings.model_validate(given | changes)


def _estimates(slopes, metric="standardised_within", unit="SD", status="converged"):
    rows = []
    for wave, slope in slopes.items():
        for df_method, error in (("satterthwaite", 0.1), ("containment", 0.2)):
            rows.append(
                {
                    "wave": wave,
                    "analysis": "a",
                    "model": "m",
                    "outcome": "bond",
                    "term": "x_within",
                    "estimate": slope,
                    "std_error": error,
                    "df": 60.0,
                    "df_method": df_method,
                    "metric": metric,
                    "unit": unit if isinstance(unit, str) else unit[wave],
                    "n_obs": 80,
                    "n_groups": 20,
                    "status": status if isinstance(status, str) else status[wave],
                }
            )
    frame = pd.DataFrame(rows).reindex(columns=models.ESTIMATES.names)
    return models.ESTIMATES.conform(frame)


def _waves(**origins):
    return [WaveRow(wave=wave, folder=f"data/{wave}", origin=origin) for wave, origin in origins.items()]


def _pooled(estimates=None, listed=None, **changes):
    estimates = models.ESTIMATES.empty() if estimates is None else estimates
    return pool_evidence(WaveEvidence(estimates, listed or _waves(w1="simulated")), _published(), _settings(**changes))


@pytest.fixture(scope="module")
def repair():
    return _pooled()


@pytest.mark.parametrize(
    ("quantity", "printed"), [("r", 0.24), ("z", 3.06), ("ci_low", 0.09), ("ci_high", 0.39), ("q", 0.99)]
)
def test_three_studies_do_not_pool_to_what_the_paper_prints(repair, quantity, printed):
    first = repair.tables["reproductions"].drop_duplicates("quantity").set_index("quantity").loc[quantity]
    assert round(first["recomputed"], 2) == printed
    assert first["verdict"] == "reproduced"


def test_the_pool_is_not_the_reproduction(repair):
    row = repair.tables["pooled"].query("method == 'dl' and test == 'z'").iloc[0]
    assert round(row["shown"], 2) == 0.24
    assert round(row["statistic"], 2) == 3.06
    assert (round(row["shown_low"], 2), round(row["shown_high"], 2)) == (0.09, 0.39)
    assert round(row["q"], 2) == 0.99


def test_a_study_is_read_outside_its_print(repair):
    table = _published()[FILES[0]]
    for row, effect in zip(table.to_dict("records"), repair.tables["effects"].to_dict("records"), strict=True):
        assert round(effect["shown"], 2) == float(row["r"])
        assert round(effect["shown_low"], 2) == float(row["ci_low"])
        assert round(effect["shown_high"], 2) == float(row["ci_high"])
        assert round(effect["estimate"] / effect["std_error"], 2) == float(row["z"])


def test_the_usual_variance_passes_for_the_authors(repair):
    by_n = repair.tables["reproductions"][
        repair.tables["reproductions"]["convention"].str.contains("1/\\(n")
    ].set_index("quantity")
    assert by_n.loc["z", "recomputed"] == pytest.approx(2.93, abs=0.005)
    assert by_n.loc["q", "recomputed"] == pytest.approx(0.84, abs=0.005)
    assert by_n.loc["z", "verdict"] == "not reproduced"


def test_a_range_leaves_out_the_reading_it_is_about(repair):
    rows = repair.tables["reproductions"][
        repair.tables["reproductions"]["recomputed_low"] < repair.tables["reproductions"]["recomputed_high"]
    ]
    assert len(rows) == 10
    assert (rows["recomputed_low"] <= rows["recomputed"]).all()
    assert (rows["recomputed"] <= rows["recomputed_high"]).all()


def test_a_printed_pool_that_no_reading_gives_is_reproduced():
    printed = _published()
    check = printed[FILES[1]]
    check.loc[(check["analysis"] == "rupture_repair") & (check["quantity"] == "q"), "published"] = "9.99"
    found = pool_evidence(WaveEvidence(models.ESTIMATES.empty(), _waves(w1="real")), printed, _settings())
    verdicts = found.tables["reproductions"].set_index("quantity")["verdict"]
    assert verdicts.loc["all"].startswith("not reproduced")
    assert set(verdicts.loc["q"]) == {"not reproduced"}
    assert "alone" in found.tables["effects"]["note"].iloc[0]


def test_variance_by_n_uses_another_r_than_printed():
    found = _pooled(published=[{"pool": "repair", "title": "Repair", "file": FILES[0], "effect": "r"}])
    assert found.tables["effects"]["shown"].tolist() == pytest.approx([0.19, 0.26, 0.39])
    assert found.tables["effects"]["variance"].tolist() == pytest.approx([1 / 76, 1 / 41, 1 / 22])


def test_the_pooling_stage_pools_otherwise_than_its_library():
    estimates = _estimates({"w1": -0.3, "w2": -0.1, "w3": 0.0})
    found = _pooled(estimates, _waves(w1="simulated", w2="simulated", w3="simulated"))
    row = found.tables["pooled"].query("pool == 'bond' and primary").iloc[0]
    own = pool([-0.3, -0.1, 0.0], [0.01] * 3)
    assert (row["method"], row["test"], row["k"]) == ("reml", "knapp-hartung", 3)
    for name in ("estimate", "std_error", "df", "p_value", "ci_low", "ci_high"):
        assert row[name] == pytest.approx(own.table[name].iloc[0])
    assert (row["prediction_low"], row["prediction_high"]) == pytest.approx(own.prediction_interval)
    assert len(found.tables["pooled"].query("pool == 'bond'")) == 4
    assert found.tables["effects"].query("pool == 'bond'")["weight"].sum() == pytest.approx(100)


def test_a_simulated_wave_is_pooled_with_a_real_one():
    estimates = _estimates({"w1": -0.3, "w2": 0.5})
    found = _pooled(estimates, _waves(w1="simulated", w2="real"))
    rows = found.tables["effects"].query("pool == 'bond'")
    assert list(rows["label"]) == ["w2"]
    assert list(rows["origin"]) == ["real"]
    assert found.tables["pooled"].query("pool == 'bond'")["estimate"].tolist() == [0.5]
    simulated = _pooled(estimates, _waves(w1="simulated", w2="simulated"))
    assert set(simulated.tables["effects"].query("pool == 'bond'")["origin"]) == {"simulated"}
    assert simulated.tables["pooled"].query("pool == 'bond'")["note"].str.contains("SIMULATED").all()


def test_a_published_study_is_pooled_with_waves(repair):
    found = _pooled(_estimates({"w1": -0.3}), _waves(w1="real"))
    origins = {pool_id: set(rows["origin"]) for pool_id, rows in found.tables["effects"].groupby("pool")}
    assert origins == {"repair": {"published"}, "bond": {"real"}}


def test_one_wave_stops_the_run_or_gets_a_between_wave_variance():
    found = _pooled(_estimates({"w1": -0.3}))
    rows = found.tables["pooled"].query("pool == 'bond'")
    assert rows[["method", "test", "k"]].values.tolist() == [["fixed", "z", 1]]
    assert rows["primary"].all()
    assert rows["prediction_low"].isna().all()


def test_another_df_method_than_the_primary_gives_the_standard_error():
    found = _pooled(_estimates({"w1": -0.3}))
    assert found.tables["effects"].query("pool == 'bond'")["std_error"].tolist() == [0.1]


def test_a_wave_without_the_coefficient_is_not_mentioned():
    found = _pooled(_estimates({"w1": -0.3}), _waves(w1="real", w2="real"))
    assert found.tables["pooled"].query("pool == 'bond'")["note"].str.contains("without this effect: w2").all()


def test_a_fit_that_did_not_converge_is_pooled():
    estimates = _estimates({"w1": -0.3, "w2": 9.0}, status={"w1": "converged", "w2": "not converged"})
    found = _pooled(estimates, _waves(w1="real", w2="real"))
    assert found.tables["pooled"].query("pool == 'bond'")["k"].tolist() == [1]
    left = found.tables["effects"].set_index("label").loc["w2"]
    assert np.isnan(left["weight"])
    assert "did not converge" in left["note"]


def test_a_letter_in_a_published_table_ends_in_a_traceback():
    printed = _published()
    printed[FILES[0]].loc[1, "z"] = "l.77"
    with pytest.raises(PoolingError, match=r"safran2011_table1.csv: row 3, column 'z': 'l.77' is not a number; write"):
        pool_evidence(WaveEvidence(models.ESTIMATES.empty(), _waves(w1="real")), printed, _settings())


def test_a_row_that_contradicts_itself_is_read_as_consistent():
    assert read_row("0.26", "1.77", "-0.03", "0.50").consistent
    wrong = read_row("0.26", "1.77", "0.10", "0.50")
    assert not wrong.consistent
    assert wrong.middle == 0.26


def test_the_hand_found_other_feasible_values():
    for row in _published()[FILES[0]].to_dict("records"):
        readings = read_row(row["r"], row["z"], row["ci_low"], row["ci_high"])
        assert readings.r.min() == pytest.approx(float(row["feasible_r_low"]), abs=2e-4)
        assert readings.r.max() == pytest.approx(float(row["feasible_r_high"]), abs=3e-4)
        errors = np.sqrt(readings.variance)
        assert errors.min() == pytest.approx(float(row["implied_se_low"]), abs=2e-4)
        assert errors.max() == pytest.approx(float(row["implied_se_high"]), abs=2e-4)


def test_the_forest_plot_draws_another_pool_than_the_table():
    found = _pooled(_estimates({"w1": -0.3, "w2": -0.1, "w3": 0.0}), _waves(w1="real", w2="real", w3="real"))
    for pool_id in ("repair", "bond"):
        again = primary_result(found.tables["effects"], found.tables["pooled"], pool_id)
        row = found.tables["pooled"].query(f"pool == '{pool_id}' and primary").iloc[0]
        assert again.estimate == pytest.approx(row["estimate"])
        assert again.std_error == pytest.approx(row["std_error"])
        assert again.k == row["k"]
    with pytest.raises(PoolingError, match="no pool 'x': pooled are repair, bond"):
        primary_result(found.tables["effects"], found.tables["pooled"], "x")


def test_a_forest_plot_of_simulated_waves_passes_for_real():
    estimates = _estimates({"w1": -0.3, "w2": -0.1})
    for origin in ("simulated", "real"):
        found = _pooled(estimates, _waves(w1=origin, w2=origin))
        texts = [text.get_text() for text in plan_forest(found.tables["effects"], found.tables["pooled"], "bond").texts]
        assert ("SIMULATED DATA" in texts) == (origin == "simulated")
    published = plan_forest(found.tables["effects"], found.tables["pooled"], "repair")
    assert "SIMULATED DATA" not in [text.get_text() for text in published.texts]
