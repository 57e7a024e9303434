"""What raw files a table of intake names: those its rows came from, and those that describe all of them."""

from __future__ import annotations

import pandas as pd

from ruptureflow.intake.folder import WaveTables
from ruptureflow.tables import intake


def _tables(**frames: pd.DataFrame) -> WaveTables:
    every = (*intake.CLEAN, intake.PROBLEMS, intake.LEDGER, intake.MANIFEST)
    return WaveTables(**{table.name: frames.get(table.name, table.empty()) for table in every})


def test_a_table_would_name_raw_files_it_has_no_row_of():
    codes = pd.DataFrame({"instrument": ["3rs", "3rs"], "source_file": ["a.xlsx", "b.xlsx"]})
    signals = pd.DataFrame({"source_file": ["run_1.csv"]})
    origins = _tables(codes=codes, signals=signals).origins(["a.xlsx", "b.xlsx", "plate.csv", "run_1.csv", "wave.yaml"])
    assert origins["codes"] == (["a.xlsx", "b.xlsx", "plate.csv", "wave.yaml"], ["3rs"])
    assert origins["signals"] == (["plate.csv", "run_1.csv", "wave.yaml"], [])
    assert origins["responses"] == (["plate.csv", "wave.yaml"], [])
