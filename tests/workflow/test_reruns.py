"""What reruns after a change: exactly what depends on it."""

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("built")]

POOLED = {"gather_estimates", "pool_evidence", "audit_claims"}


def test_a_second_run_would_do_it_all_again(built_project):
    answer = built_project.snakemake("--dry-run")
    assert "Nothing to be done" in answer.stdout, answer.stdout


def test_an_edited_library_would_leave_stale_results(built_project):
    module = built_project.path / "src" / "ruptureflow" / "ruptures" / "__init__.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text + "# edited\n", encoding="utf-8")
    try:
        planned = built_project.planned()
    finally:
        module.write_text(text, encoding="utf-8")
    assert {"identify_ruptures", "fit_models", *POOLED} <= set(planned)
    assert not {"read_wave", "read_evidence", "measure_samples", "rate_agreement"} & set(planned)
    assert "Nothing to be done" in built_project.snakemake("--dry-run").stdout


def test_an_option_of_one_stage_would_rerun_another(built_project):
    planned = built_project.planned("--config", 'pooling={"level": 0.9}')
    assert "pool_evidence" in planned
    assert not {"read_wave", "measure_samples", "rate_agreement", "identify_ruptures", "fit_models"} & set(planned)


def test_a_new_wave_would_rerun_the_old_ones(built_project):
    from ruptureflow.simulate import write_wave

    table = built_project.path / "config" / "waves.tsv"
    text = table.read_text(encoding="utf-8")
    write_wave("tiny", built_project.path / "data" / "second")
    built_project.list_waves(("tiny", "simulated"), ("second", "simulated"))
    try:
        answer = built_project.snakemake("--dry-run")
        planned = built_project.planned()
    finally:
        table.write_text(text, encoding="utf-8")
    for rule in ("read_wave", "measure_samples", "rate_agreement", "identify_ruptures", "fit_models"):
        assert planned[rule] == 1, rule
    assert set(planned) >= POOLED
    assert "results/second/intake" in answer.stdout
    assert "output: results/tiny/intake" not in answer.stdout
    assert "read_evidence" not in planned
