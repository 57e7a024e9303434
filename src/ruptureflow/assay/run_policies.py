"""What the plan does with a run that carries a flag, or in which a QC sample carries one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruptureflow.assay.errors import AssayError
from ruptureflow.assay.runs import RunResult
from ruptureflow.config.plan import AssaySettings

if TYPE_CHECKING:
    import pandas as pd


def runs_set_aside(
    runs: list[RunResult], controls: pd.DataFrame, analyte: str, settings: AssaySettings
) -> frozenset[str]:
    """Runs whose samples the plan sets aside.

    Parameters
    ----------
    runs : what each run of the analyte tells.
    controls : rows of tables.assay.QUALITY_CONTROLS of the analyte.
    settings : `run_policies` by flag.

    Raises
    ------
    AssayError
        if a flag's policy is stop, listing every such flag and its runs.
    """
    flags = {result.tubes.run: set(result.flags) for result in runs}
    for run, cell in zip(controls["run"], controls["flags"], strict=True):
        if isinstance(cell, str):
            flags[run] |= set(cell.split("; "))
    concerned: dict[str, list[str]] = {}
    aside = set()
    for run, own in flags.items():
        for flag in sorted(own):
            policy = settings.run_policies.get(flag, "keep")
            if policy == "set aside":
                aside.add(run)
            elif policy == "stop":
                concerned.setdefault(flag, []).append(str(run))
    if concerned:
        lines = [
            f"run flag {flag!r} ({analyte}): {', '.join(names)}; look at it in the assay notebook, assay it again, "
            f"or set assay.run_policies.{flag!r} to keep or set aside"
            for flag, names in concerned.items()
        ]
        raise AssayError("the plan stops on\n" + "\n".join(lines))
    return frozenset(aside)
