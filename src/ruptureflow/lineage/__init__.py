"""Where a result came from: the hash of the code that made it, the record of each job, the frame scripts run in."""

from ruptureflow.lineage.code import code_hash, source_files
from ruptureflow.lineage.job import is_users_mistake, job
from ruptureflow.lineage.record import JobRecord, Lineage, file_hash, read_records, write_record

__all__ = [
    "JobRecord",
    "Lineage",
    "code_hash",
    "file_hash",
    "is_users_mistake",
    "job",
    "read_records",
    "source_files",
    "write_record",
]
