"""The written-out manuscript as HTML, DOCX and PDF: by Quarto where it is installed, by pandoc and typst where not."""

from ruptureflow.report.render.document import Document, render

__all__ = ["Document", "render"]
