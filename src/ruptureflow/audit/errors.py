"""The one exception this stage raises for claims it can't read."""


class AuditError(ValueError):
    """A claim that can't be read; the message names its row, column and value."""
