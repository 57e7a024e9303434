"""ruptureflow: from raw assays and coder sheets to a manuscript whose every number can be followed back."""
