"""What does not fit the planned design: sessions, roles, pairs of samples, times of collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.intake.checks.keys import SOURCE, row_names
from ruptureflow.intake.context import Context

if TYPE_CHECKING:
    import pandas as pd

PAIR = ["patient", "role", "session", "analyte"]


def _shown(sessions: list[int]) -> str:
    return ", ".join(map(str, sessions)) if len(sessions) <= 12 else f"{sessions[0]} … {sessions[-1]}"


def tell_unplanned_sessions(frame: pd.DataFrame, context: Context) -> None:
    """Sessions that the design does not name."""
    planned = context.wave.design.sessions
    dated = frame[frame["session"].notna()]
    if "timepoint" in dated:
        dated = dated[dated["timepoint"] == "session"]
    stray = dated[~dated["session"].isin(planned)].drop_duplicates([*SOURCE, "session"])
    context.findings.about_rows(
        "error",
        stray,
        stray["session"].astype(str).to_numpy(dtype=object),
        f"a session out of the plan ({_shown(planned)})",
        "correct the session, or add it under design in wave.yaml",
        ("session", "timepoint"),
    )


def tell_unplanned_assays(samples: pd.DataFrame, context: Context) -> None:
    """Samples of a planned session in which the design plans none."""
    design = context.wave.design
    if not len(samples) or not design.assay_sessions:
        return
    stray = samples[samples["session"].isin(design.sessions) & ~samples["session"].isin(design.assay_sessions)]
    context.findings.about_rows(
        "warning",
        stray,
        stray["session"].astype(str).to_numpy(dtype=object),
        f"a sample of a session without planned samples ({_shown(design.assay_sessions)})",
        "correct the session, or add it under assay_sessions in wave.yaml",
        ("session",),
    )


def tell_unknown_roles(frame: pd.DataFrame, context: Context) -> None:
    """Roles that the design does not name."""
    roles = context.wave.design.roles
    stray = frame[~frame["role"].isin(roles)].drop_duplicates(SOURCE)
    context.findings.about_rows(
        "error",
        stray,
        stray["role"].to_numpy(dtype=object),
        f"a role out of the design ({', '.join(roles)})",
        "correct the role, or add it under design in wave.yaml",
        ("role",),
    )


def tell_unpaired_samples(samples: pd.DataFrame, context: Context) -> None:
    """A sample before a session without one after it, or the other way round."""
    if not len(samples):
        return
    alone = samples[samples.groupby(PAIR)["occasion"].transform("nunique") == 1]
    context.findings.about_rows(
        "warning",
        alone,
        alone["sample"].to_numpy(dtype=object),
        [f"a {each} sample without its {'post' if each == 'pre' else 'pre'}" for each in alone["occasion"]],
        "look for the other sample; without it the session has no change",
        ("sample",),
    )


def tell_post_before_pre(samples: pd.DataFrame, context: Context) -> None:
    """A sample after the session that was collected no later than the one before it."""
    timed = samples[samples["collected_at"].notna()]
    if not len(timed):
        return
    pre = timed[timed["occasion"] == "pre"].drop_duplicates(PAIR)
    post = timed[timed["occasion"] == "post"].drop_duplicates(PAIR)
    both = post.merge(pre, on=PAIR, suffixes=("", "_pre"))
    # A date without a time of day cannot say which came first on one day.
    exact = both["collected_at"].str.contains("T") & both["collected_at_pre"].str.contains("T")
    day, day_pre = both["collected_at"].str[:10], both["collected_at_pre"].str[:10]
    wrong = both[(exact & (both["collected_at"] <= both["collected_at_pre"])) | (day < day_pre)]
    if not len(wrong):
        return
    place = row_names(wrong[[f"{name}_pre" for name in SOURCE]].set_axis(SOURCE, axis=1))
    context.findings.about_rows(
        "error",
        wrong,
        wrong["collected_at"].to_numpy(dtype=object),
        [
            f"the post sample was collected no later than the pre one ({time}, {each})"
            for time, each in zip(wrong["collected_at_pre"], place, strict=True)
        ],
        "correct the times, or which sample is pre and which is post",
        ("collected_at",),
    )
