"""The schemas of every hand-over table: the only place where a column of a result is defined.

`ALL` lists them in the order of the stages; the data dictionary is made from it.
"""

from ruptureflow.tables import agreement, assay, audit, intake, models, pooling, ruptures
from ruptureflow.tables.files import read_table, write_table
from ruptureflow.tables.schema import Column, Table, TableError

ALL: tuple[Table, ...] = (
    *intake.TABLES,
    *assay.TABLES,
    *agreement.TABLES,
    *ruptures.TABLES,
    *models.TABLES,
    *pooling.TABLES,
    *audit.TABLES,
)

__all__ = ["ALL", "Column", "Table", "TableError", "read_table", "write_table"]
