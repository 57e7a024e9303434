"""What runs do to the samples: their share of variance, confounding, parallelism, recovery."""

import numpy as np
import pandas as pd
import pytest
from assay_plates import OXYTOCIN, plate_rows, samples_table, signals_table

from ruptureflow.assay import AssayError, measure_samples
from ruptureflow.assay.parallelism import parallelism
from ruptureflow.assay.recovery import extraction_recovery
from ruptureflow.assay.run_design import cramers_v, run_design_rows
from ruptureflow.assay.run_variance import run_variance_rows
from ruptureflow.config.plan import AssaySettings
from ruptureflow.tables import intake


def table(runs=16, persons=60, per=8, run_sd=0.43, person_sd=0.24, residual_sd=0.42, seed=1):
    rng = np.random.default_rng(seed)
    run_effect, person_effect = rng.normal(size=runs) * run_sd, rng.normal(size=persons) * person_sd
    rows = []
    for person in range(persons):
        for measurement in range(per):
            run = int(rng.integers(runs))
            log = 2 + run_effect[run] + person_effect[person] + rng.normal() * residual_sd
            occasion = ("pre", "post")[measurement % 2]
            rows.append(
                (
                    f"s{person}_{measurement}",
                    f"p{person}",
                    "patient",
                    measurement // 2,
                    occasion,
                    f"R{run}",
                    np.exp(log),
                )
            )
    frame = pd.DataFrame(rows, columns=["sample", "patient", "role", "session", "occasion", "run", "value"])
    frame = frame.astype({"patient": "string", "role": "string", "run": "string", "occasion": "string"})
    return frame.assign(analyte="oxytocin", used=True)


NO_CONTROLS = pd.DataFrame({"analyte": [], "run": [], "level": [], "concentration": [], "cv": [], "n_tubes": []})


def test_the_runs_share_is_recovered_from_samples():
    row = run_variance_rows(table(), NO_CONTROLS, "oxytocin").iloc[0]
    truth = 0.43**2 / (0.43**2 + 0.24**2 + 0.42**2)
    assert row["material"] == "samples"
    assert row["run_share"] / 100 == pytest.approx(truth, abs=0.2)
    assert row["residual_variance"] == pytest.approx(0.42**2, rel=0.2)
    assert pd.isna(row["note"])


def test_persons_that_never_change_runs_are_named():
    own = table(runs=4)
    own["run"] = ("R" + (own["patient"].str[1:].astype(int) % 4).astype(str)).astype("string")
    row = run_variance_rows(own, NO_CONTROLS, "oxytocin").iloc[0]
    assert "every person is in one run" in row["note"]


def test_run_variance_of_qc_samples_leaves_out_their_replicates():
    rng = np.random.default_rng(5)
    rows = []
    for run in range(400):
        effect = rng.normal() * 0.10
        for level, dose in (("low", 8), ("high", 100)):
            tubes = dose * np.exp(effect + rng.normal(size=2) * 0.15)
            rows.append(("oxytocin", f"R{run}", level, tubes.mean(), 100 * tubes.std(ddof=1) / tubes.mean(), 2))
    controls = pd.DataFrame(rows, columns=["analyte", "run", "level", "concentration", "cv", "n_tubes"])
    row = run_variance_rows(table().head(0), controls, "oxytocin").iloc[0]
    assert row["run_variance"] == pytest.approx(0.01, rel=0.4)
    assert row["residual_variance"] == pytest.approx(0.0225, rel=0.2)


def test_a_design_whose_runs_hold_one_arm_each_is_called_confounded():
    own = table(runs=4)
    arms = {f"p{person}": "supportive" if person % 2 else "expressive" for person in range(60)}
    own["run"] = ("R" + own["patient"].map(arms)).astype("string")
    participants = pd.DataFrame({"patient": list(arms), "arm": list(arms.values()), "gender": "f"})
    rows = run_design_rows(own, participants, "oxytocin").set_index("condition")
    assert rows.loc["arm", "confounded"]
    assert rows.loc["arm", "association"] == pytest.approx(1)
    assert "cannot be told from that of the run" in rows.loc["arm", "note"]
    assert not rows.loc["occasion", "confounded"]
    assert "gender" not in rows.index, "one level only is no condition"


def test_pre_and_post_in_runs_of_their_own_are_confounded_with_occasion():
    own = table(runs=2)
    own["run"] = own["occasion"]
    rows = run_design_rows(own, None, "oxytocin").set_index("condition")
    assert rows.loc["occasion", "confounded"]


def test_cramers_v_by_hand():
    # χ² of [[8, 2], [2, 8]] is 7.2; V = √(7.2 / 20).
    assert cramers_v(np.array([[8.0, 2.0], [2.0, 8.0]])) == pytest.approx(0.6)
    assert cramers_v(np.array([[5.0, 5.0], [5.0, 5.0]])) == 0


def test_a_parallel_dilution_series_has_slope_one():
    dilution = np.array([1, 2, 4, 8, 16.0])
    found = parallelism(dilution, 200 / dilution)
    assert found.slope == pytest.approx(1)
    assert found.dilution_cv == pytest.approx(0, abs=1e-9)


def test_a_series_that_is_not_parallel_is_found():
    dilution = np.repeat([1, 2, 4, 8, 16.0], 2)
    noise = np.exp(np.random.default_rng(1).normal(size=10) * 0.03)
    found = parallelism(dilution, 200 / dilution**0.7 * noise)
    assert found.slope == pytest.approx(0.7, abs=0.05)
    assert found.ci_high < 1
    assert found.p_value < 0.001


def test_two_dilutions_are_too_few():
    with pytest.raises(AssayError, match="needs three or more"):
        parallelism([1, 2], [10, 5])


def test_a_diluted_specimen_in_the_manifest_appears_in_the_parallelism_table():
    dilutions = {"P1_4_pre_a": 1.0, "P1_4_pre_b": 2.0, "P1_4_pre_c": 4.0}
    rows = plate_rows("R1", {name: 120 / dilution for name, dilution in dilutions.items()}, seed=2)
    measured = measure_samples(
        samples_table(dilutions, dilutions), signals_table(rows), intake.REPORTED_CONCENTRATIONS.empty(), [OXYTOCIN],
        AssaySettings(),
    )  # fmt: skip
    row = measured.parallelism.iloc[0]
    assert row["n_dilutions"] == 3
    assert row["slope"] == pytest.approx(1, abs=0.15)
    assert row["parallel"]


def test_extraction_recovery_by_hand():
    recovery, error = extraction_recovery([80.0, 90.0, 100.0], endogenous=20.0, spike=80.0)
    assert recovery == pytest.approx(0.9)
    assert error == pytest.approx(10 / np.sqrt(3) / 100)
    with pytest.raises(AssayError, match="measured value"):
        extraction_recovery([], 1.0, 1.0)
