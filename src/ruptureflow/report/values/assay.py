"""Assay runs, their controls and precision."""

from __future__ import annotations

from ruptureflow.config import WaveSettings
from ruptureflow.report.numbers import count, percent, significant
from ruptureflow.report.parts import Chapter, Sheet, dotted

CURVE = {
    "n_levels": ("n_levels", count),
    "n_within": ("n_levels_within_limits", count),
    "midpoint": ("midpoint", significant),
    "slope": ("slope", significant),
    "lod": ("lod", significant),
    "lloq": ("lloq", significant),
    "uloq": ("uloq", significant),
    "b0": ("b0_percent", percent),
    "nsb": ("nsb_percent", percent),
}
CONTROL = {
    "nominal": ("nominal", significant),
    "measured": ("concentration", significant),
    "cv": ("cv", percent),
    "deviation": ("deviation", percent),
}


def assays(settings: WaveSettings, curves: Sheet, controls: Sheet, precision: Sheet, measured: set[str]) -> Chapter:
    """Analytes of a wave, their runs, controls and precision.

    Parameters
    ----------
    measured : analytes that have a sample; a declared one without any is left out.
    """
    chapter = Chapter()
    wave = settings.row.wave
    for analyte in settings.wave.analytes:
        if analyte.name not in measured:
            continue
        chapter.node(
            "analyte",
            dotted(wave, "assay", analyte.name),
            wave,
            name=analyte.name,
            label=analyte.name.capitalize(),
            matrix=analyte.matrix,
            unit=analyte.reported_unit or analyte.unit,
            method=analyte.method_in_words,
            kit=analyte.kit,
            extraction=analyte.extraction,
        )
    for index, row in curves.frame.iterrows():
        analyte = dotted(wave, "assay", row["analyte"])
        node = chapter.node(
            "run",
            f"{analyte}.run.{dotted(row['run'])}",
            analyte,
            run=row["run"],
            model=row["model"],
            weights=row["weights"],
            unit=row["unit"],
            flags=row["flags"],
        )
        chapter.cells(node, curves, index, CURVE, row["unit"])
    for index, row in controls.frame.iterrows():
        run = f"{dotted(wave, 'assay', row['analyte'])}.run.{dotted(row['run'])}"
        node = chapter.node(
            "control", f"{run}.control.{dotted(row['level'])}", run, level=row["level"], flags=row["flags"]
        )
        chapter.cells(node, controls, index, CONTROL)
    for index, row in precision.frame.iterrows():
        analyte = dotted(wave, "assay", row["analyte"])
        node = chapter.node(
            "precision",
            f"{analyte}.precision.{dotted(row['kind'])}.{dotted(row['material'])}",
            analyte,
            kind=row["kind"],
            material=row["material"],
        )
        chapter.cell(f"{node}.cv", precision, index, "cv", percent, "%")
        chapter.cell(f"{node}.n", precision, index, "n", count)
    return chapter
