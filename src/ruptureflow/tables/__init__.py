"""The schemas of every hand-over table: the only place where a column of a result is defined.

One module a stage. They are not imported here, so that an edit of one stage's tables reruns only what reads them;
`tables.catalogue.ALL` lists them all.
"""

from ruptureflow.tables.files import read_table, write_table
from ruptureflow.tables.schema import Column, Table, TableError

__all__ = ["Column", "Table", "TableError", "read_table", "write_table"]
