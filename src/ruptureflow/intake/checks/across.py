"""Every check of the clean tables against each other, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.checks.copies import tell_copies
from ruptureflow.intake.checks.design import (
    tell_post_before_pre,
    tell_unknown_roles,
    tell_unpaired_samples,
    tell_unplanned_assays,
    tell_unplanned_sessions,
)
from ruptureflow.intake.checks.keys import tell_doubled
from ruptureflow.intake.checks.limits import tell_impossible_values
from ruptureflow.intake.checks.people import tell_absent_patients, tell_unknown_patients
from ruptureflow.intake.checks.runs import check_runs
from ruptureflow.intake.checks.samples import (
    tell_occasions_twice,
    tell_unlisted_samples,
    tell_unmeasured_samples,
    use_planned_runs,
)
from ruptureflow.intake.checks.scores import tell_differing_scores
from ruptureflow.intake.checks.spelling import tell_two_spellings
from ruptureflow.intake.checks.versions import tell_coders_saved_again, tell_mixed_versions
from ruptureflow.intake.context import Context
from ruptureflow.tables import intake

if TYPE_CHECKING:
    import pandas as pd


def check_across(clean: dict[str, pd.DataFrame], context: Context) -> None:
    """Add the problems of the clean tables taken together to the findings; runs are completed from the manifest."""
    for table in intake.CLEAN:
        tell_doubled(clean[table.name], table, context)
        tell_impossible_values(clean[table.name], table, context)
    participants = clean["participants"]
    for name in ("samples", "codes", "responses", "reported_scores"):
        tell_unknown_patients(clean[name], participants, context)
        tell_unplanned_sessions(clean[name], context)
    tell_absent_patients(clean, context)
    for name in ("samples", "responses", "reported_scores"):
        tell_unknown_roles(clean[name], context)
    for name in ("signals", "reported_concentrations"):
        tell_unlisted_samples(clean[name], clean["samples"], context)
    tell_unmeasured_samples(clean, context)
    tell_occasions_twice(clean["samples"], context)
    use_planned_runs(clean, context)
    tell_unplanned_assays(clean["samples"], context)
    tell_unpaired_samples(clean["samples"], context)
    tell_post_before_pre(clean["samples"], context)
    tell_mixed_versions(clean["codes"], context)
    tell_coders_saved_again(clean["codes"], context)
    tell_two_spellings(clean, context)
    check_runs(clean["signals"], context)
    tell_copies(clean, context)
    tell_differing_scores(clean["responses"], clean["reported_scores"], context)
