"""A plate reader's grid of signals beside the grid that says what each well holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ruptureflow.config.locale import Locale
from ruptureflow.config.project import layout_of
from ruptureflow.config.raw_files import PlateFile
from ruptureflow.intake.cells import read_numbers
from ruptureflow.intake.context import Context
from ruptureflow.intake.findings import Findings
from ruptureflow.intake.invisible import cleaned
from ruptureflow.intake.kinds.contents import content_columns
from ruptureflow.intake.raw import NamedSheet
from ruptureflow.intake.readers import read_grid

if TYPE_CHECKING:
    import pandas as pd

ROWS = "ABCDEFGH"
COLUMNS = 12


def read_plate(
    path: Path, file: str, declared: PlateFile, folder: Path, context: Context
) -> tuple[dict[str, pd.DataFrame], int]:
    """Rows of the table signals, one a filled well, and the number of the grid's rows with a filled well.

    `folder` is the wave's. The run's name is the file's name without its ending. A well without a layout label and
    without a signal is empty; one with only one of the two is a problem.
    """
    import pandas as pd

    findings, locale = context.findings, context.locale(declared)
    signals = _grid(path, file, declared.sheet, declared.corner, locale, findings)
    elsewhere = layout_of(folder, path, declared)
    if elsewhere is None:
        layout_sheet = declared.layout_sheet or declared.sheet
        layout = _grid(path, file, layout_sheet, declared.layout_corner, locale, findings)
    else:
        named = elsewhere.relative_to(folder).as_posix()
        layout = _grid(elsewhere, named, declared.layout_sheet, declared.layout_corner, locale, findings)
    if signals is None or layout is None:
        return {}, 0
    wells = pd.DataFrame(
        {
            "position": [f"{row}{column}" for row in ROWS for column in range(1, COLUMNS + 1)],
            "row": [signals.first_row + place for place in range(len(ROWS)) for _ in range(COLUMNS)],
            "signal": signals.cells,
            "label": layout.cells,
        }
    ).astype({"signal": "str", "label": "str"})
    filled = ((wells["signal"] != "") | (wells["label"] != "")).to_numpy()
    wells = wells[filled].reset_index(drop=True)
    sheet = NamedSheet(file, signals.name, wells, wells["row"].to_numpy(), {}, {})
    no_label = (wells["label"] == "").to_numpy()
    for position in wells["position"][no_label]:
        row = int(wells["row"][wells["position"] == position].iloc[0])
        findings.about_file(
            "error",
            file,
            f"well {position} has a signal and no label in the layout",
            "fill the layout, or empty the well",
            signals.name,
            row,
            position,
        )
    labels = wells["label"]
    holds = content_columns(labels, declared.contents, declared.doses)
    bare = ((holds["content"] == "standard") & holds["dose"].isna()).to_numpy()
    findings.about_cells(
        "error",
        sheet,
        bare,
        wells["position"].to_numpy(dtype=object),
        labels,
        "a standard without a nominal dose",
        "give its dose by label under doses in wave.yaml",
    )
    run = path.stem
    frame = pd.DataFrame(
        {
            "analyte": declared.analyte,
            "run": run,
            "position": wells["position"],
            **{name: holds[name] for name in holds.columns},
            "replicate": labels.groupby(labels).cumcount() + 1,
            "signal": read_numbers(wells["signal"], sheet, wells["position"].to_numpy(dtype=object), locale, findings),
            "signal_unit": context.wave.analyte(declared.analyte).signal,
            **sheet.source(),
        }
    )
    findings.ledger("refused", sheet, no_label, "well", wells["position"], "a signal without a label in the layout")
    # A row of the grid from which no well is handed over is a row set aside, once.
    rows = wells["row"]
    lost = (~rows.isin(rows[~no_label]) & ~rows.duplicated()).to_numpy()
    findings.ledger("refused", sheet, lost, None, None, "no well of the row has a label in the layout")
    return {"signals": frame[~no_label]}, wells["row"].nunique()


class _Grid:
    """The 96 cells of a plate in order, the sheet's name, and the file's row of plate row A."""

    def __init__(self, name: str | None, first_row: int, cells: list[str]) -> None:
        self.name, self.first_row, self.cells = name, first_row, cells


def _grid(path: Path, file: str, sheet: str | None, corner: str, locale: Locale, findings: Findings) -> _Grid | None:
    column, row = _place(corner)
    found = read_grid(path, file, sheet, locale, findings, row)
    if found is None:
        return None
    name, grid = found
    grid = grid.reindex(index=range(row + len(ROWS)), columns=range(column + COLUMNS), fill_value="")
    heads = [text.strip().removesuffix(".0") for text in grid.iloc[row - 1, column : column + COLUMNS]]
    sides = [text.strip().upper() for text in grid.iloc[row : row + len(ROWS), column - 1]]
    if heads != [str(number) for number in range(1, COLUMNS + 1)] or sides != list(ROWS):
        findings.about_file(
            "error",
            file,
            f"no 8 × 12 grid with its corner at {corner}: columns 1–12 and rows A–H must stand around it",
            "correct corner or layout_corner in wave.yaml",
            name,
            row,
            value=" ".join([*heads, *sides])[:80],
        )
        return None
    body = grid.iloc[row : row + len(ROWS), column : column + COLUMNS]
    return _Grid(name, row + 1, [cleaned(text) for line in body.to_numpy(dtype=object) for text in line])


def _place(corner: str) -> tuple[int, int]:
    """Column (A = 1) and row of a cell's name."""
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", corner)
    if match is None:
        return 1, 1
    column = 0
    for letter in match.group(1).upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column, int(match.group(2))
