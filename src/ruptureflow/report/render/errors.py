"""Messages of the renderers."""

from ruptureflow.report.errors import ReportError


class RenderError(ReportError):
    """A renderer refused the document; the message holds its own words."""
