"""The one exception this stage raises for tables or a plan it can't use."""


class PlanError(ValueError):
    """Sessions that can't be joined or a model that can't be read; the message says where, what and the fix."""
