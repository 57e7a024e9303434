"""The report stage's own messages."""


class ReportError(ValueError):
    """The manuscript cannot be made as written; the message lists every place, what is wrong there and the fix."""
