"""Quality flags: their words, how they are joined in a cell, and the policy that decides what a flag does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from ruptureflow.assay.errors import AssayError
from ruptureflow.config.plan import AssayFlag, AssaySettings

MEANINGS: dict[str, str] = {
    "no signals": "the lab sent a concentration without signals: curve, limits and standard error cannot be checked",
    "no run": "the lab did not say in which run or plate the sample was measured",
    "no curve": "no standard curve could be fitted in the sample's run",
    "poor curve": "the run failed back-calculation or its QC samples, did not converge, is not identified or hooks",
    "not measured": "neither a signal nor a concentration came for the sample",
    "single replicate": "one tube or well only: no replicate CV",
    "replicate cv": "CV of the replicates' concentrations (of their signals, where no dose fits) above the limit",
    "below lod": "below the sample's limit of detection",
    "below lloq": "detected, but below the sample's lower limit of quantification",
    "above uloq": "above the sample's upper limit of quantification",
    "extrapolated": "outside the standards' doses",
    "outside curve": "the signal lies beyond an asymptote of the curve: no dose gives it",
    "beyond plateau": "the signal lies beyond the curve's plateau by more than three standard errors",
    "hook effect": "a more diluted sample of the specimen reads a higher dose: too much analyte bends signals back",
    "not positive": "a concentration of zero or less: it has no logarithm",
    "run set aside": "the plan sets aside what was measured in a run with such a flag (run_policies)",
    "assayed again": "an earlier result of a sample that was measured again in a later run",
    "several samples": "more than one sample stands for this occasion; their mean is used",
    "pre missing": "no usable sample before the session",
    "post missing": "no usable sample after the session",
    "different runs": "before and after were measured in different runs: the runs' difference is in the change",
    "bridged runs": "before and after were measured in different runs and joined by the runs' common QC samples",
    "run unknown": "whether both samples were measured in one run is not known",
}
ORDER = {flag: place for place, flag in enumerate(get_args(AssayFlag))}


def joined(flags: Iterable[str]) -> str | None:
    """Flags as one cell: in the order of their list, separated by semicolons; None where there is none."""
    return "; ".join(sorted(set(flags), key=lambda flag: ORDER.get(flag, len(ORDER)))) or None


def is_used(flags: Iterable[str], settings: AssaySettings) -> bool:
    """Whether the plan keeps what carries these flags."""
    return all(settings.policy(flag) == "keep" for flag in flags)


def stop_where_told(rows: Sequence[tuple[str, Iterable[str]]], settings: AssaySettings) -> None:
    """Stop where a flag's policy is "stop".

    Parameters
    ----------
    rows : name of a sample or a change, and its flags.

    Raises
    ------
    AssayError
        listing every flag that stops and whom it concerns.
    """
    concerned: dict[str, list[str]] = {}
    for name, flags in rows:
        for flag in flags:
            if settings.policy(flag) == "stop":
                concerned.setdefault(flag, []).append(name)
    if concerned:
        lines = [
            f"{flag} ({MEANINGS[flag]}): {', '.join(names[:10])}{' …' if len(names) > 10 else ''} ({len(names)}); "
            f"mend the data, or set assay.policies.{flag!r} to keep or set aside"
            for flag, names in concerned.items()
        ]
        raise AssayError("the plan stops on\n" + "\n".join(lines))
