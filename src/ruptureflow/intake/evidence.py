"""Published evidence: checked against its schemas, handed over as it stands."""

from __future__ import annotations

import io
from collections.abc import Mapping

from ruptureflow.intake.errors import IntakeError
from ruptureflow.tables import Table, TableError, evidence


def check_evidence(files: Mapping[str, bytes]) -> None:
    """Check every file of the evidence folder against the schema of its name.

    Parameters
    ----------
    files : content by file name.

    Raises
    ------
    IntakeError
        with the problems of all files, one a line.
    """
    schemas = {table.file: table for table in evidence.TABLES}
    problems = []
    for name, content in files.items():
        try:
            _check(content, schemas.get(name, evidence.STUDIES))
        except (TableError, ValueError) as error:
            problems.append(f"{name}: {str(error).removeprefix('table evidence/')}")
    if problems:
        raise IntakeError("\n".join(problems))


def _check(content: bytes, table: Table) -> None:
    import pandas as pd

    text = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, encoding="utf-8")
    frame = text.replace("", None)
    table.conform(frame)
