"""Snakemake's own linter has one remark, which we decline."""

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("messages")]


def test_the_workflow_has_a_smell_beyond_the_one_we_decline(empty_project):
    from ruptureflow.simulate import write_wave

    write_wave("tiny", empty_project.path / "data" / "tiny")
    empty_project.list_waves(("tiny", "simulated"))
    answer = empty_project.snakemake("--lint")
    remarks = {line.strip().removeprefix("* ").split(":")[0] for line in answer.stdout.splitlines() if "* " in line}
    # One environment, pinned in requirements.lock, serves the whole workflow; a conda environment or a container
    # for each rule would solve the same packages many times over.
    assert remarks == {"Specify a conda environment or container for each rule."}
