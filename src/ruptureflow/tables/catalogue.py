"""Every hand-over table, in the order of the stages."""

from ruptureflow.tables import agreement, assay, audit, evidence, intake, models, pooling, report, ruptures
from ruptureflow.tables.schema import Table

ALL: tuple[Table, ...] = (
    *intake.TABLES,
    *evidence.TABLES,
    *assay.TABLES,
    *agreement.TABLES,
    *ruptures.TABLES,
    *models.TABLES,
    *pooling.TABLES,
    *audit.TABLES,
    *report.TABLES,
)
